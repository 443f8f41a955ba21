import contextlib
import itertools
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.catalog import Catalog, Filter
from registry.catalog.index import require_roots
from registry.constraints import Constraints
from registry.errors import UnavailableError
from registry.progress import Silent
from tests.unit import builders
from tests.unit.builders import Plain, card, variant
from tests.unit.strategies import PROPERTY

ROOT = Path(__file__).resolve().parents[3]
COUNTER = itertools.count(1)


class Place:
    """Folders of cards and of the index, both changed as users change them."""

    def __init__(self, folder: Path, roots: Sequence[str] = ("cards",)) -> None:
        self.index = folder / "index"
        self.roots = [folder / name for name in roots]
        for root in self.roots:
            root.mkdir(parents=True)
        self.notes: list[str] = []

    def write(self, document: Plain, root: int = 0) -> Path:
        path = builders.write_card(self.roots[root], document)
        # a size of its own: two writes within a tick of the file system's clock look alike otherwise
        with path.open("a", encoding="utf-8") as file:
            file.write("\n" * (next(COUNTER) * 37 % 101))
        return path

    def read(self) -> dict[str, Any]:
        """All that the catalogue tells of."""
        return self.read_from(self.index)

    def read_from(self, index: Path) -> dict[str, Any]:
        with closing(Catalog.open([str(root) for root in self.roots], str(index), self)) as catalog:
            names = [row.full_name for row in catalog.select(Filter(Constraints()))]
            return {
                "names": names,
                "documents": catalog.variants(names),
                "cards": {name: catalog.card(name) for name in {name.rpartition("/")[0] for name in names}},
                "targets": catalog.targets(),
                "datasets": catalog.datasets(),
                "problems": [path for path, _ in catalog.problems()],
                "aliases": {name: catalog.find(name) for name in ("nick", "net", "netfamily")},
            }

    def names(self) -> list[str]:
        names: list[str] = self.read()["names"]
        return names

    def file(self) -> Path:
        """The one file of the index."""
        (path,) = self.index.iterdir()
        return path

    def note(self, message: str) -> None:
        self.notes.append(message)

    task = Silent.task


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_no_cards_at_all(place: Place) -> None:
    assert place.names() == []


def test_a_change_an_addition_and_a_removal_are_seen(place: Place) -> None:
    place.write(card(variant("a")))
    assert place.names() == ["acme/net/a"]
    place.write(card(variant("a"), variant("b")))
    assert place.names() == ["acme/net/a", "acme/net/b"]
    other = place.write(card(variant("c"), publisher="zeta"))
    assert place.names() == ["acme/net/a", "acme/net/b", "zeta/net/c"]
    other.unlink()
    assert place.names() == ["acme/net/a", "acme/net/b"]
    place.write(card(variant("b")))
    assert place.names() == ["acme/net/b"]


def test_a_touched_card_is_the_same_card(place: Place) -> None:
    path = place.write(card())
    before = place.read()
    os.utime(path, (1, 1))
    assert place.read() == before


def test_no_change_means_no_write(place: Place) -> None:
    place.write(card())
    place.write({**card(model="broken"), "task": "drive"})
    place.read()
    before, files = place.file().stat(), sorted(place.index.iterdir())
    place.file().chmod(0o444)
    for _ in range(2):
        assert place.read()["problems"]
    after = place.file().stat()
    assert (after.st_mtime_ns, after.st_ino, after.st_size) == (before.st_mtime_ns, before.st_ino, before.st_size)
    assert sorted(place.index.iterdir()) == files
    assert place.notes == []


def test_a_small_change_keeps_the_index_and_leaves_nothing_beside_it(place: Place) -> None:
    place.write(card())
    place.read()
    before = place.file().stat().st_ino
    place.write(card(variant("new")))
    assert place.names() == ["acme/net/new"]
    assert place.file().stat().st_ino == before


def test_a_card_that_fails_is_left_out_and_comes_back_when_mended(place: Place) -> None:
    place.write(card(model="good"))
    path = place.write({**card(), "task": "drive"})
    found = place.read()
    assert found["names"] == ["acme/good/small"]
    assert found["problems"] == [str(path)]
    place.write(card())
    mended = place.read()
    assert mended["names"] == ["acme/good/small", "acme/net/small"]
    assert mended["problems"] == []
    place.write({**card(), "task": "drive"})
    assert place.read() == {**found, "documents": found["documents"]}


