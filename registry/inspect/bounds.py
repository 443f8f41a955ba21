"""Limits that every reader of a model file keeps, and the error of a file that breaks its format."""

from __future__ import annotations

from registry.errors import RejectedError

MAX_TENSORS = 200_000
MAX_OPERATORS = 100_000
MAX_RANK = 16
MAX_DEPTH = 64
"""Nesting of subgraphs, functions, layers and JSON."""

MAX_NAME = 4096
"""Bytes of a name; a longer one is cut."""

MAX_METADATA_BYTES = 1 << 20
"""Text that a file may carry about itself; more is cut and said."""

SMALL_CONSTANT = 64
"""Elements up to which a constant's values are read: shapes, axes, scales of a reduction."""


class MalformedError(RejectedError):
    """A file is not what its format says.

    Attributes:
        where: Offset, member, layer or field.
    """

    def __init__(self, file: str, where: str, expected: str, found: str) -> None:
        super().__init__(
            f"{file}: {where}: expected {expected}, found {found}",
            hint="the file is damaged, cut off or was made to mislead; get it again, with its digest",
        )
        self.where = where
