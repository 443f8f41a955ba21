"""How one index takes over entries of another: under the same numbers, or not at all. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from registry.errors import RejectedError
from registry.store.index import TAG, Index, Referrer, Version

Foreign = Mapping[str, Any]
"""An entry of another tool, as it stands in the index."""

_MOST = 20


def with_copies(index: Index, copies: Iterable[Version], address: str, *, follow: bool) -> Index:
    """The same with versions of another store.

    Args:
        index: What the target has.
        copies: The versions.
        address: The target, for messages.
        follow: Whether a version that is yanked here and not there is shown again; a yank always comes along.

    Raises:
        RejectedError: The target has other content under one of the numbers; names all of these.
    """
    wanted = {(one.name, one.number): one for one in copies}
    clashes: list[str] = []
    entries = list(index.entries)
    for place, held in enumerate(entries):
        if not isinstance(held, Version) or (held.name, held.number) not in wanted:
            continue
        copy = wanted.pop((held.name, held.number))
        if copy.digest != held.digest:
            clashes.append(f"\n  {held.name} version {held.number}: expected {copy.digest}, found {held.digest}")
        elif copy.yanked != held.yanked and (follow or copy.yanked is not None):
            entries[place] = replace(held, yanked=copy.yanked)
    if clashes:
        more = f"\n  and {len(clashes) - _MOST} more" if len(clashes) > _MOST else ""
        raise RejectedError(
            f"{address} has other content under the same version:{''.join(clashes[:_MOST])}{more}",
            hint="nothing was copied; leave these out, or publish the content there as a new version",
        )
    return Index((*entries, *wanted.values()), index.extra)


def with_foreign(index: Index, copies: Collection[Foreign]) -> Index:
    """The same with entries of other tools; one with the same tag makes place, as tags of theirs may move."""
    tags = {tag for one in copies if (tag := tag_of(one))}
    kept = [
        entry
        for entry in index.entries
        if isinstance(entry, Version | Referrer) or (entry not in copies and tag_of(entry) not in tags)
    ]
    present = [entry for entry in copies if entry in index.entries]
    if len(kept) + len(present) == len(index.entries) and len(present) == len(copies):
        return index
    return Index((*kept, *copies), index.extra)


def pruned(index: Index, versions: Iterable[Version], others: Collection[Referrer | Foreign]) -> Index:
    """The same without what is neither one of these versions nor one of these entries."""
    wanted = {(one.name, one.number) for one in versions}
    kept = tuple(
        entry
        for entry in index.entries
        if (entry in others if not isinstance(entry, Version) else (entry.name, entry.number) in wanted)
    )
    return Index(kept, index.extra)


def tag_of(entry: Foreign) -> str | None:
    """The reference of another tool's entry, if it has one."""
    tag = entry.get("annotations", {}).get(TAG)
    return str(tag) if tag else None
