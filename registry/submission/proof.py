"""A variant's files against its card: what they are, whether they are safe, and whether they fit what it names.

Runs in worker processes, a variant at a time. A file is read, never run.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import inspect
from registry.capacity import place
from registry.claims import judge
from registry.document import Step
from registry.errors import RejectedError, UnavailableError, ZooError
from registry.facts import Facts
from registry.fit import Fit, fit
from registry.lineage import document as lineage_document
from registry.submission.flaw import Flaw, Subject
from registry.submission.report import Check
from registry.target import Target
from registry.units import counted


@dataclass(frozen=True)
class Evidence:
    """A variant with its files at hand.

    Attributes:
        subject: The variant.
        files: Where each is, by name on the card; proven to have the card's digest.
        targets: What its card says that it runs on.
    """

    subject: Subject
    files: Mapping[str, Path]
    targets: tuple[Target, ...]


@dataclass(frozen=True)
class Proof:
    """What the files came to.

    Attributes:
        flaws: What is wrong.
        checks: What was looked at.
        seconds: Time that it took.
    """

    flaws: tuple[Flaw, ...]
    checks: tuple[Check, ...]
    seconds: float


def prove(evidence: Evidence) -> Proof:
    """Hold the files against the card. Never raises for bad input."""
    started = time.perf_counter()
    flaws: list[Flaw] = []
    checks: list[Check] = []
    for step in (_model, _lineage):
        for found in step(evidence):
            (checks if isinstance(found, Check) else flaws).append(found)  # type: ignore[arg-type]
    return Proof(tuple(flaws), tuple(checks), time.perf_counter() - started)


def _model(evidence: Evidence) -> Iterator[Flaw | Check]:
    subject = evidence.subject
    model = subject.variant.model_file
    path = evidence.files.get(model.file) if model else None
    if model is None or path is None:
        return
    where = subject.at("artifacts", subject.variant.artifacts.index(model))
    try:
        graph = inspect.read(path, inspect.format_of(path) or subject.variant.format)
    except (RejectedError, UnavailableError) as error:
        yield from _unreadable(subject, where, path, error)
        return
    facts = Facts(graph)
    yield from _safety(facts, where)
    yield from _claims(subject, facts)
    for target in evidence.targets:
        yield from _fit(subject, facts, target)


def _unreadable(subject: Subject, where: tuple[Step, ...], path: Path, error: ZooError) -> Iterator[Flaw | Check]:
    stated = subject.variant.format
    told = error.message.replace(str(path), subject.variant.files[0].file)
    if stated in inspect.FORMATS:
        yield Flaw(where, "unreadable-model", told, f"a whole {stated} file", "")
        yield Check("safety", "failed", "the file breaks its format")
    else:
        message = f"nothing here reads a {stated} file, so it cannot be told what is in it"
        yield Flaw(where, "no-verdict", message, "one of " + ", ".join(inspect.FORMATS), stated, "unknown")
        yield Check("safety", "unknown", f"{stated} files are not read")


def _safety(facts: Facts, where: tuple[Step, ...]) -> Iterator[Flaw | Check]:
    grave = [one for one in facts.graph.findings if one.severity != "note"]
    for one in grave:
        message = f"{one.where}: {one.message}" if one.where else one.message
        severe = one.severity == "danger"
        yield Flaw(where, one.rule, message, "a file that only computes", "", "error" if severe else "warning")
    dangers = sum(one.severity == "danger" for one in grave)
    told = ", ".join(dict.fromkeys(one.rule for one in grave)) or "nothing in it can run code"
    yield Check("safety", "failed" if dangers else "warned" if grave else "passed", told)


def _claims(subject: Subject, facts: Facts) -> Iterator[Flaw | Check]:
    claims = judge(subject.variant, facts)
    wrong = [one for one in claims if one.state == "contradicted"]
    for one in wrong:
        message = f"the card says {one.about} {one.stated}, the file {one.found or 'says nothing of it'}"
        reason = f" ({one.reason})" if one.reason else ""
        yield Flaw(_place(subject, one.about), "claim", message, f"{one.found or 'nothing'}{reason}", one.stated)
    counts = {
        state: sum(one.state == state for one in claims) for state in ("confirmed", "contradicted", "unchecked")
    }
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    yield Check("claims", "failed" if wrong else "passed", told)


_STEPS = re.compile(r"[^.\[\]]+")


def _place(subject: Subject, about: str) -> tuple[Step, ...]:
    """Where a claim such as `tensors.inputs[0].scale` or `footprints.weights-flash on stm32n6` stands."""
    words, _, target = about.partition(" on ")
    value: Any = subject.variant.document
    kept: list[Step] = []
    for word in _STEPS.findall(words):
        step = _step(value, word, target)
        if step is None:
            break
        kept.append(step)
        value = value[step]
    return subject.at(str(kept[0]), *kept[1:]) if kept else subject.place


def _step(value: Any, word: str, target: str) -> Step | None:
    """Where a word of a claim leads: to a property, to an index, or to the item of a list that has this name."""
    if isinstance(value, Mapping):
        return word if word in value else None
    if not isinstance(value, list):
        return None
    if word.isdigit():
        return int(word) if int(word) < len(value) else None
    fitting = (n for n, item in enumerate(value) if item.get("name") == word and item.get("target", "") == target)
    return next(fitting, None)


def _fit(subject: Subject, facts: Facts, target: Target) -> Iterator[Flaw | Check]:
    found = fit(facts, facts.footprint, target, subject.variant)
    name = f"fit {target.name}"
    if found.verdict == "yes":
        yield Check(name, "passed", f"on the {found.engine}" if found.engine else "")
        return
    told = "; ".join(found.reasons)
    if found.verdict == "unknown":
        yield Check(name, "unknown", told)
        return
    unsure = _only_by_estimate(found, target) or target.name in subject.variant.figure_targets
    message = f"{subject.variant.full_name} does not fit {target.name}"
    rule, severity = ("fit-unlikely", "warning") if unsure else ("does-not-fit", "error")
    expected = f"a file that {target.name} takes and has the memory for, or no such target"
    yield Flaw(_target_place(subject, target.name), rule, message, expected, told, severity)  # type: ignore[arg-type]
    yield Check(name, "warned" if unsure else "failed", told)


def _only_by_estimate(found: Fit, target: Target) -> bool:
    """Whether nothing but the planner's estimate speaks against it, and its lower bound does not."""
    memory = found.memory
    only_memory = found.placement.fits is False and len(found.reasons) == 1
    return only_memory and memory.source == "estimated" and place(target, memory.least, memory.flash).fits is True


