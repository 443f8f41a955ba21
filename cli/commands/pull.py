"""`zoo pull`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import complete, constraints, output, places, pull_report, registries
from cli.session import Voice, common_options, load_settings, open_catalog
from registry.errors import RejectedError, RequestError
from registry.settings import PREFERENCES

if TYPE_CHECKING:
    from cli.registries import Choice
    from registry.card import Artifact, Variant
    from registry.catalog import Catalog
    from registry.fetch import Delivery
    from registry.resolve import Resolution
    from registry.settings import Settings


@click.command(
    "pull",
    epilog="""\b
Examples:
  zoo pull deeplabv3 --target imx8mp
  zoo pull deeplabv3 --target stm32n6 --prefer latency --why --dry-run
  zoo pull deeplabv3 --target imx8mp --mirror /mnt/models --offline -o build/model
  zoo pull google/deeplabv3/257-float32
  zoo pull st/deeplabv3/512-aspp1-int8-qdq --allow-unpinned
  zoo pull deeplabv3 --target imx8mp --locked

A variant without a digest on its card is never chosen unless you say --allow-unpinned; its digest then
goes into zoo.lock and every later pull is held to it. Exit codes: 1 nothing may be pulled or wrong bytes,
2 unknown name or target, 3 no place answered.""",
)
@click.argument("name", shell_complete=complete.models)
@click.option("--target", metavar="NAME", shell_complete=complete.targets, help="What it has to run on.")
@click.option("--prefer", type=click.Choice(PREFERENCES), help="What orders equally supported variants.")
@constraints.constraint_options
@click.option(
    "-o",
    "--output",
    "folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Output folder; models/PUBLISHER/MODEL/VARIANT when not given.",
)
@registries.registry_option
@places.place_options
@click.option("--why", is_flag=True, help="Show every candidate and why it was not chosen.")
@click.option("-n", "--dry-run", is_flag=True, help="Choose, but fetch and write nothing.")
@click.option("--allow-unpinned", is_flag=True, help="Also choose variants whose bytes no card vouches for.")
@click.option("--locked", is_flag=True, help="Take exactly what zoo.lock says, and fail where it says nothing.")
@click.option("--update", is_flag=True, help="Choose anew, whatever zoo.lock says.")
@places.lock_option
@click.option("--golden", is_flag=True, help="Take the golden vectors along, for a self-test where it runs.")
@click.option("--lineage", is_flag=True, help="Take the record of how it came about along, for `zoo lineage`.")
@click.option("--copy", is_flag=True, help="Copy into the output folder instead of linking to the cache.")
@click.option("--force", is_flag=True, help="Replace a file of the same name with other bytes.")
@output.format_option("text", "json")
@common_options
def command(name: str, form: str, quiet: bool, verbose: bool, **options: Any) -> None:
    """Choose the variant of NAME that fits, fetch it, prove its bytes, and put it into a folder."""
    typed = constraints.take(options)
    voice = Voice(quiet=quiet, verbose=verbose)
    names = ("cards", "cache", "registries", "mirrors", "offline", "target", "prefer")
    flags = {key: options[key] for key in names}
    _Pull(name, typed, load_settings(**flags), voice, options).run(form)


class _Pull:
    """One run of the command: each step reads what the steps before it found."""

    def __init__(
        self, name: str, typed: dict[str, Any], settings: Settings, voice: Voice, options: dict[str, Any]
    ) -> None:
        from registry import lock

        if options["locked"] and (options["update"] or options["allow_unpinned"]):
            raise RequestError(
                "--locked does not go with --update or --allow-unpinned", hint="leave one of them out"
            )
        self.name, self.settings, self.voice, self.options = name, settings, voice, options
        self.wanted = constraints.parse(typed)
        if not options["locked"]:
            registries.refresh(settings, voice)
        self.catalog: Catalog = open_catalog(settings, voice)
        self.target = self.catalog.target(settings.target) if settings.target else None
        self.request = lock.Request(name, self.target.name if self.target else None, settings.prefer, typed)
        self.lock = lock.read(options["lock_path"])

    def run(self, form: str) -> None:
        """Resolve, explain, fetch, record, report."""
        choice = self._locked_release() or self._resolved(form)
        if self.options["dry_run"]:
            pull_report.plan(choice.variant, form, self._companions(choice.variant))
            return
        delivery = self._fetch(choice)
        if not self.options["locked"]:
            self._record(delivery)
        pull_report.done(delivery, form)

    def _locked_release(self) -> Choice | None:
        """The published version that the lock file holds, whatever was published since."""
        entry = None if self.options["update"] or self.options["why"] else self.lock.find(self.request)
        if entry is None or entry.release is None:
            return None
        return registries.locked_choice(self.settings, self.voice, entry)

    def _resolved(self, form: str) -> Choice:
        resolution = self._resolve()
        if self.options["why"]:
            pull_report.explain(resolution, self.settings.prefer, self.voice, err=form == "json")
        return registries.choice_of(self.settings, self.catalog, self._choose(resolution))

    def _resolve(self) -> Resolution:
        from registry.resolve import resolve

        try:
            found = self.catalog.meant(self.name)
        except RequestError:
            registries.explain_yanked(self.settings, self.name)
            raise
        variants = self.catalog.variants(found)
        unpinned = self.options["allow_unpinned"]
        held = places.held(self.settings, variants)
        prefer = self.settings.prefer
        return resolve(variants, self.target, self.wanted, prefer, allow_unpinned=unpinned, held=held)

    def _choose(self, resolution: Resolution) -> Variant:
        """The locked variant, else the resolved one."""
        from registry import fetch

        place = f" for {self.target.name}" if self.target else ""
        entry = None if self.options["update"] else self.lock.find(self.request)
        if entry is not None:
            held = fetch.choose(resolution, entry)
            if resolution.chosen and resolution.chosen is not held:
                now = resolution.chosen.full_name
                self.voice.note(f"the lock file holds {entry.variant}; --update would choose {now}")
            return held
        if self.options["locked"]:
            raise RejectedError(
                f"{self.options['lock_path']} has no entry for this request: {self.name!r}{place}",
                hint="pull once without --locked and commit the lock file",
            )
        if resolution.chosen is None:
            raise pull_report.nothing(self.name, place, resolution)
        if not self.options["why"]:
            pull_report.passed_over(resolution, self.voice)
        return resolution.chosen

    def _fetch(self, choice: Choice) -> Delivery:
        from registry import fetch, lock

        variant = choice.variant
        folder = self.options["folder"] or self._default_folder(variant)
        self._warn(variant)
        return fetch.fetch(
            variant,
            self.request,
            self.lock,
            places.make_obtainer(self.settings, self.voice),
            registries.documents_of(choice, self.catalog),
            folder,
            recorded_folder=lock.portable_folder(folder, self.options["lock_path"]),
            release=choice.release,
            update=self.options["update"],
            link=not self.options["copy"],
            replace=self.options["force"],
            companions=self._companions(variant),
        )

    def _companions(self, variant: Variant) -> tuple[Artifact, ...]:
        golden = variant.golden_files if self.options["golden"] else ()
        if not self.options["lineage"]:
            return golden
        if variant.lineage_file is None:
            self.voice.note(f"{variant.full_name} carries no lineage record")
            return golden
        return (*golden, variant.lineage_file)

    def _default_folder(self, variant: Variant) -> Path:
        """The folder of an earlier pull of the same, else one named after the variant."""
        entry = self.lock.find(self.request)
        if entry is not None and entry.folder and entry.variant == variant.full_name:
            return Path(os.path.relpath(self.options["lock_path"].parent / entry.folder))
        return Path("models", *variant.full_name.split("/"))

    def _warn(self, variant: Variant) -> None:
        for artifact in variant.files:
            if artifact.digest is None and any(source.url.startswith("http:") for source in artifact.sources):
                self.voice.note(
                    f"{artifact.file} is unpinned and its address is plain http: nothing proves its bytes"
                )

    def _record(self, delivery: Delivery) -> None:
        from registry import lock

        if lock.write(self.options["lock_path"], delivery.entry, places.guards(self.settings)):
            self.voice.note(f"recorded in {self.options['lock_path']}")
