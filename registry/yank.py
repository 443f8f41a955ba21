"""The verb behind `zoo yank`: a version is hidden, with the reason; its bytes stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from registry import selection
from registry.errors import RequestError
from registry.store.index import Index, Version
from registry.store.writable import ReadableStore, Store, change_index, current_index

_MOST = 12


def history(store: ReadableStore, name: str) -> tuple[Version, ...]:
    """Every version of the variants that a name means.

    Args:
        store: The store.
        name: `model`, `publisher/model`, `publisher/model/variant` or any other run of these parts.

    Raises:
        RequestError: The store has nothing of this name.
    """
    index = current_index(store)
    return tuple(version for one in selection.meant(index, name, store.address) for version in index.versions(one))


def yank(store: Store, name: str, number: int | None, reason: str | None) -> tuple[Version, bool]:
    """Hide a version, or show it again.

    Args:
        store: The store.
        name: A name that means one variant.
        number: The version; None for the only one.
        reason: Why it is hidden; None shows it again.

    Returns:
        The version as it is then, and whether that changed anything.

    Raises:
        RequestError: The name means several variants or none, or there is no such version.
    """
    changed: list[tuple[Version, bool]] = []

    def change(index: Index) -> Index:
        old = _one(index, name, number, store)
        new = replace(old, yanked=reason)
        changed[:] = [(new, new != old)]
        return index.with_version(new) if new != old else index

    change_index(store, change)
    return changed[0]


def _one(index: Index, name: str, number: int | None, store: Store) -> Version:
    names = selection.meant(index, name, store.address)
    if len(names) > 1:
        listed = ", ".join(names[:_MOST])
        raise RequestError(f"{name!r} means {len(names)} variants in {store.address}", hint=f"one of: {listed}")
    versions = index.versions(names[0])
    chosen: Sequence[Version] = [one for one in versions if number in (None, one.number)]
    if len(chosen) == 1:
        return chosen[0]
    listed = ", ".join(str(one.number) for one in versions)
    if number is None:
        raise RequestError(
            f"{names[0]} has {len(versions)} versions: {listed}", hint="say which one with --version"
        )
    raise RequestError(f"{names[0]} has no version {number}", hint=f"published: {listed}")
