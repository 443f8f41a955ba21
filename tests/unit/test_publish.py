import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry import document, excerpt, publish, rules, yank
from registry.card import Artifact, Variant, merged
from registry.digest import Digest
from registry.errors import MismatchError, RejectedError
from registry.progress import Silent
from registry.publish import Package
from registry.resources import data_folder
from registry.store.base import Opened
from registry.store.layout import LayoutStore
from registry.store.writable import current_index
from tests.unit import builders

MODEL, LABELS = b"\x1c\x00\x00\x00TFL3 a model", b"cat\ndog\n"


def variant(name: str, **changes: object) -> Variant:
    files = [
        builders.artifact(file=f"{name}.tflite", size=len(MODEL), sha256=Digest.of(MODEL).hex),
        builders.artifact(file="labels.txt", role="labels", size=len(LABELS), sha256=Digest.of(LABELS).hex),
    ]
    return builders.one(**{"name": name, "artifacts": files, **changes})


class Files:
    """Where the bytes are; counts how often each is read."""

    def __init__(self, *contents: bytes) -> None:
        self.contents = {Digest.of(data): data for data in contents}
        self.read: list[str] = []

    @contextlib.contextmanager
    def __call__(self, artifact: Artifact, digest: Digest) -> Iterator[Opened]:
        self.read.append(artifact.file)
        data = self.contents.get(digest, b"other bytes")
        yield Opened(artifact.file, len(data), iter([data[:3], data[3:]]))


@pytest.fixture
def store(tmp_path: Path) -> LayoutStore:
    return LayoutStore(tmp_path / "store")


def test_what_two_variants_share_is_read_once(store: LayoutStore) -> None:
    files = Files(MODEL, LABELS)
    done = publish.publish([Package(variant("a"), {}), Package(variant("b"), {})], files, store, Silent())
    assert files.read == ["a.tflite", "labels.txt"]
    assert [one.new for one in done.published] == [True, True]
    # two shared files, and a config and a manifest each
    assert done.uploaded == 6
    total = sum(path.stat().st_size for path in (store.folder / "blobs" / "sha256").iterdir())
    assert done.uploaded_bytes == total


def test_what_the_store_holds_needs_no_files(store: LayoutStore) -> None:
    publish.publish([Package(variant("a"), {})], Files(MODEL, LABELS), store, Silent())
    none = Files()
    done = publish.publish([Package(variant("a"), {"note.txt": b"new"})], none, store, Silent())
    assert none.read == []
    assert (done.published[0].version.number, done.published[0].new) == (2, True)


def test_a_dry_run_tells_what_the_run_then_does(store: LayoutStore) -> None:
    packages = [Package(variant("a"), {"note.txt": b"note"})]
    planned = publish.publish(packages, Files(MODEL, LABELS), store, Silent(), dry_run=True)
    assert not store.folder.exists()
    assert publish.publish(packages, Files(MODEL, LABELS), store, Silent()) == planned


@pytest.mark.parametrize("dry_run", [True, False])
def test_other_bytes_than_the_cards_are_refused(store: LayoutStore, dry_run: bool) -> None:
    with pytest.raises(MismatchError) as caught:
        publish.publish([Package(variant("a"), {})], Files(MODEL), store, Silent(), dry_run=dry_run)
    assert caught.value.expected == str(Digest.of(LABELS))
    assert caught.value.found == str(Digest.of(b"other bytes"))


def test_nothing_is_uploaded_for_a_variant_without_digest(store: LayoutStore) -> None:
    wild = builders.one(artifacts=[builders.artifact(sha256="unpinned", size=None)])
    with pytest.raises(RejectedError, match=r"no sha256 of net\.tflite"):
        publish.publish([Package(variant("a"), {}), Package(wild, {})], Files(MODEL, LABELS), store, Silent())
    assert not store.folder.exists()


def test_a_name_that_leaves_the_folder_is_never_published(store: LayoutStore) -> None:
    with pytest.raises(MismatchError, match="plain file name"):
        publish.publish([Package(variant("a"), {"../x": b""})], Files(MODEL, LABELS), store, Silent())
    assert current_index(store).versions() == ()


def test_yanking_twice_changes_once(store: LayoutStore) -> None:
    publish.publish([Package(variant("a"), {})], Files(MODEL, LABELS), store, Silent())
    assert yank.yank(store, "a", None, "why")[1] is True
    assert yank.yank(store, "a", None, "why")[1] is False
    (version,) = yank.history(store, "a")
    assert version.yanked == "why"
    assert yank.yank(store, "a", 1, None)[0].yanked is None


def shipped_cards() -> list[Path]:
    return [path for path in sorted(Path(data_folder("cards")).glob("*/*.yaml")) if _is_card(path)]


def _is_card(path: Path) -> bool:
    return path.parent.name not in ("targets", "datasets")


@pytest.mark.parametrize("path", shipped_cards(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_own_card_of_every_shipped_variant_is_valid_and_says_the_same_of_it(path: Path) -> None:
    read = document.read(path)
    assert isinstance(read, document.Document)
    for whole in merged(read.value):
        own = document.parse(excerpt.cut(read.value, whole["name"]), str(path))
        assert isinstance(own, document.Document)
        assert [str(problem) for problem in rules.check(own, "model-card")] == []
        assert [item for item in merged(own.value) if item["name"] == whole["name"]] == [whole]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer"),
        (b"<!DOCTYPE html><p>log in", "a web page"),
        (b"PK\x03\x04 an archive", "first bytes 50 4b"),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
def test_a_digest_of_the_wrong_file_does_not_make_it_a_model(
    store: LayoutStore, data: bytes, found: str, dry_run: bool
) -> None:
    artifact = builders.artifact(file="a.tflite", size=len(data), sha256=Digest.of(data).hex)
    package = Package(builders.one(name="a", artifacts=[artifact]), {})
    with pytest.raises(MismatchError, match=found):
        publish.publish([package], Files(data), store, Silent(), dry_run=dry_run)
    assert not list(store.folder.rglob("*.part"))
    assert dry_run or store.holding(Digest.of(data)) is None


def test_a_change_of_another_variant_leaves_the_own_card_as_it_is() -> None:
    parent, child = builders.variant("float"), builders.variant("child", parent="acme/net/float")
    before = excerpt.cut(builders.card(parent, child, builders.variant("other")), "child")
    after = excerpt.cut(builders.card(parent, child, builders.variant("other", summary="New.")), "child")
    assert before == after
    assert [item["name"] for item in json.loads(before)["variants"]] == ["float", "child"]
    changed = excerpt.cut(builders.card(builders.variant("float", summary="New."), child), "child")
    assert changed != before
