"""What a zoo's policy asks of a variant, from its card alone: licences, sizes, digests, figures. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from registry import licences
from registry.admission import Admission
from registry.card import UNPINNED, Variant
from registry.figures import ACCURACY, Conditions, conditions, describes, own_metrics
from registry.plausible import FLOAT_SCHEMES
from registry.submission.flaw import Flaw, Path, Subject
from registry.units import counted, format_bytes


def demanded(
    subject: Subject, card: dict[str, Any], policy: Admission, parent: Variant | None, data_licence: str | None
) -> Iterator[Flaw]:
    """Flaws of a variant by the policy.

    Args:
        subject: The variant.
        card: The card as plain data.
        policy: What is asked.
        parent: What it was made from; None where the card names nothing, or nothing that is known.
        data_licence: Licence of the dataset that it was trained on, by that dataset's card; None without one.
    """
    yield from _licensed(subject, card, policy, data_licence)
    yield from _files(subject, policy)
    yield from _figures(subject, card)
    if parent is not None and subject.variant.scheme not in (*FLOAT_SCHEMES, "unknown"):
        yield from _loss(subject, parent, policy)


def _licensed(
    subject: Subject, card: dict[str, Any], policy: Admission, data_licence: str | None
) -> Iterator[Flaw]:
    own = subject.variant.document.get("licence", {})
    stated = {part: own.get(part, card["licence"][part]) for part in ("weights", "dataset")}
    paths: dict[str, Path] = {
        part: subject.at("licence", part) if part in own else ("licence", part) for part in stated
    }
    for part, permitted in (("weights", policy.weights), ("dataset", policy.data)):
        if permitted and not licences.allows(permitted, stated[part]):
            yield _forbidden(paths[part], f"the licence of the {part}", permitted, stated[part])
    training = subject.variant.document.get("training", {}).get("dataset")
    if policy.data and data_licence and not licences.allows(policy.data, data_licence):
        path = subject.at("training", "dataset")
        yield _forbidden(path, f"the licence of the dataset {training}", policy.data, data_licence)


def _forbidden(path: Path, what: str, permitted: Iterable[str], found: str) -> Flaw:
    expected = "one of " + ", ".join(permitted)
    return Flaw(path, "licence-policy", f"{what} is not one that the policy allows", expected, found)


def _files(subject: Subject, policy: Admission) -> Iterator[Flaw]:
    for number, item in enumerate(subject.variant.document["artifacts"]):
        path = subject.at("artifacts", number)
        if item["size"] is not None and item["size"] > policy.size:
            expected = f"at most {format_bytes(policy.size)}, by the policy"
            yield Flaw((*path, "size"), "file-size", f"{item['file']} is too large", expected, _bytes(item["size"]))
        if item["sha256"] == UNPINNED:
            exempt = subject.variant.publisher in policy.unpinned
            yield Flaw(
                (*path, "sha256"),
                "unpinned",
                f"nothing proves which bytes {item['file']} is",
                "the SHA-256 of the file's bytes",
                UNPINNED,
                "warning" if exempt else "error",
            )


def _bytes(size: int) -> str:
    return f"{format_bytes(size)} ({size} bytes)"


def _figures(subject: Subject, card: dict[str, Any]) -> Iterator[Flaw]:
    """Figures of this very file that name no bytes, and those that say nothing about other data."""
    variant, sources = subject.variant, card.get("sources", {})
    unbound = []
    for number, (metric, item) in enumerate(zip(variant.metrics, variant.document.get("metrics", ()), strict=True)):
        path = subject.at("metrics", number)
        training = variant.document.get("training", {})
        if metric.split == training.get("split", "unknown") != "unknown" and metric.dataset == training.get(
            "dataset"
        ):
            yield Flaw(
                (*path, "split"),
                "measured-on-training-data",
                f"{metric.name} is of the split that the network was trained on",
                "a split that the training did not see",
                f"{metric.dataset} {metric.split}",
                "warning",
            )
        if metric.value is None or "measurement" in item or not variant.pinned or not describes(variant, metric):
            continue
        if sources.get(item["provenance"]["source"], {}).get("kind") == "tool":
            message = f"{metric.name} was measured and does not say on which bytes"
            yield Flaw(path, "unbound-figure", message, "a 'measurement' with the digest of the file", "none")
        else:
            unbound.append(metric.name)
    if unbound:
        message = f"{counted(len(unbound), 'figure')} of documents are bound to no bytes"
        expected = "a 'measurement' with the digest of the file: `zoo eval` gives one"
        yield Flaw(subject.at("metrics"), "unbound-figure", message, expected, ", ".join(unbound), "warning")


def _loss(subject: Subject, parent: Variant, policy: Admission) -> Iterator[Flaw]:
    """Accuracy under the same conditions, once for each split: the float parent's less this file's."""
    own, others = own_metrics(subject.variant), own_metrics(parent)
    told: set[tuple[str, str]] = set()
    for shared in sorted(own.keys() & others.keys(), key=lambda one: one.rank):
        split = (shared.dataset, shared.split)
        if shared.metric != ACCURACY or split in told:
            continue
        path = subject.at("metrics", _first(subject.variant, shared))
        loss = others[shared] - own[shared]
        if _of_other_images(subject.variant, parent, shared):
            told.add(split)
            message = f"{parent.full_name} was measured on other images of {shared.dataset} {shared.split}"
            expected = "figures of the same images, so that the loss by quantization can be told"
            yield Flaw(path, "float-parent", message, expected, severity="warning")
        elif loss > policy.loss:
            told.add(split)
            yield Flaw(
                (*path, "value"),
                "quantization-loss",
                f"quantization loses too much {shared}",
                f"at most {100 * policy.loss:.2f} points less than {others[shared]:g} of {parent.full_name}",
                f"{own[shared]:g}, {100 * loss:.2f} points less",
            )


def _first(variant: Variant, shared: Conditions) -> int:
    """Number of the first figure of these conditions."""
    return next(number for number, one in enumerate(variant.metrics) if conditions(variant, one) == shared)


def _of_other_images(variant: Variant, parent: Variant, shared: Conditions) -> bool:
    """Whether both say which images their figures are of, and no list is the same."""
    own, others = (_images(one, shared) for one in (variant, parent))
    return bool(own and others) and own.isdisjoint(others)


def _images(variant: Variant, shared: Conditions) -> set[str]:
    """Digests of the lists of images that figures of these conditions name."""
    items = variant.document.get("metrics", ())
    return {
        item["measurement"]["images"]
        for metric, item in zip(variant.metrics, items, strict=True)
        if conditions(variant, metric) == shared and "images" in item.get("measurement", {})
    }
