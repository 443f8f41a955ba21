"""Addresses on the command line and in settings: stores to read and write, mirrors to fetch from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import RequestError

if TYPE_CHECKING:
    from registry.store.base import Mirror
    from registry.store.writable import CollectableStore, ReadableStore, Store

KINDS = "a folder, s3://BUCKET/PREFIX or oci://HOST/REPOSITORY"


def open_store(address: str) -> Store:
    """The store at an address, to write to.

    Raises:
        RequestError: Another kind of address, or one that can only be read.
    """
    match scheme(address):
        case "file":
            from registry.store.layout import LayoutStore

            return LayoutStore(_folder(address))
        case "s3":
            from registry.store.s3 import S3Store
            from registry.store.s3_address import S3Address

            return S3Store(S3Address.parse(address))
        case "oci" | "oci+http":
            return _registry(address)
        case "http" | "https":
            from registry.store.web import shown

            raise RequestError(
                f"store {shown(address)!r}: a plain web server can only be read", hint=f"publish to {KINDS}"
            )
    raise _unknown(address)


def open_readable(address: str) -> ReadableStore:
    """The store at an address, to read from.

    Raises:
        RequestError: Another kind of address.
    """
    if scheme(address) in ("http", "https"):
        from registry.store.site import SiteStore

        return SiteStore(address)
    return open_store(address)


def open_collectable(address: str) -> CollectableStore:
    """The store at an address, to collect garbage in.

    Raises:
        RequestError: Another kind of address, or a store that does so itself.
    """
    from registry.store.writable import CollectableStore

    if not scheme(address).startswith("oci"):
        store = open_store(address)
        if isinstance(store, CollectableStore):
            return store
    from registry.store.web import shown

    raise RequestError(
        f"store {shown(address)!r}: a registry collects its own garbage",
        hint="ask who runs it; the distribution registry's command is `registry garbage-collect`",
    )


def open_mirror(address: str) -> Mirror:
    """Any place with blobs; unlike a store it needs no index.

    Raises:
        RequestError: Another kind of address.
    """
    match scheme(address):
        case "file":
            from registry.store.folder import FolderMirror

            return FolderMirror(_folder(address))
        case "http" | "https":
            from registry.store.web import WebMirror

            return WebMirror(address)
    return open_readable(address)


def scheme(address: str) -> str:
    """What stands before `://`; `file` for a plain path."""
    return address.partition("://")[0].lower() if "://" in address else "file"


def _registry(address: str) -> Store:
    import os

    from registry.store.oci.address import Address
    from registry.store.oci.logins import Logins
    from registry.store.oci.store import RegistryStore

    return RegistryStore(Address.parse(address), Logins(os.environ))


def _folder(address: str) -> Path:
    path = address.removeprefix("file://") if address.startswith("file://") else address.removeprefix("file:")
    if not path:
        raise RequestError("store: expected a folder, found nothing", hint="such as /srv/models")
    return Path(path).expanduser()


def _unknown(address: str) -> RequestError:
    from registry.store.web import shown

    return RequestError(f"address {shown(address)!r}: unknown kind", hint=f"a store is {KINDS}")
