"""What is measured, and what a machine gives back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from registry.benchmark.host import Host
from registry.benchmark.statistics import Distribution
from registry.digest import Digest
from registry.progress import Progress

CPU = "CPU"
"""The engine where nothing else is asked for."""


@dataclass(frozen=True)
class Plan:
    """How a model is measured.

    Attributes:
        threads: CPU threads of the runtime.
        runs: Runs that are measured, at least.
        seconds: Time that is measured, at least.
        warmup: Runs before, which are not measured.
        delegate: What runs the model instead of the CPU; None for the CPU.
        size: Height and width that the input gets where the file leaves them open.
    """

    threads: int = 1
    runs: int = 50
    seconds: float = 1.0
    warmup: int = 5
    delegate: str | None = None
    size: tuple[int, int] | None = None

    @property
    def engine(self) -> str:
        """What runs the model, as a card names it."""
        return CPU if self.delegate is None else f"{self.delegate} delegate"


@dataclass(frozen=True)
class Model:
    """A model file that was inspected and found harmless.

    Attributes:
        path: Where it lies.
        name: What people call it: the variant's full name, or the file's.
        format: Its format.
        digest: Of its bytes.
    """

    path: Path
    name: str
    format: str
    digest: Digest


@dataclass(frozen=True)
class Memory:
    """Memory of the process that ran the model, bytes.

    Attributes:
        start: Before runtime and model were loaded; None where the tool only tells a difference.
        peak: At its highest; where `start` is None, above what the tool had at its start.
    """

    start: int | None
    peak: int


@dataclass(frozen=True)
class Sample:
    """What a measurement came to.

    Attributes:
        distribution: Times of the runs.
        runtime: Name of the runtime.
        version: Its version; None where it does not say.
        command: What was run, as one line.
        host: The machine.
        memory: What it took; None where the tool does not say.
        notes: What a reader must know.
    """

    distribution: Distribution
    runtime: str
    version: str | None
    command: str
    host: Host
    memory: Memory | None = None
    notes: tuple[str, ...] = ()

    @property
    def tool(self) -> dict[str, Any]:
        """The runtime as a card names it."""
        return {"name": self.runtime, **({"version": self.version} if self.version else {})}


class Machine(Protocol):
    """Where models are measured.

    Attributes:
        name: For messages: `this machine`, or the device's name.
    """

    name: str

    def measure(self, model: Model, plan: Plan, progress: Progress) -> Sample:
        """Run a model many times.

        Raises:
            RejectedError: The model cannot be run there, or another file than this arrived.
            RequestError: There is no such delegate.
            UnavailableError: A runtime is missing, or the machine does not answer.
        """
