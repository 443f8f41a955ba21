"""What packages for boards with an operating system share: names of files, and what an engine refuses."""

from __future__ import annotations

from collections.abc import Iterator

from registry.card import Variant
from registry.deployment.base import LABELS, MODEL, File, Instruction, Subject
from registry.fit import describe

_ENDINGS = {"tflite": ".tflite", "onnx": ".onnx"}


def model_file(subject: Subject, folder: str = "") -> File:
    """The model under the package's name, in a folder that ends with `/`."""
    return File(f"{folder}{subject.name}{_ENDINGS[subject.facts.graph.format]}", subject.path, MODEL)


def labels_file(subject: Subject, folder: str = "") -> File:
    """Class names, one a line by id; a line break within a name is a blank."""
    text = "".join(" ".join(label.split()) + "\n" for label in subject.labels)
    return File(f"{folder}{subject.name}.labels.txt", text.encode("utf-8", "replace"), LABELS)


def copying(folder: str, *names: str) -> tuple[Instruction, ...]:
    """How files of a package come to a folder of the device."""
    return (
        Instruction(f"Make {folder} on the board", ("ssh", "root@BOARD", "mkdir", "-p", folder), "host"),
        Instruction(
            f"Copy {' and '.join(names) if names != ('.',) else 'this folder'} to {folder}",
            ("scp", "-r", *names, f"root@BOARD:{folder}/"),
            "host",
        ),
    )


def cores(subject: Subject) -> int:
    """CPU cores that the target's card states, else 1."""
    engines = subject.target.document["engines"]
    return next((one["count"] for one in engines if one["name"] == "cpu" and "count" in one), 1)


def runs_on_fastest(subject: Subject) -> bool:
    """Whether the fastest engine of the target takes the file."""
    return bool(subject.target.engines) and subject.fit.engine == subject.target.engines[0]


def engine_warnings(subject: Subject) -> Iterator[str]:
    """What the fastest engine refuses by the target's card, and a variant of the family that it takes."""
    if runs_on_fastest(subject) or not subject.target.engines:
        return
    fastest, title, found = subject.target.engines[0], subject.target.title, subject.fit.engine
    elsewhere = f"; this one runs on the {found}" if found else ""
    yield f"The {fastest} of {title} refuses {_words(subject)} files{elsewhere}."
    taken = better(subject)
    if taken is not None:
        yield f"{taken.full_name} is a variant of the same family that the {fastest} takes."


def better(subject: Subject) -> Variant | None:
    """The first alternative that the fastest engine takes, of the same resolution if there is one."""
    graph, scheme, preparation = subject.facts.graph, subject.facts.scheme, subject.preparation
    taken = [
        one
        for one in subject.alternatives
        if subject.target.engine_for(one.format, one.scheme, one.granularity, one.representation)
        == subject.target.engines[0]
    ]
    return min(
        taken,
        key=lambda one: (
            (one.height, one.width) != (preparation.height, preparation.width),
            one.format != graph.format,
            one.scheme != scheme.scheme,
        ),
        default=None,
    )


def _words(subject: Subject) -> str:
    graph, scheme = subject.facts.graph, subject.facts.scheme
    return describe((graph.format, scheme.scheme, scheme.granularity, scheme.representation))
