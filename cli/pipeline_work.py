"""What a step of a pipeline is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.session import Voice

if TYPE_CHECKING:
    from registry.pipeline.document import Pipeline
    from registry.settings import Settings


@dataclass(frozen=True)
class Work:
    """What a step is given.

    Attributes:
        pipeline: All that is to be done.
        section: What says how this is done, as plain data.
        place: Folder of the step.
        model: The model so far, a path or the name of a variant; empty where there is none yet.
        preprocessing: How pictures go into it, where an earlier step says so.
        data: Folder of images that the step takes; None without one.
        options: Of the command: cards, cache, registries, mirrors, offline, quiet, verbose.
        settings, voice: Of the command.
        threads: CPU threads of a training.
        restart: Whether to begin anew.
    """

    pipeline: Pipeline
    section: Mapping[str, Any]
    place: Path
    model: str
    preprocessing: Mapping[str, Any]
    data: Path | None
    options: Mapping[str, Any]
    settings: Settings
    voice: Voice
    threads: int
    restart: bool


@dataclass(frozen=True)
class Result:
    """What a step has made.

    Attributes:
        outputs: Files by role.
        figures: What to say of it.
        failure: Why its gate is not passed; empty where it is.
        preprocessing: How pictures go into the model that it made.
    """

    outputs: Mapping[str, Path]
    figures: str
    failure: str = ""
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
