"""The footprint planner against figures that ST publishes: networks rebuilt, converted, planned and compared.

python -m benchmarks.footprint [--work DIR]

Needs TensorFlow (`pip install 'edge-model-zoo[train]'`). DIR keeps the converted TFLite files for the next run. The
table goes to stdout, progress to stderr.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.footprint_networks import build, tflite
from registry.footprint import Footprint, plan
from registry.inspect.tflite.reader import read

FIGURES = Path(__file__).with_name("footprint_figures.json")
KIBIBYTE = 1024
ROUNDING = 0.005
"""KiB: figures are published with two decimals."""


@dataclass(frozen=True)
class Row:
    """A published figure beside what the planner says.

    Attributes:
        figure: A row of `footprint_figures.json`.
        footprint: Of the network rebuilt.
    """

    figure: Mapping[str, Any]
    footprint: Footprint

    @property
    def within(self) -> bool:
        """Whether the published activations lie between the bounds."""
        published = self.figure["activation_kib"]
        lower, upper = self.footprint.lower_bytes / KIBIBYTE, self.footprint.upper_bytes / KIBIBYTE
        return bool(lower - ROUNDING <= published <= upper + ROUNDING)

    @property
    def error(self) -> float:
        """Of the estimate, relative to the published figure."""
        return self.footprint.estimate_bytes / KIBIBYTE / float(self.figure["activation_kib"]) - 1

    @property
    def weights_error(self) -> float:
        """Of the weights, relative to the published figure."""
        return self.footprint.weights_bytes / KIBIBYTE / float(self.figure["weights_kib"]) - 1


def measure(figures: Sequence[Mapping[str, Any]], work: Path) -> Iterator[Row]:
    """Plan every network that has a figure, each file converted once."""
    plans: dict[str, Footprint] = {}
    for figure in figures:
        name = "_".join(
            str(part) for part in (figure["network"], *figure["input"], figure["outputs"], figure["format"])
        )
        path = work / f"{name}.tflite"
        if not path.exists():
            print(f"converting {name}", file=sys.stderr, flush=True)
            height, width, channels = figure["input"]
            model = build(figure["network"], height, width, channels, figure["outputs"])
            quantized = figure["format"] == "int8"
            path.write_bytes(tflite(model, quantized=quantized, input_type=figure["input_type"]))
        if name not in plans:
            plans[name] = plan(read(path))
        yield Row(figure, plans[name])


def table(rows: Iterable[Row]) -> str:
    """All rows as Markdown, KiB."""
    lines = [
        "| Network | Input | Format | Tool | Published | Lower | Estimate | Upper | Error | Weights | Within |"
    ]
    lines.append("| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |")
    for row in rows:
        figure, footprint = row.figure, row.footprint
        bytes_of = (footprint.lower_bytes, footprint.estimate_bytes, footprint.upper_bytes)
        sizes = " | ".join(f"{size / KIBIBYTE:.2f}" for size in bytes_of)
        lines.append(
            f"| {figure['network']}{' *' if figure['held_out'] else ''} | {'x'.join(map(str, figure['input']))} "
            f"| {figure['format']} | {figure['tool'].split()[-1]} | {figure['activation_kib']:.2f} | {sizes} "
            f"| {row.error:+.1%} | {row.weights_error:+.2%} | {'yes' if row.within else '**no**'} |"
        )
    return "\n".join(lines)


def summary(rows: Sequence[Row]) -> str:
    """Shares and medians, of all rows, by tool and of the rows that no rule was derived from."""
    groups: dict[str, list[Row]] = {
        "all": list(rows),
        "held out (*)": [row for row in rows if row.figure["held_out"]],
    }
    for tool in sorted({row.figure["tool"] for row in rows}):
        groups[tool] = [row for row in rows if row.figure["tool"] == tool]
    lines = ["| Rows | Number | Within the bounds | Median error of the estimate | Greatest error of weights |"]
    lines.append("| --- | ---: | ---: | ---: | ---: |")
    for name, members in groups.items():
        within = sum(row.within for row in members) / len(members)
        middle = statistics.median(abs(row.error) for row in members)
        weights = max(abs(row.weights_error) for row in members)
        lines.append(f"| {name} | {len(members)} | {within:.0%} | {middle:.1%} | {weights:.2%} |")
    return "\n".join(lines)


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, help="folder that keeps the converted files")
    chosen = parser.parse_args().work
    figures = json.loads(FIGURES.read_text(encoding="utf-8"))["rows"]
    with tempfile.TemporaryDirectory() as temporary:
        work = chosen or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        rows = list(measure(figures, work))
    print(table(rows), summary(rows), sep="\n\n")


if __name__ == "__main__":
    main()
