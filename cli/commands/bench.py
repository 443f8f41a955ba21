"""`zoo bench`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import bench_run, complete, output
from cli.device_run import ssh_option
from cli.model_file import graph_of, located, model_options, settings_of, variant_of
from cli.own_card import own_card, require_variant
from cli.session import Voice, open_catalog
from registry.errors import RequestError
from registry.units import format_bytes

if TYPE_CHECKING:
    from registry.bench import Measurement
    from registry.card import Variant
    from registry.settings import Settings


@click.command(
    "bench",
    epilog="""\b
Examples:
  zoo bench zoo/deeplabv3-shapes/256-int8-per-channel
  zoo bench build/net.tflite --threads 4 --runs 200
  zoo bench build/net.tflite --on ssh://root@board --delegate vx
  zoo bench acme/net/small --on ssh://root@board --record --target imx8mp --cards cards

On a board its own `benchmark_model` measures, or where there is none its Python with a TensorFlow Lite or ONNX
runtime; the model is removed afterwards. --record writes the figure into the card, bound to the file's digest.
Exit codes: 0 measured, 1 the model cannot be run or the figure is too noisy to be recorded, 2 asked wrongly,
3 a runtime is missing or the board does not answer.""",
)
@click.argument("what", metavar="NAME|FILE", shell_complete=complete.models)
@click.option("--as", "card", metavar="NAME", help="The variant whose card is meant, where a file is given.")
@click.option("--on", "device", metavar="ssh://USER@HOST", help="Measure on this board, not here.")
@ssh_option
@click.option("--benchmark-model", "tool", metavar="PATH", help="Where the board has `benchmark_model`.")
@click.option("--threads", type=click.IntRange(1, 1024), default=1, show_default=True, help="CPU threads.")
@click.option("--delegate", metavar="NAME", help="Run on this delegate or execution provider, not on the CPU.")
@click.option(
    "--runs",
    type=click.IntRange(1, 1_000_000),
    default=50,
    show_default=True,
    help="Least number of measured runs.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0, 3600),
    default=1.0,
    show_default=True,
    help="Least time that is measured, in seconds.",
)
@click.option(
    "--warmup", type=click.IntRange(0, 100_000), default=5, show_default=True, help="Runs before the measured ones."
)
@click.option("--record", is_flag=True, help="Write the figure into the card.")
@click.option(
    "--target", metavar="NAME", shell_complete=complete.targets, help="What is measured on, for --record."
)
@output.format_option("text", "json")
@model_options
def command(
    what: str,
    card: str | None,
    device: str | None,
    ssh: str | None,
    tool: str | None,
    record: bool,
    target: str | None,
    form: str,
    **options: Any,
) -> None:
    """Measure how long an inference takes, here or on a board."""
    from registry.bench import bench
    from registry.benchmark.base import Plan

    if device is None and (tool or ssh):
        raise RequestError("--benchmark-model and --ssh go with --on", hint="--on ssh://USER@HOST names the board")
    settings, voice = settings_of(options)
    path, variant = located(what, settings, voice)
    if variant is not None and card is not None:
        raise RequestError("--as goes with a file, not with a name", hint="leave it out")
    if variant is None and (record or card is not None):
        variant = variant_of(path, card, settings, voice)
    entry = _entry(variant, target, path, settings, voice) if record else None
    measured = {name: options[name] for name in ("threads", "runs", "seconds", "warmup", "delegate")}
    with bench_run.machine(device, ssh, tool) as machine:
        name = variant.full_name if variant else path.name
        plan = Plan(**measured, size=bench_run.input_size(variant))
        found = bench(path, name, graph_of(path, variant), machine, plan, voice)
    if form == "json":
        output.print_json(found.to_document())
    else:
        _print(found)
    if entry is not None:
        entry.write(found, voice)


class _Entry:
    """Where a figure is recorded, seen to before anything is measured."""

    def __init__(self, path: Path, variant: Variant, target: str) -> None:
        self.path, self.variant, self.target = path, variant, target

    def write(self, found: Measurement, voice: Voice) -> None:
        """Write the figure into the card.

        Raises:
            RejectedError: It is too noisy, or the card does not take it.
        """
        from registry.benchmark.card import LATENCIES, latency
        from registry.entry import enter

        today = datetime.now(UTC).date().isoformat()
        item = latency(found.model, found.plan, found.sample, self.target, today)
        old = enter(self.path, self.variant.name, [item], LATENCIES)
        voice.note(
            f"recorded in {self.path}: {item['value']:g} ms on {self.target}, {self.variant.full_name}"
            + (", in place of an earlier figure" if old else "")
        )


def _entry(variant: Variant | None, target: str | None, path: Path, settings: Settings, voice: Voice) -> _Entry:
    """Where the figure goes.

    Raises:
        RejectedError: The variant's card is not the user's own.
        RequestError: No card or no target is named.
    """
    known = require_variant(variant, path)
    if target is None:
        raise RequestError(
            "a card's latency is of a target, and --record does not guess which one this machine is",
            hint="--target NAME; `zoo targets` lists them",
        )
    catalog = open_catalog(settings, voice)
    return _Entry(own_card(known, settings, catalog), known, catalog.target(target).name)


def _print(found: Measurement) -> None:
    sample, times = found.sample, found.sample.distribution
    statistic, value = times.typical
    word = {"p50": "median", "mean": "mean"}[statistic]
    click.echo(click.style(found.model.name, bold=True) + f"  {value:.4g} ms {word} on {found.machine}")
    unsteady = times.unsteady()
    version = f" {sample.version}" if sample.version else ""
    threads = output.counted(found.plan.threads, "thread")
    output.print_fields(
        (
            "times",
            ", ".join(f"{key.replace('_', ' ')} {one:.4g}" for key, one in times.to_document().items()) + " ms",
        ),
        ("runs", f"{times.count} after {found.plan.warmup} to warm up"),
        ("noise", ", ".join(_noise(found)) + (": too much for a figure" if unsteady else ": steady")),
        ("engine", f"{found.plan.engine}, {threads}, {sample.runtime}{version}"),
        ("memory", _memory(found)),
        ("machine", str(sample.host) + (f", {sample.host.clock_mhz:g} MHz" if sample.host.clock_mhz else "")),
        ("command", sample.command),
        ("file", f"{found.model.format}, {found.model.digest}"),
    )
    output.print_section("Notes", (*unsteady, *sample.notes))


def _noise(found: Measurement) -> Iterator[str]:
    times = found.sample.distribution
    if times.variation is not None:
        yield f"variation {times.variation:.1%}"
    if times.drift is not None:
        yield f"second half {times.drift:+.1%}"


def _memory(found: Measurement) -> str:
    memory = found.sample.memory
    if memory is None:
        return ""
    if memory.start is None:
        return f"{format_bytes(memory.peak)} above the tool's start"
    return f"{format_bytes(memory.peak)} at most, {format_bytes(memory.start)} before runtime and model were loaded"
