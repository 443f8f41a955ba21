"""`zoo validate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import output
from cli.session import Voice, card_folders, common_options, load_settings

if TYPE_CHECKING:
    from registry.problem import Problem


@click.command(
    "validate",
    epilog="""\b
Examples:
  zoo validate                       every card of the catalogue
  zoo validate cards/acme
  zoo validate cards/acme/net.yaml --format json
  zoo validate zoo.lock

Every problem has file, line, column and JSON pointer, what was expected and what was found. Exit code 1
when there is an error; warnings alone leave it 0, unless --strict.""",
)
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@output.format_option("text", "json")
@common_options
def command(
    paths: tuple[Path, ...],
    strict: bool,
    cards: tuple[str, ...],
    cache: str | None,
    quiet: bool,
    verbose: bool,
    form: str,
) -> int:
    """Check cards, targets, datasets and lock files: schema, cross-references, plausible values."""
    from registry.consistency import find_documents
    from registry.validate import validate

    voice = Voice(quiet=quiet, verbose=verbose)
    roots = [Path(folder) for folder in card_folders(load_settings(cards=cards, cache=cache))]
    documents = find_documents(paths or roots)
    counts = {"error": 0, "warning": 0}
    listed: list[Problem] = []
    with voice.task("validating", len(documents), unit="documents") as advance:
        for verdict in validate(documents, roots):
            advance(1)
            for problem in verdict.problems:
                counts[problem.severity] += 1
                if form == "json":
                    listed.append(problem)
                elif not (quiet and problem.severity == "warning"):
                    click.echo(_styled(problem))
    if form == "json":
        totals = {"documents": len(documents), "errors": counts["error"], "warnings": counts["warning"]}
        output.print_json({**totals, "problems": [problem.to_json() for problem in listed]})
    found = ", ".join(output.counted(number, kind) for kind, number in counts.items())
    voice.note(f"{output.counted(len(documents), 'document')}: {found}")
    return 1 if counts["error"] or (strict and counts["warning"]) else 0


def _styled(problem: Problem) -> str:
    colour = "red" if problem.severity == "error" else "yellow"
    return str(problem).replace(f": {problem.severity}:", f": {click.style(problem.severity, fg=colour)}:", 1)
