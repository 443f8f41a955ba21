"""What a submission does to variants that were published before: they may gain, and never change.

A variant counts as published once a card gave its files a digest: from then on somebody may have pulled it, and
relied on what the card said of those bytes. Pure: two cards in, flaws out.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from registry.card import UNPINNED, merged
from registry.submission.flaw import Flaw, Path

FREE = frozenset({"name", "summary", "known_as", "availability", "notes"})
"""Properties that may change: words about the variant, and whether its publisher still offers it."""

GROWING = frozenset({"artifacts", "golden", "targets", "metrics", "footprints", "latencies", "compute"})
"""Lists that may gain items."""

_ADDED_LATER = ("status", "note", "measurement", "sources")
"""Properties of an item that may come or change later: what became of a figure, and where a file can be had."""

_HINT = "what it was; give what is different a variant of its own"


def changed(before: Mapping[str, Any], after: Mapping[str, Any] | None, revision: str) -> Iterator[Flaw]:
    """Flaws of a card, or of its removal, against the card as it was published.

    Args:
        before: The card then; it keeps its schema.
        after: The card now, which keeps its schema; None where it is gone.
        revision: What was published, in the user's words.
    """
    now = {one["name"]: (number, one) for number, one in enumerate(merged(dict(after)))} if after else {}
    for old in merged(dict(before)):
        if not is_published(old):
            continue
        if old["name"] not in now:
            name = f"{before['publisher']}/{before['model']}/{old['name']}"
            yield Flaw((), "published-removed", f"{name} was published and is gone", _HINT, f"it is in {revision}")
            continue
        number, new = now[old["name"]]
        assert after is not None, "a variant of now is in the card of now"  # noqa: S101
        place = functools.partial(_place, after["variants"][number], number)
        yield from _edited(old, new, place, revision)
    if after and any(is_published(old) for old in merged(dict(before))):
        yield from _licences(before, after, revision)


def changed_dataset(before: Mapping[str, Any], after: Mapping[str, Any], revision: str) -> Iterator[Flaw]:
    """Flaws of a dataset's document against what it was: its classes and its image lists stay what figures are of.

    Args:
        before: The document then.
        after: The document now.
        revision: What was published, in the user's words.
    """
    for key in ("classes", "splits"):
        if key in before:
            yield from _different(before[key], after.get(key, {}), (key,), revision, "dataset")


def removed(before: Mapping[str, Any], revision: str) -> Iterator[Flaw]:
    """Flaws of the removal of a document that stands for itself: a dataset or a target."""
    kind = str(before["schema"]).partition("/")[0]
    message = f"the {kind} {before['name']} was published and is gone"
    yield Flaw((), "published-removed", message, "what cards and figures name", f"it is in {revision}")


def is_published(variant: Mapping[str, Any]) -> bool:
    """Whether every file of a variant has a digest, and there is one."""
    artifacts = variant.get("artifacts", ())
    return bool(artifacts) and all(item["sha256"] != UNPINNED for item in artifacts)


def _place(own: Mapping[str, Any], number: int, key: str) -> Path:
    return ("variants", number, key) if key in own else ("common", key)


def _edited(
    old: Mapping[str, Any], new: Mapping[str, Any], place: Callable[[str], Path], revision: str
) -> Iterator[Flaw]:
    for key, value in old.items():
        if key in FREE:
            continue
        if key not in new:
            yield _flaw(place(key)[:-1], f"{key!r} of a published variant is gone", value, None, revision)
        elif key in GROWING:
            yield from _lost(key, value, new[key], place(key), revision)
        else:
            yield from _different(value, new[key], place(key), revision)


def _licences(before: Mapping[str, Any], after: Mapping[str, Any], revision: str) -> Iterator[Flaw]:
    for part, value in before["licence"].items():
        if part != "note" and after["licence"].get(part) != value and value != "unknown":
            yield _flaw(
                ("licence", part), "the licence of published files", value, after["licence"].get(part), revision
            )


def _different(old: Any, new: Any, path: Path, revision: str, what: str = "variant") -> Iterator[Flaw]:
    """The innermost properties that changed; what is added is none of them."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key, value in old.items():
            if key == "note":
                continue
            if key in new:
                yield from _different(value, new[key], (*path, key), revision, what)
            elif value is not None:
                yield _flaw(path, f"{key!r} of a published {what} is gone", value, None, revision)
    elif old is not None and old not in (new, "unknown"):
        yield _flaw(path, f"{_named(path)} of a published {what}", old, new, revision)


def _lost(key: str, old: Sequence[Any], new: Sequence[Any], path: Path, revision: str) -> Iterator[Flaw]:
    """Items that are not there any more as they were."""
    fixed = [_fixed(item) for item in new]
    for item in old:
        if _fixed(item) in fixed:
            continue
        twin = next((number for number, one in enumerate(new) if _identity(key, one) == _identity(key, item)), None)
        if twin is None:
            yield _flaw(path, f"an item of {key!r} of a published variant is gone", item, None, revision)
        else:
            yield from _different(_fixed(item), _fixed(new[twin]), (*path, twin), revision)


def _fixed(item: Any) -> Any:
    return {key: value for key, value in item.items() if key not in _ADDED_LATER}


def _identity(key: str, item: Mapping[str, Any]) -> tuple[Any, ...]:
    """What two states of one item share."""
    if key in ("artifacts", "golden"):
        return (item.get("file", item.get("name")),)
    names = ("name", "target", "engine", "dataset", "split", "protocol", "precision", "board")
    return (*(item.get(name) for name in names), str(item.get("provenance")))


def _named(path: Path) -> str:
    return repr(".".join(step for step in path if isinstance(step, str) and step not in ("variants", "common")))


def _flaw(path: Path, what: str, old: Any, new: Any, revision: str) -> Flaw:
    message = what if new is None else f"{what} was changed"
    found = "nothing" if new is None else _shown(new)
    return Flaw(path, "published-changed", message, f"{_shown(old)}, {_HINT} (it is in {revision})", found)


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 90 else f"{text[:87]}..."
