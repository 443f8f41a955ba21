"""Section `training`: optimizer, callbacks and what the services do unasked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from registry.vendors.st.augmentation import put_augmentation
from registry.vendors.st.config import Config, Path
from registry.vendors.st.data import Part
from registry.vendors.st.made import Made
from registry.vendors.st.network import put_network

_AT = "training"
_RATES = {"Adam": 0.001, "AdamW": 0.001, "SGD": 0.01, "RMSprop": 0.001}
"""Keras's learning rates where none is stated."""

_MONITORS = {"val_accuracy": "val_pixel_accuracy", "val_loss": "val_loss", "loss": "loss"}
_SEED = 123
_VOC_CLASSES = 21


def put_training(
    config: Config,
    made: Made,
    parts: tuple[Part | None, Part | None],
    dataset: tuple[str, Sequence[str]] | None,
    parent: tuple[Path, str] | None,
) -> None:
    """Map a training.

    Args:
        config: The configuration.
        made: Gets `training`.
        parts: Images to learn from and to measure on.
        dataset: Its card, and the names of its classes.
        parent: Key and path of the model file to go on from.
    """
    put_network(config, made, parent)
    made.put("training.model.dropout", config.number(_AT, "dropout") or 0, (_AT, "dropout"))
    _put_technique(config, made, parent)
    _put_data(config, made, parts, dataset)
    put_augmentation(config, made)
    _put_optimizer(config, made)
    for key, own in (("epochs", "epochs"), ("batch_size", "batch")):
        if not config.has(_AT, key):
            config.refuse((_AT, key), "required", "is missing", "a whole number")
        made.put(f"training.{own}", config.whole(_AT, key), (_AT, key))
    seed = config.whole("general", "global_seed")
    made.put("training.seed", _SEED if seed is None else seed, ("general", "global_seed"))
    _put_callbacks(config, made)
    config.only(_AT, "resume_training_from", accepted=(), why="an interrupted run goes on by itself")
    config.only(_AT, "trained_model_path", accepted=(), why="the model goes below -o DIR")
    config.only(_AT, "dryrun", accepted=(), why="every epoch sees all images")


def _put_technique(config: Config, made: Made, parent: tuple[Path, str] | None) -> None:
    key = (_AT, "frozen_layers")
    frozen = config.any(*key)
    last_only = isinstance(frozen, str) and frozen.replace(" ", "") == "(0:-1)"
    if frozen is not None and not last_only:
        config.refuse(key, "unsupported", "is not supported", "None, or (0:-1) for all but the last", frozen)
    if parent is None:
        if last_only:
            config.refuse(key, "unsupported", "freezes random weights", "a model's path to begin with", frozen)
        made.put("training.technique", "tfs", key)
        return
    made.put("training.technique", "tl" if last_only else "fft", key)
    made.put("training.parent.file", parent[1], parent[0])


def _put_data(
    config: Config,
    made: Made,
    parts: tuple[Part | None, Part | None],
    dataset: tuple[str, Sequence[str]] | None,
) -> None:
    train, validation = parts
    if train is None and not config.has("dataset", "training_path"):
        config.refuse(("dataset", "training_path"), "required", "is missing", "images to learn from")
    if validation is None and not config.has("dataset", "validation_path"):
        expected = "validation_path, validation_masks_path and validation_files_path: nothing is drawn at random"
        config.refuse(("dataset", "validation_files_path"), "required", "is missing", expected)
    if train and validation and train.folder != validation.folder:
        config.refuse(validation.key, "layout", "is of another folder than the training images", train.folder)
    if train:
        made.put("training.data.folder", train.folder, train.key)
        made.put("training.data.train", train.split, train.key)
    if validation:
        made.put("training.data.validation", validation.split, validation.key)
    if dataset is None:
        if not any(config.has("dataset", key) for key in ("name", "dataset_name")):
            config.refuse(("dataset", "name"), "required", "is missing", "a dataset that has a card")
        return
    card, names = dataset
    key = ("dataset", "class_names")
    made.put("training.data.dataset", card, ("dataset", "dataset_name"))
    made.put("training.model.classes", len(names) or None, key)
    if len(names) == _VOC_CLASSES:
        made.put("training.loss.class_weights", [0.5, *[1.0] * (_VOC_CLASSES - 1)], key)
        config.note(key, "with 21 classes ST's loss weighs background by half, and so does this one")
    made.put("training.evaluation.protocol", "st-present-classes", key)


def _put_optimizer(config: Config, made: Made) -> None:
    key = (_AT, "optimizer")
    names = config.names_below(*key) or [config.any(*key)]
    name = str(names[0])
    if len(names) != 1 or name not in _RATES:
        config.refuse(key, "optimizer", "is no optimizer of this version", "one of " + ", ".join(_RATES), names)
        return
    at = (*key, name)
    if not config.names_below(*at):
        config.any(*at)
    rate = config.number(*at, "learning_rate")
    made.put("training.optimiser.name", name.lower(), key)
    made.put("training.optimiser.learning_rate", _RATES[name] if rate is None else rate, (*at, "learning_rate"))
    if name in ("SGD", "RMSprop"):
        momentum = config.number(*at, "momentum")
        made.put("training.optimiser.momentum", momentum or 0, (*at, "momentum"))
    if name == "AdamW":
        made.put("training.optimiser.weight_decay", config.number(*at, "weight_decay"), (*at, "weight_decay"))
    made.put("training.optimiser.clip_norm", config.number(*at, "global_clipnorm"), (*at, "global_clipnorm"))


