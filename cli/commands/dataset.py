"""`zoo dataset`: check, generate and derive datasets on disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import complete, output
from cli.data_folder import dataset_of
from cli.output import Column
from cli.session import Voice, common_options, load_settings, open_catalog, voice_options

if TYPE_CHECKING:
    from registry.samples.check import Report, Split

FOLDER = click.Path(path_type=Path)
COCO_VOC = "coco-2017-voc-2012"


@click.group("dataset")
def command() -> None:
    """Check, generate and derive datasets on disk, in the PASCAL VOC layout."""


@command.command(
    "check",
    epilog="""\b
Examples:
  zoo dataset check shapes
  zoo dataset check VOCdevkit/VOC2012 --split trainaug --split val
  zoo dataset check coco --dataset coco-2017-voc-2012 --format json

The folder is held against a dataset card: the one that --dataset names, or its own dataset.yaml, or that of PASCAL
VOC 2012. All problems are listed: missing, damaged, of different sizes, ids without a class, repeated, and images
of a held-out list that a training list has too, by name or by bytes. Exit code 1 when there is a problem.""",
)
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option("--split", "splits", multiple=True, metavar="NAME", help="Only this list; may be repeated.")
@click.option(
    "--dataset", "name", metavar="NAME", shell_complete=complete.datasets, help="Dataset card to hold to."
)
@output.format_option("text", "json")
@common_options
def check_(
    folder: Path,
    splits: tuple[str, ...],
    name: str | None,
    cards: tuple[str, ...],
    cache: str | None,
    quiet: bool,
    verbose: bool,
    form: str,
) -> int:
    """Is the folder what it should be? Images, masks, ids, leaks; and what each class has."""
    from registry.samples import check
    from registry.samples.voc import VocFolder

    voice = Voice(quiet=quiet, verbose=verbose)
    opened = VocFolder(folder)
    dataset = dataset_of(folder, name, load_settings(cards=cards, cache=cache), voice)
    report = check.check(opened, dataset, voice, splits)
    if form == "json":
        output.print_json(check.to_json(report))
    else:
        _print(report)
    return 1 if report.findings else 0


def _print(report: Report) -> None:
    for split in report.splits:
        click.echo(click.style(f"{split.name}  {output.counted(split.images, 'image')}", bold=True))
        click.echo(f"  list {split.digest}")
        columns = (Column("ID", right=True), Column("CLASS"), Column("PIXELS", right=True))
        output.print_table(
            (*columns, Column("SHARE", right=True), Column("IMAGES", right=True)), _rows(report, split)
        )
        click.echo()
    for item in report.findings:
        place = " ".join(part for part in (item.split, item.name) if part)
        click.echo(output.visible(f"{click.style(item.rule, fg='red')}  {place}: {item.message}"))
    click.echo(f"{output.counted(len(report.findings), 'problem')}; held against {report.dataset.name}")


def _rows(report: Report, split: Split) -> list[list[str]]:
    from registry.samples.check import class_name

    names = dict(enumerate(report.dataset.class_names))
    total = split.pixels.total() or 1
    return [
        [
            str(number),
            class_name(names, number),
            str(split.pixels[number]),
            f"{split.pixels[number] / total:.2%}",
            str(split.occurrences[number]),
        ]
        for number in sorted({*names, *split.pixels})
    ]


@command.group("make")
def make() -> None:
    """Generate a dataset."""


@make.command(
    "shapes",
    epilog="""\b
Examples:
  zoo dataset make shapes data/shapes
  zoo dataset make shapes data/large --seed 7 --count 2000 --size 512
  zoo dataset make shapes data/easy --clutter 0.5 --colour 0.6

The same seed gives the same bytes with the same version of zoo, numpy and Pillow, all of which the folder's own
dataset.yaml names. More pictures of one seed begin with the fewer. The folder appears only when it is whole.""",
)
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of everything.")
@click.option("--count", type=click.IntRange(min=2), default=500, show_default=True, help="Pictures, val included.")
@click.option(
    "--size", type=click.IntRange(64, 2048), default=320, show_default=True, help="Longest side in pixels."
)
@voice_options
@click.option(
    "--clutter",
    type=click.FloatRange(0, 1),
    default=1,
    show_default=True,
    help="How much textures and lines disturb.",
)
@click.option(
    "--colour", type=click.FloatRange(0, 1), default=0, show_default=True, help="How much colour tells the class."
)
def shapes_(
    folder: Path, seed: int, count: int, size: int, clutter: float, colour: float, quiet: bool, verbose: bool
) -> None:
    """Textured, turned, occluding shapes of eight classes, with void borders; splits train and val."""
    from registry.samples import shapes

    voice = Voice(quiet=quiet, verbose=verbose)
    names = shapes.make(folder, voice, seed=seed, count=count, size=size, clutter=clutter, colour=colour)
    _tell(folder, names)


@command.group("build")
def build() -> None:
    """Derive a dataset from others."""


@build.command(
    "trainaug",
    epilog="""\b
