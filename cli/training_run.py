"""A run of `zoo train`, or of a pipeline that trains: from a configuration to a trained model."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.data_folder import dataset_of
from cli.session import Voice

if TYPE_CHECKING:
    from registry.settings import Settings
    from registry.training.document import Source


def read(config: Path, overrides: dict[str, str]) -> Source:
    """Read a configuration, once what trains is there.

    Raises:
        RequestError: It is not valid.
        UnavailableError: The extra [train] is missing.
    """
    from registry.training import document, network

    network.require_extra()
    return document.read(config, overrides)


def train(
    source: Source, place: Path, settings: Settings, voice: Voice, *, resume: bool | None, threads: int | None
) -> dict[str, Any]:
    """Train into a folder, and return the record.

    Args:
        source: A valid configuration.
        place: Folder of the run.
        settings: Of the command.
        voice: Of the command.
        resume: See `registry.train.train`.
        threads: CPU threads; None for all processors.
    """
    from registry import interrupts
    from registry import train as verb
    from registry.lineage import recorded
    from registry.lineage.step import Lineage
    from registry.samples import VocFolder
    from registry.training import generated, network
    from registry.training.images import Images

    network.require_extra()
    data = generated.data_folder(source.configuration.data, place, voice)
    opened = VocFolder(data)
    dataset = dataset_of(data, source.configuration.data.dataset, settings, voice)
    source.require_dataset(dataset)
    images = Images.of(opened, dataset, source)
    count = threads or os.cpu_count() or 1
    try:
        with interrupts.remembered(voice) as progress:
            record = verb.train(source, images, place, progress, threads=count, resume=resume, hush=voice.hush)
    except KeyboardInterrupt:
        voice.note(f"{place}: what is trained up to the last whole epoch is kept; the same command goes on")
        raise
    parent = source.configuration.parent
    came = recorded.brought_along(Path(parent.file)) if parent else Lineage(())
    recorded.write(place / record["model"]["file"], recorded.extended(came, recorded.of_training(record)))
    return record


def preprocessing_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """How pictures go into a trained model, by its record: as the training itself resizes them."""
    return {**record["model"]["preprocessing"], "resize": "stretch", "interpolation": "bilinear"}
