"""A card cut to one variant, as it is published with that variant's bytes; and such excerpts put together again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from registry.card import Plain, merged


def cut(card: Plain, name: str) -> bytes:
    """The card with one of its variants and its ancestors, so that a change of another makes no new version."""
    home = f"{card['publisher']}/{card['model']}/"
    parents = {variant["name"]: str(variant.get("parent", "")).removeprefix(home) for variant in merged(card)}
    kept: set[str] = set()
    while name in parents and name not in kept:
        kept.add(name)
        name = parents[name]
    whole = {**card, "variants": [variant for variant in card["variants"] if variant["name"] in kept]}
    if "contradictions" in card:
        whole["contradictions"] = _disputes(card, kept)
    return (json.dumps(whole, indent=1, ensure_ascii=False) + "\n").encode()


def combine(excerpts: Mapping[str, Plain]) -> dict[str, Any]:
    """One card of several excerpts of it, each by the name of the variant that it was published for.

    What is said of the whole card, such as its title, is the last excerpt's. An ancestor that was never published
    itself is listed without files: nobody can fetch it from here.
    """
    whole: dict[str, Any] = {}
    sources: dict[str, Any] = {}
    variants: dict[str, dict[str, Any]] = {}
    disputes: list[dict[str, Any]] = []
    for name, excerpt in excerpts.items():
        card = _renamed(excerpt, sources)
        sources |= card.get("sources", {})
        whole = {key: value for key, value in card.items() if key not in ("common", "contradictions", "variants")}
        for variant in merged(card):
            if variant["name"] == name:
                variants[name] = {**variant, "licence": {**_licence(card), **variant.get("licence", {})}}
            elif variant["name"] not in excerpts:
                bare = {key: value for key, value in variant.items() if key != "golden"}
                variants.setdefault(variant["name"], {**bare, "artifacts": []})
        disputes += [one for one in _disputes(card, {name}) if one not in disputes]
    if sources:
        whole["sources"] = sources
    if disputes:
        whole["contradictions"] = disputes
    return {**whole, "variants": list(variants.values())}


def _licence(card: Plain) -> dict[str, str]:
    """What a variant inherits; the note about it is the card's own."""
    return {part: words for part, words in card["licence"].items() if part != "note"}


def _disputes(card: Plain, kept: set[str]) -> list[dict[str, Any]]:
    """The contradictions of a card that concern some of its variants."""
    return [
        {**dispute, "variants": concerned}
        for dispute in card.get("contradictions", ())
        if (concerned := [one for one in dispute["variants"] if one in kept])
    ]


def _renamed(card: Plain, taken: Plain) -> Plain:
    """The card with other keys for those of its sources that mean something else in `taken`."""
    sources = card.get("sources", {})
    names: dict[str, str] = {}
    for key, source in sources.items():
        if key in taken and taken[key] != source:
            names[key] = _free(key, {*taken, *sources, *names.values()})
    if not names:
        return card
    renamed = {names.get(key, key): source for key, source in sources.items()}
    body = {key: _with_sources(value, names) for key, value in card.items() if key != "sources"}
    return {**body, "sources": renamed}


def _free(key: str, taken: Iterable[str]) -> str:
    candidates = (f"{key[:56]}-{number}" for number in range(2, 1 << 20))
    return next(one for one in candidates if one not in taken)


def _with_sources(value: Any, names: Mapping[str, str]) -> Any:
    """Plain data whose `provenance` speaks of sources by their new names."""
    if isinstance(value, dict):
        return {
            key: {**item, "source": names.get(item["source"], item["source"])}
            if key == "provenance"
            else _with_sources(item, names)
            for key, item in value.items()
        }
    return [_with_sources(item, names) for item in value] if isinstance(value, list) else value
