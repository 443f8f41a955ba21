"""`zoo selftest`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from cli import complete, golden_report, output
from cli.golden_files import Files
from cli.model_file import meant, model_artifact, model_options, settings_of, variant_of
from registry.errors import RejectedError, RequestError, UnavailableError

if TYPE_CHECKING:
    from cli.golden_report import Verdict
    from cli.session import Voice
    from registry.card import Variant
    from registry.inspect.graph import Graph
    from registry.settings import Settings


@click.command(
    "selftest",
    epilog="""\b
Examples:
  zoo selftest google/deeplabv3-mnv2-dm05
  zoo selftest zoo/deeplabv3-shapes --threads 2       every variant of the model that has golden vectors
  zoo selftest build/net.tflite --as acme/net/small   another file, held to the vectors of a variant
  zoo selftest acme/net --from build/golden           vectors and model from a folder, each proven
  zoo selftest build/net.tflite --record bird.png -o build/golden

A golden vector is an input with the output that the published model gave, and by how much another runtime may
differ. No dataset is needed. --record makes them from pictures, with what the card must say in golden.yaml.
Exit codes: 0 every vector passes, 1 one fails or bytes are wrong, 2 asked wrongly, 3 could not tell: there are no
golden vectors, they cannot be fetched, or the runtime is missing.""",
)
@click.argument("what", metavar="NAME|FILE", shell_complete=complete.models)
@click.option("--as", "card", metavar="NAME", help="The variant whose card is meant, where a file is given.")
@click.option(
    "--from",
    "source",
    metavar="DIR",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Folder with model and vectors by name, or blobs/sha256/<hex>; the cache and mirrors when not given.",
)
@click.option("--threads", type=click.IntRange(1, 1024), default=1, show_default=True, help="CPU threads.")
@click.option("--delegate", metavar="NAME", help="Run on this delegate or execution provider, not on the CPU.")
@click.option(
    "--record",
    "images",
    multiple=True,
    metavar="PICTURE",
    type=click.Path(path_type=Path),
    help="Make a golden vector of this picture; repeat for several.",
)
@click.option(
    "--every",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    metavar="N",
    help="Of the output --record keeps one pixel of N in height and width.",
)
@click.option(
    "-o", "--output", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Where --record writes."
)
@output.format_option("text", "json")
@model_options
def command(
    what: str,
    card: str | None,
    source: Path | None,
    threads: int,
    delegate: str | None,
    images: tuple[Path, ...],
    every: int,
    folder: Path | None,
    form: str,
    **options: Any,
) -> int:
    """Run a model on its golden vectors: does it compute here what it did for its publisher?"""
    if bool(images) != (folder is not None):
        raise RequestError("--record and -o go together", hint="--record PICTURE -o DIR makes a golden vector")
    if images and source is not None:
        raise RequestError("--from does not go with --record", hint="leave one of them out")
    settings, voice = settings_of(options)
    engine = _Engine(threads, delegate)
    subjects = _subjects(what, card, settings, voice)
    files = Files(settings, voice, source)
    if folder is not None:
        _record(_only(subjects), images, every, folder, files, engine, voice, form)
        return 0
    tested = _with_vectors(what, subjects, voice)
    verdicts = [_verdict(one, files, engine, voice) for one in tested]
    golden_report.show(verdicts, form)
    states = {one.state for one in verdicts}
    return 1 if "fail" in states else 3 if "unknown" in states else 0


class _Engine(NamedTuple):
    """How models are run."""

    threads: int
    delegate: str | None


class _Subject(NamedTuple):
    """A model to test: a file, or where None the variant's own."""

    path: Path | None
    variant: Variant | None

    @property
    def name(self) -> str:
        """As messages name it."""
        return self.variant.full_name if self.variant else str(self.path)


def _subjects(what: str, card: str | None, settings: Settings, voice: Voice) -> list[_Subject]:
    found = meant(what, settings, voice)
    if isinstance(found, Path):
        return [_Subject(found, variant_of(found, card, settings, voice))]
    if card is not None:
        raise RequestError("--as goes with a file, not with a name", hint="leave it out")
    return [_Subject(None, variant) for variant in found]


