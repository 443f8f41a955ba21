"""`zoo run`."""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import output, pipeline_steps, pipeline_tracking
from cli.model_file import model_options, settings_of
from cli.output import Column
from cli.session import open_catalog
from cli.step_tracking import step_tracking
from cli.tracking import tracking_options

if TYPE_CHECKING:
    from registry.pipeline.document import Pipeline
    from registry.pipeline.plan import Step
    from registry.vendors.st.config import Note


@click.command(
    "run",
    epilog="""\b
Examples:
  zoo run pipeline.yaml
  zoo run pipeline.yaml -o runs/second --dry-run
  zoo run --from st user_config.yaml --dry-run --format json
  zoo run --from st user_config.yaml

schemas/pipeline.json describes the document: a chain of train, quantize, evaluate, benchmark, deploy, predict, and
a section for each. Each step has a folder of its own below DIR, and pipeline.json there names what every step took
and made by digest. A step that is done is not done again while its inputs are the same; a gate that is not passed
stops the chain with exit code 1.

--from st takes a user_config.yaml of ST's model zoo services for semantic segmentation as it is. Every key is taken
over, told as having no effect, or refused by name with its line; --dry-run shows what it becomes.

With --track the pipeline becomes a run in MLflow, and its steps runs inside it.""",
)
@click.argument("config", type=click.Path(path_type=Path), metavar="CONFIG")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the run; runs/NAME when not given.",
)
@click.option("--from", "vendor", type=click.Choice(["st"]), help="Whose form the configuration has.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--restart", is_flag=True, help="Begin anew, whatever is done already.")
@click.option("--threads", type=click.IntRange(1, 1024), help="CPU threads of a training; all where not stated.")
@output.format_option("text", "json")
@tracking_options
@model_options
def command(config: Path, folder: Path | None, vendor: str | None, dry_run: bool, form: str, **options: Any) -> int:
    """Run a chain of steps by one configuration: train, quantize, evaluate, and on."""
    from registry.pipeline import document, plan

    notes: tuple[Note, ...] = ()
    if vendor is None:
        pipeline = document.read(config)
    else:
        pipeline, notes = _from_st(config, options, dry_run=dry_run)
    if dry_run:
        _print_plan(pipeline, plan.steps(pipeline), vendor, notes, form)
        pipeline_steps.require_all(pipeline)
        return 0
    pipeline_steps.require_all(pipeline)
    _tell(notes, options)
    return _run(pipeline, folder or Path("runs", pipeline.name), options, notes, form)


def _run(pipeline: Pipeline, folder: Path, options: dict[str, Any], notes: tuple[Note, ...], form: str) -> int:
    from dataclasses import asdict

    from cli.pipeline_run import PipelineRun
    from registry import __version__
    from registry.lineage.commit import commit_of

    about = {
        "name": pipeline.name,
        "pipeline": pipeline.plain,
        "notes": [asdict(note) for note in notes],
        "environment": {"zoo": __version__, "python": platform.python_version()},
        "git": commit_of(Path()),
    }
    tracking = step_tracking(options, *settings_of(options))
    run = PipelineRun(pipeline, folder, options, about)
    passed = run.run()
    if form == "json":
        output.print_json({**run.record, "folder": str(folder)})
    else:
        rows = [
            [
                str(one.plan["step"]),
                one.plan["kind"],
                one.verdict,
                f"{one.seconds:.1f} s",
                one.reason or one.figures,
            ]
            for one in run.done
        ]
        columns = [Column("STEP", True), Column("KIND"), Column("VERDICT"), Column("TIME", True)]
        output.print_table([*columns, Column("RESULT", wrap=True)], rows, output.terminal_width())
        output.print_fields(("record", str(folder / "pipeline.json")))
    if tracking:
        sys.stdout.flush()
        pipeline_tracking.track(run, folder, tracking)
    if not passed:
        last = run.done[-1]
        click.echo(output.visible(f"step {last.plan['step']}, {last.plan['kind']}: {last.reason}"), err=True)
    return 0 if passed else 1


def _from_st(config: Path, options: dict[str, Any], *, dry_run: bool) -> tuple[Pipeline, tuple[Note, ...]]:
    from registry import document
    from registry.pipeline.document import judged
    from registry.problem import Problem
    from registry.vendors.st.mapping import mapped, refused

    found = document.read(config)
    if isinstance(found, Problem):
        raise refused([found])
    catalog = open_catalog(*settings_of(options))
    known = {one.name: one.class_names for one in catalog.datasets()}
    made = mapped(found, known)
    if not dry_run:
        problems = [
            found.problem(
                part.key,
                "masks",
                f"{'.'.join(part.key)!r} is a list whose masks are looked for in {used}",
                expected=f"masks in {part.masks}, as the configuration has it",
                found=used,
            )
            for part in made.parts
            if (used := _masks_of(part.folder, part.split)) != part.masks
        ]
        if problems:
            raise refused(problems)
    return judged(made.document), made.notes


def _masks_of(folder: str, split: str) -> str:
    from registry.samples import VocFolder

    return VocFolder(Path(folder)).masks(split).name


def _print_plan(
    pipeline: Pipeline, steps: tuple[Step, ...], vendor: str | None, notes: tuple[Note, ...], form: str
) -> None:
    from dataclasses import asdict

    reasons = {kind: pipeline_steps.why_not(pipeline, kind) for kind in pipeline.chain}
    if form == "json":
        output.print_json(
            {
                "pipeline": pipeline.plain,
                "notes": [asdict(note) for note in notes],
                "steps": [
                    {**step.to_json(), "runs": not reasons[step.kind], "why": reasons[step.kind] or None}
                    for step in steps
                ],
            }
        )
        return
    rows = [
        [
            str(step.number),
            step.kind,
            ", ".join(f"{role}: {source}" for role, source in step.inputs.items()),
            ", ".join(step.outputs),
            "no" if reasons[step.kind] else "yes",
        ]
        for step in steps
    ]
    columns = [Column("STEP", True), Column("KIND"), Column("TAKES"), Column("MAKES"), Column("RUNS")]
    click.echo(click.style(output.visible(pipeline.name), bold=True))
    output.print_table(columns, rows, output.terminal_width())
    if vendor is not None:
        import yaml

        click.echo("\n" + click.style("Taken over as", bold=True))
        click.echo(yaml.safe_dump(pipeline.plain, sort_keys=False, default_flow_style=None, width=100).rstrip())
        output.print_section("Not taken over as it stands", _grouped(notes))


def _grouped(notes: tuple[Note, ...]) -> list[str]:
    """Notes by what they say."""
    by_message: dict[str, list[str]] = {}
    for note in notes:
        by_message.setdefault(note.message, []).append(f"{note.key} (line {note.line})")
    return [f"{message}: {', '.join(names)}" for message, names in by_message.items()]


def _tell(notes: tuple[Note, ...], options: dict[str, Any]) -> None:
    _settings, voice = settings_of(options)
    for line in _grouped(notes):
        voice.note(output.visible(f"note: {line}"))
