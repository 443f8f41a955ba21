"""A card by itself and against what it was: all that can be said of a submission without its files.

Runs in worker processes, a card at a time, so that positions of a document need not travel.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import consistency, document, rules
from registry.admission import Admission
from registry.card import Variant, merged
from registry.consistency import Context, Verdict
from registry.document import Document, Step
from registry.problem import Problem
from registry.submission.changes import changed, changed_dataset, removed
from registry.submission.demands import demanded
from registry.submission.flaw import Flaw, Subject, subjects
from registry.submission.report import verdict_of
from registry.submission.shelf import Shelf, named


@dataclass(frozen=True)
class Question:
    """A document that is to be judged.

    Attributes:
        path: Where it is, as the user named it; it may be gone.
        before: Documents that were published under its name: the revision's in the user's words, and its bytes.
    """

    path: Path
    before: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True)
class Law:
    """What a document is held against.

    Attributes:
        context: Names that it may refer to.
        policy: What is asked of it.
        roots: Folders of cards, in which parents and datasets of other documents are looked up.
    """

    context: Context
    policy: Admission
    roots: tuple[Path, ...]


@dataclass(frozen=True)
class Study:
    """What came of a document.

    Attributes:
        verdict: By itself: problems, and what other documents want to know.
        subjects: Its variants, where it is a card that keeps its schema and rules.
        listed: Name and line of each variant that it seems to have, whatever its state.
        named: `publisher/model` as far as it says so.
    """

    verdict: Verdict
    subjects: tuple[Subject, ...] = ()
    listed: tuple[tuple[str, int], ...] = ()
    named: str = ""

    @property
    def path(self) -> Path:
        """Of the document."""
        return Path(self.verdict.file)


def study(question: Question, law: Law) -> Study:
    """Judge a document by itself, by the policy, and against what was published. Never raises for bad input."""
    if question.path.is_symlink():
        return Study(Verdict(str(question.path), (_link(question.path),)))
    if question.before and not question.path.exists():
        return Study(Verdict(str(question.path), tuple(_removed(question))))
    read = document.read(question.path)
    verdict = consistency.judge_document(read, str(question.path), law.context)
    if isinstance(read, Problem):
        return Study(verdict)
    listed, named = tuple(_listed(read)), _named(read.value)
    found = subjects(read, merged(read.value)) if verdict.name else []
    shelf = _shelf(law.roots)
    flaws = [flaw for subject in found for flaw in _demands(subject, read.value, law, shelf)]
    if (
        verdict_of(verdict.problems) != "rejected" or verdict.name
    ):  # what breaks its schema is compared with nothing
        flaws += [flaw for words, data in question.before for flaw in _published(words, data, question, read.value)]
    problems = (*verdict.problems, *(flaw.located(read) for flaw in dict.fromkeys(flaws)))
    whole = dataclasses.replace(verdict, problems=problems, name_position=read.position(("model",)))
    return Study(whole, tuple(found), listed, named)


@functools.cache
def _shelf(roots: tuple[Path, ...]) -> Shelf:
    """What several cards of one run refer to is read once."""
    return Shelf(roots)


def _link(path: Path) -> Problem:
    message = "a link, which may lead to what is no part of the submission"
    return Problem(str(path), 0, 0, "", "link", message, "the file itself", "a symbolic link")


def _removed(question: Question) -> Iterator[Problem]:
    for words, data in question.before:
        for flaw in _published(words, data, question, None):
            yield Problem(
                str(question.path), 0, 0, "", flaw.rule, flaw.message, flaw.expected, flaw.found, flaw.severity
            )


def _published(words: str, data: bytes, question: Question, after: Mapping[str, Any] | None) -> Iterator[Flaw]:
    """What was published under a document's name, against it now; nothing where that was none that holds."""
    before = document.parse(data, str(question.path))
    kind = _kind(before.value) if isinstance(before, Document) else ""
    if kind not in ("model-card", "dataset", "target") or not isinstance(before, Document):
        return
    if rules.check(before, kind):
        return
    if kind == "model-card":
        same = after is not None and _kind(after) == kind
        yield from changed(before.value, after if same else None, words)
    elif after is None or _kind(after) != kind:
        yield from removed(before.value, words)
    elif kind == "dataset":
        yield from changed_dataset(before.value, after, words)


def _kind(value: Any) -> str:
    return str(value.get("schema", "")).partition("/")[0] if isinstance(value, dict) else ""


def _demands(subject: Subject, card: dict[str, Any], law: Law, shelf: Shelf) -> Iterator[Flaw]:
    parent = _parent(subject.variant, card, shelf)
    training = subject.variant.document.get("training", {}).get("dataset")
    dataset = shelf.dataset(training) if training else None
    yield from demanded(subject, card, law.policy, parent, dataset.document["licence"] if dataset else None)


def _parent(variant: Variant, card: dict[str, Any], shelf: Shelf) -> Variant | None:
    """The variant that one was made from, of its own card or of another that is valid."""
    stated = variant.document.get("parent")
    if stated is None:
        return None
    own = f"{card['publisher']}/{card['model']}"
    place, _, name = stated.rpartition("/")
    return named(card, name) if place in ("", own) else shelf.variant(stated)


def _named(value: Any) -> str:
    return f"{value.get('publisher', '?')}/{value.get('model', '?')}" if _kind(value) == "model-card" else ""


def _listed(read: Document) -> Iterator[tuple[str, int]]:
    variants = read.value.get("variants") if isinstance(read.value, dict) else None
    for number, item in enumerate(variants if isinstance(variants, list) else ()):
        place: tuple[Step, ...] = ("variants", number)
        name = item.get("name") if isinstance(item, dict) else None
        yield str(name if name is not None else number), read.position(place)[0]
