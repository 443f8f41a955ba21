"""`zoo diff`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import complete, output
from cli.model_file import graph_of, located, model_options, settings_of
from cli.output import Column
from cli.session import Voice

if TYPE_CHECKING:
    from registry.compare import Model
    from registry.settings import Settings


@click.command(
    "diff",
    epilog="""\b
Examples:
  zoo diff old.tflite new.tflite
  zoo diff google/deeplabv3/257-float32 build/net-int8.tflite
  zoo diff net.tflite net.onnx --format json

Compared are the files (tensors, operators, quantization, structure, weights byte by byte, memory) and, for names,
what their cards say. Exit code 0 when nothing differs, 1 when something does.""",
)
@click.argument("one", metavar="FILE|NAME", shell_complete=complete.models)
@click.argument("other", metavar="FILE|NAME", shell_complete=complete.models)
@output.format_option("text", "json")
@model_options
def command(one: str, other: str, form: str, **options: Any) -> int:
    """Tell what changed between two models."""
    from registry.compare import compare

    settings, voice = settings_of(options)
    changes = compare(_model(one, settings, voice), _model(other, settings, voice))
    if form == "json":
        output.print_json({"one": one, "other": other, "changes": [asdict(change) for change in changes]})
    elif changes:
        rows = [[change.part, change.about, _cut(change.one), _cut(change.other)] for change in changes]
        columns = [Column("PART", keep=5), Column("WHAT"), Column("ONE"), Column("OTHER", wrap=True)]
        output.print_table(columns, rows, output.terminal_width())
    voice.note(output.counted(len(changes), "difference"))
    return 1 if changes else 0


def _cut(text: str) -> str:
    """One line that leaves room for the other side; JSON has the whole."""
    line = " ".join(text.split()) or "-"
    return line if len(line) <= _WIDEST else line[: _WIDEST - 3] + "..."


_WIDEST = 60


def _model(what: str, settings: Settings, voice: Voice) -> Model:
    from registry.compare import Model
    from registry.facts import Facts
    from registry.footprint import plan

    path, variant = located(what, settings, voice)
    facts = Facts(graph_of(path, variant))
    return Model(Path(path), facts, plan(facts.graph), variant.document if variant else {})
