"""What goes into a deployment package and what it is, whatever the target.

A package is made of values: the files with their roles, how to use them, which tools were used or are missing.
`registry.deploy` writes it, with its manifest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from registry.card import Variant
from registry.digest import Digest
from registry.facts import Facts
from registry.fit import Fit
from registry.footprint import Footprint
from registry.golden import Vector
from registry.preparation import Preparation
from registry.runtime.base import Port
from registry.target import Target

MODEL, LABELS, CARD, LICENCE, SOURCE, DATA, CONFIGURATION, GOLDEN, SCRIPT, REPORT, GUIDE = (
    "model",
    "labels",
    "card",
    "licence",
    "source",
    "data",
    "configuration",
    "golden",
    "script",
    "report",
    "guide",
)
"""Roles of a package's files."""


@dataclass(frozen=True)
class GoldenBytes:
    """A golden vector with its bytes, raw as the model's tensors store them."""

    vector: Vector
    input: bytes
    output: bytes


@dataclass(frozen=True)
class Subject:
    """What is deployed, all of it proven before an adapter sees it.

    Attributes:
        name: Of the package: letters, digits, `.`, `_` and `-`, so that it serves as a folder's name.
        variant: Whose card it is; None for a file that no card has.
        path: The model file.
        digest: Of its bytes.
        facts: What is in it; `facts.graph` is the graph.
        footprint: Its memory plan.
        target: Where it goes.
        fit: The verdict for that target, which is not `no`.
        inputs, outputs: Its tensors as a runtime of its format names them.
        preparation: How a picture becomes its input.
        labels: Class names by id; empty where nobody names them.
        golden: Its golden vectors.
        texts: Further files of the card by role (`card`, `licence`), as (name, bytes).
        alternatives: Other pinned variants of its family, best first.
    """

    name: str
    variant: Variant | None
    path: Path
    digest: Digest
    facts: Facts
    footprint: Footprint
    target: Target
    fit: Fit
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    preparation: Preparation
    labels: tuple[str, ...] = ()
    golden: tuple[GoldenBytes, ...] = ()
    texts: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)
    alternatives: tuple[Variant, ...] = ()


@dataclass(frozen=True)
class File:
    """A file of a package.

    Attributes:
        path: Relative, with `/`.
        content: Its bytes, or a file that has them.
        role: One of this module's roles.
        note: What it is, in a sentence; empty where the role says all.
        executable: Whether it is run.
    """

    path: str
    content: bytes | Path
    role: str
    note: str = ""
    executable: bool = False


@dataclass(frozen=True)
class Instruction:
    """One step of using a package.

    Attributes:
        title: What it does.
        command: Words of the command, never a line for a shell; empty for something that a person does.
        where: On the `host`, or on the `device`.
    """

    title: str
    command: tuple[str, ...] = ()
    where: Literal["host", "device"] = "device"


@dataclass(frozen=True)
class Tool:
    """A tool that was used, or would have to be.

    Attributes:
        name: The command or package.
        version: What it says of itself; None when it is not here or does not say.
        use: What it is for.
        found: Whether it is here; False where the user has to run it somewhere else.
    """

    name: str
    version: str | None
    use: str
    found: bool


@dataclass(frozen=True)
class Reading:
    """A number that a tool's report has.

    Attributes:
        name: As cards name footprints and latencies where they do, such as `internal-ram`; else the report's word.
        value: The number.
        unit: `bytes`, `ms`, `cycles`, `operators`, ...
        text: The report's own words for it.
        tool: Name of the tool.
    """

    name: str
    value: float
    unit: str
    text: str
    tool: str


@dataclass(frozen=True)
class Package:
    """A deployment package, not yet written.

    Attributes:
        files: In the order in which a reader should meet them.
        instructions: How to use it.
        tools: What was used or is missing.
        readings: What the tools' reports say.
        warnings: What a user must know before using it.
    """

    files: tuple[File, ...]
    instructions: tuple[Instruction, ...] = ()
    tools: tuple[Tool, ...] = ()
    readings: tuple[Reading, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ran:
    """What became of a command."""

    code: int
    output: str
    errors: str


class Toolbox(Protocol):
    """The tools of this machine."""

    def find(self, name: str) -> str | None:
        """Path of a command, or None."""

    def run(self, command: Sequence[str], folder: Path) -> Ran:
        """Run a command in a folder, without a shell and without standard input.

        Raises:
            UnavailableError: It cannot be started, or did not end in time.
        """


class Adapter(Protocol):
    """A module of this package that serves a family of targets."""

    def package(self, subject: Subject, toolbox: Toolbox, work: Path) -> Package:
        """The package of a model.

        Args:
            subject: What is deployed.
            toolbox: Tools of this machine.
            work: An empty folder that is removed afterwards; files of the package may lie there.

        Raises:
            RejectedError: The model cannot be deployed there; says why.
            UnavailableError: A tool or extra that it cannot do without is missing, or failed.
        """
