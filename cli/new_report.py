"""What `zoo new` says at its end: what was read from the files, and what a person still has to say, by line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import output
from registry.document import pointer

if TYPE_CHECKING:
    from cli.session import Voice
    from registry.blanks import Blank
    from registry.document import Document
    from registry.scaffold.draft import Draft


def show(draft: Draft, kept: list[Path], voice: Voice, form: str, *, dry_run: bool) -> None:
    """Print a draft that was written, or would be."""
    from registry import amend, blanks

    text = draft.text()
    document = amend.require_meaning(text, str(draft.path), draft.card, "")
    found = blanks.of(document)
    if form == "json":
        output.print_json(_plain(draft, document, found, kept, text if dry_run else None))
        return
    if dry_run:
        click.echo(text, nl=False)
        voice.note(f"nothing is written; {output.counted(len(found), 'blank')}")
        return
    _print(draft, document, found, kept)
    first = "fill in what is blank, then " if found else ""
    voice.note(f"next: {first}`zoo check {draft.path}`")


def _print(draft: Draft, document: Document, found: list[Blank], kept: list[Path]) -> None:
    from registry.scaffold.description import told

    click.echo(click.style(output.visible(str(draft.path)), bold=True))
    for file, variant in zip(draft.files, draft.variants, strict=True):
        parts = dict.fromkeys(name.partition(".")[0] for name in told(variant))
        output.print_section(
            f"{_full_name(draft, variant)}  from {output.visible(str(file.path))}",
            [
                f"read from the file: {', '.join(parts)}",
            ],
        )
    output.print_section("Kept", map(str, kept))
    if found:
        click.echo("\n" + click.style("Blank", bold=True))
    for blank in found:  # not wrapped, so that an editor finds the place
        click.echo("  " + output.visible(_line(document, blank)))


def _line(document: Document, blank: Blank) -> str:
    line, column = document.position(blank.path)
    return f"{document.file}:{line}:{column}: {blank.name}: {blank.wants}"


def _full_name(draft: Draft, variant: dict[str, Any]) -> str:
    return f"{draft.card['publisher']}/{draft.card['model']}/{variant['name']}"


def _plain(
    draft: Draft, document: Document, found: list[Blank], kept: list[Path], text: str | None
) -> dict[str, Any]:
    from registry.scaffold.description import told

    variants = [
        {
            "name": _full_name(draft, variant),
            "file": output.visible(str(file.path)),
            "sha256": file.digest.hex,
            "derived": list(told(variant)),
        }
        for file, variant in zip(draft.files, draft.variants, strict=True)
    ]
    places = [(blank, document.position(blank.path)) for blank in found]
    return {
        "card": output.visible(str(draft.path)),
        "written": text is None,
        "variants": variants,
        "kept": [output.visible(str(path)) for path in kept],
        "blanks": [
            {
                "line": line,
                "column": column,
                "pointer": pointer(blank.path),
                "name": blank.name,
                "wants": blank.wants,
            }
            for blank, (line, column) in places
        ],
        "next": output.visible(f"zoo check {draft.path}"),
        **({} if text is None else {"text": text}),
    }
