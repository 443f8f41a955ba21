"""Section `data_augmentation`: the functions that training here has too, with the services' own defaults."""

from __future__ import annotations

from collections.abc import Callable

from registry.vendors.st.config import Config
from registry.vendors.st.made import Made

_AT = "data_augmentation"
_ORDER = ("random_contrast", "random_brightness", "random_gaussian_noise", "random_posterize")
_CROP = {
    "crop_center_x": ("centre_x", [0.25, 0.75]),
    "crop_center_y": ("centre_y", [0.25, 0.75]),
    "crop_width": ("width", [0.6, 0.9]),
    "crop_height": ("height", [0.6, 0.9]),
}
_FLIPS = ("horizontal", "vertical", "horizontal_and_vertical")


def put_augmentation(config: Config, made: Made) -> None:
    """Map each function, or refuse it by name."""
    names = config.names_below(_AT)
    for name in names:
        if name in _FUNCTIONS:
            _FUNCTIONS[name](config, made, name)
        else:
            expected = "one of " + ", ".join(_FUNCTIONS)
            config.refuse((_AT, name), "augmentation", "is no augmentation of this version", expected, name)
            for key in config.names_below(_AT, name):
                config.any(_AT, name, key)  # refused with its function
    values = [name for name in names if name in _ORDER]
    if values != sorted(values, key=_ORDER.index):
        config.note((_AT, values[0]), f"changes of values are made in the order {', '.join(_ORDER)}")


def _flip(config: Config, made: Made, name: str) -> None:
    mode = config.word(_AT, name, "mode", one_of=_FLIPS)
    if mode is None:
        _require(config, name, "mode")
    else:
        made.put("training.augmentation.flip", mode.replace("_", "-"), (_AT, name, "mode"))
    config.only(_AT, name, "change_rate", accepted=(0.5,), why="half of the images are mirrored in each direction")


def _crop(config: Config, made: Made, name: str) -> None:
    for key, (own, usual) in _CROP.items():
        value = config.pair(_AT, name, key) or usual
        made.put(f"training.augmentation.crop.{own}", value, (_AT, name, key))
    config.only(_AT, name, "interpolation", accepted=("bilinear",), why="images are sampled bilinearly")
    _rate(config, made, name, "crop", 0.9)


def _factor(config: Config, made: Made, name: str) -> None:
    own = name.removeprefix("random_")
    factor = config.number(_AT, name, "factor")
    if factor is None:
        _require(config, name, "factor")
    made.put(f"training.augmentation.{own}.factor", factor, (_AT, name, "factor"))
    _rate(config, made, name, own, 1.0)


def _noise(config: Config, made: Made, name: str) -> None:
    _range(config, made, name, "stddev", "noise.deviation")
    _rate(config, made, name, "noise", 1.0)


def _posterize(config: Config, made: Made, name: str) -> None:
    _range(config, made, name, "bits", "posterize.bits")
    _rate(config, made, name, "posterize", 1.0)


_FUNCTIONS: dict[str, Callable[[Config, Made, str], None]] = {
    "random_flip": _flip,
    "random_crop": _crop,
    "random_contrast": _factor,
    "random_brightness": _factor,
    "random_gaussian_noise": _noise,
    "random_posterize": _posterize,
}


def _range(config: Config, made: Made, name: str, key: str, own: str) -> None:
    value = config.pair(_AT, name, key)
    if value is None:
        _require(config, name, key)
    made.put(f"training.augmentation.{own}", value, (_AT, name, key))


def _rate(config: Config, made: Made, name: str, own: str, usual: float) -> None:
    rate = config.number(_AT, name, "change_rate")
    made.put(f"training.augmentation.{own}.rate", usual if rate is None else rate, (_AT, name, "change_rate"))


def _require(config: Config, name: str, key: str) -> None:
    if not config.has(_AT, name, key):
        config.refuse((_AT, name), "required", f"needs {key!r}", f"a value of {key!r}")
