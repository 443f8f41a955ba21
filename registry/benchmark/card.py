"""A measured latency as a card has it, and the card with it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from registry import amend, splice
from registry.benchmark.base import Model, Plan, Sample
from registry.benchmark.statistics import STEADIER
from registry.card import merged
from registry.document import Document
from registry.errors import MismatchError, RejectedError, RequestError

SOURCE = {"document": "zoo bench", "kind": "tool", "note": "Measured on the bytes whose digest each figure names."}

_SAME = ("target", "board", "engine", "threads")


def latency(model: Model, plan: Plan, sample: Sample, target: str, date: str) -> dict[str, Any]:
    """A `latencies` item of a card, without its provenance.

    Args:
        model: What was measured.
        plan: How.
        sample: What came of it.
        target: Name of the target that the machine is.
        date: Day, ISO 8601.

    Raises:
        RejectedError: It is too noisy for a figure.
    """
    times, host = sample.distribution, sample.host
    if reasons := times.unsteady():
        raise RejectedError(f"not recorded, since it is too noisy: {'; '.join(reasons)}", hint=STEADIER)
    statistic, value = times.typical
    item: dict[str, Any] = {"value": round(value, 4), "unit": "ms", "statistic": statistic, "target": target}
    item |= {"board": host.board} if host.board else {}
    item |= {"engine": plan.engine} | ({"clock_mhz": host.clock_mhz} if host.clock_mhz else {})
    item |= {"threads": plan.threads, "command": sample.command, "runtime": sample.tool, "status": "reproduced"}
    item |= {"note": "; ".join(sample.notes)[:2000]} if sample.notes else {}
    measurement: dict[str, Any] = {
        "artifact": model.digest.hex,
        "samples": times.count,
        "warmup": plan.warmup,
        "runtime": sample.tool,
        "threads": plan.threads,
        "host": str(host)[:300],
        "times": times.to_document(),
    }
    measurement |= {"memory": sample.memory.peak} if sample.memory else {}
    return {**item, "measurement": {**measurement, "date": date}}


def enter(path: Path, name: str, item: Mapping[str, Any]) -> bool:
    """Write a latency into a card, in place of one that was measured under the same conditions.

    Everything else in the card stays as it is, to the letter.

    Args:
        path: The card.
        name: Of the variant within it.
        item: As `latency` gives it.

    Returns:
        Whether it took the place of another.

    Raises:
        RejectedError: The card is not valid, has another digest, or is written in a way that cannot be added to.
        RequestError: It has no such variant.
        UnavailableError: It cannot be read or written.
    """
    before, text = amend.read(path)
    if problems := amend.errors_of(before):
        raise RejectedError(f"{path}: not a valid card, so nothing is recorded in it: {problems[0]}")
    number = next((place for place, one in enumerate(before.value["variants"]) if one["name"] == name), None)
    if number is None:
        raise RequestError(f"{path}: it has no variant {name!r}", hint="name one that `zoo show` lists")
    _require_digest(before, number, item["measurement"]["artifact"])
    edited, after, old = _edited(text, before, number, item)
    if problems := amend.errors_of(after):
        raise RejectedError(f"{path}: would not be valid with the figure: {problems[0]}")
    amend.write(path, edited)
    return old


def _require_digest(card: Document, number: int, measured: str) -> None:
    artifacts = merged(card.value)[number]["artifacts"]
    stated = [artifact["sha256"] for artifact in artifacts if artifact["role"] == "model"]
    if measured not in stated:
        raise MismatchError(
            f"{card.file}, variant {card.value['variants'][number]['name']}",
            expected=" or ".join(f"sha256:{one}" for one in stated) or "a model file",
            found=f"sha256:{measured}, which was measured",
            hint="a figure belongs to bytes: measure the card's file, or give the card the digest of yours",
        )


def _edited(text: str, before: Document, number: int, item: Mapping[str, Any]) -> tuple[str, Document, bool]:
    """The card's text with the figure and its source, what it means, and whether it took the place of another.

    Raises:
        RejectedError: The text did not come out as it should.
    """
    wanted = copy.deepcopy(before.value)
    text, source = amend.with_source(text, wanted, SOURCE, "benchmark")
    figure = {**item, "provenance": {"source": source}}
    variant = wanted["variants"][number]
    place = ("variants", number)
    old = next((at for at, one in enumerate(variant.get("latencies", ())) if _same(one, figure)), None)
    if "latencies" not in variant:
        # a variant's own list hides the one of `common`
        variant["latencies"] = [*wanted.get("common", {}).get("latencies", ()), figure]
        text = splice.append(text, place, variant["latencies"], "latencies")
    elif old is None:
        variant["latencies"].append(figure)
        text = splice.append(text, (*place, "latencies"), figure)
    else:
        variant["latencies"][old] = figure
        text = splice.replace(text, (*place, "latencies", old), figure)
    by_hand = f"add it by hand:\n{splice.described(figure)}"
    return text, amend.require_meaning(text, before.file, wanted, by_hand), old is not None


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two figures were measured here under the same conditions."""
    if "measurement" not in one or one["provenance"]["source"] != other["provenance"]["source"]:
        return False
    mine, theirs = one["measurement"], other["measurement"]
    return all(one.get(key) == other.get(key) for key in _SAME) and all(
        mine.get(key) == theirs.get(key) for key in ("host", "runtime")
    )
