"""`zoo doctor`."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import output, registries
from cli.model_file import model_options
from cli.session import PROJECT_FILE, card_folders, user_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry.diagnosis.finding import Diagnosis, Finding
    from registry.doctor import Surroundings

EXIT_CODES = {"ok": 0, "note": 0, "warning": 0, "fault": 1, "unknown": 3}
_COLOURS = {"ok": "green", "note": "blue", "warning": "yellow", "fault": "red", "unknown": "yellow"}
_COUNTABLE = ("note", "warning", "fault")
_WIDEST_STATE = len("warning")


@click.command(
    "doctor",
    epilog="""\b
Examples:
  zoo doctor
  zoo doctor --offline --format json
  zoo doctor --mirror https://models.example.org/zoo

Looks at the installation and its extras, settings, cards, cache, zoo.lock, registries, mirrors, tracking and the
programs of others. Changes nothing. What gives no answer within 10 s is unknown. Exit codes: 0 nothing wrong,
1 a fault, 3 no fault, but something could not be told.""",
)
@output.format_option("text", "json")
@model_options
def command(form: str, **options: Any) -> int:
    """Tell what is wrong with this set-up, and how to mend it."""
    from registry.doctor import diagnose

    found = diagnose(_surroundings(options))
    if form == "json":
        from registry import __version__

        output.print_json({"version": __version__, **found.to_json()})
    else:
        _print(found)
    return EXIT_CODES[found.verdict]


def _surroundings(options: Mapping[str, Any]) -> Surroundings:
    """Everything of this process and its user that is looked at."""
    import registry
    from cli.stores import open_mirror, open_readable
    from registry.deployment.toolbox import Machine
    from registry.diagnosis import configuration
    from registry.diagnosis.installed import Installed
    from registry.doctor import Surroundings
    from registry.settings import user_folder

    flags = {name: options[name] for name in ("cards", "cache", "registries", "mirrors", "offline")}
    loaded = configuration.load(flags, os.environ, PROJECT_FILE, user_file())
    return Surroundings(
        loaded=loaded,
        installed=Installed(sys.path),
        python=platform.python_version(),
        code=Path(registry.__file__).parents[1],
        cards=tuple(card_folders(loaded.settings)),
        published=tuple(registries.card_roots(loaded.settings)),
        data=Path(user_folder(os.environ, "data")),
        lock=Path("zoo.lock"),
        open_readable=open_readable,
        open_mirror=open_mirror,
        find=Machine([Path(sys.executable).parent]).find,
    )


def _print(found: Diagnosis) -> None:
    """Print the findings by section, each with what mends it below."""
    for section in found.sections:
        click.echo(click.style(section.name.capitalize(), bold=True))
        for one in section.findings:
            _print_finding(one)
        click.echo()
    told = [
        output.counted(count, state) if state in _COUNTABLE else f"{count} {state}"
        for state, count in found.counts.items()
        if count
    ]
    click.echo(f"{_VERDICTS[found.verdict]}: {', '.join(told)}")


_VERDICTS = {
    "ok": "nothing is wrong",
    "note": "nothing is wrong",
    "warning": "nothing is wrong yet",
    "fault": "something is wrong",
    "unknown": "not everything could be told",
}


def _print_finding(one: Finding) -> None:
    state = click.style(one.state.ljust(_WIDEST_STATE), fg=_COLOURS[one.state])
    click.echo(f"  {state}  {output.visible(f'{one.subject}: {one.found}')}")
    for word, text in (("run", one.command), ("next", one.advice)):
        if text:
            click.echo(f"{'':{_WIDEST_STATE + 4}}{word}: {output.visible(text)}")
