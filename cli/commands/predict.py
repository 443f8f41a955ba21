"""`zoo predict`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import output
from cli.model_file import graph_of, located, model_options, settings_of, variant_of
from cli.output import Column
from cli.session import open_catalog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry.predict import Prediction
    from registry.segmenter import Segmenter


@click.command(
    "predict",
    epilog="""\b
Examples:
  zoo predict google/deeplabv3 cat.jpg -o out
  zoo predict model.tflite *.jpg -o out --threads 4
  zoo predict model.onnx street.png -o out --as ti/deeplabv3-mnv2

Runs TFLite, ONNX and Keras files (the last need the extra train).
Writes NAME.classes.png (class ids, in the palette of PASCAL VOC), NAME.overlay.png with a legend, and NAME.json
with the share of each class, all at the picture's own size. How a picture goes into the network is said by the card
that has the file's digest or that --as names, else by the file itself. The orientation that a camera noted is
applied, transparency stands over white, and of an animation the first frame counts.
A picture that cannot be opened is named, the others are done, and the exit code is 1.""",
)
@click.argument("what", metavar="NAME|FILE")
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Where to write.",
)
@click.option("--as", "card", metavar="NAME", help="The variant whose card says how pictures go in.")
@click.option("--threads", type=click.IntRange(1, 1024), default=1, show_default=True, help="CPU threads.")
@click.option("--delegate", metavar="NAME", help="Run on this delegate or execution provider, not on the CPU.")
@output.format_option("text", "json")
@model_options
def command(
    what: str,
    images: tuple[Path, ...],
    folder: Path,
    card: str | None,
    threads: int,
    delegate: str | None,
    form: str,
    **options: Any,
) -> int:
    """Class maps of pictures: which pixel belongs to which class."""
    from registry.digest import Digest
    from registry.facts import Facts
    from registry.predict import predict
    from registry.segmenter import open_segmenter

    settings, voice = settings_of(options)
    path, variant = located(what, settings, voice)
    if variant is None or card is not None:
        variant = variant_of(path, card, settings, voice)
    facts = Facts(graph_of(path, variant))
    with voice.hush():
        segmenter = open_segmenter(path, facts.graph, variant, threads=threads, delegate=delegate)
    for assumption in segmenter.preparation.assumed:
        voice.detail(f"nobody states it, so it is taken to be: {assumption}")
    names = (open_catalog(settings, voice).class_names(variant) if variant else ()) or facts.labels
    about = {
        "variant": variant.full_name if variant else None,
        "sha256": Digest.of_file(path).hex,
        **_conditions(segmenter, threads),
    }
    found = predict(segmenter, images, folder, names=names, about=about, progress=voice)
    if form == "json":
        output.print_json({**about, "images": [_plain(one) for one in found]})
    else:
        _print(found)
    failed = [one for one in found if one.problem]
    for one in failed:
        click.echo(output.visible(f"error: {one.problem}"), err=True)
    if failed:
        voice.note(f"{len(failed)} of {output.counted(len(found), 'picture')} could not be done")
    return 1 if failed else 0


def _conditions(segmenter: Segmenter, threads: int) -> dict[str, Any]:
    from dataclasses import asdict

    model = segmenter.model
    return {
        "runtime": {"name": model.name, "version": model.version, "threads": threads},
        "preprocessing": asdict(segmenter.preparation),
    }


def _plain(one: Prediction) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        **asdict(one),
        "image": str(one.image),
        "files": {kind: str(path) for kind, path in one.files.items()},
    }


def _print(found: Sequence[Prediction]) -> None:
    rows = [
        [
            str(one.image),
            f"{one.width}x{one.height}",
            ", ".join(map(str, one.classes)),
        ]
        for one in found
        if not one.problem
    ]
    if rows:
        output.print_table(
            [Column("IMAGE"), Column("SIZE"), Column("CLASSES", wrap=True)], rows, output.terminal_width()
        )
