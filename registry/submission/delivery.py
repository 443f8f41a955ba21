"""The files that a card names: each is had, whole and with the card's digest, or there is a reason why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from registry import together
from registry.admission import Admission
from registry.card import Artifact
from registry.digest import Digest
from registry.errors import MismatchError, RejectedError, UnavailableError, ZooError
from registry.obtain import Obtainer
from registry.progress import Progress
from registry.store.base import NotHeldError
from registry.submission.flaw import Flaw, Subject
from registry.submission.report import Check, outcome_of
from registry.units import format_bytes

Had = Path | ZooError
"""Where a file is, or why it is not there."""


@dataclass(frozen=True)
class Delivery:
    """What became of a variant's files.

    Attributes:
        files: Where each is, by name on the card.
        flaws: Why others are not there.
        check: The same in a few words.
    """

    files: Mapping[str, Path]
    flaws: tuple[Flaw, ...]
    check: Check


def deliver(subjects: Sequence[Subject], obtainer: Obtainer, policy: Admission) -> list[Delivery]:
    """Get the files of variants; several at the same time where they are not in the cache.

    Args:
        subjects: The variants.
        obtainer: What gets a file.
        policy: Larger files than it allows are not fetched.
    """
    wanted: dict[Digest, tuple[Subject, Artifact]] = {}
    for subject in subjects:
        for artifact in _fetched(subject, policy):
            assert artifact.digest is not None, "what is fetched has a digest"  # noqa: S101
            wanted.setdefault(artifact.digest, (subject, artifact))
    had = dict(zip(wanted, _obtained(list(wanted.values()), obtainer), strict=True))
    return [_delivery(subject, had, policy) for subject in subjects]


def _fetched(subject: Subject, policy: Admission) -> list[Artifact]:
    return [one for one in subject.variant.artifacts if one.digest and (one.size or 0) <= policy.size]


def _obtained(wanted: Sequence[tuple[Subject, Artifact]], obtainer: Obtainer) -> list[Had]:
    def job(subject: Subject, artifact: Artifact) -> together.Job[Had]:
        def had(progress: Progress) -> Had:
            try:
                return obtainer.heard_by(progress).obtain(subject.variant, artifact, artifact.digest).path
            except (RejectedError, UnavailableError) as error:
                return error

        return had

    jobs = [job(*item) for item in wanted]
    return together.run(jobs, obtainer.progress, f"{len(jobs)} files", sum(one.size or 0 for _, one in wanted))


def _delivery(subject: Subject, had: Mapping[Digest, Had], policy: Admission) -> Delivery:
    files: dict[str, Path] = {}
    flaws: list[Flaw] = []
    for artifact in _fetched(subject, policy):
        found = had[artifact.digest]  # type: ignore[index]
        if isinstance(found, Path):
            files[artifact.file] = found
        else:
            flaws.append(_missing(subject, artifact, found))
    return Delivery(files, tuple(flaws), _check(subject, files, flaws))


def _missing(subject: Subject, artifact: Artifact, error: ZooError) -> Flaw:
    path = subject.at("artifacts", subject.variant.artifacts.index(artifact))
    cause = error.__cause__
    if isinstance(cause, MismatchError):
        message = f"{artifact.file} is not what the card says"
        return Flaw((*path, "sha256"), cause.rule, message, cause.expected, cause.found)
    if isinstance(error, RejectedError):
        return Flaw((*path, "sha256"), "digest", error.message)
    message = f"no place gives {artifact.file}"
    if subject.variant.made_here:
        expected = f"`zoo build {subject.variant.full_name}` first: it is made by its recipe"
        return Flaw(path, "unobtainable", message, expected, "no file", "warning")
    expected = "an address under 'sources', blobs/sha256/ beside the cards, or a --mirror that holds it"
    nowhere = isinstance(error, NotHeldError)
    return Flaw(path, "unobtainable", message, expected, _reason(error), "error" if nowhere else "unknown")


def _reason(error: ZooError) -> str:
    """The last place's reason: the first line only repeats the file."""
    return error.message.splitlines()[-1].strip()


def _check(subject: Subject, files: Mapping[str, Path], flaws: Sequence[Flaw]) -> Check:
    artifacts = subject.variant.artifacts
    if not artifacts:
        return Check("files", "skipped", "the card names none")
    if flaws:
        return Check("files", outcome_of(flaws), f"{len(flaws)} of {len(artifacts)} not had")
    if not files:
        return Check("files", "skipped", "none has a digest")
    size = format_bytes(sum(one.size or 0 for one in artifacts if one.file in files))
    left = f", {len(artifacts) - len(files)} not" if len(files) < len(artifacts) else ""
    return Check("files", "passed", f"{len(files)} verified, {size}{left}")
