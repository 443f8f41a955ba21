"""Write the reference in docs/reference/ from the code, or check that it is up to date.

Run as `.venv/bin/python docs/reference.py`, with `--check` to change nothing and fail where something differs.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from docs.generator import commands, errors, schemas, settings

FOLDER = Path(__file__).resolve().parent / "reference"
PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands.render,
    "cards.md": schemas.cards,
    "documents.md": schemas.documents,
    "settings.md": settings.render,
    "exit-codes.md": errors.exit_codes,
    "errors.md": errors.errors,
}
ADVICE = "docs/reference/ is not what the code says: run `.venv/bin/python docs/reference.py` and commit the result"


def write(folder: Path) -> None:
    """Write every page."""
    folder.mkdir(exist_ok=True)
    for name, render in PAGES.items():
        folder.joinpath(name).write_text(render(), encoding="utf-8")


def differences(folder: Path) -> Iterator[str]:
    """Lines of a unified diff between the pages as they are and as the code says; none where all is right."""
    for name, render in PAGES.items():
        path = folder / name
        found = path.read_text(encoding="utf-8") if path.is_file() else ""
        shown = f"docs/reference/{name}"
        yield from difflib.unified_diff(
            found.splitlines(), render().splitlines(), shown, f"{shown} as it should be", lineterm=""
        )


@click.command()
@click.option("--check", is_flag=True, help="Only compare, and exit with 1 where something differs.")
def main(check: bool) -> None:
    """Write docs/reference/, or check it."""
    if not check:
        write(FOLDER)
        return
    if lines := list(differences(FOLDER)):
        click.echo("\n".join(lines))
        raise click.ClickException(ADVICE)


if __name__ == "__main__":
    main()
