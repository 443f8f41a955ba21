"""Stamps: when a blob may be trusted without reading it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from registry.digest import Digest
from registry.store import stamp
from registry.store.cache import Cache

DATA = b"bytes of a model"
DIGEST = Digest.of(DATA)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """A cache with one blob that was verified once."""
    made = Cache(tmp_path)
    path = made.path(DIGEST)
    path.parent.mkdir(parents=True)
    path.write_bytes(DATA)
    assert made.verified(DIGEST) == path
    return made


def rewrite(path: Path, data: bytes, *, keep_time: bool) -> None:
    status = path.stat()
    path.write_bytes(data)
    if keep_time:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    else:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))


def test_an_untouched_blob_is_trusted(cache: Cache) -> None:
    assert stamp.is_unchanged(cache.folder, DIGEST, cache.path(DIGEST))


def test_another_name_for_the_same_file_does_not_matter(cache: Cache, tmp_path: Path) -> None:
    os.link(cache.path(DIGEST), tmp_path / "link")
    assert stamp.is_unchanged(cache.folder, DIGEST, cache.path(DIGEST))


@pytest.mark.parametrize("data", [DATA[:-1] + b"X", DATA + b"more", b""])
def test_a_touched_blob_is_hashed_and_removed_when_wrong(cache: Cache, data: bytes) -> None:
    rewrite(cache.path(DIGEST), data, keep_time=False)
    assert cache.verified(DIGEST) is None
    assert not cache.path(DIGEST).exists()
    assert not stamp.stamp_path(cache.folder, DIGEST).exists()


def test_a_blob_that_was_put_in_the_place_of_another_is_hashed(cache: Cache, tmp_path: Path) -> None:
    before = cache.path(DIGEST).stat()
    new = tmp_path / "new"
    new.write_bytes(DATA[:-1] + b"X")
    os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
    new.replace(cache.path(DIGEST))
    assert cache.verified(DIGEST) is None


def test_rechecking_trusts_no_stamp(cache: Cache) -> None:
    rewrite(cache.path(DIGEST), DATA[:-1] + b"X", keep_time=True)
    assert cache.verified(DIGEST) == cache.path(DIGEST), "the stamp cannot tell"
    assert cache.recheck(DIGEST) is None


@pytest.mark.parametrize("text", [b"", b"1 2 3", b"\xff\xfe", b"9" * 5000])
def test_a_broken_stamp_only_costs_a_reading(cache: Cache, text: bytes) -> None:
    stamp.stamp_path(cache.folder, DIGEST).write_bytes(text)
    assert cache.verified(DIGEST) == cache.path(DIGEST)
    assert stamp.is_unchanged(cache.folder, DIGEST, cache.path(DIGEST))


def test_a_cache_without_room_for_stamps_does_without(cache: Cache) -> None:
    stamp.remove(cache.folder, DIGEST)
    stamp.stamp_path(cache.folder, DIGEST).parent.rmdir()
    stamp.stamp_path(cache.folder, DIGEST).parent.write_text("in the way")
    assert cache.verified(DIGEST) == cache.path(DIGEST)
