"""An OCI Image Layout 1.1 below a prefix of a bucket: in Amazon S3, or in whatever speaks S3."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager

from registry.digest import Digest
from registry.errors import RequestError, UnavailableError
from registry.store import index
from registry.store.base import WHOLE, NotHeldError, Opened, Wanted
from registry.store.indexed import IndexedStore
from registry.store.layout import INDEX_FILE, LAYOUT, LAYOUT_FILE, MAX_LAYOUT_BYTES, require_layout
from registry.store.s3_address import S3Address
from registry.store.s3_bucket import Bucket
from registry.store.s3_upload import in_base64
from registry.store.writable import HeldBlob, HeldIndex

PROBE = ".zoo-probe"
"""An object that stays in the store, and which no conditional write may ever replace."""

_PROBE_TEXT = b"zoo tries conditional writes on this object; it may be removed\n"
_NO_ETAG = '"00000000000000000000000000000000"'
_BLOBS = "blobs/sha256/"


class S3Store(IndexedStore):
    """A prefix with `oci-layout`, `index.json` and `blobs/sha256/<hex>`."""

    def __init__(self, address: S3Address) -> None:
        self._address, self._bucket = address, Bucket(address)
        self._is_layout = self._is_conditional = False

    @property
    def address(self) -> str:
        """Bucket and prefix, without parameters."""
        return str(self._address)

    def open(self, digest: Digest, wanted: Wanted = WHOLE) -> AbstractContextManager[Opened]:
        """Open a blob; see `Mirror.open`."""
        return self._bucket.open(digest.blob_path, wanted)

    def holding(self, digest: Digest) -> int | None:
        """Size of a whole blob; see `Store.holding`.

        The server's own SHA-256 of the whole object is enough where it has one and it is right. Other objects are
        read and hashed: those that came in parts, by other tools, or to a service without checksums.
        """
        try:
            size, verified = self._bucket.verified(digest.blob_path)
            if verified == in_base64(digest):
                return size
            hasher, size = hashlib.sha256(), 0
            with self.open(digest) as opened:
                for chunk in opened.chunks:
                    hasher.update(chunk)
                    size += len(chunk)
        except NotHeldError:
            return None
        return size if hasher.hexdigest() == digest.hex else None

    def put(self, digest: Digest, chunks: Iterable[bytes], what: str) -> int:
        """Store a blob; see `Store.put`. It takes the place of a damaged one."""
        return self._bucket.put(digest.blob_path, digest, chunks, what)

    def prepare(self) -> None:
        """Make the prefix a layout; see `Store.prepare`. One that is cut short is completed the next time."""
        try:
            self._require_layout()
        except NotHeldError:
            mine = {LAYOUT_FILE, INDEX_FILE, PROBE, "blobs/"}
            if others := [name for name in self._bucket.first_names() if name not in mine]:
                raise RequestError(
                    f"store {self.address}: expected an OCI Image Layout or an empty prefix, found {others[0]!r}",
                    hint="choose another prefix with --to",
                ) from None
            self._require_conditional()
            # where either is there by now, another publisher was faster with the same bytes
            self._bucket.put_if(INDEX_FILE, index.EMPTY, None)
            # last: where it stands and the index does not, the index was lost and must not start anew
            self._bucket.put_if(LAYOUT_FILE, LAYOUT, None)
        self._require_conditional()
        self.read_index()

    def read_index(self) -> HeldIndex:
        """The index of now; see `Store.read_index`."""
        try:
            self._require_layout()
        except NotHeldError:
            raise RequestError(
                f"store {self.address}: expected an OCI Image Layout (oci-layout, index.json), found none",
                hint="check bucket and prefix; `zoo publish CARD --to s3://BUCKET/PREFIX` makes one",
            ) from None
        try:
            return HeldIndex(*self._bucket.read(INDEX_FILE, index.MAX_BYTES))
        except NotHeldError:
            raise UnavailableError(
                f"store {self.address}: expected {INDEX_FILE} beside {LAYOUT_FILE}, found none",
                hint="restore a lost index from a copy, or from an earlier version of the object",
            ) from None

    def swap_index(self, token: str | None, data: bytes) -> bool:
        """Swap the index; see `Store.swap_index`. The server compares, so that no lock is needed.

        An answer that is lost on its way makes boto3 ask again and find its own index there. That counts as another
        publisher's, and the change that is then made anew finds itself made.
        """
        self._require_conditional()
        return self._bucket.put_if(INDEX_FILE, data, token)

    def blobs(self) -> Iterator[HeldBlob]:
        """Every blob; see `CollectableStore.blobs`. Objects that are not named after a digest are left out."""
        for name, size, age in self._bucket.listing(_BLOBS):
            with contextlib.suppress(RequestError):
                yield HeldBlob(Digest(name.removeprefix(_BLOBS)), size, age)

    def remove(self, digest: Digest) -> None:
        """Remove a blob; see `CollectableStore.remove`."""
        self._bucket.remove(digest.blob_path)

    def _require_layout(self) -> None:
        """Read `oci-layout`, once: it never changes."""
        if not self._is_layout:
            data, _etag = self._bucket.read(LAYOUT_FILE, MAX_LAYOUT_BYTES)
            require_layout(data, self._bucket.shown(LAYOUT_FILE))
            self._is_layout = True

    def _require_conditional(self) -> None:
        """Make sure, once, that the server compares before it writes: a publisher would overwrite others' work.

        The object that it is tried on stays, so that later publishers need two requests, and no right to delete.
        """
        if self._is_conditional:
            return
        kept = not self._bucket.put_if(PROBE, _PROBE_TEXT, None) or not self._bucket.put_if(
            PROBE, _PROBE_TEXT, None
        )
        if not kept or self._bucket.put_if(PROBE, _PROBE_TEXT, _NO_ETAG):
            with contextlib.suppress(UnavailableError):
                self._bucket.remove(PROBE)
            raise UnavailableError(
                f"store {self.address}: expected conditional writes (If-None-Match, If-Match on PutObject) to be"
                " refused with HTTP 412, found that they overwrite",
                hint="publishers at once would lose each other's work: publish into a bucket that enforces them,"
                " such as Amazon S3 or a recent MinIO, into a folder or an OCI registry; reading works from here",
            )
        self._is_conditional = True
