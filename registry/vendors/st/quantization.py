"""Sections `quantization` and `preprocessing`."""

from __future__ import annotations

from registry.vendors.st.config import Config
from registry.vendors.st.data import Part
from registry.vendors.st.made import Made

_AT = "quantization"
_TYPES = {"float": "float32", "uint8": "uint8", "int8": "int8"}
_RESIZES = {"fit": "stretch", "crop": "shorter-side"}
_COLOURS = {"rgb": "RGB", "bgr": "BGR", "grayscale": "grey"}
_SEED = 123


def put_quantization(config: Config, made: Made, part: Part | None, name: str) -> None:
    """Map a quantization.

    Args:
        config: The configuration.
        made: Gets `quantization`.
        part: Images to calibrate on.
        name: Key of the share of them that is taken; the operation mode is told of where there are none.
    """
    quantizer = config.word(_AT, "quantizer", one_of=("tflite_converter", "onnx_quantizer"))
    if not config.has(_AT, "quantizer"):
        config.refuse((_AT, "quantizer"), "required", "is missing", "TFlite_converter or Onnx_quantizer")
    config.only(_AT, "quantization_type", accepted=("PTQ",), why="every quantization here is after the training")
    made.put("quantization.scheme", "int8", (_AT, "quantization_type"))
    granularity = config.word(_AT, "granularity", one_of=("per_channel", "per_tensor")) or "per_channel"
    made.put("quantization.granularity", granularity.replace("_", "-"), (_AT, "granularity"))
    config.only(_AT, "optimize", accepted=(False,), why="the network is quantized as it is")
    if quantizer == "onnx_quantizer":
        _put_onnx(config, made)
    else:
        _put_tflite(config, made)
    _put_calibration(config, made, part, name)


def _put_onnx(config: Config, made: Made) -> None:
    made.put("quantization.representation", "onnx-qdq", (_AT, "quantizer"))
    opset = config.whole(_AT, "target_opset")
    made.put("quantization.opset", 17 if opset is None else opset, (_AT, "target_opset"))
    moving = config.flag(_AT, "onnx_extra_options", "CalibMovingAverage")
    older = config.word(_AT, "extra_options", one_of=("calib_moving_average",))
    method = "moving-average" if moving or older else "min-max"
    source = ("extra_options",) if older else ("onnx_extra_options", "CalibMovingAverage")
    made.put("quantization.method", method, (_AT, *source))
    for key in ("quantization_input_type", "quantization_output_type"):
        if config.word(_AT, key, one_of=tuple(_TYPES)):
            config.note((_AT, key), "ONNX files have float inputs and outputs, as ST's do")


def _put_tflite(config: Config, made: Made) -> None:
    made.put("quantization.representation", "tflite", (_AT, "quantizer"))
    for side in ("input", "output"):
        key = f"quantization_{side}_type"
        if not config.has(_AT, key):
            config.refuse((_AT, key), "required", "is missing", " or ".join(_TYPES))
        if stated := config.word(_AT, key, one_of=tuple(_TYPES)):
            made.put(f"quantization.{side}", _TYPES[stated], (_AT, key))
    for path in ((_AT, "target_opset"), (_AT, "extra_options"), (_AT, "onnx_extra_options", "CalibMovingAverage")):
        if config.has(*path):
            config.note(path, "is of the ONNX quantizer alone")


def _put_calibration(config: Config, made: Made, part: Part | None, name: str) -> None:
    key = ("dataset", "quantization_split")
    share = config.number(*key)
    if part is None:
        if not any(config.has("dataset", f"{purpose}_path") for purpose in ("quantization", "training")):
            message = "would quantize with random numbers: no images are named"
            expected = "quantization_path, quantization_masks_path and quantization_files_path"
            config.refuse(("operation_mode",), "calibration", message, expected, name)
        return
    made.put("quantization.calibration.data", part.folder, part.key)
    made.put("quantization.calibration.split", part.split, part.key)
    if share is not None and not 0 < share <= 1:
        config.refuse(key, "range", "is no share", "more than 0, at most 1", share)
        return
    made.put("quantization.calibration.share", 1 if share is None else share, key)
    if share is not None and share < 1:
        seed = config.whole("dataset", "seed")
        made.put("quantization.calibration.seed", _SEED if seed is None else seed, ("dataset", "seed"))
        config.note(key, "the images are drawn by the seed, but not the ones that ST's services would draw")


def put_preprocessing(config: Config, made: Made, sections: tuple[str, ...], *, train: bool) -> None:
    """Map `preprocessing`: scale * pixel + offset is (pixel - mean) * scale.

    Args:
        config: The configuration.
        made: Gets `preprocessing` in each section.
        sections: Which.
        train: Whether a model is trained, which is always done with one way.
    """
    at = "preprocessing"
    scale, offset = config.number(at, "rescaling", "scale"), config.number(at, "rescaling", "offset")
    aspects = ("fit",) if train else tuple(_RESIZES)
    aspect = config.word(at, "resizing", "aspect_ratio", one_of=aspects)
    ways = ("bilinear",) if train else ("bilinear", "nearest", "bicubic", "area")
    interpolation = config.word(at, "resizing", "interpolation", one_of=ways)
    colour = config.word(at, "color_mode", one_of=("rgb",) if train else tuple(_COLOURS))
    for key in ("scale", "offset"):
        if not config.has(at, "rescaling", key):
            config.refuse((at, "rescaling", key), "required", "is missing", "a number")
    if not scale:
        if scale == 0:
            config.refuse((at, "rescaling", "scale"), "range", "leaves nothing of a picture", "more than 0", 0)
        return
    mean = round(-(offset or 0) / scale, 9)
    if train and (mean, round(1 / scale, 9)) != (127.5, 127.5):
        expected = "scale 1/127.5 and offset -1, which every training here has"
        config.refuse((at, "rescaling", "scale"), "unsupported", "is not supported", expected, f"{scale}, {offset}")
    for section in sections:
        for name, value, path in (
            ("mean", mean, ("rescaling", "offset")),
            ("scale", scale, ("rescaling", "scale")),
            ("resize", aspect and _RESIZES[aspect], ("resizing", "aspect_ratio")),
            ("interpolation", interpolation, ("resizing", "interpolation")),
            ("colour_mode", colour and _COLOURS[colour], ("color_mode",)),
        ):
            made.put(f"{section}.preprocessing.{name}", value, (at, *path))
