import os
from pathlib import Path

import pytest

from registry.digest import CHUNK, Digest
from registry.errors import UnavailableError
from registry.store.base import NotHeldError
from registry.store.folder import FolderMirror

DATA = bytes(range(256)) * (CHUNK // 128)
DIGEST = Digest.of(DATA)


@pytest.fixture
def blob(tmp_path: Path) -> Path:
    path = tmp_path / DIGEST.blob_path
    path.parent.mkdir(parents=True)
    return path


def test_a_blob_comes_in_pieces_with_its_size_and_place(tmp_path: Path, blob: Path) -> None:
    blob.write_bytes(DATA)
    mirror = FolderMirror(tmp_path)
    with mirror.open(DIGEST) as opened:
        assert (opened.size, opened.address) == (len(DATA), str(blob))
        pieces = list(opened.chunks)
    assert b"".join(pieces) == DATA
    assert max(map(len, pieces)) <= CHUNK
    assert (mirror.local, mirror.address) == (True, str(tmp_path))


def test_a_blob_may_be_a_link(tmp_path: Path, blob: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(DATA)
    blob.symlink_to(tmp_path / "elsewhere")
    with FolderMirror(tmp_path).open(DIGEST) as opened:
        assert b"".join(opened.chunks) == DATA


def test_what_is_not_held_is_told_from_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotHeldError, match=DIGEST.hex), FolderMirror(tmp_path).open(DIGEST):
        pass
    gone = FolderMirror(tmp_path / "x")
    with pytest.raises(UnavailableError, match="no such folder") as caught, gone.open(DIGEST):
        pass
    assert not isinstance(caught.value, NotHeldError)


def test_a_pipe_in_the_place_of_a_blob_is_not_waited_for(tmp_path: Path, blob: Path) -> None:
    os.mkfifo(blob)
    with pytest.raises(UnavailableError, match="not a regular file"), FolderMirror(tmp_path).open(DIGEST):
        pass


def test_a_folder_or_a_loop_in_the_place_of_a_blob(tmp_path: Path, blob: Path) -> None:
    blob.mkdir()
    with pytest.raises(UnavailableError, match="not a regular file"), FolderMirror(tmp_path).open(DIGEST):
        pass
    blob.rmdir()
    blob.symlink_to(blob)
    with pytest.raises(UnavailableError, match="symbolic links"), FolderMirror(tmp_path).open(DIGEST):
        pass
