"""How a variant's file is made from a pinned parent: a formula on its card, and whether the result is that file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.card import Variant
from registry.digest import Digest
from registry.errors import RejectedError, RequestError


@dataclass(frozen=True)
class Recipe:
    """A recipe.

    Attributes:
        variant: What it makes.
        parent: Full name of the variant that it is made from.
        configuration: What is done, a whole document of schemas/quantization.json but for folders of images.
        images: Generated pictures that it looks at, as `registry.samples.shapes.make` takes them; None for a folder
            that the user names.
        versions: Of the packages that gave the pinned bytes.
    """

    variant: Variant
    parent: str
    configuration: Mapping[str, Any]
    images: Mapping[str, Any] | None
    versions: Mapping[str, str]

    @classmethod
    def of(cls, variant: Variant) -> Recipe:
        """The recipe of a variant.

        Raises:
            RequestError: Its card has none.
            RejectedError: Its card has one, and no parent.
        """
        stated = variant.document.get("recipe")
        if stated is None:
            raise RequestError(
                f"{variant.full_name} has no recipe", hint="`zoo pull` fetches it, if it can be had at all"
            )
        parent = variant.document.get("parent")
        if parent is None:
            raise RejectedError(f"{variant.full_name}: expected a 'parent' beside its 'recipe', found none")
        whole = parent if "/" in parent else f"{variant.publisher}/{variant.model}/{parent}"
        configuration = {
            "schema": "quantization/1",
            "name": variant.name,
            "parent": {"sha256": stated["parent"]},
            **stated["quantization"],
        }
        return cls(variant, whole, configuration, stated.get("images"), stated.get("versions", {}))

    @property
    def wanted(self) -> Digest | None:
        """Digest of the file that it is to make; None where the card does not pin it yet."""
        return self.variant.model_file.digest if self.variant.model_file else None

    def require_result(self, found: Digest, versions: Mapping[str, Any]) -> None:
        """See that what was made is the file that the card means.

        Args:
            found: Digest of what was made.
            versions: Of the packages that made it.

        Raises:
            RejectedError: It is another.
        """
        if self.wanted is None or found == self.wanted:
            return
        other = [
            f"{name} {versions.get(name) or 'none'} instead of {version}"
            for name, version in self.versions.items()
            if versions.get(name) != version
        ]
        raise RejectedError(
            f"{self.variant.full_name}: expected its recipe to make {self.wanted}, found {found}",
            hint=f"it was made with {'; '.join(other)}" if other else "all stated versions are the same: report it",
        )
