"""`zoo publish`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import complete, output
from cli.session import Voice, card_folders, common_options, load_settings, open_catalog
from cli.store_option import chosen_store, store_option
from cli.stores import open_store
from registry.errors import RejectedError, RequestError
from registry.units import format_bytes

if TYPE_CHECKING:
    from registry.card import Variant
    from registry.catalog import Catalog
    from registry.publish import Package, Publication, Source
    from registry.settings import Settings


@click.command(
    "publish",
    epilog="""\b
Examples:
  zoo publish cards/acme/net.yaml --to /srv/models --from build/export --dry-run
  zoo publish cards/acme/net.yaml --to file:///srv/models --from build/export
  zoo publish google/deeplabv3 --to /srv/models              files from the cache, after `zoo pull`
  zoo publish cards/acme/net.yaml --to s3://models/zoo --from build/export --variant small-int8

A variant whose card has no sha256 is not published. Publishing the same again changes nothing; other content
of a published variant becomes its next version, and the old one stays. `zoo pull NAME --mirror ADDRESS` reads it.
Exit codes: 1 the card or a file is wrong, 2 asked wrongly, 3 a file or the store cannot be reached.""",
)
@click.argument("card", metavar="CARD|NAME", shell_complete=complete.models)
@store_option("--to")
@click.option("--variant", "wanted", multiple=True, metavar="NAME", help="Only this variant; repeat for several.")
@click.option(
    "--from",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder with the files by name, or with blobs/sha256/<hex>; the cache when not given.",
)
@click.option("-n", "--dry-run", is_flag=True, help="Prove everything, but write nothing.")
@output.format_option("text", "json")
@common_options
def command(
    card: str,
    address: str | None,
    wanted: tuple[str, ...],
    folder: Path | None,
    dry_run: bool,
    form: str,
    cards: tuple[str, ...],
    cache: str | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Put the variants of a card into a store: valid, each file proven, and never changed afterwards."""
    from registry.publish import publish

    settings, voice = load_settings(cards=cards, cache=cache), Voice(quiet=quiet, verbose=verbose)
    store = open_store(chosen_store(address, voice, settings))
    packages, skipped = _Choice(card, wanted, settings, voice).packages()
    source = _files(folder if folder is not None else Path(settings.cache), by_name=folder is not None)
    publication = publish(packages, source, store, voice, dry_run=dry_run)
    _report(publication, skipped, store.address, form, dry_run=dry_run)


class _Choice:
    """The variants that are meant, with their documents."""

    def __init__(self, card: str, wanted: tuple[str, ...], settings: Settings, voice: Voice) -> None:
        self.settings, self.voice, self.wanted = settings, voice, wanted
        # one's own cards: those of a registry were published already, and it may have none yet
        self.catalog: Catalog = open_catalog(settings._replace(registries=()), voice)
        self.named: set[str] | None = None
        if card.endswith((".yaml", ".yml")) or "\\" in card or Path(card).is_file():
            self.path = Path(card)
        else:
            names = self.catalog.one_card(card)
            self.path = Path(self.catalog.card(names[0].rpartition("/")[0])[0])
            self.named = {name.rpartition("/")[2] for name in names}

    def packages(self) -> tuple[list[Package], dict[str, str]]:
        """What is published, and why the rest of the card is not."""
        from registry import publish
        from registry.card import Variant, merged

        card = self._valid()
        variants = [Variant.from_document(card, document) for document in merged(card)]
        chosen = [variant for variant in variants if self.named is None or variant.name in self.named]
        if self.wanted:
            chosen = [self._one(name, chosen) for name in dict.fromkeys(self.wanted)]
        reasons = {one.full_name: reason for one in chosen if (reason := publish.unpublishable(one))}
        if reasons and (self.wanted or len(reasons) == len(chosen)):
            told = "".join(f"\n  {name}: {reason}" for name, reason in list(reasons.items())[:8])
            raise RejectedError(
                f"{output.counted(len(reasons), 'variant')} of {self.path} cannot be published:{told}",
                hint="write the sha256 of each file on the card: nobody could verify it otherwise",
            )
        for name, reason in reasons.items():
            self.voice.note(f"left out: {name}: {reason}")
        return [self._package(one, card) for one in chosen if one.full_name not in reasons], reasons

    def _valid(self) -> dict[str, Any]:
        from registry import document
        from registry.consistency import find_documents
        from registry.problem import Problem
        from registry.validate import validate

        roots = [Path(root) for root in card_folders(self.settings)]
        verdicts = validate(find_documents([self.path]), roots)
        problems = [str(one) for verdict in verdicts for one in verdict.problems if one.severity == "error"]
        read = document.read(self.path)
        if problems or isinstance(read, Problem):
            told = "\n".join(problems) or str(read)
            raise RejectedError(f"{self.path} is not valid:\n{told}", hint=f"`zoo validate {self.path}` tells more")
        card: dict[str, Any] = read.value
        if "variants" not in card:
            raise RequestError(f"{self.path}: expected a model card, found {card['schema']}")
        return card

    def _one(self, name: str, variants: list[Variant]) -> Variant:
        found = [one for one in variants if name in (one.name, one.full_name)]
        if not found:
            listed = ", ".join(one.name for one in variants[:12])
            raise RequestError(f"{self.path} has no variant {name!r}", hint=f"it has: {listed}")
        return found[0]

    def _package(self, variant: Variant, card: dict[str, Any]) -> Package:
        from registry import excerpt, fetch, publish

        own = excerpt.cut(card, variant.name)
        return publish.Package(variant, fetch.sidecars(variant, card, own, self.catalog.class_names(variant)))


def _files(folder: Path, *, by_name: bool) -> Source:
    """Opens files of a folder by name, or by digest where it is a mirror such as the cache."""
    from registry.store.files import open_file

    if by_name and not folder.is_dir():
        raise RequestError(f"no such folder: {folder}", hint="--from takes the folder with the card's files")
    return lambda artifact, digest: open_file(folder, artifact.file, digest, by_name=by_name)


def _report(publication: Publication, skipped: dict[str, str], address: str, form: str, *, dry_run: bool) -> None:
    if form == "json":
        output.print_json(
            {
                "store": address,
                "dry_run": dry_run,
                "variants": [
                    {
                        "variant": one.version.name,
                        "version": one.version.number,
                        "digest": str(one.version.digest),
                        "tag": one.version.tag,
                        "new": one.new,
                    }
                    for one in publication.published
                ],
                "left_out": skipped,
                "uploaded": {"blobs": publication.uploaded, "bytes": publication.uploaded_bytes},
            }
        )
        return
    verb = "would publish" if dry_run else "published"
    for one in publication.published:
        version = one.version
        if one.new:
            click.echo(f"{verb} {version.name} version {version.number}")
        else:
            click.echo(f"unchanged {version.name}: published already as version {version.number}")
        click.echo(f"  {version.digest}  tag {version.tag}")
    blobs = output.counted(publication.uploaded, "blob")
    click.echo(f"{'would upload' if dry_run else 'uploaded'} {blobs}, {format_bytes(publication.uploaded_bytes)}")
