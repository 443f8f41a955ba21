"""What `zoo verify --signature` does and tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli import output
from cli.store_option import chosen_store
from cli.stores import open_readable
from registry.errors import RequestError

if TYPE_CHECKING:
    from cli.session import Voice
    from registry.authenticate import Authenticated
    from registry.settings import Settings
    from registry.trust import Finding

COLOURS = {"trusted": "green", "unknown-key": "yellow", "wrong": "red"}


def verify(
    name: str | None, address: str | None, number: int | None, settings: Settings, voice: Voice, form: str
) -> int:
    """Judge the signatures of the versions that a name means in a store. Returns the exit code.

    Raises:
        RequestError: The name is missing, name or store unknown, or a key of the policy cannot be read.
        UnavailableError: The store did not answer, or the extra `sign` is missing.
    """
    if not name:
        raise RequestError(
            "expected NAME with --signature", hint="such as `zoo verify --signature acme/net --store /srv/models`"
        )
    found = _authenticated(name, chosen_store(address, voice, settings), number, settings, voice)
    if form == "json":
        output.print_json([_document(one) for one in found])
    else:
        for one in found:
            _tell(one)
    return 0 if all(one.trusted for one in found) else 1


def _authenticated(
    name: str, address: str, number: int | None, settings: Settings, voice: Voice
) -> list[Authenticated]:
    from registry.authenticate import authenticate
    from registry.policy import rule_for
    from registry.selection import Selection, select
    from registry.store.writable import current_index
    from registry.trust import trust_in

    store = open_readable(address)
    versions = select(current_index(store), Selection((name,), number), store.address)
    publishers = {one.name.partition("/")[0] for one in versions}
    trust = {publisher: trust_in(rule_for(settings.trust, publisher)) for publisher in publishers}
    return [authenticate(store, one, trust[one.name.partition("/")[0]], voice) for one in versions]


def _tell(one: Authenticated) -> None:
    word = click.style("trusted", fg="green") if one.trusted else click.style("not trusted", fg="red")
    click.echo(f"{word}  {one.version.name} version {one.version.number}")
    click.echo(f"    manifest {one.version.digest}")
    for fault in one.faults:
        click.echo(f"    {click.style('damaged', fg='red')}  {fault}")
    if one.verdict is None:
        return
    for finding in one.verdict.signatures:
        click.echo(f"    {click.style(finding.state, fg=COLOURS[finding.state])}  {_shown(finding)}")
    if one.verdict.reason not in [finding.reason for finding in one.verdict.signatures]:
        click.echo(f"    {one.verdict.reason}")


def _shown(finding: Finding) -> str:
    key = f"key {finding.key}" if finding.key else "key not stated"
    return f"{key}: {finding.reason}"


def _document(one: Authenticated) -> dict[str, object]:
    verdict = one.verdict
    return {
        "variant": one.version.name,
        "version": one.version.number,
        "digest": str(one.version.digest),
        "trusted": one.trusted,
        "required": verdict.required if verdict else None,
        "reason": one.faults[0] if one.faults else verdict.reason if verdict else None,
        "faults": list(one.faults),
        "signatures": [
            {"state": finding.state, "key": finding.key or None, "reason": finding.reason}
            for finding in (verdict.signatures if verdict else ())
        ],
    }
