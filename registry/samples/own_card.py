"""The dataset card that a folder brings itself."""

from __future__ import annotations

from pathlib import Path

from registry.dataset import Dataset
from registry.document import Document, read
from registry.errors import RejectedError


def read_card(path: Path) -> Dataset:
    """Read and judge a dataset card.

    Raises:
        RejectedError: It cannot be read, or the schema forbids it.
    """
    from registry.schema import check

    document = read(path)
    problems = check(document, "dataset") if isinstance(document, Document) else [document]
    if problems:
        raise RejectedError(f"not a dataset card: {problems[0]}", hint="correct it, or name another with --dataset")
    assert isinstance(document, Document)  # noqa: S101 - narrows the type
    return Dataset.from_document(document.value)
