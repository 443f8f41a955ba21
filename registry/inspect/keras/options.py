"""The configuration of a layer, read with types and bounds: anything may stand where a number should."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.inspect.bounds import MalformedError

_LARGEST = 1 << 31


class Options:
    """Configuration of one layer.

    Args:
        data: As the file has it.
        file: What messages call the file.
        layer: Name of the layer.
    """

    __slots__ = ("_data", "_file", "_layer")

    def __init__(self, data: Mapping[str, Any], file: str, layer: str) -> None:
        self._data, self._file, self._layer = data, file, layer

    def malformed(self, key: str, expected: str, found: object) -> MalformedError:
        """An error of this layer."""
        return MalformedError(self._file, f"layer {self._layer}: {key}", expected, str(found)[:80])

    def raw(self, key: str) -> Any:
        """A value as it stands; None where it is missing."""
        return self._data.get(key)

    def has(self, key: str) -> bool:
        """Whether the file says something about it."""
        return key in self._data

    def word(self, key: str, default: str = "") -> str:
        """A text."""
        value = self._data.get(key)
        return value if isinstance(value, str) else default

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Yes or no."""
        value = self._data.get(key)
        return default if value is None else bool(value)

    def real(self, key: str, default: float | None = None) -> float | None:
        """A real number; arrays of one stand for their element, as Keras writes them."""
        value = self._data.get(key)
        while isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, dict) and isinstance(value.get("config"), dict):
            value = value["config"].get("value")
        if type(value) is int and abs(value) < _LARGEST:
            return float(value)
        return value if isinstance(value, float) else default

    def integer(self, key: str, default: int = 0, *, least: int = 0) -> int:
        """A whole number of at least `least`.

        Raises:
            MalformedError: It is none, or out of bounds.
        """
        value = self._data.get(key)
        value = default if value is None else value
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if not _whole(value) or not least <= value < _LARGEST:
            raise self.malformed(key, f"a whole number from {least}", value)
        return int(value)

    def numbers(self, key: str, count: int, default: int = 1, *, least: int = 1) -> tuple[int, ...]:
        """Whole numbers, as a list or as one that stands for all.

        Raises:
            MalformedError: They are none, or not so many.
        """
        value = self._data.get(key)
        value = default if value is None else value
        found = value if isinstance(value, list) else [value] * count
        if len(found) != count or not all(_whole(one) and least <= one < _LARGEST for one in found):
            raise self.malformed(key, f"{count} whole numbers from {least}", value)
        return tuple(found)

    def sides(self, key: str, count: int) -> tuple[tuple[int, int], ...]:
        """Amounts before and after each of so many dimensions: `1`, `[1, 1]` or `[[0, 1], [0, 1]]`.

        Raises:
            MalformedError: They are none of these.
        """
        value = self._data.get(key)
        if _whole(value):
            value = [[value, value]] * count
        elif isinstance(value, list) and count > 1 and all(_whole(one) for one in value):
            value = [[one, one] for one in value]
        elif isinstance(value, list) and count == 1 and all(_whole(one) for one in value):
            value = [value]
        pairs = value if isinstance(value, list) else []
        good = all(
            isinstance(pair, list) and len(pair) == 2 and all(_whole(one) and 0 <= one < _LARGEST for one in pair)
            for pair in pairs
        )
        if len(pairs) != count or not good:
            raise self.malformed(key, f"{count} pairs of whole numbers", value)
        return tuple((pair[0], pair[1]) for pair in pairs)


def _whole(value: Any) -> bool:
    return type(value) is int
