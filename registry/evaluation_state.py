"""The state of an evaluation that is not finished: on disk every now and then, so that a stopped run goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from registry.errors import RejectedError, RequestError, UnavailableError
from registry.evaluation import Bad, Subject
from registry.files import write_atomically
from registry.metrics import Agreement, Look, Run, Sight, lowest

SCHEMA = "evaluation-state/2"


class State:
    """What is known of the images so far.

    Attributes:
        done: Images that were looked at, bad ones included.
        bad: Those that cannot be evaluated.
        runs: Accumulated figures of each model.
        worst: The images that stand out, of each model.
        agreement: Of two models; stays empty for one.
    """

    def __init__(self, path: Path | None, subjects: Sequence[Subject], run: Callable[[], Run]) -> None:
        """Go on from what is kept, or begin anew where it is missing, damaged or of something else.

        Args:
            path: Where it is kept; None keeps nothing.
            subjects: What the figures of each model belong to.
            run: Gives empty accumulators.
        """
        self._path = path
        self._subjects = [subject.to_json() for subject in subjects]
        self._clear(run)
        try:
            self._resume()
        except (OSError, ValueError, KeyError, TypeError, RejectedError, RequestError):
            self._clear(run)

    def _clear(self, run: Callable[[], Run]) -> None:
        self.done: set[str] = set()
        self.bad: list[Bad] = []
        self.runs = [run() for _ in self._subjects]
        self.worst: list[tuple[Sight, ...]] = [() for _ in self._subjects]
        self.agreement = Agreement(self.runs[0].classes)

    def take(self, number: int, name: str, look: Look) -> None:
        """Take in what a look at an image found of a model, by the model's number."""
        self.runs[number].take(look)
        matrix = look.at_network if look.at_mask is None else look.at_mask
        if matrix is not None:
            self.worst[number] = lowest(self.worst[number], Sight.of(name, matrix))

    def save(self) -> None:
        """Write it.

        Raises:
            UnavailableError: It cannot be written.
        """
        if self._path is None:
            return
        try:
            write_atomically(self._path, json.dumps(self._to_json()).encode())
        except OSError as error:
            raise UnavailableError(
                f"{self._path}: the state cannot be kept: {error.strerror or error}",
                hint="free space, or choose another folder with --cache",
            ) from None

    def remove(self) -> None:
        """Forget what is kept, since the run is complete."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _to_json(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "subjects": self._subjects,
            "runs": [run.to_json() for run in self.runs],
            "worst": [[sight.to_json() for sight in of_model] for of_model in self.worst],
            "agreement": self.agreement.to_json(),
            "done": sorted(self.done),
            "bad": [one.to_json() for one in self.bad],
        }

    def _resume(self) -> None:
        if self._path is None or not self._path.exists():
            return
        kept = json.loads(self._path.read_bytes())
        if kept["schema"] != SCHEMA or kept["subjects"] != self._subjects:
            return
        runs = [Run.from_json(one) for one in kept["runs"]]
        for found, wanted in zip(runs, self.runs, strict=True):
            if (found.classes, set(found.protocols)) != (wanted.classes, set(wanted.protocols)):
                return
        self.runs = runs
        self.worst = [tuple(Sight.from_json(one) for one in of_model) for of_model in kept["worst"]]
        self.agreement = Agreement.from_json(kept["agreement"])
        self.bad = [Bad(str(one["image"]), str(one["reason"])) for one in kept["bad"]]
        self.done = {str(name) for name in kept["done"]}