def _with_vectors(what: str, subjects: list[_Subject], voice: Voice) -> list[_Subject]:
    """Those that can be tested.

    Raises:
        UnavailableError: None can; says why.
    """
    if any(one.variant is None for one in subjects):
        raise UnavailableError(
            f"{what}: no card of the catalogue has this file, so nothing says what it should compute",
            hint="--as NAME holds it to a variant's golden vectors; --record PICTURE -o DIR makes some",
        )
    sole = len(subjects) == 1
    tested = [one for one in subjects if one.variant and one.variant.golden and (sole or one.variant.pinned)]
    if not tested:
        one_of = (
            f"{subjects[0].name} carries no" if sole else f"none of the {len(subjects)} variants of {what!r} has a"
        )
        raise UnavailableError(
            f"{one_of} golden vector, so there is nothing to compare with",
            hint="`zoo selftest NAME --record PICTURE -o DIR` makes one, with what the card must say",
        )
    for one in subjects:
        if one not in tested:
            pinned = one.variant is not None and one.variant.pinned
            voice.note(f"not tested: {one.name} {'carries no golden vector' if pinned else 'is unpinned'}")
    return tested


def _verdict(subject: _Subject, files: Files, engine: _Engine, voice: Voice) -> Verdict:
    """Test one variant; what keeps it from being tested is its verdict, so that the others are."""
    variant = subject.variant
    assert variant is not None  # noqa: S101 - `_with_vectors` has seen to it
    try:
        return _tested(subject, variant, files, engine, voice)
    except RejectedError as error:
        return golden_report.Verdict(variant.full_name, "fail", error.message, hint=error.hint)
    except UnavailableError as error:
        return golden_report.Verdict(variant.full_name, "unknown", error.message, hint=error.hint)


def _tested(subject: _Subject, variant: Variant, files: Files, engine: _Engine, voice: Voice) -> Verdict:
    from registry import runtime
    from registry.digest import Digest
    from registry.selftest import selftest

    if subject.path is None and variant.format not in runtime.FORMATS:
        formats = ", ".join(runtime.FORMATS)
        raise UnavailableError(f"no runtime for {variant.format} files here, only for {formats}")
    path, graph = _read(subject, files)
    contents = {artifact.file: files.golden(variant, artifact) for artifact in variant.golden_files}
    with voice.hush():
        model = runtime.open_inspected(path, graph, threads=engine.threads, delegate=engine.delegate)
        outcomes = selftest(model, variant.golden, contents)
    return golden_report.Verdict(
        variant.full_name,
        "pass" if all(one.passed for one in outcomes) else "fail",
        sha256=Digest.of_file(path).hex,
        runtime={"name": model.name, "version": model.version, **engine._asdict()},
        outcomes=outcomes,
    )


def _read(subject: _Subject, files: Files) -> tuple[Path, Graph]:
    """The model's file, inspected; a blob has no ending that would tell its format, but its card does."""
    from registry.inspect import read

    if subject.path is not None:
        return subject.path, read(subject.path)
    assert subject.variant is not None  # noqa: S101 - a subject is a file or a variant
    path = files.path(subject.variant, model_artifact(subject.variant))
    return path, read(path, subject.variant.format)


def _record(
    subject: _Subject,
    images: tuple[Path, ...],
    every: int,
    folder: Path,
    files: Files,
    engine: _Engine,
    voice: Voice,
    form: str,
) -> None:
    from registry.digest import Digest
    from registry.facts import Facts
    from registry.plausible import FLOAT_SCHEMES
    from registry.record import record, snippet, write
    from registry.segmenter import open_segmenter

    variant = subject.variant
    path, graph = _read(subject, files)
    facts = Facts(graph)
    with voice.hush():
        segmenter = open_segmenter(path, graph, variant, threads=engine.threads, delegate=engine.delegate)
        stem = Path(model_artifact(variant).file).stem if variant else path.stem
        quantized = facts.scheme.scheme not in FLOAT_SCHEMES
        recording = record(
            segmenter, images, folder, stem=stem, model=Digest.of_file(path), quantized=quantized, every=every
        )
    for name in recording.uniform:
        voice.note(f"{name}: the output is one value everywhere, which proves little; take another picture")
    text = snippet(recording, subject.name if variant else path.name)
    write(folder / "golden.yaml", text)
    golden_report.recorded(recording, text, folder, voice, form)


def _only(subjects: list[_Subject]) -> _Subject:
    """The one model that is recorded; of several variants the only pinned one."""
    found = [one for one in subjects if one.variant and one.variant.pinned] if len(subjects) > 1 else subjects
    if len(found) == 1:
        return found[0]
    listed = ", ".join(one.name for one in (found or subjects)[:8])
    raise RequestError(f"--record is for one model, found {len(found or subjects)}", hint=f"one of: {listed}")
