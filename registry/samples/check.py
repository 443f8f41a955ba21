"""Is a dataset folder what it should be? Every problem, not only the first, and what its masks hold."""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from registry.dataset import Dataset
from registry.digest import Digest
from registry.errors import RejectedError
from registry.parallel import ordered_map
from registry.progress import Progress
from registry.samples.lists import Line, list_digest
from registry.samples.pictures import VOID, image_size, read_mask, require_extra
from registry.samples.voc import Sample, VocFolder


@dataclass(frozen=True)
class Finding:
    """One problem.

    Attributes:
        rule: Its kind: bad-name, duplicate, missing-image, missing-mask, damaged, size, unknown-id, leak, count or
            digest.
        split: Split in whose list it was found.
        name: Identifier, or empty where the whole split is meant.
        message: What is wrong.
    """

    rule: str
    split: str
    name: str
    message: str


@dataclass
class Split:
    """What a split holds.

    Attributes:
        name: Name of its list.
        images: Lines of the list, whatever their state.
        digest: SHA-256 of its identifiers, one a line.
        pixels: Pixels of each mask value, void included.
        occurrences: Number of masks that have each value.
    """

    name: str
    images: int
    digest: Digest
    pixels: Counter[int] = field(default_factory=Counter)
    occurrences: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True)
class Report:
    """Everything that was found.

    Attributes:
        dataset: The card that the folder was held against.
        splits: What each split holds.
        findings: Problems, by split and in the order of its list; leaks last.
    """

    dataset: Dataset
    splits: list[Split]
    findings: list[Finding]


@dataclass(frozen=True)
class _Seen:
    problems: tuple[tuple[str, str], ...]
    pixels: dict[int, int]
    digest: str


def check(folder: VocFolder, dataset: Dataset, progress: Progress, splits: Sequence[str] = ()) -> Report:
    """Judge the splits of a folder; all of them where none is named.

    Raises:
        RequestError: There is no such split, or there are no masks.
        RejectedError: A list is no text.
        UnavailableError: A list cannot be read, or the extra [eval] is missing.
    """
    require_extra()
    chosen = list(splits) or folder.splits()
    report = Report(dataset, [], [])
    holders: dict[str, dict[str, str]] = {}
    for name in chosen:
        holders[name] = _check_split(folder, name, report, progress)
    for name in folder.splits():
        if name not in holders:  # a leak is one whichever split was asked about
            holders[name] = {f"name {line.name}": line.name for line in folder.lines(name) if line.safe}
    report.findings.extend(item for item in _leaks(holders) if item.split in chosen)
    return report


def _check_split(folder: VocFolder, name: str, report: Report, progress: Progress) -> dict[str, str]:
    """Judge one split; returns what identifies its images (names and digests), each with the name."""
    lines = folder.lines(name)
    split = Split(name, len(lines), list_digest([line.name for line in lines]))
    report.splits.append(split)
    report.findings.extend([*_against_card(split, report.dataset), *_bad_lines(name, lines)])
    wanted = list(dict.fromkeys(line.name for line in lines if line.safe))
    look = functools.partial(_look, folder=folder, masks=folder.masks(name), known=_known(report.dataset))
    identities: dict[str, str] = {}
    with progress.task(f"checking {name}", len(wanted), unit="images") as advance:
        for one, seen in zip(wanted, ordered_map(look, wanted), strict=True):
            report.findings.extend(Finding(rule, name, one, message) for rule, message in seen.problems)
            split.pixels.update(seen.pixels)
            split.occurrences.update(seen.pixels.keys())
            twin = identities.get(seen.digest) if seen.digest else None
            if twin is not None:
                report.findings.append(Finding("duplicate", name, one, f"the same image bytes as {twin}"))
            identities |= {f"name {one}": one} | ({seen.digest: one} if seen.digest else {})
            advance(1)
    return identities


def _against_card(split: Split, dataset: Dataset) -> Iterator[Finding]:
    stated = dataset.document.get("splits", {}).get(split.name, {})
    if not split.images:
        yield Finding("count", split.name, "", "the list is empty")
    elif stated.get("images") not in (None, split.images):
        message = f"expected {stated['images']} images, as the card of {dataset.name} says, found {split.images}"
        yield Finding("count", split.name, "", message)
    if stated.get("sha256") not in (None, split.digest.hex):
        message = f"expected the list sha256:{stated['sha256']}, as the card says, found {split.digest}"
        yield Finding("digest", split.name, "", message)


