"""The verb behind `zoo bench`: how long an inference takes, bound to the bytes, the machine and the conditions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.benchmark.base import Machine, Model, Plan, Sample
from registry.digest import Digest
from registry.inspect.graph import Graph
from registry.progress import Progress
from registry.runtime import require_harmless


@dataclass(frozen=True)
class Measurement:
    """What was measured.

    Attributes:
        model: The file.
        plan: How.
        machine: Name of the machine, for messages.
        sample: What came of it.
    """

    model: Model
    plan: Plan
    machine: str
    sample: Sample

    def to_document(self) -> dict[str, Any]:
        """The same as plain data; times in milliseconds, memory in bytes."""
        sample, times = self.sample, self.sample.distribution
        statistic, value = times.typical
        return {
            "name": self.model.name,
            "sha256": self.model.digest.hex,
            "format": self.model.format,
            "milliseconds": round(value, 4),
            "statistic": statistic,
            "times": times.to_document(),
            "runs": times.count,
            "warmup": self.plan.warmup,
            "variation": times.variation,
            "drift": times.drift,
            "unsteady": list(times.unsteady()),
            "engine": self.plan.engine,
            "threads": self.plan.threads,
            "runtime": sample.tool,
            "memory": sample.memory and {"start": sample.memory.start, "peak": sample.memory.peak},
            "machine": self.machine,
            "host": sample.host.to_document(),
            "command": sample.command,
            "notes": list(sample.notes),
        }


def bench(path: Path, name: str, graph: Graph, machine: Machine, plan: Plan, progress: Progress) -> Measurement:
    """Measure a model on a machine.

    Args:
        path: Its file.
        name: What people call it.
        graph: What inspection found in it.
        machine: Where it runs.
        plan: How often and with what.
        progress: Hears of it.

    Raises:
        RejectedError: It may do harm, or cannot be run there.
        RequestError: There is no such delegate, or no runtime for its format.
        UnavailableError: A runtime is missing, or the machine does not answer.
    """
    require_harmless(path, graph)
    model = Model(path, name, graph.format, Digest.of_file(path))
    return Measurement(model, plan, machine.name, machine.measure(model, plan, progress))
