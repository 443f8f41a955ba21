"""`zoo new`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import complete, new_questions, new_report, output
from cli.session import Voice, common_options, load_settings, open_catalog
from registry.errors import RequestError

if TYPE_CHECKING:
    from registry.catalog import Catalog
    from registry.scaffold.model_file import ModelFile
    from registry.scaffold.statements import Statements
    from registry.settings import Settings

_TASKS = ("semantic-segmentation", "image-classification", "object-detection", "other")
_PROPERTIES = {
    **{name: name for name in ("family", "title", "task")},
    **{f"licence_{name}": f"licence.{name}" for name in ("code", "weights")},
    "licence_data": "licence.dataset",
}


@click.command(
    "new",
    epilog="""\b
Examples:
  zoo new net.tflite --publisher acme
  zoo new net-256-float32.onnx net-256-int8.onnx --publisher acme --model net --keep-bytes
  zoo new net.tflite --publisher acme --dry-run --no-input

What the files tell is read from them without running them. What only a person can say is asked on a terminal;
elsewhere it is marked TODO, which `zoo validate` refuses and explains. Of a card that is there already, every
letter stays: its new variants come behind the others.""",
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--publisher", metavar="NAME", help="Who stands behind the card.")
@click.option("--model", metavar="NAME", help="Name of the card; by default that of the files.")
@click.option("--variant", "variants", multiple=True, metavar="NAME", help="Name of a variant, one for each FILE.")
@click.option("--url", "urls", multiple=True, metavar="URL", help="Public address of the file, one for each FILE.")
@click.option("--family", metavar="NAME", help="The named network that people search for.")
@click.option("--title", metavar="TEXT", help="What people call the model.")
@click.option("--task", type=click.Choice(_TASKS), help="What the model does.")
@click.option("--licence-code", metavar="SPDX", help="Licence of the code that makes it.")
@click.option("--licence-weights", metavar="SPDX", help="Licence of the weights.")
@click.option("--licence-data", metavar="SPDX", help="Licence of the training data.")
@click.option(
    "--dataset",
    metavar="NAME",
    shell_complete=complete.datasets,
    help="What it was trained on, and whose classes it tells apart.",
)
@click.option("--parent", metavar="NAME", help="Float variant that the quantized files were made from.")
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="NAME",
    shell_complete=complete.targets,
    help="A target that you declare support of.",
)
@click.option("--into", metavar="DIR", type=click.Path(path_type=Path), help="Folder of cards to write to.")
@click.option("--keep-bytes", is_flag=True, help="Put the files' bytes into blobs/sha256 of that folder too.")
@click.option("--no-input", is_flag=True, help="Never ask; mark what is missing.")
@click.option("--dry-run", is_flag=True, help="Print the card and write nothing.")
@output.format_option("text", "json")
@common_options
def command(
    files: tuple[Path, ...],
    into: Path | None,
    keep_bytes: bool,
    no_input: bool,
    dry_run: bool,
    form: str,
    cards: tuple[str, ...],
    cache: str | None,
    quiet: bool,
    verbose: bool,
    **options: Any,
) -> None:
    """Begin a card from model files, or add them to the card that is there."""
    from registry.scaffold.draft import begin
    from registry.scaffold.model_file import opened
    from registry.scaffold.writing import write

    voice = Voice(quiet=quiet, verbose=verbose)
    settings = load_settings(cards=cards, cache=cache)
    folder = into or _own_folder(settings)
    read = [opened(path) for path in files]
    catalog = _catalog_with(folder, settings, verbose=verbose)
    asks = not no_input and new_questions.can_ask()
    said = _statements(read, options, catalog, asks=asks, keeps_bytes=keep_bytes)
    datasets = catalog.datasets()
    draft = begin(read, said, datasets, folder)
    _warn(read, draft.path, catalog, voice)
    if asks:
        draft = new_questions.fill(draft, datasets)
    kept = [] if dry_run else write(draft, folder if keep_bytes else None)
    new_report.show(draft, kept, voice, form, dry_run=dry_run)


def _own_folder(settings: Settings) -> Path:
    """The first folder of cards that is the user's own."""
    from registry.settings import BUILTIN

    return Path(next((name for name in settings.cards if name != BUILTIN), "cards"))


def _catalog_with(folder: Path, settings: Settings, *, verbose: bool) -> Catalog:
    """The catalogue, and datasets and targets of the folder that is written to. A card with blanks is left out."""
    roots = settings.cards
    if not folder.is_dir():  # the settings may name it before there is a card
        roots = tuple(root for root in roots if root != str(folder))
    elif str(folder) not in roots:
        roots = (str(folder), *roots)
    return open_catalog(settings._replace(cards=roots), Voice(quiet=True, verbose=verbose))


def _statements(
    files: list[ModelFile], options: Mapping[str, Any], catalog: Catalog, *, asks: bool, keeps_bytes: bool
) -> Statements:
    """What the options say, with the names that a card needs to have a place."""
    from registry.scaffold.statements import Statements, proposed_model

    publisher, model = options["publisher"], options["model"]
    if publisher is None and asks:
        publisher = new_questions.name_of_card("publisher", "who stands behind the card, such as acme")
    if model is None:
        model = proposed_model(files)
        model = new_questions.name_of_card("model", "the name of the card", model) if asks else model
    for name, value in (("publisher", publisher), ("model", model)):
        if not value:
            raise RequestError(f"no {name} of the card is known", hint=f"say it with --{name} NAME")
    dataset = options["dataset"]
    return Statements(
        publisher,
        model,
        {name: options[option] for option, name in _PROPERTIES.items() if options[option] is not None},
        options["variants"],
        options["urls"],
        catalog.require_dataset(dataset) if dataset else None,
        _parent(options["parent"], f"{publisher}/{model}/", catalog),
        tuple(catalog.target(name).name for name in options["targets"]),
        keeps_bytes,
    )


def _parent(name: str | None, own: str, catalog: Catalog) -> str | None:
    """A parent's name as the card says it: short within the card, else the full one."""
    if name is None or "/" not in name or name.startswith(own):
        return name and name.removeprefix(own)
    found = catalog.one_card(name)
    if len(found) > 1:
        raise RequestError(f"{name!r} means {len(found)} variants", hint=f"one of: {', '.join(found[:8])}")
    return found[0]


def _warn(files: list[ModelFile], card: Path, catalog: Catalog, voice: Voice) -> None:
    """Say what the catalogue has already, and what only special code can run."""
    for file in files:
        name = output.visible(str(file.path))
        if names := catalog.with_digest(file.digest.hex):
            voice.note(f"warning: {name} has the very bytes of {', '.join(names)}")
        for finding in file.facts.graph.findings:
            if finding.severity == "unsupported":
                voice.note(output.visible(f"warning: {name}: {finding.rule}: {finding.where}: {finding.message}"))
    if card.exists():
        voice.detail(f"{card} is there already; its variants and its text stay as they are")
