import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.digest import Digest
from registry.errors import MismatchError, RequestError, UnavailableError
from registry.store.base import NotHeldError
from registry.store.index import EMPTY, Index
from registry.store.layout import LayoutStore
from registry.store.writable import change_index, current_index
from tests.acceptance.world import files_below

DATA = b"some bytes"
DIGEST = Digest.of(DATA)
OTHER = Digest.of(b"other")


@pytest.fixture
def store(tmp_path: Path) -> LayoutStore:
    made = LayoutStore(tmp_path / "store")
    made.prepare()
    return made


def test_a_new_store_is_an_empty_layout_and_stays_so(store: LayoutStore) -> None:
    store.prepare()
    assert json.loads((store.folder / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    assert (store.folder / "index.json").read_bytes() == EMPTY
    assert (store.folder / "blobs" / "sha256").is_dir()


@pytest.mark.parametrize("missing", ["oci-layout", "blobs"])
def test_a_layout_that_was_cut_short_is_completed(store: LayoutStore, missing: str) -> None:
    path = store.folder / missing
    if path.is_dir():
        (path / "sha256").rmdir()
        path.rmdir()
    else:
        path.unlink()
    store.prepare()
    assert current_index(store) == Index()
    assert path.exists()


def test_a_lost_index_is_told_and_not_started_anew(store: LayoutStore) -> None:
    (store.folder / "index.json").unlink()
    with pytest.raises(UnavailableError, match=r"index\.json cannot be read") as caught:
        store.prepare()
    assert "restore a lost index" in str(caught.value.hint)
    assert not (store.folder / "index.json").exists()


@pytest.mark.parametrize("name", ["thesis.txt", ".bashrc", ".git"])
def test_a_folder_with_something_else_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(RequestError, match=f"found {re.escape(name)}"):
        LayoutStore(tmp_path).prepare()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_plain_mirror_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / DIGEST.blob_path
    path.parent.mkdir(parents=True)
    path.write_bytes(DATA)
    (tmp_path / "lost+found").mkdir()
    (tmp_path / ".oci-layout.x1.part").write_bytes(b"")
    store = LayoutStore(tmp_path)
    store.prepare()
    assert store.holding(DIGEST) == len(DATA)
    assert current_index(store) == Index()


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match="expected a folder, found a file"):
        LayoutStore(tmp_path / "file").prepare()


def test_no_store_has_no_index(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="found none"):
        LayoutStore(tmp_path / "nowhere").read_index()


def test_a_later_layout_is_refused(store: LayoutStore) -> None:
    (store.folder / "oci-layout").write_text('{"imageLayoutVersion":"2.0.0"}')
    with pytest.raises(MismatchError, match=r"expected 1\.0\.0, found 2\.0\.0"):
        store.read_index()


def test_a_blob_is_put_once_whole_and_read_only(store: LayoutStore) -> None:
    assert store.holding(DIGEST) is None
    assert store.put(DIGEST, [DATA[:4], DATA[4:]], "it") == len(DATA)
    assert store.holding(DIGEST) == len(DATA)
    path = store.folder / DIGEST.blob_path
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    with store.open(DIGEST) as opened:
        assert b"".join(opened.chunks) == DATA


def test_other_bytes_leave_nothing(store: LayoutStore) -> None:
    with pytest.raises(MismatchError) as caught:
        store.put(DIGEST, [b"flipped"], "it")
    assert (caught.value.expected, caught.value.found) == (str(DIGEST), str(Digest.of(b"flipped")))
    assert files_below(store.folder / "blobs") == []


def test_a_source_that_breaks_off_leaves_nothing(store: LayoutStore) -> None:
    def pieces() -> Iterator[bytes]:
        yield DATA[:4]
        raise NotHeldError("gone")

    with pytest.raises(NotHeldError):
        store.put(DIGEST, pieces(), "it")
    assert files_below(store.folder / "blobs") == []


@pytest.mark.parametrize("damage", [b"", b"some bytez", b"some bytes and more"])
def test_a_damaged_blob_is_not_held_and_is_replaced(store: LayoutStore, damage: bytes) -> None:
    path = store.folder / DIGEST.blob_path
    path.write_bytes(damage)
    assert store.holding(DIGEST) is None
    store.put(DIGEST, [DATA], "it")
    assert path.read_bytes() == DATA


def test_only_the_index_that_was_read_is_swapped(store: LayoutStore) -> None:
    held = store.read_index()
    first, _version = Index().with_manifest("acme/net/a", DIGEST, 1)
    second, _version = Index().with_manifest("acme/net/b", DIGEST, 1)
    assert store.swap_index(held.token, first.to_bytes())
    assert not store.swap_index(held.token, second.to_bytes())
    assert current_index(store) == first


def test_a_change_sees_what_another_publisher_did_meanwhile(store: LayoutStore) -> None:
    seen: list[int] = []

    def mine(index: Index) -> Index:
        if not seen:  # another publisher comes between reading and swapping
            change_index(store, lambda other: other.with_manifest("acme/net/other", OTHER, 1)[0])
        seen.append(len(index.versions()))
        return index.with_manifest("acme/net/mine", DIGEST, 1)[0]

    after = change_index(store, mine)
    assert seen == [0, 1]
    assert [one.name for one in after.versions()] == ["acme/net/mine", "acme/net/other"]
    assert current_index(store) == after


def test_a_publisher_that_never_gets_through_is_told(store: LayoutStore) -> None:
    count = iter(range(10_000))

    def unlucky(index: Index) -> Index:
        change_index(store, lambda other: other.with_manifest(f"acme/net/{next(count)}", OTHER, 1)[0])
        return index.with_manifest("acme/net/mine", DIGEST, 1)[0]

    with pytest.raises(UnavailableError, match="200 times in a row"):
        change_index(store, unlucky)
    assert len(current_index(store).versions()) == 200


def test_an_unchanged_index_is_not_written(store: LayoutStore) -> None:
    before = (store.folder / "index.json").stat()
    change_index(store, lambda index: index)
    assert (store.folder / "index.json").stat().st_ino == before.st_ino


def test_a_huge_index_is_refused_unread(store: LayoutStore) -> None:
    with (store.folder / "index.json").open("r+b") as file:
        file.truncate(200 << 20)
    with pytest.raises(MismatchError, match="at most 67108864 bytes"):
        store.read_index()