def test_the_problem_of_a_card_has_its_place(place: Place) -> None:
    path = place.write({**card(), "task": "drive"})
    with closing(Catalog.open([str(place.roots[0])], str(place.index))) as catalog:
        ((_, text),) = catalog.problems()
    line = next(n for n, line in enumerate(path.read_text().splitlines(), 1) if '"task"' in line)
    assert text.startswith(f"{path}:{line}:")


@pytest.mark.parametrize("bad", ["folder", "pipe", "loop", "dangling"])
def test_what_is_no_file_is_left_out(place: Place, bad: str) -> None:
    place.write(card())
    path = place.roots[0] / "acme" / "bad.yaml"
    make: dict[str, Callable[[], None]] = {
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "loop": lambda: path.symlink_to(path),
        "dangling": lambda: path.symlink_to("gone"),
    }
    make[bad]()
    found = place.read()
    assert (found["names"], found["problems"]) == (["acme/net/small"], [str(path)])


@pytest.mark.parametrize("name", ["line\nbreak.yaml", b"\xff.yaml".decode("utf-8", "surrogateescape")])
def test_a_file_name_that_no_text_holds_does_not_harm_the_others(place: Place, name: str) -> None:
    place.write(card())
    builders.write_document(place.roots[0] / "acme" / name, card())
    for _ in range(2):
        assert place.names() == ["acme/net/small"]


def test_hidden_files_and_other_names_are_no_cards(place: Place) -> None:
    for name in (".net.yaml", "net.yaml~", "net.yaml.bak", "README.md", "net.json"):
        builders.write_document(place.roots[0] / "acme" / name, card())
    builders.write_document(place.roots[0] / ".git" / "net.yaml", card(publisher="git"))
    builders.write_document(place.roots[0] / "net.yaml", card())
    found = place.read()
    assert (found["names"], found["problems"]) == ([], [])


