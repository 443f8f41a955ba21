"""The verb behind `zoo sync`: the whole catalogue into MLflow's model registry, again and again the same."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from registry import __version__
from registry.card import Plain, Variant
from registry.constraints import Constraints
from registry.lineage.claimed import Entry, Model, entry, registered_name
from registry.lineage.registered import Registered, Synced
from registry.progress import Progress
from registry.resolve import resolve
from registry.support import support_of
from registry.target import Target

PREFERENCE = "accuracy"
"""What a plain `zoo pull` prefers; a registry that several people share cannot follow the setting of one."""


def synchronise(
    variants: Sequence[Variant],
    cards: Mapping[str, Plain],
    targets: Sequence[Target],
    registered: Registered,
    progress: Progress,
    *,
    whole: bool = False,
) -> Synced:
    """Bring MLflow's model registry to what the catalogue says.

    Args:
        variants: All variants of the catalogue.
        cards: Cards by `publisher/model`.
        targets: All targets.
        registered: The model registry.
        progress: Hears of each variant that is written.
        whole: Whether to compare every version even if the catalogue is the one of the last sync.

    Raises:
        RejectedError: MLflow does not take something as it is.
        UnavailableError: It does not answer; the next sync goes on.
    """
    catalogue = digest_of(variants, cards, targets)
    if not whole and registered.holds(catalogue):
        return Synced(0, 0, len(variants), 0, 0)
    aliases = [alias_of(target.name) for target in targets]
    stated = entries(variants, cards, targets), models(variants, cards, targets)
    return registered.bring(catalogue, *stated, aliases, progress)


def digest_of(variants: Sequence[Variant], cards: Mapping[str, Plain], targets: Sequence[Target]) -> str:
    """Digest of all that a sync looks at, and of the version that looks."""
    hasher = hashlib.sha256(__version__.encode())
    for document in itertools.chain(
        (variant.document for variant in variants), cards.values(), (target.document for target in targets)
    ):
        hasher.update(json.dumps(document, sort_keys=True).encode() + b"\n")
    return hasher.hexdigest()


def entries(variants: Sequence[Variant], cards: Mapping[str, Plain], targets: Sequence[Target]) -> list[Entry]:
    """What MLflow gets of each variant."""
    return [
        entry(variant, cards[f"{variant.publisher}/{variant.model}"], _supported(variant, targets))
        for variant in variants
    ]


def models(variants: Sequence[Variant], cards: Mapping[str, Plain], targets: Sequence[Target]) -> list[Model]:
    """What MLflow gets of each card: an alias a target, on the version that `zoo pull --target` would choose."""
    members: dict[str, list[Variant]] = defaultdict(list)
    for variant in variants:
        members[f"{variant.publisher}/{variant.model}"].append(variant)
    return [_model(cards[name], found, targets) for name, found in members.items()]


def alias_of(target: str) -> str:
    """The alias of a target: MLflow takes letters, digits, `_` and `-`, but neither `latest` nor `v1`."""
    alias = target.replace(".", "-")
    return f"target-{alias}" if re.fullmatch(r"latest|v\d+", alias, re.IGNORECASE) else alias


def _supported(variant: Variant, targets: Sequence[Target]) -> dict[str, str]:
    found = ((target.name, support_of(variant, target).level) for target in targets)
    return {name: level for name, level in found if level}


def _model(card: Plain, variants: Sequence[Variant], targets: Sequence[Target]) -> Model:
    aliases: dict[str, str] = {}
    for target in targets:
        chosen = resolve(variants, target, Constraints(), PREFERENCE).chosen
        if chosen is not None:
            aliases[alias_of(target.name)] = chosen.full_name
    tags = {name: card[name] for name in ("publisher", "model", "family", "task")}
    text = "\n\n".join(card[name] for name in ("title", "summary") if name in card)
    return Model(registered_name(variants[0]), text, tags, aliases)
