"""The network to train: section `training.model`, or a model's name, or the name of the file to go on from."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from registry.vendors.st.config import Config, Path
from registry.vendors.st.made import Made

MODEL_TYPES = ("deeplab_v3", "deeplab", "deeplabv3")
_NAME = re.compile(r"(?:st_)?deeplabv3_(mnv2|rn50v1)(?:_a(035|050|075|100))?_s(8|16)_aspp(v1|v2)(?:_(\d{2,4}))?")
_BACKBONES = {("mobilenet", "v2"): "mobilenet-v2", ("resnet50", "v1"): "resnet50"}
_NO_WEIGHTS = (
    "ImageNet's weights are not fetched: null begins with random ones, a model's path with those of a file"
)


def put_network(config: Config, made: Made, parent: tuple[Path, str] | None) -> None:
    """Map the network.

    Args:
        config: The configuration.
        made: Gets `training.model`.
        parent: Key and path of the model file that training goes on from.
    """
    if config.has("training", "model"):
        _from_parts(config, made)
    else:
        _from_name(config, made, parent)


def _from_parts(config: Config, made: Made) -> None:
    """The older layout."""
    at = ("training", "model")
    name, version = config.word(*at, "name"), config.word(*at, "version")
    backbone = _BACKBONES.get((name or "", version or ""))
    if backbone is None:
        expected = "mobilenet with version v2, or resnet50 with version v1"
        config.refuse(
            (*at, "name"), "unsupported", "is no backbone of this version", expected, f"{name}, {version}"
        )
    made.put("training.model.backbone", backbone, (*at, "name"))
    made.put("training.model.width", config.number(*at, "alpha"), (*at, "alpha"))
    made.put("training.model.output_stride", config.whole(*at, "output_stride"), (*at, "output_stride"))
    made.put("training.model.aspp", config.word(*at, "aspp", one_of=("v1", "v2")), (*at, "aspp"))
    for key in ("output_stride", "aspp"):
        if not config.has(*at, key):
            config.refuse((*at, key), "required", "is missing", "a value")
    _put_input(config, made, (*at, "input_shape"))
    _refuse_weights(config, (*at, "pretrained_weights"))
    why = "ST's services do not take it for segmentation either; a model's path is 'general.model_path'"
    config.only(*at, "pretrained_model_path", accepted=(), why=why)


def _from_name(config: Config, made: Made, parent: tuple[Path, str] | None) -> None:
    """The newer layout, or a model file alone, whose name may say what it is as those of ST's zoo do."""
    key: Path = ("model", "model_name")
    name = config.word(*key)
    if name is None and parent is not None:
        key, name = parent[0], PurePosixPath(parent[1].replace("\\", "/")).stem
    found = _NAME.fullmatch(name or "")
    if found is None:
        expected = "such as st_deeplabv3_mnv2_a050_s16_asppv2"
        if parent is not None:
            expected += ", as the file's name or as model.model_name beside it"
        config.refuse(key, "unsupported", "names no network of this version", expected, name or "nothing")
        return
    backbone, alpha, stride, aspp, side = found.groups()
    made.put("training.model.backbone", "mobilenet-v2" if backbone == "mnv2" else "resnet50", key)
    made.put("training.model.width", int(alpha) / 100 if alpha else None, key)
    made.put("training.model.output_stride", int(stride), key)
    made.put("training.model.aspp", aspp, key)
    if config.has("model", "input_shape") or side is None:
        _put_input(config, made, ("model", "input_shape"))
    else:
        made.put("training.model.input", [int(side), int(side)], key)
    for part, said in (("alpha", int(alpha) / 100 if alpha else None), ("output_stride", int(stride))):
        config.only("model", part, accepted=(said,), why="the model's name says it")
    _refuse_weights(config, ("model", "pretrained"))
    _refuse_weights(config, ("model", "pretrained_weights"))


def _put_input(config: Config, made: Made, key: Path) -> None:
    if not config.has(*key):
        config.refuse(key, "required", "is missing", "(height, width, 3)")
    made.put("training.model.input", config.shape(*key), key)


def _refuse_weights(config: Config, key: Path) -> None:
    config.only(*key, accepted=(False,), why=_NO_WEIGHTS)
