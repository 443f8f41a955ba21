"""The card that `--record` writes a figure into: one of the user's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import RejectedError, RequestError
from registry.settings import BUILTIN

if TYPE_CHECKING:
    from registry.card import Variant
    from registry.catalog import Catalog
    from registry.settings import Settings


def require_variant(variant: Variant | None, path: Path) -> Variant:
    """The variant that a file is.

    Raises:
        RequestError: No card has the file.
    """
    if variant is None:
        raise RequestError(
            f"{path}: no card of the catalogue has this file, so there is none to record in",
            hint="--as NAME names the variant; --cards DIR names the folder of its card",
        )
    return variant


def own_card(variant: Variant, settings: Settings, catalog: Catalog) -> Path:
    """The card of a variant.

    Raises:
        RejectedError: It is not the user's own.
    """
    card = Path(catalog.card(variant.full_name.rpartition("/")[0])[0]).resolve()
    own = (Path(folder) for folder in settings.cards if folder != BUILTIN)
    place = next((folder for folder in own if card.is_relative_to(folder.resolve())), None)
    if place is None:
        raise RejectedError(
            f"{variant.full_name}: its card {card} is in none of your folders of cards, so it stays as it is",
            hint="--cards DIR names a folder of your own; copy the card there",
        )
    return place / card.relative_to(place.resolve())