class TestRoots:
    """Several folders of cards: the first that has a card wins."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return Place(tmp_path, ("first", "second"))

    @pytest.mark.parametrize("larger", [0, 1])
    @pytest.mark.parametrize("backwards", [False, True])
    def test_the_first_wins_whatever_the_files_are_like(self, place: Place, larger: int, backwards: bool) -> None:
        if backwards:
            place.roots.reverse()
        paths = [
            place.write(card(variant(f"from-{root}"), summary="x" * (500 if root == larger else 1)), root)
            for root in (0, 1)
        ]
        found = place.read()
        assert found["names"] == ["acme/net/from-0"]
        assert found["problems"] == [str(paths[1])]

    def test_the_second_appears_when_the_first_goes_and_steps_back_when_it_returns(self, place: Place) -> None:
        first = place.write(card(variant("one")), 0)
        place.write(card(variant("two")), 1)
        assert place.names() == ["acme/net/one"]
        first.unlink()
        found = place.read()
        assert (found["names"], found["problems"]) == (["acme/net/two"], [])
        place.write(card(variant("one")), 0)
        assert place.names() == ["acme/net/one"]

    def test_a_target_and_a_dataset_of_the_first_win_too(self, place: Place) -> None:
        for number, root in enumerate(place.roots):
            builders.write_target(root, builders.target(title=f"T{number}"))
            builders.write_dataset(root, builders.dataset(title="D" * (9 - number)))
        found = place.read()
        assert [item.title for item in found["targets"]] == ["T0"]
        assert [item.title for item in found["datasets"]] == ["D" * 9]

    def test_a_root_that_is_missing_has_no_cards_here_and_is_refused_where_it_must_be(self, place: Place) -> None:
        place.write(card(), 0)
        place.roots[1].rmdir()
        assert place.names() == ["acme/net/small"]
        with pytest.raises(UnavailableError, match="no folder of cards") as caught:
            require_roots([str(root) for root in place.roots])
        assert caught.value.hint

    def test_each_set_of_roots_has_an_index_of_its_own(self, place: Place) -> None:
        place.write(card(variant("one")), 0)
        place.write(card(variant("two"), publisher="zeta"), 1)
        assert place.names() == ["acme/net/one", "zeta/net/two"]
        for number, name in enumerate(("acme/net/one", "zeta/net/two")):
            with closing(Catalog.open([str(place.roots[number])], str(place.index))) as catalog:
                assert [row.full_name for row in catalog.select(Filter(Constraints()))] == [name]


EDITS = st.lists(
    st.tuples(
        st.sampled_from((0, 1)),
        st.sampled_from((("acme", "net"), ("acme", "net"), ("zeta", "net"))),
        st.sampled_from(("one", "two", "one", "broken", "gone")),
    ),
    min_size=2,
    max_size=6,
)


@settings(PROPERTY, max_examples=40)
@given(EDITS)
def test_an_index_that_grew_is_one_that_was_built_at_once(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, tuple[str, str], str]]
) -> None:
    folder = tmp_path_factory.mktemp("edits")
    place = Place(folder, ("first", "second"))
    for number, (root, (publisher, model), kind) in enumerate(edits):
        if kind == "gone":
            with contextlib.suppress(FileNotFoundError):
                (place.roots[root] / publisher / f"{model}.yaml").unlink()
        else:
            known = ["Nick"] if kind == "one" else []
            own = variant(f"{kind}{root}", known_as=known)
            broken = {"task": "drive"} if kind == "broken" else {}
            place.write({**card(own, publisher=publisher, model=model), **broken}, root)
        assert place.read() == place.read_from(folder / f"fresh{number}")


def harm(path: Path, how: str) -> None:
    data = path.read_bytes()
    if how == "folder":
        path.unlink()
        path.mkdir()
        return
    damaged = {
        "empty": b"",
        "garbage": b"\x00garbage" * 500,
        "cut": data[: len(data) // 2],
        "another": b"SQLite format 3\x00" + data[16:100] + bytes(len(data) - 100),
    }
    path.write_bytes(damaged[how])


@pytest.mark.parametrize("how", ["empty", "garbage", "cut", "another", "folder"])
def test_a_damaged_index_is_built_anew(place: Place, how: str) -> None:
    for number in range(20):
        place.write(card(*(variant(f"v{n}") for n in range(10)), model=f"net{number}"))
    before = place.read()
    harm(place.file(), how)
    assert place.read() == before
    assert place.read() == before


def test_an_index_without_its_tables_is_built_anew(place: Place) -> None:
    place.write(card())
    before = place.read()
    with closing(sqlite3.connect(place.file())) as connection:
        connection.execute("DROP TABLE problems")
        connection.execute("DELETE FROM state")
        connection.commit()
    assert place.read() == before


def test_a_file_in_the_way_of_the_folder_costs_only_time(place: Place) -> None:
    place.write(card())
    place.index.write_text("in the way")
    for _ in range(2):
        assert place.names() == ["acme/net/small"]
    assert len(place.notes) == 2
    assert str(place.index) in place.notes[0]
    assert place.index.read_text() == "in the way"


READER = """
import json, sys
from registry.catalog import Catalog, Filter
from registry.constraints import Constraints
sys.stdin.readline()
catalog = Catalog.open([sys.argv[1]], sys.argv[2])
print(json.dumps([row.full_name for row in catalog.select(Filter(Constraints()))]))
"""


def read_at_once(place: Place, count: int = 4) -> list[list[str]]:
    """What several processes read that start at the same time."""
    command = [sys.executable, "-c", READER, str(place.roots[0]), str(place.index)]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate()[0] for process in running]
    assert [process.returncode for process in running] == [0] * count
    return [json.loads(answer) for answer in answers]


def test_processes_that_open_at_the_same_time_all_read_the_whole(place: Place) -> None:
    for number in range(30):
        place.write(card(variant("a"), variant("b"), model=f"net{number:02}"))
    expected = [f"acme/net{number:02}/{name}" for number in range(30) for name in "ab"]
    assert read_at_once(place) == [expected] * 4
    place.write(card(variant("c"), model="net30"))
    assert read_at_once(place) == [[*expected, "acme/net30/c"]] * 4
    assert place.file().suffix == ".sqlite3"


def test_a_large_change_replaces_the_index_under_its_readers(place: Place) -> None:
    place.write(card())
    with closing(Catalog.open([str(place.roots[0])], str(place.index))) as reader:
        before = [row.full_name for row in reader.select(Filter(Constraints()))]
        for number in range(510):
            place.write(card(model=f"net{number:03}"))
        assert len(place.names()) == 511
        assert [row.full_name for row in reader.select(Filter(Constraints()))] == before


def test_names_of_classes_are_the_variants_own_or_its_datasets(place: Place) -> None:
    builders.write_dataset(place.roots[0], builders.dataset())
    own = {"count": 2, "names": ["no", "yes"]}
    place.write(
        card(
            variant("own", classes=own),
            variant("shared", classes={"count": 3, "dataset": "shapes"}),
            variant("unknown", classes={"count": 3, "dataset": "gone"}),
            variant("bare"),
        )
    )
    with closing(Catalog.open([str(place.roots[0])], str(place.index))) as catalog:
        found = {item.name: catalog.class_names(item) for item in catalog.variants(catalog.find("net"))}
    assert found == {
        "own": ("no", "yes"),
        "shared": ("background", "square", "circle"),
        "unknown": (),
        "bare": (),
    }
