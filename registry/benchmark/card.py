"""A measured latency as a card has it."""

from __future__ import annotations

from typing import Any

from registry.benchmark.base import Model, Plan, Sample
from registry.benchmark.statistics import STEADIER
from registry.entry import Ledger
from registry.errors import RejectedError

LATENCIES = Ledger(
    figures="latencies",
    tool="zoo bench",
    key="benchmark",
    conditions=("target", "board", "engine", "threads"),
    circumstances=("host", "runtime"),
)
"""Where latencies that were measured here stand on a card."""


def latency(model: Model, plan: Plan, sample: Sample, target: str, date: str) -> dict[str, Any]:
    """A `latencies` item of a card, without its provenance.

    Args:
        model: What was measured.
        plan: How.
        sample: What came of it.
        target: Name of the target that the machine is.
        date: Day, ISO 8601.

    Raises:
        RejectedError: It is too noisy for a figure.
    """
    times, host = sample.distribution, sample.host
    if reasons := times.unsteady():
        raise RejectedError(f"not recorded, since it is too noisy: {'; '.join(reasons)}", hint=STEADIER)
    statistic, value = times.typical
    item: dict[str, Any] = {"value": round(value, 4), "unit": "ms", "statistic": statistic, "target": target}
    item |= {"board": host.board} if host.board else {}
    item |= {"engine": plan.engine} | ({"clock_mhz": host.clock_mhz} if host.clock_mhz else {})
    item |= {"threads": plan.threads, "command": sample.command, "runtime": sample.tool, "status": "reproduced"}
    item |= {"note": "; ".join(sample.notes)[:2000]} if sample.notes else {}
    measurement: dict[str, Any] = {
        "artifact": model.digest.hex,
        "samples": times.count,
        "warmup": plan.warmup,
        "runtime": sample.tool,
        "threads": plan.threads,
        "host": str(host)[:300],
        "times": times.to_document(),
    }
    measurement |= {"memory": sample.memory.peak} if sample.memory else {}
    return {**item, "measurement": {**measurement, "date": date}}
