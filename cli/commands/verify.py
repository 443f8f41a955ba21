"""`zoo verify`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import complete, output, places, scope
from cli.session import Voice, common_options, load_settings, open_catalog
from cli.store_option import store_option
from registry.errors import RequestError

if TYPE_CHECKING:
    from cli.scope import Scope
    from registry.settings import Settings
    from registry.verify import Finding

STATES = ("ok", "changed", "missing", "extra")


@click.command(
    "verify",
    epilog="""\b
Examples:
  zoo verify                        # what zoo.lock says, with its output folders
  zoo verify --all                  # and every blob of the cache
  zoo verify deeplabv3
  zoo verify build/model --format json
  zoo verify --signature acme/net --store /srv/models
  zoo verify --deep google/deeplabv3
  zoo verify --deep build/net.tflite --as acme/net/small

Every file is hashed again, without the network. Exit code 1 when one is changed or missing; files that nobody
promised are listed as extra and are no fault, unless --strict.

With --signature a store is judged instead: the newest version of each variant that NAME means there, or the one
that --version says. Exit code 0 when a key that zoo.toml trusts for the publisher signed it and every blob is
right, 1 when not, 3 when the store cannot be reached.

With --deep the card's claims are held against the file: format, tensors, quantization, structure, work. The model
is not run. Exit code 1 when a claim is contradicted.""",
)
@click.argument("what", required=False, metavar="[NAME|PATH]", shell_complete=complete.models)
@click.option("--deep", is_flag=True, help="Is the file what its card says? Each claim against the file's facts.")
@click.option("--as", "card", metavar="NAME", help="The variant whose card is meant, with --deep and a path.")
@click.option("--all", "everything", is_flag=True, help="Also every blob of the cache.")
@click.option("--strict", is_flag=True, help="Extra files count as faults.")
@click.option("--signature", is_flag=True, help="Who signed what --store holds, and is it somebody you trust?")
@store_option("--store")
@click.option("--version", "number", type=click.IntRange(min=1), help="Which version, with --signature.")
@places.lock_option
@output.format_option("text", "json")
@common_options
def command(what: str | None, form: str, quiet: bool, verbose: bool, **options: Any) -> int:
    """Hash the cache, output folders and what zoo.lock names again: changed, missing, extra."""
    voice = Voice(quiet=quiet, verbose=verbose)
    settings = load_settings(cards=options["cards"], cache=options["cache"], offline=True)
    _require_one_question(what, options)
    if options["deep"]:
        from cli import deep

        return deep.verify(str(what), options["card"], settings, voice, form)
    if options["signature"]:
        from cli import signatures

        return signatures.verify(what, options["address"], options["number"], settings, voice, form)
    found = chosen_scope(what, options["everything"], options["lock_path"], settings, voice)
    findings = list(found.findings(voice))
    counts = {state: sum(1 for item in findings if item.state == state) for state in STATES}
    if form == "json":
        output.print_json({**counts, "files": [item.to_json() for item in findings]})
    else:
        for item in findings:
            if item.state != "ok" or verbose:
                click.echo(line(item))
    voice.note(
        f"{output.counted(len(findings), 'file')}: " + ", ".join(f"{counts[state]} {state}" for state in STATES)
    )
    if counts["changed"] or counts["missing"]:
        voice.note("`zoo repair` with the same words fetches what is broken")
    return 1 if counts["changed"] or counts["missing"] or (options["strict"] and counts["extra"]) else 0


def _require_one_question(what: str | None, options: Mapping[str, Any]) -> None:
    """Refuse options of two questions at once.

    Raises:
        RequestError: They do not go together.
    """
    hashing = options["everything"] or options["strict"]
    if options["deep"] and (what is None or hashing or options["signature"]):
        raise RequestError("--deep goes with one name or file and nothing else", hint="see `zoo verify --help`")
    if options["card"] and not options["deep"]:
        raise RequestError("--as goes with --deep", hint="add it, or leave it out")
    if options["signature"] and hashing:
        raise RequestError("--signature does not go with --all or --strict", hint="leave one of them out")
    if (options["address"] or options["number"]) and not options["signature"]:
        raise RequestError("--store and --version go with --signature", hint="add it, or leave them out")


def chosen_scope(what: str | None, everything: bool, lock_path: Path, settings: Settings, voice: Voice) -> Scope:
    """What the words of the command mean.

    Raises:
        RequestError: They mean nothing.
    """
    cache = places.local_cache(settings)
    if everything:
        if what:
            raise RequestError("--all does not go with a name or path", hint="leave one of them out")
        return scope.of_everything(lock_path, cache)
    if what is None:
        if not lock_path.exists():
            raise RequestError(
                f"no lock file at {lock_path}", hint="name a model or folder, or check the cache with --all"
            )
        return scope.of_lock(lock_path, cache)
    if Path(what).exists():
        return scope.of_path(Path(what), lock_path, cache)
    return scope.of_name(what, lock_path, cache, open_catalog(settings, voice))


def line(item: Finding) -> str:
    """A finding in a line."""
    colour = {"ok": "green", "extra": "yellow"}.get(item.state, "red")
    told = f"{click.style(item.state, fg=colour)}  {item.path}"
    if item.state == "changed" and item.promise:
        told += f"\n    expected {item.promise.digest}\n    found    {item.found}"
    if item.state == "missing" and item.promise:
        told += f"\n    expected {item.promise.digest}"
    return told
