import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry import lock
from registry.digest import Digest
from registry.errors import RequestError, UnavailableError
from registry.lock import Entry, Lock, LockedFile, Request
from registry.settings import PREFERENCES
from registry.validate import validate
from tests.unit import strategies
from tests.unit.strategies import PROPERTY

ROOT = Path(__file__).resolve().parents[2]
NAME = st.from_regex(r"[a-z0-9]{1,4}", fullmatch=True)
TYPED = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf"]), min_size=1, max_size=8)
OPTIONS = st.sampled_from(["max-ram", "licence", "format"])
CONSTRAINTS = st.dictionaries(OPTIONS, TYPED | st.lists(TYPED, max_size=2))
REQUESTS = st.builds(Request, TYPED, st.none() | NAME, st.sampled_from(PREFERENCES), CONSTRAINTS)
FILES = st.builds(
    LockedFile,
    NAME,
    st.integers(1, 10**12),
    st.binary(max_size=2).map(Digest.of),
    st.sampled_from(["card", "first-pull"]),
    st.just("") | TYPED,
)
ENTRIES = st.builds(
    Entry, REQUESTS, st.tuples(NAME, NAME, NAME).map("/".join), st.lists(FILES, min_size=1, max_size=2).map(tuple)
)

REQUEST = Request("net", "board", "accuracy", {})
FILE = LockedFile("net.tflite", 5, Digest.of(b"bytes"), "card", "https://example.org/net.tflite")
ENTRY = Entry(REQUEST, "acme/net/small", (FILE,))


@PROPERTY
@given(st.lists(ENTRIES, max_size=4))
def test_what_is_written_is_read_back(tmp_path: Path, entries: list[Entry]) -> None:
    path = tmp_path / "zoo.lock"
    path.unlink(missing_ok=True)
    expected = Lock()
    for entry in entries:
        changed = lock.write(path, entry, tmp_path / "guards")
        assert changed == (expected.find(entry.request) != entry)
        expected = expected.with_entry(entry)
        assert lock.read(path) == expected
    assert [item.name for item in tmp_path.iterdir() if item.suffix not in (".lock", "")] == []


@PROPERTY
@given(ENTRIES)
def test_what_is_written_is_valid_by_its_schema(tmp_path: Path, entry: Entry) -> None:
    path = tmp_path / "zoo.lock"
    path.unlink(missing_ok=True)
    lock.write(path, entry, tmp_path / "guards")
    assert [str(problem) for verdict in validate([path], []) for problem in verdict.problems] == []


@PROPERTY
@given(st.lists(ENTRIES, max_size=4), ENTRIES)
def test_adding_an_entry_twice_is_adding_it_once(entries: list[Entry], entry: Entry) -> None:
    before = Lock()
    for item in entries:
        before = before.with_entry(item)
    once = before.with_entry(entry)
    assert once.with_entry(entry) == once
    assert once.find(entry.request) == entry
    others = [item for item in before.entries if item.request.to_json() != entry.request.to_json()]
    assert all(item in once.entries for item in others)
    assert len(once.entries) == len(others) + 1


@PROPERTY
@given(st.lists(ENTRIES, max_size=4, unique_by=lambda entry: json.dumps(entry.request.to_json())), st.randoms())
def test_the_order_of_pulls_does_not_show_in_the_file(entries: list[Entry], rnd: Any) -> None:
    shuffled = entries[:]
    rnd.shuffle(shuffled)
    one, other = Lock(), Lock()
    for entry in entries:
        one = one.with_entry(entry)
    for entry in shuffled:
        other = other.with_entry(entry)
    assert one == other


def test_a_digest_is_found_by_variant_and_file() -> None:
    found = Lock((ENTRY,))
    assert found.digest_of("acme/net/small", "net.tflite") == FILE.digest
    assert found.digest_of("acme/net/small", "other") is None
    assert found.digest_of("acme/net/large", "net.tflite") is None


def test_an_absent_file_has_no_entries(tmp_path: Path) -> None:
    assert lock.read(tmp_path / "zoo.lock") == Lock()


def test_an_unchanged_entry_leaves_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "zoo.lock"
    assert lock.write(path, ENTRY, tmp_path / "guards")
    before = path.stat()
    assert not lock.write(path, ENTRY, tmp_path / "guards")
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def plain() -> dict[str, Any]:
    return {"schema": lock.SCHEMA, "pulls": [ENTRY.to_json()]}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"schema": "lock/2", "pulls": []}',
        '{"schema": "lock/1"}',
        '{"schema": "lock/1", "pulls": 1}',
        json.dumps(plain()).replace('"size": 5', '"size": 1e999'),
        json.dumps(plain()).replace('"size": 5', '"size": "five"'),
        json.dumps(plain()).replace(FILE.digest.hex, FILE.digest.hex.upper()),
        "[" * 100_000,
        "<<<<<<< HEAD\n" + json.dumps(plain()),
    ],
)
def test_a_broken_file_is_refused_and_left_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "zoo.lock"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RequestError, match="not a valid lock file") as caught:
        lock.read(path)
    assert str(path) in caught.value.message
    assert caught.value.hint
    with pytest.raises(RequestError):
        lock.write(path, ENTRY, tmp_path / "guards")
    assert path.read_text(encoding="utf-8") == text


@PROPERTY
@given(st.data())
def test_a_file_with_one_value_replaced_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    document = plain()
    place: Any = document
    while isinstance(place, dict | list) and place:
        step = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else list(range(len(place)))))
        if not isinstance(place[step], dict | list) or not place[step] or data.draw(st.booleans()):
            place[step] = data.draw(strategies.json_values | st.just(float("inf")))
            break
        place = place[step]
    path = tmp_path / "zoo.lock"
    path.write_text(json.dumps(document), encoding="utf-8")
    found = Lock()
    with contextlib.suppress(RequestError):
        found = lock.read(path)
    assert all(isinstance(item.digest, Digest) for entry in found.entries for item in entry.files)


@PROPERTY
@given(st.binary(max_size=40))
@example(b"\xff\xfe")
@example(b"\x80")
def test_any_bytes_are_refused_with_a_reason(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "zoo.lock"
    path.write_bytes(data)
    with pytest.raises(RequestError, match="not a valid lock file"):
        lock.read(path)


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "zoo.lock").mkdir()
    with pytest.raises(UnavailableError, match="cannot be read"):
        lock.read(tmp_path / "zoo.lock")


def test_a_folder_of_guards_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "guards").touch()
    with pytest.raises(UnavailableError, match="cannot be written"):
        lock.write(tmp_path / "zoo.lock", ENTRY, tmp_path / "guards")
    assert not (tmp_path / "zoo.lock").exists()


WRITER = """
import sys
from pathlib import Path
from registry import lock
from registry.digest import Digest
number, folder = sys.argv[1], Path(sys.argv[2])
for turn in range(5):
    request = lock.Request(f"net-{number}-{turn}", None, "size", {})
    file = lock.LockedFile("net", 1, Digest.of(b""), "card", "")
    lock.write(folder / "zoo.lock", lock.Entry(request, "a/b/c", (file,)), folder / "guards")
"""


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER]
    running = [subprocess.Popen([*command, str(n), str(tmp_path)], cwd=ROOT) for n in range(3)]
    assert [process.wait() for process in running] == [0, 0, 0]
    names = {entry.request.name for entry in lock.read(tmp_path / "zoo.lock").entries}
    assert names == {f"net-{number}-{turn}" for number in range(3) for turn in range(5)}
