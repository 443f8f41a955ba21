"""What a name means in a store: full names of variants, and their versions."""

from __future__ import annotations

from registry.errors import RequestError
from registry.store.index import Index, Version

_MOST = 12


def names_in(index: Index, name: str, address: str) -> tuple[str, ...]:
    """Full names of the published variants that a name means.

    Args:
        index: The store's index.
        name: `model`, `publisher/model`, `publisher/model/variant` or any other run of these parts.
        address: The store, for messages.

    Raises:
        RequestError: The store has nothing of this name.
    """
    names = index.matching(name)
    if not names:
        from difflib import get_close_matches

        known = [one.name for one in index.versions()]
        near = get_close_matches(name.lower(), known, n=3, cutoff=0.3) or sorted(set(known))[:_MOST]
        hint = f"published there: {', '.join(dict.fromkeys(near))}" if near else "nothing is published there yet"
        raise RequestError(f"{name!r} is not published in {address}", hint=hint)
    return names


def versions_in(index: Index, name: str, number: int | None, address: str) -> tuple[Version, ...]:
    """One version of each variant that a name means: the one asked for, or the newest that is not yanked.

    Raises:
        RequestError: The store has nothing of this name, or no such version of it.
    """
    return tuple(_version(index, one, number) for one in names_in(index, name, address))


def _version(index: Index, name: str, number: int | None) -> Version:
    versions = index.versions(name)
    chosen = [one for one in versions if one.number == number or (number is None and one.yanked is None)]
    if chosen:
        return chosen[-1]
    listed = ", ".join(str(one.number) for one in versions)
    if number is None:
        raise RequestError(f"every version of {name} is yanked: {listed}", hint="say which one with --version")
    raise RequestError(f"{name} has no version {number}", hint=f"published: {listed}")