Examples:
  zoo dataset build trainaug VOCdevkit/VOC2012

Its masks lie in SegmentationClassAug, which the augmented annotations of VOC unpack to.""",
)
@click.argument("folder", type=FOLDER, metavar="DIR")
@voice_options
def trainaug_(folder: Path, quiet: bool, verbose: bool) -> None:
    """Write the list trainaug of a PASCAL VOC folder: every augmented mask that val does not have, sorted."""
    from registry.samples import derive
    from registry.samples.voc import VocFolder

    _tell(folder, {"trainaug": derive.trainaug(VocFolder(folder))})


@build.command(
    "classes",
    epilog="""\b
Examples:
  zoo dataset build classes VOC2012 person --class person --train trainaug
  zoo dataset build classes VOC2012 indoor --class chair --class sofa --mode st

An image stays if one of the classes has more than 800 pixels; ids are renumbered from 1 in the order given, and
everything else becomes 0. With --mode st the validation list is topped up from training images, as ST's script
does.""",
)
@click.argument("source", type=FOLDER, metavar="SOURCE")
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option("--class", "wanted", multiple=True, required=True, metavar="NAME", help="Class to keep; repeat it.")
@click.option("--train", default="train", show_default=True, metavar="SPLIT", help="List of training images.")
@click.option(
    "--mode",
    type=click.Choice(["zoo", "st"]),
    default="zoo",
    show_default=True,
    help="Whose rules: ours, or those of ST's script.",
)
@click.option("--dataset", "name", metavar="NAME", shell_complete=complete.datasets, help="Dataset card of SOURCE.")
@common_options
def classes_(
    source: Path,
    folder: Path,
    wanted: tuple[str, ...],
    train: str,
    mode: str,
    name: str | None,
    cards: tuple[str, ...],
    cache: str | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """Keep some classes of a dataset, renumbered; everything else is background."""
    from registry.samples import derive
    from registry.samples.voc import VocFolder

    voice = Voice(quiet=quiet, verbose=verbose)
    opened = VocFolder(source)
    dataset = dataset_of(source, name, load_settings(cards=cards, cache=cache), voice)
    chosen: derive.Mode = "st" if mode == "st" else "zoo"
    _tell(folder, derive.few_classes(opened, dataset, wanted, folder, voice, train=train, mode=chosen))


@build.command(
    "coco",
    epilog="""\b
Examples:
  zoo dataset build coco annotations/instances_train2017.json train2017 VOC2012 coco-voc
  zoo dataset build coco panoptic_train2017.json train2017 VOC2012 coco-voc --panoptic panoptic_train2017

COCO's images with any of VOC's 20 classes and one annotation of more than 1000 square pixels; annotations are
painted in file order, crowds included; VOC is added, and val is VOC's. With --panoptic the segments of its PNGs are
taken instead of filled outlines, crowds included; pixels without a segment are void, all others background.""",
)
@click.argument("instances", type=FOLDER, metavar="JSON")
@click.argument("images", type=FOLDER, metavar="IMAGES")
@click.argument("voc", type=FOLDER, metavar="VOC")
@click.argument("folder", type=FOLDER, metavar="DIR")
@click.option("--panoptic", "masks", metavar="DIR", type=FOLDER, help="JSON is panoptic, and these are its PNGs.")
@click.option("--train", default="trainaug", show_default=True, metavar="SPLIT", help="VOC's list for training.")
@common_options
def coco_(
    instances: Path,
    images: Path,
    voc: Path,
    folder: Path,
    masks: Path | None,
    train: str,
    cards: tuple[str, ...],
    cache: str | None,
    quiet: bool,
    verbose: bool,
) -> None:
    """COCO 2017 painted with VOC's classes, and VOC, as one dataset."""
    from registry.samples import coco, panoptic
    from registry.samples.voc import VocFolder

    voice = Voice(quiet=quiet, verbose=verbose)
    opened = VocFolder(voc)
    dataset = open_catalog(load_settings(cards=cards, cache=cache), voice).require_dataset(COCO_VOC)
    if masks is None:
        names = coco.build(instances, images, opened, dataset, folder, voice, train=train)
    else:
        names = panoptic.build(instances, masks, images, opened, dataset, folder, voice, train=train)
    _tell(folder, names)


def _tell(folder: Path, splits: dict[str, list[str]]) -> None:
    from registry.samples.lists import list_digest

    for split, names in splits.items():
        click.echo(f"{folder}  {split}  {output.counted(len(names), 'image')}  list {list_digest(names)}")
