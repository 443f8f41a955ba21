"""Which published versions are meant: by names, by number, the latest or all. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registry.errors import RequestError
from registry.store.index import Index, Version

_MOST = 12


@dataclass(frozen=True)
class Selection:
    """What somebody asks for.

    Attributes:
        names: Names or parts of them; none for everything, in all versions.
        number: Only this version of each.
        all_versions: All versions of each, the yanked ones included; else the latest that is not yanked.
    """

    names: tuple[str, ...] = ()
    number: int | None = None
    all_versions: bool = False


EVERYTHING = Selection()


def select(index: Index, selection: Selection, address: str) -> tuple[Version, ...]:
    """The versions that a selection means, by name and number.

    Args:
        index: What the store has.
        selection: What is asked for.
        address: The store, for messages.

    Raises:
        RequestError: A name means nothing there, or nothing that is published.
    """
    if not selection.names:
        return index.versions()
    found: dict[tuple[str, int], Version] = {}
    for name in selection.names:
        named = [one for full in meant(index, name, address) for one in _of_one(index.versions(full), selection)]
        if not named:
            raise _nothing(index, name, selection, address)
        found |= {(one.name, one.number): one for one in named}
    return tuple(found[key] for key in sorted(found))


def meant(index: Index, name: str, address: str) -> tuple[str, ...]:
    """Full names of which `name` is a part.

    Raises:
        RequestError: The store has none; names some that it has.
    """
    names = index.matching(name)
    if not names:
        from difflib import get_close_matches

        known = [one.name for one in index.versions()]
        near = get_close_matches(name.lower(), known, n=3, cutoff=0.3) or sorted(set(known))[:_MOST]
        hint = f"published there: {', '.join(dict.fromkeys(near))}" if near else "nothing is published there yet"
        raise RequestError(f"{name!r} is not published in {address}", hint=hint)
    return names


def _of_one(versions: Sequence[Version], selection: Selection) -> Sequence[Version]:
    """What is meant of the versions of one variant, which come by number."""
    if selection.number is not None:
        return [one for one in versions if one.number == selection.number]
    if selection.all_versions:
        return versions
    return [one for one in versions if one.yanked is None][-1:]


def _nothing(index: Index, name: str, selection: Selection, address: str) -> RequestError:
    versions = [one for full in index.matching(name) for one in index.versions(full)]
    told = [f"{one.name} {one.number}{' (yanked)' if one.yanked is not None else ''}" for one in versions]
    listed = ", ".join(told[:_MOST])
    if selection.number is not None:
        return RequestError(f"{name!r} has no version {selection.number} in {address}", hint=f"there: {listed}")
    return RequestError(
        f"every version of {name!r} in {address} is yanked",
        hint=f"take one all the same with --version, or --all-versions; there: {listed}",
    )
