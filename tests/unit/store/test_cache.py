from pathlib import Path

import pytest

from registry.digest import Digest
from registry.store.cache import Cache
from registry.store.folder import FolderMirror

DATA = b"model bytes"
DIGEST = Digest.of(DATA)


def admitted(folder: Path, data: bytes = DATA) -> Path:
    cache = Cache(folder)
    with cache.partial(None) as partial:
        partial.write(data)
        return cache.admit(partial, partial.digest())


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_an_admitted_file_is_whole_in_its_place_and_read_only(tmp_path: Path) -> None:
    path = admitted(tmp_path)
    assert path == Cache(tmp_path).path(DIGEST) == tmp_path / "blobs" / "sha256" / DIGEST.hex
    assert path.read_bytes() == DATA
    assert path.stat().st_mode & 0o222 == 0
    assert files(tmp_path) == [DIGEST.blob_path, f"stamps/{DIGEST.hex}"]


def test_admitting_the_same_bytes_again_changes_nothing(tmp_path: Path) -> None:
    admitted(tmp_path)
    assert admitted(tmp_path).read_bytes() == DATA
    assert files(tmp_path) == [DIGEST.blob_path, f"stamps/{DIGEST.hex}"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_was_not_admitted_leaves_no_trace(tmp_path: Path, error: type[BaseException]) -> None:
    def break_off() -> None:
        with Cache(tmp_path).partial(None) as partial:
            partial.write(DATA)
            assert partial.path.read_bytes() == DATA
            raise error

    with pytest.raises(error):
        break_off()
    assert files(tmp_path) == []


def test_a_verified_file_has_just_been_hashed(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert cache.verified(DIGEST) is None
    path = admitted(tmp_path)
    assert cache.verified(DIGEST) == path


@pytest.mark.parametrize("damage", [b"", DATA[:-1], DATA + b"\0", DATA.upper()])
def test_a_damaged_blob_is_removed(tmp_path: Path, damage: bytes) -> None:
    path = admitted(tmp_path)
    path.chmod(0o644)
    path.write_bytes(damage)
    assert Cache(tmp_path).verified(DIGEST) is None
    assert not path.exists()


def test_a_cache_is_a_mirror_for_others(tmp_path: Path) -> None:
    admitted(tmp_path)
    with FolderMirror(tmp_path).open(DIGEST) as opened:
        assert b"".join(opened.chunks) == DATA


def test_a_cache_in_the_place_of_a_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(OSError, match="cache"), Cache(tmp_path / "cache").partial(None):
        pass
