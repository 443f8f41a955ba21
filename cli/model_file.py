"""A model file on the command line: a path, or the name of a variant whose file can be had."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cli import places, registries
from cli.session import Voice, common_options, load_settings, open_catalog
from registry.errors import RejectedError, RequestError

if TYPE_CHECKING:
    from registry.card import Artifact, Variant
    from registry.catalog import Catalog
    from registry.inspect.graph import Graph
    from registry.settings import Settings
    from registry.target import Target

Command = TypeVar("Command", bound=Callable[..., Any])


def model_options(command: Command) -> Command:
    """Options of every command that reads a model file."""
    return registries.registry_option(places.place_options(common_options(command)))


def settings_of(options: Mapping[str, Any]) -> tuple[Settings, Voice]:
    """Settings and voice by the options of `model_options`."""
    names = ("cards", "cache", "registries", "mirrors", "offline")
    voice = Voice(quiet=options["quiet"], verbose=options["verbose"])
    return load_settings(**{name: options[name] for name in names}, tracking=options.get("tracking")), voice


def located(what: str, settings: Settings, voice: Voice) -> tuple[Path, Variant | None]:
    """The file that the words of a command mean, and the variant when they name one.

    A path goes before a name. The file of a variant is taken from the cache, else pulled into it, proven.

    Raises:
        RequestError: Neither a file nor one variant.
        RejectedError: The variant has no file with a digest.
        UnavailableError: No place gives its bytes.
    """
    found = meant(what, settings, voice)
    if isinstance(found, Path):
        return found, None
    variant = _one(found, what)
    artifact = model_artifact(variant)
    return places.make_obtainer(settings, voice).obtain(variant, artifact, artifact.digest).path, variant


def meant(what: str, settings: Settings, voice: Voice) -> Path | list[Variant]:
    """A file by its path, which goes before a name, or the variants that a name means.

    Raises:
        RequestError: Neither a file nor a name of one card.
    """
    if Path(what).is_file():
        return Path(what)
    if Path(what).suffix in _ENDINGS or what.startswith((".", "/")):
        raise RequestError(f"no such file: {what}", hint="give a model file or the name of a variant")
    catalog = open_catalog(settings, voice)
    return catalog.variants(catalog.one_card(what))


def graph_of(path: Path, variant: Variant | None) -> Graph:
    """What inspection finds in a file; where neither first bytes nor ending tell its format, the card does.

    Raises:
        RejectedError: It is no model of a known format, or breaks its format.
        UnavailableError: It cannot be read.
    """
    from registry.inspect import format_of, read

    return read(path, format_of(path) or (variant.format if variant else None))


def variant_of(path: Path, card: str | None, settings: Settings, voice: Voice) -> Variant | None:
    """The variant whose card is meant for a file: by name, or by the file's digest; None where no card has that.

    Raises:
        RequestError: Several variants have the name or the digest.
    """
    from registry.digest import Digest

    catalog = open_catalog(settings, voice)
    names = catalog.one_card(card) if card is not None else catalog.with_digest(Digest.of_file(path).hex)
    if len(names) > 1:
        raise RequestError(f"{len(names)} variants have this file or name", hint=f"--as one of: {', '.join(names)}")
    return catalog.variants(names)[0] if names else None


def of_digest(path: Path, catalog: Catalog) -> Variant | None:
    """The only variant whose card has a file's digest."""
    from registry.digest import Digest

    names = catalog.with_digest(Digest.of_file(path).hex)
    return catalog.variants(names)[0] if len(names) == 1 else None


def next_best(catalog: Catalog, variant: Variant | None, target: Target) -> Variant | None:
    """What `zoo pull` would choose of the same family for a target that a variant does not fit."""
    from registry.constraints import Constraints
    from registry.resolve import resolve

    if variant is None:
        return None
    family = [one for one in catalog.variants(catalog.find(variant.family)) if one.full_name != variant.full_name]
    return resolve(family, target, Constraints(), "accuracy", allow_unpinned=True).chosen


_ENDINGS = (".tflite", ".lite", ".onnx", ".keras", ".h5", ".hdf5")


def _one(variants: list[Variant], what: str) -> Variant:
    """The variant that is meant; of several the only one with a pinned file."""
    found = [one for one in variants if one.pinned] if len(variants) > 1 else variants
    if len(found) == 1:
        return found[0]
    listed = ", ".join(one.full_name for one in (found or variants)[:8])
    raise RequestError(f"{what!r} means {len(found or variants)} variants", hint=f"one of: {listed}")


def model_artifact(variant: Variant) -> Artifact:
    """The model file of a variant, which has a digest.

    Raises:
        RejectedError: It has none.
    """
    model = variant.model_file
    if model is None or model.digest is None:
        raise RejectedError(
            f"{variant.full_name}: its card has no digest of a model file, so nothing proves which bytes it means",
            hint="pull it with --allow-unpinned and give the file's path",
        )
    return model