def _target_place(subject: Subject, target: str) -> tuple[Step, ...]:
    for key in ("targets", "latencies", "footprints"):
        for number, item in enumerate(subject.variant.document.get(key, ())):
            if item.get("target") == target:
                return subject.at(key, number, "target")
    return subject.place


def _lineage(evidence: Evidence) -> Iterator[Flaw | Check]:
    """The record of how the file came about: it is one, of this file, and no figure is of what was trained on."""
    subject = evidence.subject
    record = subject.variant.lineage_file
    path = evidence.files.get(record.file) if record else None
    if record is None or path is None:
        return
    where = subject.at("artifacts", subject.variant.artifacts.index(record))
    try:
        steps = lineage_document.read(path).steps
    except (RejectedError, UnavailableError) as error:
        told = error.message.replace(str(path), record.file)
        yield Flaw(where, "lineage-mismatch", told, "a lineage record", record.file)
        yield Check("lineage", "failed", "no valid record")
        return
    made = {item.digest for step in steps for item in step.outputs}
    digest = subject.variant.model_file.digest if subject.variant.model_file else None
    if digest not in made:
        message = "the lineage record does not say how this file came about"
        yield Flaw(
            where,
            "lineage-mismatch",
            message,
            f"a step that makes {digest}",
            counted(len(steps), "other step"),
        )
        yield Check("lineage", "failed", "of another file")
        return
    seen = {
        item.digest.hex
        for step in steps
        if step.kind == "training"
        for item in step.inputs
        if item.role == "images"
    }
    leaks = list(_leaked(subject, seen))
    yield from leaks
    yield Check("lineage", "failed" if leaks else "passed", counted(len(steps), "step"))


def _leaked(subject: Subject, seen: set[str]) -> Iterator[Flaw]:
    for number, item in enumerate(subject.variant.document.get("metrics", ())):
        images = item.get("measurement", {}).get("images")
        if images in seen:
            yield Flaw(
                subject.at("metrics", number, "measurement", "images"),
                "leaked-images",
                f"{item['name']} is of the images that the network was trained on",
                "images that no training step of its lineage saw",
                images,
            )
