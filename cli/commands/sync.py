"""`zoo sync`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from cli import output
from cli.model_file import settings_of
from cli.places import place_options
from cli.registries import registry_option
from cli.session import common_options, open_catalog
from cli.tracking import Tracking
from registry.errors import UnavailableError

if TYPE_CHECKING:
    from registry.card import Plain, Variant
    from registry.catalog import Catalog
    from registry.lineage.registered import Synced


@click.command(
    "sync",
    epilog="""\b
Examples:
  zoo sync
  zoo sync --tracking http://mlflow.example.org:5000
  zoo sync --cards builtin --cards cards

Every model of the catalogue becomes a registered model, every variant a version of it with its tags, and a run of
the experiment `catalogue` with the figures of its card. An alias such as stm32n6 is the version that
`zoo pull --target` would choose. What is there already stays; a variant that the catalogue no longer has is marked,
never deleted. What --track could not deliver is delivered, and a version names the run that made its file (tag
zoo.made-by; --whole looks for runs even when nothing else has changed). Exit code 3: MLflow does not answer; the
next sync goes on where this one was stopped.""",
)
@click.option("--tracking", metavar="URI", help="A database's or an MLflow server's address.")
@click.option("--whole", is_flag=True, help="Compare every version, to mend what others changed or deleted there.")
@output.format_option("text", "json")
@registry_option
@place_options
@common_options
def command(whole: bool, form: str, **options: Any) -> None:
    """Put the whole catalogue into MLflow, to be browsed and compared; only what changed is written."""
    from registry.synchronise import synchronise

    settings, voice = settings_of(options)
    tracking = Tracking(settings, voice)
    if settings.offline and tracking.address.is_remote:
        raise UnavailableError(
            f"{tracking.address.shown}: offline, so nothing is sent there",
            hint="leave --offline or ZOO_OFFLINE out",
        )
    catalog = open_catalog(settings, voice)
    variants, cards = _all(catalog)
    registered = tracking.registered()
    synced = synchronise(variants, cards, catalog.targets(), registered, voice, whole=whole)
    delivered = tracking.deliver()
    # when nothing has changed MLflow is not even loaded
    linked = tracking.link() if whole or delivered or synced.new or synced.changed else 0
    _report(synced, delivered, linked, tracking, form)
    # an address of the settings is the one that `zoo ui` takes by itself
    voice.note("to look: zoo ui" + (f" --tracking {tracking.address.shown}" if options["tracking"] else ""))


def _all(catalog: Catalog) -> tuple[list[Variant], dict[str, Plain]]:
    """Every variant of the catalogue, and every card."""
    from registry.catalog import Filter
    from registry.constraints import Constraints

    variants = catalog.variants(row.full_name for row in catalog.select(Filter(Constraints())))
    names = dict.fromkeys(f"{variant.publisher}/{variant.model}" for variant in variants)
    return variants, {name: catalog.card(name)[1] for name in names}


def _report(synced: Synced, delivered: int, linked: int, tracking: Tracking, form: str) -> None:
    if form == "json":
        output.print_json(
            {"tracking": tracking.address.shown, **asdict(synced), "records": delivered, "linked": linked}
        )
    else:
        total = synced.new + synced.changed + synced.unchanged
        click.echo(
            f"{output.counted(total, 'variant')} in {tracking.address.shown}: {synced.new} new,"
            f" {synced.changed} changed, {synced.unchanged} as they were; {synced.gone} marked as gone,"
            f" aliases moved: {synced.aliases}; {output.counted(delivered, 'record')} delivered"
            + (f"; {output.counted(linked, 'version')} linked to the runs that made them" if linked else "")
        )
