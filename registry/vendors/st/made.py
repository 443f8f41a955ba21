"""The document that a configuration becomes: each value knows where in the configuration it comes from."""

from __future__ import annotations

from typing import Any

from registry.document import Document, Position, Step
from registry.vendors.st.config import Config, Path


class Made:
    """A document in the making.

    Attributes:
        plain: What it says so far.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self.plain: dict[str, Any] = {}
        self._places: dict[int, dict[Step, Position]] = {}

    def put(self, where: str, value: Any, source: Path) -> None:
        """Set a value, unless it is None.

        Args:
            where: Dotted place in the document.
            value: Plain data.
            source: Key of the configuration that it comes from.
        """
        if value is None:
            return
        place = self._config.document.position(source)
        node = self.plain
        *parents, last = where.split(".")
        for step in parents:
            self._places.setdefault(id(node), {}).setdefault(step, place)
            node = node.setdefault(step, {})
        self._places.setdefault(id(node), {})[last] = place
        node[last] = value

    def document(self) -> Document:
        """What was made."""
        return Document(self._config.document.file, self.plain, self._places)
