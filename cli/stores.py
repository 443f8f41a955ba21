"""Addresses of stores on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import RequestError

if TYPE_CHECKING:
    from registry.store.writable import Store

_LATER = ("s3://", "oci://", "http://", "https://")


def open_store(address: str) -> Store:
    """The store at an address: a folder, plain or with `file:`.

    Raises:
        RequestError: Another kind of address.
    """
    if "://" in address and not address.startswith("file://"):
        from registry.store.web import shown

        scheme = address.partition("://")[0] + "://"
        known = scheme in _LATER
        raise RequestError(
            f"store {shown(address)!r}: {scheme} comes later"
            if known
            else f"store {shown(address)!r}: unknown kind",
            hint="a store is a folder, such as /srv/models or file:///srv/models",
        )
    from registry.store.layout import LayoutStore

    path = address.removeprefix("file://") if address.startswith("file://") else address.removeprefix("file:")
    if not path:
        raise RequestError("store: expected a folder, found nothing", hint="such as --to /srv/models")
    return LayoutStore(Path(path).expanduser())
