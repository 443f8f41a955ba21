"""The verb behind `zoo check`: documents of a submission, their files, their figures; a verdict for each variant.

Cards are studied and files are proven in worker processes; files come in threads; models run one after the other.
Nothing is run before it is known to be safe and to be what its card says.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from registry import document
from registry.consistency import SUFFIXES, duplicate
from registry.document import Document
from registry.obtain import Obtainer
from registry.parallel import ordered_map
from registry.parents import Ancestors
from registry.problem import Problem
from registry.progress import Progress
from registry.submission.again import Measure, again
from registry.submission.delivery import Delivery, deliver
from registry.submission.flaw import Flaw, Subject
from registry.submission.proof import Evidence, Proof, prove
from registry.submission.report import Check, Entry, outcome_of, verdict_of
from registry.submission.shelf import Shelf
from registry.submission.study import Law, Question, Study, study
from registry.target import Target
from registry.units import counted

_FEW_CARDS, _FEW_FILES = 12, 6
"""Below so many, processes cost more than they save: a card takes some 10 ms, a file some 30 ms."""

_CARDS_AT_ONCE, _FILES_AT_ONCE = 4, 4


@dataclass(frozen=True)
class Tools:
    """What a judgement needs of its surroundings.

    Attributes:
        obtainer: Gets files.
        measure: Measures figures again; None where that is not asked for.
        required: Whether a figure that cannot be measured again leaves the verdict open.
    """

    obtainer: Obtainer
    measure: Measure | None
    required: bool


@dataclass(frozen=True)
class _Trial:
    """A variant, and what was found of it without its card's text."""

    subject: Subject
    flaws: tuple[Flaw, ...]
    checks: tuple[Check, ...]
    seconds: float


def check(questions: Sequence[Question], law: Law, tools: Tools, progress: Progress) -> tuple[Entry, ...]:
    """Judge documents and, of cards, each variant.

    Args:
        questions: The documents, with what was published under their names.
        law: What they are held against.
        tools: Gets files and measures.
        progress: Hears of documents, bytes and variants.

    Returns:
        One entry a variant, and one for each document that has no variants or problems outside them.
    """
    studies = _studied(questions, law, progress)
    crossed = _crossed(studies, law)
    trials = _tried(studies, law, tools, progress)
    entries: list[Entry] = []
    for one in studies:
        entries += _entries(one, crossed[one.verdict.file], trials.get(one.verdict.file, ()))
    return tuple(entries)


def _studied(questions: Sequence[Question], law: Law, progress: Progress) -> list[Study]:
    found = []
    with progress.task("reading", len(questions), unit="documents") as advance:
        judged = ordered_map(functools.partial(study, law=law), questions, few=_FEW_CARDS, chunk=_CARDS_AT_ONCE)
        for one in judged:
            found.append(one)
            advance(1)
    return found


def _crossed(studies: Sequence[Study], law: Law) -> dict[str, list[Problem]]:
    """Problems of documents with each other, by file."""
    found: dict[str, list[Problem]] = defaultdict(list)
    roots = {one.path.parent.parent for one in studies if one.named}
    names = {root: _by_folded_name(root) for root in roots}
    for one in studies:
        if one.named and (other := _twin(one.path, names[one.path.parent.parent])):
            found[one.verdict.file].append(duplicate(dataclasses.replace(one.verdict, name=one.named), other))
    files = {one.verdict.name: one.verdict.file for one in studies if one.verdict.name}
    ancestors = Ancestors(files, law.roots)
    for one in studies:
        for reference in one.verdict.parents:
            if problem := ancestors.judge(one.verdict.file, reference):
                found[one.verdict.file].append(problem)
    return found


def _by_folded_name(root: Path) -> Mapping[tuple[str, str], list[Path]]:
    """Documents of a folder of cards by name, whatever the case of its letters."""
    found: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for folder in root.iterdir() if root.is_dir() else ():
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.suffix in SUFFIXES:
                found[_folded(path)].append(path)
    return found


def _twin(path: Path, names: Mapping[tuple[str, str], list[Path]]) -> str | None:
    """Another card whose name differs by case or ending alone."""
    own = (path.parent.name, path.name)
    others = (one for one in names.get(_folded(path), ()) if (one.parent.name, one.name) != own)
    return next(map(str, others), None)


def _folded(path: Path) -> tuple[str, str]:
    return path.parent.name.casefold(), path.stem.casefold()


