"""The loop over epochs: steps, evaluation, watched figures, and a checkpoint that it can be taken up from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.errors import RejectedError
from registry.training import optimisers, schedules
from registry.training.checkpoint import Checkpoint
from registry.training.configuration import Configuration
from registry.training.loss import Loss, mean
from registry.training.watching import Plateau, Watcher

Figures = dict[str, float | None]


@dataclass
class Run:
    """A run so far, as plain data and watched figures.

    Attributes:
        configuration: What is trained.
        epochs: Figures of each epoch that is done, in order.
        best_epoch: Epoch whose weights are the best so far, from 1; None before the first evaluation.
        plateau, early: Watched figures; None where the configuration has none.
    """

    configuration: Configuration
    epochs: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int | None = None
    best: Watcher = field(init=False)
    plateau: Plateau | None = field(init=False)
    early: Watcher | None = field(init=False)

    def __post_init__(self) -> None:
        how = self.configuration
        self.best = Watcher(how.best_by)
        self.plateau = Plateau(Watcher(how.plateau)) if how.plateau else None
        self.early = Watcher(how.early_stopping) if how.early_stopping else None

    @property
    def done(self) -> bool:
        """Whether there is nothing left to train."""
        return len(self.epochs) >= self.configuration.epochs or (self.early is not None and self.early.tired)

    def evaluates(self, epoch: int) -> bool:
        """Whether an epoch, from 0, ends with an evaluation."""
        return (epoch + 1) % self.configuration.evaluation.every == 0 or epoch + 1 == self.configuration.epochs

    def take(self, figures: dict[str, Any]) -> bool:
        """Take in the figures of an epoch; whether its weights are the best so far."""
        self.epochs.append(figures)
        better = self.best.see(figures)
        if better:
            self.best_epoch = len(self.epochs)
        if self.plateau:
            self.plateau.see(figures)
        if self.early:
            self.early.see(figures)
        return better

    def to_json(self) -> dict[str, Any]:
        """The state."""
        watched = {"best": self.best, "plateau": self.plateau, "early": self.early}
        states = {name: one.to_json() for name, one in watched.items() if one is not None}
        return {"epochs": self.epochs, "best_epoch": self.best_epoch, "watched": states}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up a state of `to_json`."""
        self.epochs, self.best_epoch = list(state["epochs"]), state["best_epoch"]
        self.best.restore(state["watched"]["best"])
        if self.plateau:
            self.plateau.restore(state["watched"]["plateau"])
        if self.early:
            self.early.restore(state["watched"]["early"])


class Trainer:
    """Moves a model's weights.

    Attributes:
        model: The Keras model.
        steps: Batches an epoch.
    """

    def __init__(self, model: Any, configuration: Configuration, loss: Loss, steps: int) -> None:
        self.model, self.steps = model, steps
        self._configuration, self._loss = configuration, loss
        self._optimiser = optimisers.make(configuration.optimiser)
        self._optimiser.build(model.trainable_variables)
        self._step = self._compiled()

    def _compiled(self) -> Callable[[Any, Any], Any]:
        import tensorflow as tf

        variables = self.model.trainable_variables

        def step(images: Any, masks: Any) -> Any:
            with tf.GradientTape() as tape:
                value = mean(*self._loss(masks, self.model(images, training=True)))
            self._optimiser.apply(tape.gradient(value, variables), variables)
            return value

        compiled: Callable[[Any, Any], Any] = tf.function(step)
        return compiled

    def epoch(
        self, epoch: int, batches: Iterator[Any], plateau: Plateau | None, advance: Callable[[int], Any]
    ) -> Figures:
        """Train one epoch, from 0: mean loss of its batches, and the learning rate at its end.

        Raises:
            RejectedError: The loss is no number any more.
        """
        self._seed_dropout(epoch)
        total = rate = 0.0
        for step in range(self.steps):
            rate = self._set_rate(epoch * self.steps + step, plateau)
            value = float(self._step(*next(batches)))
            if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - not a number
                raise RejectedError(
                    f"the loss of epoch {epoch + 1}, step {step + 1} is {value}, expected a number",
                    hint="lower optimiser.learning_rate, or give optimiser.clip_norm",
                )
            total += value
            advance(1)
        return {"loss": total / self.steps, "learning_rate": rate}

    def _set_rate(self, step: int, plateau: Plateau | None) -> float:
        how = self._configuration
        # the middle of the step: a warm-up does not begin with 0, and a fall does not end before its last step
        done = (step + 0.5) / self.steps
        rate = schedules.learning_rate(how.schedule, how.optimiser.learning_rate, how.epochs, done)
        if plateau:
            rate = plateau.applied(rate)
        self._optimiser.learning_rate.assign(rate)
        return rate

    def _seed_dropout(self, epoch: int) -> None:
        """Put the random state of dropout where it belongs at an epoch's begin, whatever ran before."""
        for layer in self.model.layers:
            generator = getattr(layer, "seed_generator", None)
            if generator is not None:
                generator.state.assign([self._configuration.seed, epoch * self.steps])

    def checkpoint(self, state: Mapping[str, Any]) -> Checkpoint:
        """The weights and the optimiser's variables, with a state."""
        return Checkpoint(state, _values(self.model.weights), _values(self._optimiser.variables))

    def restore(self, checkpoint: Checkpoint) -> None:
        """Take up a checkpoint of the same model and optimiser."""
        assign(self.model.weights, checkpoint.model)
        assign(self._optimiser.variables, checkpoint.optimiser)


def _values(variables: list[Any]) -> list[Any]:
    return [variable.numpy() for variable in variables]


def assign(variables: list[Any], values: Any) -> None:
    """Give variables their values, in order."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
