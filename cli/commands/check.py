"""`zoo check`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import output
from cli.check_run import SAMPLE, CheckRun
from cli.model_file import model_options
from registry.errors import RequestError

if TYPE_CHECKING:
    from registry.submission.report import Report

FORMATS = ("json", "sarif", "github", "junit", "markdown")


@click.command(
    "check",
    epilog="""\b
Examples:
  zoo check cards/acme/net.yaml
  zoo check cards --against origin/main
  zoo check cards --data pascal-voc-2012=VOCdevkit/VOC2012 --full
  zoo check cards --against origin/main --format github --output sarif=zoo.sarif --output junit=zoo.xml
  zoo check --explain published-changed

Each variant is accepted, accepted with warnings, rejected, or it could not be told. Looked at are: the card by its
schema, its references and the policy of zoo.toml ([policy]); what was published before and must stay; every file,
fetched and hashed; the model file, inspected and never run for that; the card's claims against it; its fit on every
target that the card names; its loss against the float parent; and its accuracies, measured again on a sample of
the pictures that --data or [data] in zoo.toml name.

With --against only documents that changed since that revision are judged, by the policy of that revision.
Exit code 0 accepted, 1 rejected, 3 could not tell.""",
)
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option("--against", metavar="REF", help="Only what changed since this git revision, such as origin/main.")
@click.option("--data", multiple=True, metavar="NAME=FOLDER", help="Pictures of a dataset; repeat for several.")
@click.option(
    "--sample",
    type=click.IntRange(min=2),
    default=SAMPLE,
    show_default=True,
    metavar="N",
    help="Images of a split on which figures are measured again.",
)
@click.option("--full", is_flag=True, help="Measure figures again on all images of a split.")
@click.option(
    "--rerun",
    type=click.Choice(("required", "possible", "never")),
    help="Whether figures are measured again; [policy] in zoo.toml says it else.",
)
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option(
    "--output",
    "outputs",
    multiple=True,
    metavar="FORMAT=FILE",
    help=f"Also write this form ({', '.join(FORMATS)}) to a file; repeat for several.",
)
@click.option("--explain", metavar="RULE", help="What a rule means and what to do, and nothing else.")
@output.format_option("text", *FORMATS)
@model_options
def command(
    paths: tuple[Path, ...], explain: str | None, form: str, outputs: tuple[str, ...], strict: bool, **options: Any
) -> int:
    """Judge a submission: cards, their files, their claims and their figures."""
    if explain is not None:
        _explain(explain)
        return 0
    wanted = _wanted(outputs)
    run = CheckRun(paths, options)
    report = run.judge().strict() if strict else run.judge()
    _write(report, wanted)
    _show(report, form, verbose=options["verbose"])
    return report.exit_code


def _explain(rule: str) -> None:
    from registry.rulebook import explain

    found = explain(rule)
    click.echo(f"{click.style(rule, bold=True)}: {found.title}\n\n{found.meaning}\n\n{found.remedy}")


def _wanted(outputs: Sequence[str]) -> list[tuple[str, Path]]:
    """Forms and files of `--output`.

    Raises:
        RequestError: One has another form.
    """
    found = []
    for one in outputs:
        form, equals, file = one.partition("=")
        if form not in FORMATS or not equals or not file:
            raise RequestError(
                f"--output {one}: expected FORMAT=FILE with one of {', '.join(FORMATS)}",
                hint="such as --output sarif=zoo.sarif",
            )
        found.append((form, Path(file)))
    return found


def _write(report: Report, wanted: Sequence[tuple[str, Path]]) -> None:
    from registry.files import write_atomically
    from registry.submission.formats import FORMATS as RENDERERS

    for form, file in wanted:
        try:
            write_atomically(file, RENDERERS[form](report).encode())
        except OSError as error:
            raise RequestError(
                f"--output {form}={file}: cannot be written: {error.strerror or error}", hint="name another file"
            ) from None


def _show(report: Report, form: str, *, verbose: bool) -> None:
    if form == "text":
        from cli import check_text

        check_text.show(report, verbose)
        return
    from registry.submission.formats import FORMATS as RENDERERS

    click.echo(RENDERERS[form](report), nl=False)
