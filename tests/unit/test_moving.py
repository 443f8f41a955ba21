"""Bringing what a store lacks: several blobs at once, large ones alone, and no manifest before its blobs."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from registry.digest import Digest
from registry.errors import MismatchError
from registry.manifest import MANIFEST_TYPE, canonical, descriptor
from registry.moving import LARGE_BYTES, Mover, Root, at_once
from registry.progress import Advance, Silent
from registry.reach import Descriptor
from registry.store.layout import LayoutStore


class Watched(LayoutStore):
    """A folder that tells what was put, in which order, and how many blobs were on their way together."""

    def __init__(self, folder: Path, together: int = 1) -> None:
        super().__init__(folder)
        self.put_in_order: list[Digest] = []
        self.most = self._now = 0
        self._lock = threading.Lock()
        self._meeting = threading.Barrier(together, timeout=60)

    def put(self, digest: Digest, chunks: Iterable[bytes], what: str) -> int:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        if not what.startswith("manifest") and self._meeting.parties > 1:
            self._meeting.wait()  # goes on only when as many as are expected have come
        size = super().put(digest, chunks, what)
        with self._lock:
            self._now -= 1
            self.put_in_order.append(digest)
        return size


class Bars(Silent):
    """Remembers its tasks."""

    def __init__(self) -> None:
        self.tasks: list[tuple[int | None, int]] = []

    @contextmanager
    def task(self, title: str, total: int | None, *, unit: str = "B", done: int = 0) -> Iterator[Advance]:
        heard = [done]
        yield heard.append
        self.tasks.append((total, sum(heard)))


def manifest_of(store: LayoutStore, *blobs: bytes, size: int | None = None) -> Root:
    """A manifest in a store with these blobs as layers."""
    for data in blobs:
        store.put(Digest.of(data), [data], "blob")
    layers = [descriptor("a/b", Digest.of(data), len(data) if size is None else size) for data in blobs]
    content = canonical({"schemaVersion": 2, "layers": layers})
    return Root(Descriptor(store.put_manifest(content, "manifest"), len(content), MANIFEST_TYPE), "it")


@pytest.fixture
def source(tmp_path: Path) -> LayoutStore:
    store = LayoutStore(tmp_path / "source")
    store.prepare()
    return store


def target_of(tmp_path: Path, together: int = 1) -> Watched:
    store = Watched(tmp_path / "target", together)
    store.prepare()
    return store


def test_small_blobs_of_several_manifests_move_at_once_under_one_bar(source: LayoutStore, tmp_path: Path) -> None:
    roots = [manifest_of(source, b"one", b"two"), manifest_of(source, b"three", b"four", b"one")]
    target, bars = target_of(tmp_path, together=4), Bars()
    mover = Mover(source, target, bars, dry_run=False)
    assert [Digest.of(data) for data in mover.bring(roots)] == [root.entry.digest for root in roots]
    assert set(target.put_in_order[:4]) == {Digest.of(word) for word in (b"one", b"two", b"three", b"four")}
    assert set(target.put_in_order[4:]) == {root.entry.digest for root in roots}
    assert bars.tasks == [(15, 15)]
    assert len(mover.sizes) == 6


def test_large_blobs_move_alone(source: LayoutStore, tmp_path: Path) -> None:
    root = manifest_of(source, *(bytes([number]) * (LARGE_BYTES + 1) for number in range(3)))
    target = target_of(tmp_path)
    list(Mover(source, target, Silent(), dry_run=False).bring([root]))
    assert target.most == 1
    assert target.put_in_order[-1] == root.entry.digest


def test_what_is_there_is_not_moved_and_a_dry_run_moves_nothing(source: LayoutStore, tmp_path: Path) -> None:
    roots = [manifest_of(source, b"one", b"two")]
    target = target_of(tmp_path)
    target.put(Digest.of(b"one"), [b"one"], "blob")
    dry = Mover(source, target, Silent(), dry_run=True)
    list(dry.bring(roots))
    assert set(dry.sizes) == {Digest.of(b"two"), roots[0].entry.digest}
    assert len(target.put_in_order) == 1


def test_a_size_that_is_not_the_manifests_is_refused_before_the_manifest_moves(
    source: LayoutStore, tmp_path: Path
) -> None:
    root = manifest_of(source, b"one", size=2)
    target = target_of(tmp_path)
    with pytest.raises(MismatchError):
        list(Mover(source, target, Silent(), dry_run=False).bring([root]))
    assert target.put_in_order == []


def test_results_come_in_the_order_of_the_items_and_the_first_error_in_order_counts() -> None:
    assert at_once(str, range(20)) == [str(number) for number in range(20)]
    with pytest.raises(ValueError, match="'a'"):
        at_once(int, ["1", "a", "b", "2"])
