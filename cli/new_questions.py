"""`zoo new` on a terminal: what no option gave and no file tells is asked, and each answer judged at once."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from cli import output
from registry.errors import RequestError

if TYPE_CHECKING:
    from registry.blanks import Blank
    from registry.dataset import Dataset
    from registry.document import Step
    from registry.scaffold.draft import Draft


def can_ask() -> bool:
    """Whether a person is there: on a terminal, which questions can be seen on too."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def name_of_card(key: str, wants: str, proposed: str = "") -> str:
    """Ask for the publisher or the model, without which a card has no place."""
    while not (found := _ask({}, (key,), f"{key}: {wants}", proposed, ())):
        click.echo("without it the card has no place", err=True)
    return str(found)


def fill(draft: Draft, datasets: Sequence[Dataset]) -> Draft:
    """Ask what is blank; the answer for one variant is proposed for the next."""
    from registry.scaffold.answer import suggested

    blanks = draft.blanks()
    if blanks:
        click.echo("Enter takes what stands in brackets, or leaves the place blank.", err=True)
    before: dict[str, str] = {}
    for blank in blanks:
        proposed = before.get(blank.name) or suggested(draft.card, blank, datasets)
        value = _ask(draft.card, blank.path, _question(draft, blank), proposed, datasets)
        if value is not None:
            before[blank.name] = str(value)
            draft = draft.answered(blank.path, value)
    return draft


def _question(draft: Draft, blank: Blank) -> str:
    number = blank.path[1] if blank.path[0] == "variants" else None
    whose = f"{draft.card['variants'][number]['name']} " if isinstance(number, int) and len(draft.files) > 1 else ""
    return f"{whose}{blank.name}: {blank.wants}"


def _ask(
    card: Mapping[str, Any], path: tuple[Step, ...], question: str, proposed: str, datasets: Sequence[Dataset]
) -> Any:
    """A value that the card may say there; None where the person leaves it blank."""
    from registry.card import BLANK
    from registry.scaffold.answer import taken

    while True:
        try:
            text = _typed(f"{question} [{proposed}]" if proposed else question) or proposed
            if text in ("", BLANK):
                return None
            return taken(card, path, text, datasets)
        except RequestError as error:
            click.echo(output.visible(f"{error.message}: {error.hint}"), err=True)


def _typed(question: str) -> str:
    """A line that a person types. The question goes to stderr whole: `click.prompt` leaves a blank on stdout.

    Raises:
        click.Abort: The input ended.
        RequestError: It is no text.
    """
    click.echo(output.visible(f"{question}: "), nl=False, err=True)
    try:
        return input().strip()
    except EOFError:
        raise click.Abort from None
    except UnicodeDecodeError:
        raise RequestError("what was typed is no text in UTF-8", hint="type it again") from None
