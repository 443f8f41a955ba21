import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.bundle import bundle, prove
from registry.digest import Digest
from registry.errors import MismatchError, UnavailableError, ZooError
from registry.manifest import canonical, descriptor
from registry.progress import Silent
from registry.selection import EVERYTHING
from registry.store.archive import open_archive
from registry.store.base import Wanted
from registry.store.index import INDEX_TYPE
from registry.store.layout import LayoutStore
from registry.store.writable import current_index

DATA = bytes(range(256)) * 5


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small archive as OCI tools write it, whose index has one entry of another tool."""
    manifest = canonical({"layers": [descriptor("a/b", Digest.of(DATA), len(DATA))]})
    entry = descriptor("application/vnd.oci.image.manifest.v1+json", Digest.of(manifest), len(manifest))
    index = canonical({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [entry]})
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in {
            "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
            "index.json": index,
            Digest.of(manifest).blob_path: manifest,
            Digest.of(DATA).blob_path: DATA,
        }.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("archive") / "bundle.tar"


def proven(place: Path, data: bytes) -> bytes:
    """The one blob, after the proof."""
    place.write_bytes(data)
    with open_archive(place) as archive:
        prove(archive, Silent())
        with archive.open(Digest.of(DATA)) as opened:
            return b"".join(opened.chunks)


def test_a_whole_one_is_read(place: Path, whole: bytes) -> None:
    assert proven(place, whole) == DATA


def test_every_truncation_before_the_end_is_refused(place: Path, whole: bytes) -> None:
    end = len(whole.rstrip(b"\0")) + 1
    for length in (*range(0, end, 97), *range(0, end, 512)):
        with pytest.raises(MismatchError):
            proven(place, whole[:length])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_flipped_bit_anywhere_is_refused_or_without_meaning(
    place: Path, whole: bytes, data: st.DataObject
) -> None:
    position = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[position] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = proven(place, bytes(flipped))
    except ZooError:
        return
    assert found == DATA


@settings(deadline=None)
@given(st.binary(max_size=3000))
def test_arbitrary_bytes_are_refused(place: Path, data: bytes) -> None:
    with pytest.raises(MismatchError):
        proven(place, data)


def test_a_blob_is_read_from_the_middle(place: Path, whole: bytes) -> None:
    place.write_bytes(whole)
    with open_archive(place) as archive, archive.open(Digest.of(DATA), Wanted(1000)) as opened:
        assert opened.start == 1000
        assert b"".join(opened.chunks) == DATA[1000:]


def test_a_file_that_becomes_shorter_is_told(place: Path, whole: bytes) -> None:
    place.write_bytes(whole)
    with open_archive(place) as archive, archive.open(Digest.of(DATA)) as opened:
        with place.open("r+b") as file:
            file.truncate(1024)
        with pytest.raises(UnavailableError, match="became shorter"):
            list(opened.chunks)


def test_an_empty_store_is_bundled_too(tmp_path: Path) -> None:
    store = LayoutStore(tmp_path / "store")
    store.prepare()
    done = bundle(store, EVERYTHING, tmp_path / "empty.tar", Silent())
    assert (done.size, done.blobs) == (10240, 0)
    with open_archive(tmp_path / "empty.tar") as archive:
        assert prove(archive, Silent()) == current_index(store)
