"""Which arrays of a weights file belong to which layer.

Keras 2 names them in attributes: a group of each top-level layer lists its weights, as `conv2d/kernel:0`. Keras 3
numbers them below the layer's place, as `layers/conv2d_1/vars/0`: not the layer's own name but its class, counted
in the order of its model.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from registry.inspect.hdf5.reader import Contents, Dataset

_OLD = "model_weights"
_LONGEST = 512
"""Signs of a place that are kept, from the end: each operator below a long name would carry it."""

_EXTRA = re.compile(r"(^|/)_?(seed_generator|random_generator)(/|$)")
"""State of random numbers, which Keras does not count as weights."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a layer stands.

    Attributes:
        name: Name, behind those of the models that it is nested in.
        top: Name of the layer of the outermost model that it is or stands in.
        saved: Path in a weights file of Keras 3.
    """

    name: str = ""
    top: str = ""
    saved: str = ""

    def below(self, name: str, saved: str) -> Place:
        """The place of a part."""
        return Place(
            f"{self.name}/{name}".lstrip("/")[-_LONGEST:], self.top or name, f"{self.saved}/{saved}".lstrip("/")
        )


@dataclass(frozen=True, slots=True)
class Weight:
    """An array of a layer: path in the file, its role (`kernel`) where the file says it, and the array."""

    path: str
    role: str
    dataset: Dataset


def saved_names(classes: Iterable[str]) -> Iterator[str]:
    """Names that Keras 3 saves the layers of a model under."""
    seen: Counter[str] = Counter()
    for class_name in classes:
        name = _snake(class_name)
        yield f"{name}_{seen[name]}" if seen[name] else name
        seen[name] += 1


def _snake(name: str) -> str:
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name[:256]))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def _natural(path: str) -> tuple[tuple[str, int], ...]:
    """Order in which Keras builds: forward before backward, numbers by their value."""
    parts = path.replace("forward_", "a_forward_").split("/")
    return tuple((re.sub(r"\d+$", "", part), _number(part)) for part in parts)


def _number(part: str) -> int:
    found = re.search(r"\d{1,9}$", part)
    return int(found[0]) if found else -1


class Weights:
    """The arrays of a weights file, by layer."""

    def __init__(self, found: Contents) -> None:
        self._old = any(path == _OLD or path.startswith(f"{_OLD}/") for path in found.attributes)
        self._found = found
        renamed = {_modern(path): path for path in found.datasets}
        self._paths = sorted(renamed)
        self._renamed = renamed
        self._groups: dict[str, list[Weight]] = {}
        self._parts: dict[str, dict[str, list[Weight]]] = {}

    def of(self, place: Place) -> list[Weight]:
        """Arrays of a layer, in the order in which Keras builds them."""
        if not self._old:
            if place.saved not in self._groups:
                self._groups[place.saved] = list(self._below(f"{place.saved}/"))
            return self._groups[place.saved]
        if place.top not in self._groups:
            self._list(place.top)
        if place.name == place.top:
            return self._groups[place.top]
        return self._parts[place.top].get(place.name.rpartition("/")[2], [])

    def _below(self, prefix: str) -> Iterator[Weight]:
        start = bisect_left(self._paths, prefix)
        paths = []
        for path in self._paths[start:]:
            if not path.startswith(prefix):
                break
            if not _EXTRA.search(path):
                paths.append(path)
        for path in sorted(paths, key=_natural):
            yield Weight(path, "", self._found.datasets[self._renamed[path]])

    def _list(self, top: str) -> None:
        """Find the weights of a top-level layer, all of them and by the parts of their names."""
        group = f"{_OLD}/{top}"
        weights = self._groups[top] = []
        parts = self._parts[top] = {}
        for name in dict.fromkeys(self._names(group)):
            path = f"{group}/{name}"
            dataset = self._found.datasets.get(path)
            if dataset is None:
                continue
            weight = Weight(path, name.rpartition("/")[2].partition(":")[0], dataset)
            weights.append(weight)
            for part in dict.fromkeys(name.split("/")[:-1]):
                parts.setdefault(part, []).append(weight)

    def _names(self, group: str) -> Iterator[str]:
        """Names in an attribute, or in numbered ones where one would be too long for HDF5."""
        attributes = self._found.attributes.get(group, {})
        for key in ("weight_names", *(f"weight_names{number}" for number in range(len(attributes)))):
            value = attributes.get(key)
            if isinstance(value, tuple):
                yield from value


def _modern(path: str) -> str:
    """Path as Keras writes it since 2.13; the first version of the format had other names."""
    return path.replace("\\", "/").replace("_layer_checkpoint_dependencies", "layers")
