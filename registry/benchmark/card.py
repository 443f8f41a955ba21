"""A measured latency as a card has it, and the card with it."""

from __future__ import annotations

import copy
import itertools
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from registry import document, plausible, rules
from registry.benchmark import splice
from registry.benchmark.base import Model, Plan, Sample
from registry.benchmark.statistics import STEADIER
from registry.card import merged
from registry.document import Document
from registry.errors import MismatchError, RejectedError, RequestError, UnavailableError
from registry.files import open_regular, unreadable, write_atomically
from registry.problem import Problem

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
    before, text = _read(path)
    number = next((place for place, one in enumerate(before.value["variants"]) if one["name"] == name), None)
    if number is None:
        raise RequestError(f"{path}: it has no variant {name!r}", hint="name one that `zoo show` lists")
    _require_digest(before, number, item["measurement"]["artifact"])
    edited, old = _edited(text, before, number, item)
    _require_valid(path, edited)
    try:
        write_atomically(path.resolve(), edited.encode(), mode=stat.S_IMODE(path.stat().st_mode))
    except OSError as error:
        raise UnavailableError(
            f"{path}: cannot be written: {error.strerror or error}", hint="see to free space and rights there"
        ) from None
    return old


def _read(path: Path) -> tuple[Document, str]:
    """The card, which must be valid already, and its text.

    Raises:
        RejectedError: It is not valid.
        UnavailableError: It cannot be read.
    """
    try:
        with open_regular(path) as file:
            data = file.read(document.MAX_BYTES + 1)
    except OSError as error:
        raise unreadable(path, error) from None
    found = document.parse(data, str(path)) if len(data) <= document.MAX_BYTES else document.read(path)
    problems = [found] if isinstance(found, Problem) else _errors(found)
    if problems or isinstance(found, Problem):
        raise RejectedError(f"{path}: not a valid card, so nothing is recorded in it: {problems[0]}")
    return found, data.decode("utf-8")


def _errors(card: Document) -> list[Problem]:
    problems = rules.check(card, "model-card")
    return [one for one in problems or plausible.check(card) if one.severity == "error"]


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


def _edited(text: str, before: Document, number: int, item: Mapping[str, Any]) -> tuple[str, bool]:
    """The card's text with the figure and its source, and whether it took the place of another.

    Raises:
        RejectedError: The text did not come out as it should.
    """
    wanted = copy.deepcopy(before.value)
    source = _source(wanted)
    figure = {**item, "provenance": {"source": source}}
    if source not in wanted.get("sources", {}):
        text = _with_source(text, wanted, source)
        wanted.setdefault("sources", {})[source] = dict(SOURCE)
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
    found = document.parse(text.encode(), before.file)
    if isinstance(found, Problem) or found.value != wanted:
        raise RejectedError(
            f"{before.file}: written in a way that a figure cannot be added to",
            hint=f"add it by hand:\n{splice.described(figure)}",
        )
    return text, old is not None


def _with_source(text: str, card: Mapping[str, Any], key: str) -> str:
    if "sources" in card:
        return splice.append(text, ("sources",), SOURCE, key)
    return splice.append(text, (), {key: SOURCE}, "sources")


def _source(card: Mapping[str, Any]) -> str:
    """Key of the card's source for measured latencies; a free one where it has none."""
    sources = card.get("sources", {})
    ours = [key for key, source in sources.items() if source["document"] == SOURCE["document"]]
    names = itertools.chain(["benchmark"], map("benchmark-{}".format, itertools.count(2)))
    free = (name for name in names if name not in sources)
    return ours[0] if ours else next(free)


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two figures were measured here under the same conditions."""
    if "measurement" not in one or one["provenance"]["source"] != other["provenance"]["source"]:
        return False
    mine, theirs = one["measurement"], other["measurement"]
    return all(one.get(key) == other.get(key) for key in _SAME) and all(
        mine.get(key) == theirs.get(key) for key in ("host", "runtime")
    )


def _require_valid(path: Path, text: str) -> None:
    """The edited card breaks no rule.

    Raises:
        RejectedError: It does.
    """
    found = document.parse(text.encode(), str(path))
    problems = [found] if isinstance(found, Problem) else _errors(found)
    if problems:
        raise RejectedError(f"{path}: would not be valid with the figure: {problems[0]}")
