"""The images of a run: which split is learnt from, which is measured on, and the digests of their lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from registry.dataset import Dataset
from registry.samples import Sample, VocFolder
from registry.samples.lists import list_digest
from registry.training.document import Source


@dataclass(frozen=True)
class Images:
    """What is learnt from and measured on.

    Attributes:
        dataset: The card that masks are read by.
        train, validation: Images and masks.
    """

    dataset: Dataset
    train: tuple[Sample, ...]
    validation: tuple[Sample, ...]

    @classmethod
    def of(cls, folder: VocFolder, dataset: Dataset, source: Source) -> Images:
        """The images that a configuration asks for.

        Raises:
            RequestError: There is no such split, or too few images for a batch.
            RejectedError: A list is no list.
            UnavailableError: A list cannot be read.
        """
        how = source.configuration
        train, validation = (tuple(folder.samples(split)) for split in (how.data.train, how.data.validation))
        _require(source, ("batch",), how.data.train, len(train), how.batch)
        _require(source, ("data", "validation"), how.data.validation, len(validation), 1)
        return cls(dataset, train, validation[: how.evaluation.limit])

    def to_json(self, source: Source) -> dict[str, Any]:
        """Names, counts and list digests."""
        data = source.configuration.data
        parts = {"train": (data.train, self.train), "validation": (data.validation, self.validation)}
        return {
            "dataset": self.dataset.name,
            "classes": list(self.dataset.class_names),
            **{
                role: {
                    "split": split,
                    "images": len(listed),
                    "sha256": list_digest([one.name for one in listed]).hex,
                }
                for role, (split, listed) in parts.items()
            },
        }


def _require(source: Source, path: tuple[str, ...], split: str, count: int, least: int) -> None:
    if count < least:
        raise source.error(
            path,
            "images",
            f"the split {split!r} has too few images",
            expected=f"at least {least}",
            found=str(count),
        )
