"""An OCI Image Layout on a plain web server: a store that can only be read."""

from __future__ import annotations

from registry.errors import MismatchError, RequestError, UnavailableError
from registry.store import index
from registry.store.base import NotHeldError
from registry.store.indexed import IndexedReader
from registry.store.layout import INDEX_FILE, LAYOUT_FILE, require_layout
from registry.store.web import WebMirror, open_url
from registry.store.writable import HeldIndex

_MAX_LAYOUT = 4096


class SiteStore(WebMirror, IndexedReader):
    """A web address below which `oci-layout`, `index.json` and `blobs/sha256/<hex>` lie."""

    def read_index(self) -> HeldIndex:
        """The index of now; see `ReadableStore.read_index`. There is no token: nobody can swap it."""
        try:
            require_layout(self._read(LAYOUT_FILE, _MAX_LAYOUT), f"{self.address}/{LAYOUT_FILE}")
        except NotHeldError:
            raise RequestError(
                f"store {self.address}: expected an OCI Image Layout ({LAYOUT_FILE}, {INDEX_FILE}), found none",
                hint="the address is that of the folder itself, as `zoo publish --to DIR` fills it",
            ) from None
        try:
            return HeldIndex(self._read(INDEX_FILE, index.MAX_BYTES), None)
        except NotHeldError as error:
            raise UnavailableError(error.message, hint="ask who runs the server: the index is lost") from None

    def _read(self, name: str, most: int) -> bytes:
        data = bytearray()
        with open_url(f"{self._url}/{name}") as opened:
            self._require(opened.size or 0, name, most)
            for chunk in opened.chunks:
                data += chunk
                self._require(len(data), name, most)
        return bytes(data)

    def _require(self, size: int, name: str, most: int) -> None:
        if size > most:
            raise MismatchError(
                f"{self.address}/{name}", expected=f"at most {most} bytes", found=f"at least {size} bytes"
            )
