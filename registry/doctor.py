"""`doctor`: look at the whole set-up, and say what is wrong with it and how to mend that. Nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import ParamSpec

from registry.diagnosis import cache, catalogue, configuration, environment, places, programs, tracking
from registry.diagnosis.configuration import Loaded
from registry.diagnosis.deadline import answers
from registry.diagnosis.finding import Diagnosis, Finding, Section
from registry.diagnosis.installed import Installed
from registry.store.base import Mirror
from registry.store.writable import ReadableStore

Looked = ParamSpec("Looked")

SECONDS = 10.0
"""How long everything together may take: what has not answered by then is told as unknown."""


@dataclass(frozen=True)
class Surroundings:
    """What is looked at.

    Attributes:
        loaded: The settings, and what was found while they were read.
        installed: The distributions there are.
        python: Version of the running Python.
        code: Folder that holds the package `registry` that runs.
        cards: Folders of cards of the settings, the shipped one by its path.
        published: Folders with the cards of registries.
        data: The user's folder for records that wait, and for files of runs.
        lock: The lock file.
        open_readable: Opens a registry.
        open_mirror: Opens a mirror.
        find: Finds a command.
    """

    loaded: Loaded
    installed: Installed
    python: str
    code: Path
    cards: tuple[str, ...]
    published: tuple[str, ...]
    data: Path
    lock: Path
    open_readable: Callable[[str], ReadableStore]
    open_mirror: Callable[[str], Mirror]
    find: programs.Find


@dataclass(frozen=True)
class _Question:
    """Something to look at, which may hang: a server, but a network's file system too."""

    section: str
    subject: str
    ask: Callable[[], tuple[Finding, ...]]


def diagnose(around: Surroundings, seconds: float = SECONDS) -> Diagnosis:
    """Look at everything at the same time, for as long as that may take.

    Args:
        around: What to look at.
        seconds: Longest time for all of it.
    """
    questions = list(_questions(around, seconds))
    found = answers([one.ask for one in questions], seconds)
    told = [
        (question.section, finding)
        for question, findings in zip(questions, found, strict=True)
        for finding in (findings if findings is not None else [_unanswered(question, seconds)])
    ]
    sections = groupby(told, key=lambda pair: pair[0])
    return Diagnosis(tuple(Section(name, tuple(finding for _, finding in pairs)) for name, pairs in sections))


def _unanswered(question: _Question, seconds: float) -> Finding:
    advice = "see whether it hangs, or run zoo doctor again"
    return Finding(question.subject, "unknown", f"no answer within {seconds:g} s", advice=advice)


def _questions(around: Surroundings, seconds: float) -> Iterator[_Question]:
    """All that is asked, section by section."""
    settings, cached = around.loaded.settings, Path(around.loaded.settings.cache)
    compiled = str(cached / "catalogue")
    yield _several("installation", "python", environment.examine, around.installed, around.python, around.code)
    yield _several("settings", "files", iter, around.loaded.findings)
    yield _several("settings", "trust", configuration.examine_trust, settings)
    cards = (around.cards, around.published, compiled, around.lock)
    yield _several("catalogue", "cards", catalogue.examine, *cards)
    yield _several("cache", f"folder {cached}", cache.examine, cached)
    yield from _places(around)
    yield _one("tracking", places.named("address", settings.tracking), partial(_address, around, seconds))
    yield _several("tracking", "waiting records", tracking.examine_spool, around.data / "spool")
    yield _several("programs", "programs", programs.examine, around.find, settings.ssh)


def _places(around: Surroundings) -> Iterator[_Question]:
    settings = around.loaded.settings
    for address in dict.fromkeys(settings.registries):
        ask = partial(places.examine_registry, address, around.open_readable, offline=settings.offline)
        yield _one("places", places.named("registry", address), ask)
    for address in dict.fromkeys(settings.mirrors):
        look = partial(places.examine_mirror, address, around.open_mirror, offline=settings.offline)
        yield _one("places", places.named("mirror", address), look)


def _address(around: Surroundings, seconds: float) -> Finding:
    settings, files = around.loaded.settings, around.data / "artifacts"
    return tracking.examine_address(settings.tracking, files, around.installed, seconds, offline=settings.offline)


def _one(section: str, subject: str, examine: Callable[[], Finding]) -> _Question:
    return _several(section, subject, lambda: (examine(),))


def _several(
    section: str,
    subject: str,
    examine: Callable[Looked, Iterable[Finding]],
    *args: Looked.args,
    **named: Looked.kwargs,
) -> _Question:
    """A question whose findings are kept where the system stops the looking in the middle."""

    def ask() -> tuple[Finding, ...]:
        found = []
        try:
            for one in examine(*args, **named):
                found.append(one)
        except OSError as error:
            place = f": {error.filename}" if error.filename else ""
            found.append(Finding(subject, "unknown", f"cannot be looked at: {error.strerror or error}{place}"))
        return tuple(found)

    return _Question(section, subject, ask)
