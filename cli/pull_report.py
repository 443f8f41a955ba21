"""What `zoo pull` tells: the candidates, the plan, the result, and why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli import output
from cli.output import Column
from cli.session import Voice
from registry.errors import RejectedError
from registry.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry.card import Artifact, Variant
    from registry.fetch import Delivery
    from registry.resolve import Resolution


_NAMED = 3


def nothing(name: str, place: str, resolution: Resolution) -> RejectedError:
    """Why nothing was chosen, and the way on."""
    eligible = [candidate for candidate in resolution.candidates if candidate.eligible]
    if resolution.unpinned:
        best = [candidate.variant.full_name for candidate in eligible[:3]]
        return RejectedError(
            f"nothing verifiable of {name!r}{place}: no digest is published for the"
            f" {output.counted(len(eligible), 'variant')} that would fit (unpinned); best first: {', '.join(best)}",
            hint="--allow-unpinned takes the first that can be fetched and records its digest in zoo.lock;"
            " --why shows all",
        )
    if eligible:
        return RejectedError(
            f"nothing to pull of {name!r}{place}: {len(eligible)} variants fit, none can be fetched",
            hint="--why shows every candidate and its reason",
        )
    return RejectedError(
        f"no variant of {name!r} fits{place}: all {len(resolution.candidates)} candidates are ruled out",
        hint="--why shows every candidate and its reason; loosen a constraint or choose another target",
    )


def explain(resolution: Resolution, prefer: str, voice: Voice, *, err: bool) -> None:
    """Every candidate in order, with the one reason that it lost. On stderr where stdout is JSON."""
    from registry.resolve import shown_value

    rows = []
    for number, candidate in enumerate(resolution.candidates, 1):
        support = candidate.support
        chosen = candidate.variant is resolution.chosen
        rows.append(
            [
                str(number) if candidate.eligible else "-",
                candidate.variant.full_name,
                (support.level or "no") if support else "",
                shown_value(prefer, candidate) if candidate.eligible else "",
                "chosen" if chosen else candidate.reason,
            ]
        )
    width = None if err else output.terminal_width()
    columns = [
        Column("", right=True),
        Column("VARIANT"),
        Column("SUPPORT", keep=5),
        Column(prefer.upper(), right=True, keep=8),
        Column("WHY", wrap=True),
    ]
    output.print_table(columns, rows, width, err=err)
    if resolution.compared:
        voice.note(f"accuracy compared as {resolution.compared}")


def passed_over(resolution: Resolution, voice: Voice) -> None:
    """Say which variants come before the chosen one and why none of them was taken."""
    before = resolution.passed_over
    if not before or resolution.chosen is None:
        return
    reasons: dict[str, list[str]] = {}
    for candidate in before:
        reasons.setdefault(candidate.reason, []).append(candidate.variant.full_name)
    voice.note(f"passed over {output.counted(len(before), 'variant')} that would come first; --why shows all:")
    for reason, names in reasons.items():
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        voice.note(f"  {', '.join(names[:_NAMED])}{more}: {reason}")
    if resolution.chosen.bring_up:
        voice.note(f"{resolution.chosen.full_name} is for bring-up and tests of a board, not for its job")


def plan(variant: Variant, form: str, companions: Sequence[Artifact] = ()) -> None:
    """What would be pulled."""
    files = [
        {
            "file": item.file,
            "size": item.size,
            "sha256": item.digest.hex if item.digest else None,
            "sources": [one.url for one in item.sources],
        }
        for item in (*variant.files, *companions)
    ]
    if form == "json":
        output.print_json({"variant": variant.full_name, "dry_run": True, "files": files})
        return
    click.echo(f"would pull {variant.full_name}")
    for item in (*variant.files, *companions):
        click.echo(f"  {item.file}  {format_bytes(item.size)}  {item.digest or 'unpinned'}")


def done(delivery: Delivery, form: str) -> None:
    """What was pulled, and where it is."""
    pairs = list(zip(delivery.obtained, delivery.paths, strict=True))
    if form == "json":
        files = [
            {
                "file": item.artifact.file,
                "size": item.size,
                "sha256": item.digest.hex,
                "from": item.origin,
                "path": str(path),
            }
            for item, path in pairs
        ]
        beside = [str(path) for path in delivery.beside]
        output.print_json({"variant": delivery.variant.full_name, "files": files, "beside": beside})
        return
    click.echo(click.style(delivery.variant.full_name, bold=True))
    for item, path in pairs:
        vouched = "verified" if item.artifact.digest else "unpinned, digest recorded"
        click.echo(f"  {path}")
        click.echo(f"    {item.size} bytes, {item.digest}")
        click.echo(f"    {vouched}, from {item.origin}")
    for path in delivery.beside:
        click.echo(f"  {path}")