def _bad_lines(split: str, lines: Iterable[Line]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for line in lines:
        if not line.safe:
            yield Finding("bad-name", split, line.name, f"line {line.number} leads out of the folder; not opened")
        elif line.name in first:
            message = f"line {line.number} repeats line {first[line.name]}"
            yield Finding("duplicate", split, line.name, message)
        first.setdefault(line.name, line.number)


def _known(dataset: Dataset) -> frozenset[int] | None:
    """Mask values that the card allows; None where it does not say how many classes there are."""
    if dataset.class_count is None:
        return None
    return frozenset({*range(dataset.class_count), dataset.document["classes"].get("void", VOID)})


def _look(name: str, *, folder: VocFolder, masks: Path, known: frozenset[int] | None) -> _Seen:
    """Look at one image and its mask; in a worker process where there are many."""
    problems: list[tuple[str, str]] = []
    try:
        sample = folder.locate(name, masks)
    except RejectedError as error:
        return _Seen((("bad-name", error.message),), {}, "")
    size, digest = _look_at_image(sample, problems)
    pixels: dict[int, int] = {}
    if not sample.mask.is_file():
        problems.append(("missing-mask", f"expected {sample.mask}"))
    else:
        pixels = _look_at_mask(sample.mask, size, known, problems)
    return _Seen(tuple(problems), pixels, digest)


def _look_at_image(sample: Sample, problems: list[tuple[str, str]]) -> tuple[tuple[int, int] | None, str]:
    if not sample.image.is_file():
        problems.append(("missing-image", f"expected {sample.image}"))
        return None, ""
    try:
        return image_size(sample.image), Digest.of_file(sample.image).hex
    except (RejectedError, OSError) as error:
        problems.append(("damaged", getattr(error, "message", str(error))))
        return None, ""


def _look_at_mask(
    path: Path, size: tuple[int, int] | None, known: frozenset[int] | None, problems: list[tuple[str, str]]
) -> dict[int, int]:
    import numpy as np

    try:
        ids = read_mask(path)
    except RejectedError as error:
        problems.append(("damaged", error.message))
        return {}
    if size and ids.shape != size:
        found, expected = (f"{shape[1]}x{shape[0]}" for shape in (ids.shape, size))
        problems.append(("size", f"expected a mask of {expected} pixels, as the image is, found {found}"))
    counts = np.bincount(ids.ravel(), minlength=256)
    pixels = {int(value): int(counts[value]) for value in np.flatnonzero(counts)}
    if strange := [value for value in pixels if known is not None and value not in known]:
        listed = ", ".join(f"{value} ({pixels[value]} pixels)" for value in strange[:8])
        problems.append(("unknown-id", f"ids that the card has no class for: {listed}"))
    return pixels


def _leaks(holders: dict[str, dict[str, str]]) -> Iterator[Finding]:
    """Images of a held-out list that a training list has too, under the same name or with the same bytes.

    `trainval` is left out: it is the union of both by its definition.
    """
    training = [name for name in holders if name.startswith("train") and name != "trainval"]
    for held in (name for name in holders if name.startswith(("val", "test"))):
        for trained in training:
            shared: dict[str, list[str]] = defaultdict(list)
            for identity in holders[held].keys() & holders[trained].keys():
                shared[holders[held][identity]].append(holders[trained][identity])
            for one in sorted(shared):
                yield Finding("leak", held, one, f"is also in {trained}, as {', '.join(sorted(set(shared[one])))}")


def to_json(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    names = dict(enumerate(report.dataset.class_names))
    return {
        "dataset": report.dataset.name,
        "valid": not report.findings,
        "splits": [
            {
                "name": split.name,
                "images": split.images,
                "list": str(split.digest),
                "classes": [
                    {
                        "id": number,
                        "name": class_name(names, number),
                        "pixels": split.pixels[number],
                        "images": split.occurrences[number],
                    }
                    for number in sorted({*names, *split.pixels})
                ],
            }
            for split in report.splits
        ],
        "findings": [vars(item) for item in report.findings],
    }


def class_name(names: dict[int, str], number: int) -> str:
    """Name of a mask value."""
    return names.get(number) or ("void" if number == VOID else "unknown")
