"""Generated images of a configuration: made below the run's folder, once."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from registry.errors import RequestError
from registry.progress import Progress
from registry.samples import shapes
from registry.samples.own_card import read_card
from registry.samples.voc import CARD
from registry.training.configuration import Data

FOLDER = "data"


def data_folder(data: Data, output: Path, progress: Progress) -> Path:
    """The folder of images that a configuration names, or the one that it describes, generated where it is missing.

    Raises:
        RequestError: Other generated images are there already.
        RejectedError: The card of what is there is damaged.
        UnavailableError: They cannot be written, or the extra [eval] is missing.
    """
    if data.shapes is None:
        return Path(data.folder or "")
    wanted = data.shapes
    folder = output / FOLDER
    if not folder.exists():
        shapes.make(folder, progress, **asdict(wanted))
        return folder
    card = shapes.card(**asdict(wanted))
    found = read_card(folder / CARD).document.get("derivation")
    if found != card["derivation"]:
        raise RequestError(
            f"{folder}: expected {card['derivation']} Found {found}",
            hint="remove the folder, or name another run's folder with -o",
        )
    return folder
