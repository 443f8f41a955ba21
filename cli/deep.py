"""`zoo verify --deep`: a card's claims against what its file says."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import model_file, output
from cli.output import Column
from registry.errors import RequestError

if TYPE_CHECKING:
    from cli.session import Voice
    from registry.card import Variant
    from registry.claims import Claim
    from registry.settings import Settings

_COLOURS = {"confirmed": "green", "contradicted": "red", "unchecked": "yellow"}
STATES = tuple(_COLOURS)


def verify(what: str, card: str | None, settings: Settings, voice: Voice, form: str) -> int:
    """Judge a file by the card of a variant: the one named, else the one whose card has the file's digest.

    Returns:
        1 when a claim is contradicted, else 0.

    Raises:
        RequestError: No card is of this file.
        RejectedError: The file breaks its format.
        UnavailableError: The named variant's file is not here.
    """
    from registry.claims import judge
    from registry.facts import Facts

    path, variant = model_file.located(what, settings, voice)
    if variant is None or card is not None:
        variant = _described(path, card, settings, voice)
    facts = Facts(model_file.graph_of(path, variant))
    claims = judge(variant, facts)
    counts = {state: sum(one.state == state for one in claims) for state in STATES}
    if form == "json":
        findings = [asdict(one) for one in facts.graph.findings]
        claimed = [asdict(one) for one in claims]
        output.print_json(
            {"variant": variant.full_name, "file": str(path), **counts, "claims": claimed, "findings": findings}
        )
    else:
        _print(variant, path, claims)
        for one in facts.graph.findings:
            voice.note(f"{one.severity}: {one.rule}: {one.where}: {one.message}")
    voice.note(f"{output.counted(len(claims), 'claim')}: " + ", ".join(f"{counts[one]} {one}" for one in STATES))
    return 1 if counts["contradicted"] else 0


def _described(path: Path, card: str | None, settings: Settings, voice: Voice) -> Variant:
    """The variant whose card is meant: by name, or by the file's digest."""
    if found := model_file.variant_of(path, card, settings, voice):
        return found
    raise RequestError(
        f"{path}: no card of the catalogue has the digest of this file",
        hint="say which variant it should be with --as NAME, or give the folder of its card with --cards",
    )


def _print(variant: Variant, path: Path, claims: list[Claim]) -> None:
    click.echo(click.style(f"{variant.full_name}", bold=True) + f"  {path}")
    rows = [
        [one.state, one.about, one.stated, "; ".join(word for word in (one.found, one.reason) if word)]
        for one in claims
    ]
    columns = [Column("STATE"), Column("CLAIM"), Column("CARD"), Column("FILE", wrap=True)]
    output.print_table(columns, rows, output.terminal_width())
