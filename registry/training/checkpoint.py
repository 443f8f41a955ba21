"""What a run is taken up from: one file of arrays and plain data, replaced whole after each epoch."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.errors import RejectedError, UnavailableError
from registry.files import write_atomically

SCHEMA = "training-checkpoint/1"
_STATE = "state"

Array = Any


@dataclass(frozen=True)
class Checkpoint:
    """A run after a whole epoch.

    Attributes:
        state: Plain data: digest of what is trained, epochs done, figures so far, watched figures.
        model, optimiser: Values of their variables, in order.
    """

    state: Mapping[str, Any]
    model: Sequence[Array]
    optimiser: Sequence[Array]


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; the one before stays until the new one is whole.

    Raises:
        UnavailableError: The disk is full or cannot be written.
    """
    import numpy as np

    arrays: dict[str, Array] = {f"model/{number}": value for number, value in enumerate(checkpoint.model)}
    arrays |= {f"optimiser/{number}": value for number, value in enumerate(checkpoint.optimiser)}
    text = json.dumps({**checkpoint.state, "schema": SCHEMA}).encode()
    arrays[_STATE] = np.frombuffer(text, np.uint8)
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    write(path, stream.getvalue())


def write(path: Path, data: bytes) -> None:
    """Write a file of the run whole or not at all.

    Raises:
        UnavailableError: The disk is full or cannot be written.
    """
    try:
        write_atomically(path, data)
    except OSError as error:
        raise unwritable(path, error) from None


def unwritable(path: Path, error: OSError) -> UnavailableError:
    """The error of a file of the run that cannot be written."""
    return UnavailableError(
        f"{path}: cannot be written: {error.strerror or error}",
        hint="free space and run the same command again: it goes on after the last whole epoch",
    )


def load(path: Path) -> Checkpoint | None:
    """Read a checkpoint; None where there is none.

    Raises:
        RejectedError: It is damaged.
        UnavailableError: It cannot be read.
    """
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as stored:
            state = json.loads(bytes(stored[_STATE]))
            if state.get("schema") != SCHEMA:
                raise ValueError(f"expected {SCHEMA}, found {state.get('schema')}")
            return Checkpoint(state, _values(stored, "model"), _values(stored, "optimiser"))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise RejectedError(f"{path}: a damaged checkpoint: {error}", hint="--restart begins anew") from None
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be read: {error.strerror or error}") from None


def _values(stored: Any, part: str) -> list[Array]:
    names = [name for name in stored.files if name.startswith(f"{part}/")]
    return [stored[f"{part}/{number}"] for number in range(len(names))]