def _put_callbacks(config: Config, made: Made) -> None:
    at = (_AT, "callbacks")
    names = config.names_below(*at)
    for name in names:
        if name in _CALLBACKS:
            _CALLBACKS[name](config, made, (*at, name))
        elif name != "TerminateOnNaN":
            expected = "one of " + ", ".join((*_CALLBACKS, "TerminateOnNaN"))
            config.refuse((*at, name), "callback", "is no callback of this version", expected, name)
            for key in config.names_below(*at, name):
                config.any(*at, name, key)  # refused with its callback
    if len(schedulers := [name for name in names if name.startswith("LR") or name == "ReduceLROnPlateau"]) > 1:
        config.refuse((*at, schedulers[1]), "callback", "is a second scheduler of the rate", "one", schedulers)
    made.put("training.callbacks.checkpoint.keep", "best", at)
    made.put("training.callbacks.checkpoint.monitor", "val_loss", at)
    config.note(at, "the model is that of the epoch with the least val_loss, which ST's services keep too")


def _watched(config: Config, made: Made, at: Path, own: str, patience: int) -> None:
    """What ReduceLROnPlateau and EarlyStopping have in common, with Keras's defaults."""
    where = f"training.callbacks.{own}"
    monitor = config.word(*at, "monitor", one_of=tuple(_MONITORS)) or "val_loss"
    made.put(f"{where}.monitor", _MONITORS[monitor], (*at, "monitor"))
    made.put(f"{where}.mode", config.word(*at, "mode", one_of=("min", "max", "auto")), (*at, "mode"))
    if made.plain["training"]["callbacks"][own].get("mode") == "auto":
        del made.plain["training"]["callbacks"][own]["mode"]
        config.note((*at, "mode"), "taken from the figure, as where it is not stated")
    stated = config.whole(*at, "patience")
    made.put(f"{where}.patience", max(1, patience if stated is None else stated), (*at, "patience"))
    why = "any betterment counts"
    config.only(*at, "min_delta", accepted=(0, 0.0), why=why)


def _plateau(config: Config, made: Made, at: Path) -> None:
    _watched(config, made, at, "reduce_on_plateau", 10)
    factor = config.number(*at, "factor")
    where = "training.callbacks.reduce_on_plateau"
    made.put(f"{where}.factor", 0.1 if factor is None else factor, (*at, "factor"))
    made.put(f"{where}.end", config.number(*at, "min_lr"), (*at, "min_lr"))
    config.only(*at, "cooldown", accepted=(0,), why="there is no pause after a lowering")


def _stopping(config: Config, made: Made, at: Path) -> None:
    _watched(config, made, at, "early_stopping", 0)


def _cosine(config: Config, made: Made, at: Path) -> None:
    _put_fall(config, made, at, "initial_lr", warmup=None)


def _warmup_cosine(config: Config, made: Made, at: Path) -> None:
    config.only(*at, "initial_lr", accepted=(0, 0.0), why="the warm-up begins at 0")
    if not config.has(*at, "initial_lr"):
        config.refuse((*at, "initial_lr"), "required", "is missing", "0: the warm-up begins at 0")
    _put_fall(config, made, at, "max_lr", warmup="warmup_steps")


def _put_fall(config: Config, made: Made, at: Path, greatest: str, warmup: str | None) -> None:
    """A cosine over the rest of the run; ST counts its steps in epochs."""
    rate = config.number(*at, greatest)
    if rate is None and not config.has(*at, greatest):
        config.refuse(at, "required", f"needs {greatest!r}", "a learning rate")
    made.put("training.optimiser.learning_rate", rate, (*at, greatest))
    made.put("training.schedule.name", "cosine", at)
    warm = (config.whole(*at, warmup) or 0) if warmup else 0
    hold, fall = config.whole(*at, "hold_steps") or 0, config.whole(*at, "decay_steps") or 0
    made.put("training.schedule.warmup_epochs", warm or None, (*at, warmup or ""))
    made.put("training.schedule.hold_epochs", hold or None, (*at, "hold_steps"))
    made.put("training.schedule.end", config.number(*at, "end_lr"), (*at, "end_lr"))
    epochs = made.plain["training"].get("epochs")
    if epochs is not None and warm + hold + fall != epochs:
        together = ", ".join(key for key in (warmup, "hold_steps", "decay_steps") if key)
        message = f"does not end the fall with the training: {together} and epochs must agree"
        config.refuse((*at, "decay_steps"), "unsupported", message, f"{epochs} epochs", warm + hold + fall)
    config.note(at, "the rate follows the cosine at every step, not once an epoch")


_CALLBACKS: dict[str, Callable[[Config, Made, Path], None]] = {
    "ReduceLROnPlateau": _plateau,
    "EarlyStopping": _stopping,
    "LRCosineDecay": _cosine,
    "LRWarmupCosineDecay": _warmup_cosine,
}