def _tried(studies: Sequence[Study], law: Law, tools: Tools, progress: Progress) -> Mapping[str, Sequence[_Trial]]:
    """What the files say, by document."""
    subjects = [(one, subject) for one in studies for subject in one.subjects]
    delivered = deliver([subject for _, subject in subjects], tools.obtainer, law.policy)
    shelf = Shelf(law.roots)
    evidence = [
        Evidence(subject, delivery.files, tuple(_targets(subject, shelf)))
        for (_, subject), delivery in zip(subjects, delivered, strict=True)
    ]
    trials: dict[str, list[_Trial]] = defaultdict(list)
    proofs = ordered_map(prove, evidence, few=_FEW_FILES, chunk=_FILES_AT_ONCE)
    with progress.task("judging", len(subjects), unit="variants") as advance:
        for (one, subject), delivery, proof in zip(subjects, delivered, proofs, strict=True):
            trials[one.verdict.file].append(_trial(one, subject, delivery, proof, tools))
            advance(1)
    return trials


def _targets(subject: Subject, shelf: Shelf) -> Iterator[Target]:
    """Targets that a card declares, or gives figures of."""
    declared = [name for name, support in subject.variant.support.items() if support == "declared"]
    for name in dict.fromkeys([*declared, *subject.variant.figure_targets]):
        if found := shelf.target(name):
            yield found


def _trial(one: Study, subject: Subject, delivery: Delivery, proof: Proof, tools: Tools) -> _Trial:
    flaws, checks = [*delivery.flaws, *proof.flaws], [delivery.check, *proof.checks]
    started = time.perf_counter()
    artifact = subject.variant.model_file
    model = delivery.files.get(artifact.file) if artifact else None
    sound = verdict_of([*one.verdict.problems, *flaws]) != "rejected"
    if tools.measure is not None and model is not None and sound:  # what is rejected is not run
        for found in again(subject, model, tools.measure, required=tools.required):
            (checks if isinstance(found, Check) else flaws).append(found)  # type: ignore[arg-type]
    seconds = proof.seconds + time.perf_counter() - started
    return _Trial(subject, tuple(flaws), tuple(checks), seconds)


def _entries(one: Study, crossed: Sequence[Problem], trials: Sequence[_Trial]) -> Iterator[Entry]:
    file = one.verdict.file
    problems = [*one.verdict.problems, *crossed]
    own: dict[int, list[Problem]] = defaultdict(list)
    rest: list[Problem] = []
    for problem in problems:
        number = _variant(problem)
        (rest if number is None or number >= len(one.listed) else own[number]).append(problem)
    located = _located(one, trials)
    verdict = verdict_of(rest)
    if rest or not one.listed:
        line = rest[0].line if rest else 1
        yield Entry(file, "document", file, line, tuple(rest), (_card_check(rest),), document=verdict)
    if not trials:
        for number, (name, line) in enumerate(one.listed):
            found = own[number] or ([] if rest else [_not_looked_at(file, number, line, problems)])
            yield Entry(f"{one.named}/{name}", "variant", file, line, tuple(found), document=verdict)
    for trial, found in zip(trials, located, strict=True):
        subject = trial.subject
        stated = own[subject.number]
        checks = (_card_check([*rest, *stated]), *trial.checks)
        whole = tuple(dict.fromkeys([*stated, *found]))
        yield Entry(subject.variant.full_name, "variant", file, subject.line, whole, checks, trial.seconds, verdict)


def _not_looked_at(file: str, number: int, line: int, problems: Sequence[Problem]) -> Problem:
    """What is said of a variant whose card breaks its schema in another one."""
    return Problem(
        file,
        line,
        1,
        f"/variants/{number}",
        "no-verdict",
        "the card breaks its schema elsewhere, so this variant was not looked at",
        "a card that keeps its schema",
        f"line {problems[0].line}: {problems[0].message}",
        "unknown",
    )


def _card_check(problems: Sequence[Problem]) -> Check:
    told = counted(len(problems), "problem") if problems else "schema, names, policy"
    return Check("card", outcome_of(problems), told)


def _variant(problem: Problem) -> int | None:
    """Index of the variant that a problem stands in."""
    parts = problem.pointer.split("/")
    inside = len(parts) > 2 and parts[1] == "variants" and parts[2].isdigit()
    return int(parts[2]) if inside else None


def _located(one: Study, trials: Sequence[_Trial]) -> list[list[Problem]]:
    """Problems of the files, at their lines: the card is read once more only where there are any."""
    if not any(trial.flaws for trial in trials):
        return [[] for _ in trials]
    read = document.read(one.path)
    if not isinstance(read, Document):  # somebody took it away meanwhile
        read = Document(one.verdict.file, {})
    return [[flaw.located(read) for flaw in dict.fromkeys(trial.flaws)] for trial in trials]
