"""A model with all that stands between a picture and its class map."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from registry import pictures, runtime
from registry.card import Variant
from registry.class_map import Reading, planes
from registry.errors import RejectedError
from registry.inspect.graph import Graph
from registry.preparation import Preparation, View, preparation_of, prepare
from registry.runtime.base import Array, Model
from registry.samples.pictures import VOID


class ClassMaps(NamedTuple):
    """Class ids at the sizes that were asked for; None instead of the other.

    Attributes:
        at_picture: (height, width) of the picture; 255 where the model saw nothing.
        at_network: At the output's own size.
    """

    at_picture: Array
    at_network: Array


@dataclass(frozen=True)
class Segmenter:
    """A model, and how pictures go in and class maps come out.

    Attributes:
        model: Loaded.
        preparation: How a picture becomes its input.
        output: Which of its outputs holds the classes.
        classes: Number of classes where it is known.
        offset: Added to the model's class to get the dataset's.
    """

    model: Model
    preparation: Preparation
    output: int
    classes: int | None
    offset: int

    def prepare(self, picture: Array) -> tuple[Array, View]:
        """What the model's input stores for a picture, and where the picture lies on it."""
        return prepare(picture, self.preparation, self.model.inputs[0])

    def class_maps(self, outputs: list[Array], view: View | None, *, network: bool = False) -> ClassMaps:
        """Class ids from what `Model.invoke` gave.

        Args:
            outputs: All that it gave.
            view: Where the picture lies on the input; None where its size is not asked for.
            network: Whether the network's size is asked for.
        """
        # what is stored serves: a scale above 0 keeps the order of scores
        reading = Reading(planes(outputs[self.output], self.classes, self.preparation.layout))
        at_picture = None if view is None else self._of_dataset(reading.at_picture_size(view))
        return ClassMaps(at_picture, reading.best + self.offset if network else None)

    def class_map(self, picture: Array) -> Array:
        """Class ids of a picture, at its own size.

        Args:
            picture: uint8 (height, width, 3), RGB.

        Raises:
            RejectedError: The model does not take it, or gives something else than classes.
        """
        stored, view = self.prepare(picture)
        return self.class_maps(self.model.invoke(stored), view).at_picture

    def _of_dataset(self, found: Array) -> Array:
        return found + self.offset * (found != VOID) if self.offset else found


def open_segmenter(
    path: Path,
    graph: Graph,
    variant: Variant | None,
    *,
    threads: int = 1,
    delegate: str | None = None,
    preprocessing: Mapping[str, Any] | None = None,
) -> Segmenter:
    """Load a model that has been inspected.

    Args:
        path: The file.
        graph: What inspection found in it.
        variant: Whose card says how pictures go in; None where only the file can.
        threads: CPU threads of the engine.
        delegate: See `registry.runtime.open_model`.
        preprocessing: What goes before the card's words on preprocessing.

    Raises:
        RequestError: Its format is not run here, or there is no such delegate.
        RejectedError: It is dangerous to run, or no segmentation of one image.
        UnavailableError: An engine, a delegate or Pillow is missing.
    """
    pictures.require_pillow()
    model = runtime.open_inspected(path, graph, threads=threads, delegate=delegate)
    if len(model.inputs) != 1:
        raise RejectedError(f"{path}: expected one input, an image, found {len(model.inputs)}")
    stated = variant.document.get("postprocessing", {}) if variant else {}
    return Segmenter(
        model,
        preparation_of(model.inputs[0], graph, variant, preprocessing),
        _output(model, path),
        variant.classes if variant else None,
        stated.get("label_offset", 0),
    )


def open_descendant(path: Path, graph: Graph, parent: Segmenter, *, threads: int = 1) -> Segmenter:
    """Load a file that was made from another model: pictures go in and classes come out as they do there.

    Raises:
        RequestError: Its format is not run here.
        RejectedError: It is dangerous to run, or no segmentation of one image.
        UnavailableError: An engine is missing.
    """
    model = runtime.open_inspected(path, graph, threads=threads)
    return dataclasses.replace(parent, model=model, output=_output(model, path))


def _output(model: Model, path: Path) -> int:
    """The first output that has a height and a width."""
    for number, port in enumerate(model.outputs):
        if len(port.shape) in (3, 4):
            return number
    raise RejectedError(f"{path}: expected an output of class ids or scores for each pixel, found none")
