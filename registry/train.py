"""The verb behind `zoo train`: from a configuration and images to a float Keras model with a record of its making.

A run leaves in its folder `history.jsonl` (figures by epoch) and `checkpoint.npz` after each epoch, and at its end
`model.keras` and `training.json`. An interrupted run is taken up after its last whole epoch, and ends with the
weights that it would have had anyway.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from registry.errors import RequestError
from registry.lineage.commit import commit_of
from registry.lineage.step import utc
from registry.progress import Progress
from registry.training import checkpoint, execution, machine, network, result, samples, weights
from registry.training.document import Source
from registry.training.images import Images
from registry.training.loop import Run, Trainer, assign
from registry.training.loss import cross_entropy
from registry.training.result import Made
from registry.training.validation import Validation

HISTORY = "history.jsonl"
_CHECKPOINT, _BEST = "checkpoint.npz", "best.npz"


def train(
    source: Source,
    images: Images,
    output: Path,
    progress: Progress,
    *,
    threads: int,
    resume: bool | None = None,
    hush: Callable[[], AbstractContextManager[object]] = contextlib.nullcontext,
) -> dict[str, Any]:
    """Train, and return the record that is also in `training.json`.

    Args:
        source: A valid configuration.
        images: Its images.
        output: Folder of the run.
        progress: Hears of steps and epochs.
        threads: CPU threads; another number may give other weights.
        resume: True: there must be something to take up. False: begin anew. None: whatever is there.
        hush: Keeps away what TensorFlow writes by itself when it is loaded, which takes seconds: a run that is
            finished or refused does without.

    Raises:
        RequestError: The configuration contradicts the dataset, or the folder holds a run of another configuration.
        RejectedError: An image is damaged, the parent is not what it should be, or the loss is no number.
        UnavailableError: The extra [train] is missing, or the disk is full; the last checkpoint stays.
    """
    network.require_extra()
    classes = source.require_dataset(images.dataset)
    how = source.configuration
    parent = weights.proven(how.parent) if how.parent else None
    made_of = {
        "configuration": how.digest.hex,
        "data": images.to_json(source),
        "parent": None if parent is None else parent.hex,
    }
    if resume is False:
        _clear(output)
    elif finished := result.finished(output, made_of):
        progress.note(f"{output}: trained already; --restart trains again")
        return finished
    elif (output / result.RECORD_FILE).exists():
        raise _other(output)
    begun = _begun(output, made_of, required=resume is True)
    with hush():
        import tensorflow  # noqa: F401 - loaded here, used by all that follows
    work = _Work(source, images, output, progress, made_of, classes, threads)
    if begun:
        work.take_up(begun)
    work.run()
    return work.finish()


class _Work:
    """A run in its folder."""

    def __init__(
        self,
        source: Source,
        images: Images,
        output: Path,
        progress: Progress,
        made_of: dict[str, Any],
        classes: int,
        threads: int,
    ) -> None:
        how = source.configuration
        threads = machine.settle(how.seed, threads)
        self._how, self._images, self._output, self._progress = how, images, output, progress
        self._made_of, self._threads, self._classes = made_of, threads, classes
        self._git = commit_of(Path(source.document.file).absolute().parent)
        self._started = utc(time.time_ns() // 1_000_000)
        self._model = network.build(how.network, classes)
        for name in weights.inherit(self._model, how)[:1]:
            progress.note(f"the parent has no {name}: what it lacks before the last layer stays random")
        size = (how.network.height, how.network.width)
        room = how.data.cache_mib << 20
        self._train = samples.Decoded(images.train, size, classes, room)
        self._held = samples.Decoded(images.validation, size, classes, room - self._train.bytes)
        loss = cross_entropy(how.class_weights)
        self._trainer = Trainer(execution.for_training(self._model), how, loss, len(images.train) // how.batch)
        self._validation = Validation(self._held, classes, how.evaluation.protocol, loss, how.batch, threads)
        self._state = Run(how)

    def take_up(self, found: checkpoint.Checkpoint) -> None:
        """Go on where an earlier run of the same stopped."""
        if found.state["environment"] != machine.environment(self._threads):
            self._progress.note("the run began with other versions or threads: its weights may differ for that")
        self._started = found.state["started"]
        self._state.restore(found.state)
        self._trainer.restore(found)
        self._progress.note(f"going on after epoch {len(self._state.epochs)}; --restart begins anew")

    def run(self) -> None:
        """Train the epochs that are left."""
        steps, total = self._trainer.steps, self._how.epochs
        first = len(self._state.epochs)
        if self._state.done:
            return
        stream = iter(
            samples.batches(
                self._train,
                self._how.augmentation,
                seed=self._how.seed,
                batch=self._how.batch,
                first=first,
                epochs=total,
                threads=self._threads,
            )
        )
        with self._progress.task("training", total * steps, unit="steps", done=first * steps) as advance:
            while not self._state.done:
                self._epoch(len(self._state.epochs), stream, advance)

    def _epoch(self, epoch: int, stream: Any, advance: Any) -> None:
        import tensorflow as tf

        started = time.monotonic()
        try:
            figures: dict[str, Any] = {
                "epoch": epoch + 1,
                **self._trainer.epoch(epoch, stream, self._state.plateau, advance),
            }
        except tf.errors.OpError:
            if self._train.failure is None:
                raise
            raise self._train.failure from None  # what made the reading fail, in its own words
        if self._state.evaluates(epoch):
            figures |= self._validation.figures(self._trainer.model)
        better = self._state.take({**figures, "seconds": round(time.monotonic() - started, 3)})
        self._keep(better=better)
        self._progress.note(self._told(started))

    def _keep(self, *, better: bool) -> None:
        if better:
            best = self._trainer.checkpoint({"made_of": self._made_of, "epoch": self._state.best_epoch})
            checkpoint.save(self._output / _BEST, checkpoint.Checkpoint(best.state, best.model, ()))
        state = {
            "made_of": self._made_of,
            "environment": machine.environment(self._threads),
            "started": self._started,
            **self._state.to_json(),
        }
        checkpoint.save(self._output / _CHECKPOINT, self._trainer.checkpoint(state))
        lines = "".join(f"{json.dumps(epoch)}\n" for epoch in self._state.epochs)
        checkpoint.write(self._output / HISTORY, lines.encode())

    def _told(self, started: float) -> str:
        figures = self._state.epochs[-1]
        left = (self._how.epochs - len(self._state.epochs)) * (time.monotonic() - started)
        measured = figures.get("val_mean_iou")
        accuracy = "" if measured is None else f", mIoU {measured:.4f}"
        return (
            f"epoch {figures['epoch']}/{self._how.epochs}: loss {figures['loss']:.4f}{accuracy}, "
            f"rate {figures['learning_rate']:.2e}, {figures['seconds']:.1f} s, about {left / 60:.1f} min left"
        )

    def finish(self) -> dict[str, Any]:
        """Write the model and its record; what the run was taken up from is not needed any more."""
        chosen = len(self._state.epochs)
        self._model.set_weights(self._trainer.model.get_weights())
        if self._how.keep == "best" and self._state.best_epoch is not None:
            chosen = self._state.best_epoch
            best = checkpoint.load(self._output / _BEST)
            if best is None or best.state["made_of"] != self._made_of or best.state["epoch"] != chosen:
                raise RequestError(f"{self._output / _BEST}: not of this run", hint="--restart begins anew")
            assign(self._model.weights, best.model)
        environment = machine.environment(self._threads)
        made = Made(self._how, self._made_of, self._classes, self._started, self._git, environment)
        record = result.write(self._output, self._model, made, self._state.epochs, chosen)
        for name in (_CHECKPOINT, _BEST):
            (self._output / name).unlink(missing_ok=True)
        return record


def _begun(output: Path, made_of: dict[str, Any], *, required: bool) -> checkpoint.Checkpoint | None:
    """Where an earlier run of the same stopped; None without one.

    Raises:
        RequestError: It was a run of something else, or there is none and one is required.
    """
    found = checkpoint.load(output / _CHECKPOINT)
    if found is None and required:
        raise RequestError(f"{output}: there is no run to take up", hint="leave out --resume")
    if found is not None and found.state["made_of"] != made_of:
        raise _other(output)
    return found


def _other(output: Path) -> RequestError:
    return RequestError(
        f"{output}: holds a run of another configuration, dataset or parent, or one without its model",
        hint="name another folder with -o, or begin anew with --restart",
    )


def _clear(output: Path) -> None:
    for name in (_CHECKPOINT, _BEST, HISTORY, result.RECORD_FILE, result.MODEL):
        (output / name).unlink(missing_ok=True)
