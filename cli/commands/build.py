"""`zoo build`."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import complete, output, places
from cli.model_file import model_options, settings_of
from cli.quantization_run import QuantizationRun
from cli.session import open_catalog
from registry.errors import RejectedError, RequestError

if TYPE_CHECKING:
    from cli.session import Voice
    from registry.digest import Digest
    from registry.quantize import Quantized
    from registry.recipe import Recipe
    from registry.settings import Settings


@click.command(
    "build",
    epilog="""\b
Examples:
  zoo build zoo/deeplabv3-voc/257-int8-qdq
  zoo build zoo/deeplabv3-voc --mirror /mnt/models --offline -o build/net

A card may say how a file is made from a pinned parent: which quantization, calibrated on which pictures. The parent
is fetched and proven, the file is made and held against the card's digest: the same inputs give the same bytes. It
then lies in the cache, and `zoo pull` takes it from there. Exit code 1 when other bytes came out.""",
)
@click.argument("name", shell_complete=complete.models)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder for file and record; the cache alone when not given.",
)
@click.option(
    "--data",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Images, where the recipe generates none.",
)
@output.format_option("text", "json")
@model_options
def command(name: str, folder: Path | None, data: Path | None, form: str, **options: Any) -> None:
    """Make the file of a variant from its parent, by the recipe on its card."""
    from registry.digest import Digest

    settings, voice = settings_of(options)
    recipe = _recipe(name, settings, voice)
    with contextlib.ExitStack() as stack:
        images = data or stack.enter_context(_pictures(recipe, voice))
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()), "result")
        made = _made(recipe, images, place, options)
        digest = Digest(made.record["model"]["sha256"])
        if made.record["model"]["file"] is None:
            raise RejectedError(f"{recipe.variant.full_name}: the gate of its recipe rejects what came out")
        recipe.require_result(digest, made.record["environment"])
        _keep(recipe, place / made.record["model"]["file"], digest, settings, voice)
        _tell(recipe, made, folder, form)


def _recipe(name: str, settings: Settings, voice: Voice) -> Recipe:
    """The recipe that a name means: of several variants the only one that has one."""
    from registry.recipe import Recipe

    catalog = open_catalog(settings, voice)
    variants = catalog.variants(catalog.one_card(name))
    having = [variant for variant in variants if "recipe" in variant.document]
    if len(having) > 1:
        listed = ", ".join(variant.full_name for variant in having)
        raise RequestError(f"{name!r} means {len(having)} variants with a recipe", hint=f"one of: {listed}")
    return Recipe.of((having or variants)[0])


@contextlib.contextmanager
def _pictures(recipe: Recipe, voice: Voice) -> Iterator[Path]:
    """The pictures that the recipe looks at, generated."""
    from registry.samples import shapes

    if recipe.images is None:
        raise RequestError(f"the recipe of {recipe.variant.full_name} needs images", hint="--data DIR")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "shapes")
        shapes.make(folder, voice, **recipe.images)
        yield folder


def _made(recipe: Recipe, images: Path, folder: Path, options: dict[str, Any]) -> Quantized:
    import yaml

    with tempfile.TemporaryDirectory() as temporary:
        config = Path(temporary, f"{recipe.variant.name}.yaml")
        config.write_text(yaml.safe_dump(dict(recipe.configuration)), encoding="utf-8")
        more = {"data": images, "card": None, "folder": folder, "keep": False}
        return QuantizationRun(recipe.parent, {**options, **more}).quantize(config, {})


def _keep(recipe: Recipe, file: Path, digest: Digest, settings: Settings, voice: Voice) -> None:
    """Put the file into the cache, proven once more on its way."""
    from cli.stores import open_mirror
    from registry.obtain import Obtainer

    with tempfile.TemporaryDirectory() as temporary:
        blob = Path(temporary) / digest.blob_path
        blob.parent.mkdir(parents=True)
        shutil.copyfile(file, blob)
        obtainer = Obtainer(places.local_cache(settings), [open_mirror(temporary)], None, voice)
        model = next(artifact for artifact in recipe.variant.files if artifact.role == "model")
        obtainer.obtain(recipe.variant, model, digest)


def _tell(recipe: Recipe, made: Quantized, folder: Path | None, form: str) -> None:
    model, pinned = made.record["model"], recipe.wanted is not None
    if form == "json":
        output.print_json({"variant": recipe.variant.full_name, "verified": pinned, **made.record})
        return
    vouched = "as its card says" if pinned else "its card does not pin it yet"
    click.echo(click.style(recipe.variant.full_name, bold=True))
    output.print_fields(
        ("made from", f"{recipe.parent} sha256:{made.record['made_of']['parent']['sha256']}"),
        ("file", f"sha256:{model['sha256']}, {model['size']} bytes, {vouched}"),
        ("time", f"{made.record['seconds']:.1f} s"),
        ("next", f"zoo pull {recipe.variant.full_name}" + (f"; also in {folder}" if folder else "")),
    )
