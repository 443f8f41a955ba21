"""SHA-256 beside the transfer: `hashlib` lets go of the interpreter, so a thread hashes while bytes arrive."""

from __future__ import annotations

import hashlib
import queue
import threading

from registry.digest import Digest

_WAITING = 4
"""Chunks that may wait to be hashed: bounds the memory, whatever the file's size."""


class Hasher:
    """Hashes chunks in order, in a thread of its own. `close` ends the thread; `digest` does so too."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        # an interrupt inside `queue.Queue` can leave its lock held for ever; these queues have none
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._room: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(_WAITING):
            self._room.put(None)
        self._thread: threading.Thread | None = None

    def update(self, chunk: bytes) -> None:
        """Hash one more chunk soon; waits while too many are waiting."""
        if self._thread is None:
            thread = threading.Thread(target=self._work, daemon=True)
            thread.start()
            self._thread = thread  # not before it runs: an interrupt may come at any time
        self._room.get()
        self._waiting.put(chunk)

    def digest(self) -> Digest:
        """Digest of all chunks; none may follow."""
        self.close()
        return Digest(self._hash.hexdigest())

    def close(self) -> None:
        """Wait until all is hashed, and end the thread."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()
            self._thread = None

    def _work(self) -> None:
        while (chunk := self._waiting.get()) is not None:
            self._hash.update(chunk)
            self._room.put(None)
