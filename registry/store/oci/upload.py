"""A blob on its way into a registry: in chunks, and from where the registry has it after a lost connection.

What was sent is kept in a temporary file until the registry has the whole: some registries, docker-registry 2.8
among them, forget an upload whose connection was lost in the middle of a chunk.
"""

from __future__ import annotations

import hashlib
import random
import re
import tempfile
import time
from collections.abc import Callable, Iterable
from typing import IO
from urllib.parse import urlencode

from registry.digest import Digest
from registry.errors import MismatchError, UnavailableError, ZooError
from registry.store.oci.client import PUSH, Client
from registry.store.web import shown

CHUNK_BYTES = 8 << 20
_MAX_CHUNK_BYTES = 64 << 20
"""Bound for a least chunk that a registry asks for: this much is held in memory."""

TRIES = 4
"""Times in a row that an upload gets no further, before it is given up."""

_PAUSE_SECONDS = 0.5
_OCTETS = {"Content-Type": "application/octet-stream"}


def upload(
    client: Client,
    digest: Digest,
    chunks: Iterable[bytes],
    what: str,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """Send a blob, hashed as it passes. Returns its size in bytes.

    Args:
        client: The repository.
        digest: What the bytes must hash to.
        chunks: The bytes, of unknown length.
        what: What they are, for messages.
        pause: Waits some seconds before the next try.

    Raises:
        MismatchError: Other bytes came; the upload is cancelled.
        UnavailableError: The registry does not take them.
    """
    hasher = hashlib.sha256()
    try:
        with tempfile.SpooledTemporaryFile(max_size=CHUNK_BYTES) as spool:
            session = _Session(client, spool, pause)
            try:
                for chunk in chunks:
                    hasher.update(chunk)
                    session.take(chunk)
                if hasher.hexdigest() != digest.hex:
                    found = f"sha256:{hasher.hexdigest()}"
                    raise MismatchError(what, expected=str(digest), found=found, hint=_WRONG_BYTES)
                session.finish(digest)
            except ZooError:
                session.cancel()
                raise
            return session.size
    except OSError as error:
        raise UnavailableError(
            f"{what}: the folder for temporary files cannot be written: {error.strerror or error}",
            hint="free space there, or name another folder in TMPDIR",
        ) from None


def mount(client: Client, digest: Digest, from_repository: str) -> bool:
    """Take a blob over from another repository of the same registry; False where the registry does not."""
    query = urlencode({"mount": str(digest), "from": from_repository})
    with client.ask("POST", f"blobs/uploads/?{query}", 201, 202, actions=PUSH, data=b"") as response:
        if response.status_code == 201:
            return True
        location = response.headers.get("Location", "")
    if location:  # the registry has started an upload instead
        _cancel(client, client.url(location))
    return False


class _Session:
    """An upload session, and another one when the registry has forgotten it."""

    def __init__(self, client: Client, spool: IO[bytes], pause: Callable[[float], None]) -> None:
        self._client, self._spool, self._pause = client, spool, pause
        self._location: str | None = None
        self._chunk = CHUNK_BYTES
        self._sent = self._furthest = self._failures = 0
        self.size = 0

    def take(self, chunk: bytes) -> None:
        """Take the next bytes, and send what makes a chunk."""
        self._spool.seek(self.size)
        self._spool.write(chunk)
        self.size += len(chunk)
        while self.size - self._sent >= self._chunk:
            self._step()

    def finish(self, digest: Digest) -> None:
        """Send what is left, and have the registry prove the whole.

        Raises:
            UnavailableError: The registry does not take it.
        """
        while True:
            while self._location is None or self._sent < self.size:
                self._step()
            url = f"{self._location}{'&' if '?' in self._location else '?'}{urlencode({'digest': str(digest)})}"
            with self._client.send("PUT", url, PUSH, data=b"", headers=_OCTETS) as response:
                if response.status_code == 201:
                    return
                error = self._client.refusal(response)
                lost = response.status_code in (404, 416)
            if not lost:
                raise error
            with self._client.send("HEAD", f"blobs/{digest}", PUSH) as response:
                if response.status_code == 200:  # the answer to an earlier try was lost
                    return
            self._recover(error)

    def cancel(self) -> None:
        """Tell the registry to forget what it has, where it still hears."""
        if self._location is not None:
            _cancel(self._client, self._location)

    def _step(self) -> None:
        """Begin, which may tell another size of chunks; or send a chunk, or find out from where to go on."""
        if self._location is None:
            self._begin()
            return
        count = min(self._chunk, self.size - self._sent)
        self._spool.seek(self._sent)
        data = self._spool.read(count)
        headers = {**_OCTETS, "Content-Range": f"{self._sent}-{self._sent + count - 1}"}
        error: UnavailableError
        try:
            with self._client.send("PATCH", self._location, PUSH, data=data, headers=headers) as response:
                if response.status_code == 202:
                    self._moved(response.headers.get("Location"))
                    self._advance(count)
                    return
                error = self._client.refusal(response)
                again = response.status_code in (404, 408, 416, 429) or response.status_code >= 500
                after = response.headers.get("Retry-After", "")
        except UnavailableError as lost:
            error, again, after = lost, True, ""
        if not again:
            raise error
        self._recover(error, float(after) if after.isdecimal() else 0.0)

    def _begin(self) -> None:
        with self._client.ask("POST", "blobs/uploads/", 202, actions=PUSH, data=b"") as response:
            location = response.headers.get("Location")
            if not location:
                raise UnavailableError(f"{shown(response.url)}: the registry names no place for an upload")
            self._moved(location)
            least = response.headers.get("OCI-Chunk-Min-Length", "")
        if least.isdecimal():
            self._chunk = min(max(CHUNK_BYTES, int(least)), _MAX_CHUNK_BYTES)

    def _moved(self, location: str | None) -> None:
        if location:
            self._location = self._client.url(location)

    def _advance(self, count: int) -> None:
        self._sent += count
        if self._sent > self._furthest:  # a session that starts over and over is not progress
            self._furthest, self._failures = self._sent, 0

    def _recover(self, error: UnavailableError, least_seconds: float = 0.0) -> None:
        """Wait, then ask what the registry has; begin anew where it has forgotten.

        Raises:
            UnavailableError: There is no way on: the error that led here.
        """
        self._failures += 1
        if self._failures >= TRIES:
            self._location = None  # nobody is there to hear of a cancellation
            raise error
        jitter = random.uniform(1.0, 1.5)  # noqa: S311 - spreads clients, guards nothing
        self._pause(max(_PAUSE_SECONDS * 2 ** (self._failures - 1) * jitter, min(least_seconds, 60.0)))
        location, self._location, self._sent = self._location, None, 0
        if location is None:
            return
        with self._client.send("GET", location, PUSH) as response:
            # 0-0 is what a registry says of none and of one byte
            held = re.fullmatch(r"(?:bytes=)?0-(\d{1,18})", response.headers.get("Range", ""))
            if response.status_code == 204 and held and int(held[1]) < self.size:
                self._location, self._sent = location, int(held[1]) + 1 if held[1] != "0" else 0
                self._moved(response.headers.get("Location"))


def _cancel(client: Client, location: str) -> None:
    try:
        with client.send("DELETE", location, PUSH):
            pass
    except UnavailableError:  # the registry drops what nobody finishes by itself
        return


_WRONG_BYTES = "nothing was published; give the file that the card describes, or correct the card"
