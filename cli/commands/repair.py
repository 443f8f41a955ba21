"""`zoo repair`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import complete, output, places
from cli.commands.verify import chosen_scope
from cli.session import Voice, common_options, load_settings, open_catalog

if TYPE_CHECKING:
    from registry.card import Artifact, Variant
    from registry.catalog import Catalog
    from registry.digest import Digest


@click.command(
    "repair",
    epilog="""\b
Examples:
  zoo repair                        # what zoo.lock says, with its output folders
  zoo repair --all                  # and every blob of the cache
  zoo repair deeplabv3 --mirror /mnt/models --offline
  zoo repair build/model

Only what is changed or missing is fetched. Exit code 3 when something could not be mended.""",
)
@click.argument("what", required=False, metavar="[NAME|PATH]", shell_complete=complete.models)
@click.option("--all", "everything", is_flag=True, help="Also every blob of the cache.")
@places.place_options
@places.lock_option
@output.format_option("text", "json")
@common_options
def command(
    what: str | None,
    everything: bool,
    mirrors: tuple[str, ...],
    offline: bool | None,
    lock_path: Path,
    cards: tuple[str, ...],
    cache: str | None,
    quiet: bool,
    verbose: bool,
    form: str,
) -> int:
    """Verify, then fetch only what is broken."""
    from registry.beside import ENDINGS
    from registry.repair import Broken, repair

    voice = Voice(quiet=quiet, verbose=verbose)
    settings = load_settings(cards=cards, cache=cache, mirrors=mirrors, offline=offline)
    found = chosen_scope(what, everything, lock_path, settings, voice)
    findings = list(found.findings(voice))
    broken = [
        Broken(item.path, item.promise.digest, item.promise.variant)
        for item in findings
        if item.broken and item.promise
    ]
    catalog = open_catalog(settings, voice) if broken else None
    beside = {item.digest for item in broken if item.path.name.endswith(ENDINGS)}

    def source_of(digest: Digest, variant: str) -> tuple[Variant, Artifact] | None:
        known = _source(catalog, digest, variant) if catalog else None
        return known or (_published_beside(catalog, digest, variant) if catalog and digest in beside else None)

    cache_ = places.local_cache(settings)
    results = repair(broken, cache_, places.make_obtainer(settings, voice), source_of)
    for item in results:
        if form == "text" and item.error is None:
            click.echo(f"{click.style('mended', fg='green')}  {item.broken.path}  from {item.origin}")
        elif item.error is not None:
            click.echo(f"{click.style('broken', fg='red')}  {item.broken.path}: {item.error.message}", err=True)
            if item.error.hint:
                click.echo(f"    {item.error.hint}", err=True)
    failed = sum(1 for item in results if item.error is not None)
    if form == "json":
        output.print_json(
            {
                "checked": len(findings),
                "mended": [
                    {"path": str(item.broken.path), "from": item.origin} for item in results if not item.error
                ],
                "broken": [
                    {"path": str(item.broken.path), "why": item.error.message} for item in results if item.error
                ],
            }
        )
    voice.note(
        f"{output.counted(len(findings), 'file')} checked, {len(results) - failed} mended, {failed} still broken"
    )
    return 3 if failed else 0


def _source(catalog: Catalog, digest: Digest, variant: str) -> tuple[Variant, Artifact] | None:
    """A variant and its artifact of this digest, or an unpinned one that the lock file holds to it."""
    names = catalog.find(variant) if variant else catalog.with_digest(digest.hex)
    for candidate in catalog.variants(names):
        for artifact in (*candidate.files, *candidate.companions):
            if artifact.digest == digest:
                return candidate, artifact
        if variant and candidate.files and not candidate.pinned:
            return candidate, candidate.files[0]
    return None


def _published_beside(catalog: Catalog, digest: Digest, variant: str) -> tuple[Variant, Artifact] | None:
    """Card, licence note or labels as they were published: on no card, but in the registry like any blob."""
    from registry.card import Artifact

    found = next(iter(catalog.variants(catalog.find(variant))), None)
    return (found, Artifact(digest.hex[:12], "other", None, digest, ())) if found else None
