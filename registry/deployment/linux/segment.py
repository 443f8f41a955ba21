#!/usr/bin/env python3
"""Segments pictures with the model beside this file: which pixel belongs to which class.

    python3 segment.py picture.jpg -o mask.png --overlay overlay.png
    python3 segment.py --selftest

It needs Python 3.9 or newer, numpy, Pillow and a runtime (see requirements.txt), and reads config.json.
Exit codes: 0 done, 1 the self-test fails or a file is not what it should be, 2 asked wrongly, 3 could not tell.
"""

# ruff: noqa: T201, B905 - a program, and for Python 3.9
from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import sys
from pathlib import Path
from typing import Any

try:
    import numpy as np
    from PIL import Image, ImageOps
except ImportError as error:
    print(f"{error.name} is not installed: pip install -r requirements.txt", file=sys.stderr)
    sys.exit(3)

HERE = Path(__file__).resolve().parent
VOID = 255
INTERPRETERS = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter", "tensorflow.lite")
FORMATS = ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
METHODS = {"nearest": "NEAREST", "bilinear": "BILINEAR", "bicubic": "BICUBIC", "area": "BOX"}

Array = Any
Run = Any
"""A function: what the model's only input stores goes in, a list of what its outputs store comes out."""


def main(arguments: list[str]) -> int:
    """Do what the command line says; the result is the exit code."""
    parser = argparse.ArgumentParser(description="Which pixel of a picture belongs to which class.")
    parser.add_argument("picture", nargs="?", type=Path)
    parser.add_argument("-o", "--output", type=Path, metavar="PNG", help="write the class numbers as pixels")
    parser.add_argument("--overlay", type=Path, metavar="PNG", help="write the picture with its classes tinted")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--selftest", action="store_true", help="compare with the golden vectors of the package")
    chosen = parser.parse_args(arguments)
    if (chosen.picture is None) is not chosen.selftest:
        parser.error("give one picture, or --selftest")
    config = json.loads((HERE / "config.json").read_text(encoding="utf-8"))
    run = load(config, chosen.threads)
    if chosen.selftest:
        return selftest(config, run)
    picture = read_picture(chosen.picture)
    stored, view = prepare(picture, config)
    found = class_map(run(stored)[config["output"]["number"]], view, config)
    if chosen.output:
        write_class_map(found, config, chosen.output)
    if chosen.overlay:
        write_overlay(picture, found, config, chosen.overlay)
    for line in shares(found, config["classes"]):
        print(line)
    return 0


def load(config: dict[str, Any], threads: int) -> Run:
    """The model, ready to run, if its file is the one of the package."""
    path = HERE / config["model"]["file"]
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != config["model"]["sha256"]:
        raise SystemExit(f"{path}: expected sha256 {config['model']['sha256']}, found {found}")
    if config["model"]["format"] == "onnx":
        return load_onnx(path, threads)
    return load_tflite(path, threads)


def load_tflite(path: Path, threads: int) -> Run:
    """A TensorFlow Lite model, by whichever runtime is installed."""
    interpreter = runtime(INTERPRETERS).Interpreter(model_path=str(path), num_threads=threads)
    interpreter.allocate_tensors()
    given, wanted = interpreter.get_input_details()[0], interpreter.get_output_details()

    def run(stored: Array) -> list[Array]:
        if tuple(given["shape"]) != stored.shape:
            interpreter.resize_tensor_input(given["index"], stored.shape)
            interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], stored)
        interpreter.invoke()
        return [interpreter.get_tensor(one["index"]) for one in wanted]

    return run


def load_onnx(path: Path, threads: int) -> Run:
    """An ONNX model."""
    onnxruntime = runtime(("onnxruntime",))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda stored: list(session.run(None, {name: stored}))


def runtime(names: tuple[str, ...]) -> Any:
    """The first of some modules that is installed."""
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    print(f"none of {', '.join(names)} is installed: pip install -r requirements.txt", file=sys.stderr)
    raise SystemExit(3)


def read_picture(path: Path) -> Array:
    """A picture as uint8 (height, width, 3), upright, transparency over white, 16 bits scaled to 8."""
    try:
        with Image.open(path, formats=FORMATS) as opened:
            image = ImageOps.exif_transpose(opened)
            if image.mode.startswith("I"):
                grey = np.rint(np.clip(np.asarray(image), 0, 65535) / 257).astype(np.uint8)
                return np.repeat(grey[:, :, np.newaxis], 3, axis=2)
            if "A" in image.getbands() or "transparency" in image.info:
                layered = image.convert("RGBA")
                image = Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered)
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise SystemExit(f"{path}: cannot be read as a picture: {error}") from None


def prepare(picture: Array, config: dict[str, Any]) -> tuple[Array, dict[str, Any]]:
    """What the model's input stores for a picture, and where the picture lies on it."""
    how, port = config["preparation"], config["input"]
    view = view_of(picture.shape[:2], how)
    pixels = coloured(resized(picture, view["scaled"], how["interpolation"]), how["colour"])
    values = (np.arange(256)[:, np.newaxis] - np.array(how["mean"])) * np.array(how["scale"])
    filled = np.empty((*view["input"], pixels.shape[2]), port["dtype"])
    filled[:] = stored_as(np.zeros(1), port)[0]
    part = pixels[-view["top"] :, -view["left"] :][: view["input"][0], : view["input"][1]]
    filled[: part.shape[0], : part.shape[1]] = stored_as(values, port)[part, np.arange(part.shape[2])]
    if how["layout"] == "NCHW":
        filled = filled.transpose(2, 0, 1)
    return np.ascontiguousarray(filled[np.newaxis]), view


def view_of(size: tuple[int, int], how: dict[str, Any]) -> dict[str, Any]:
    """Sizes of picture, input and scaled picture, and where the last begins on the input: 0, or less where cut."""
    height, width = size
    wanted = (how["height"] or height, how["width"] or width)
    view: dict[str, Any] = {"picture": size, "input": wanted, "scaled": wanted, "top": 0, "left": 0}
    if how["resize"] == "none" and wanted != size:
        raise SystemExit(
            f"expected a picture of {wanted[1]}x{wanted[0]}, found {width}x{height}; it is not resized"
        )
    if how["resize"] in ("shorter-side", "pad"):
        choose = max if how["resize"] == "shorter-side" else min
        factor = choose(wanted[0] / height, wanted[1] / width)
        view["scaled"] = (max(1, round(height * factor)), max(1, round(width * factor)))
    if how["resize"] == "shorter-side":
        view["top"], view["left"] = ((wanted[axis] - view["scaled"][axis]) // 2 for axis in (0, 1))
    return view


def resized(picture: Array, size: tuple[int, int], interpolation: str) -> Array:
    """A picture at another size, (height, width)."""
    if picture.shape[:2] == size:
        return picture
    method = getattr(Image, "Resampling", Image)  # its own class since Pillow 9.1
    image = Image.fromarray(picture).resize((size[1], size[0]), getattr(method, METHODS[interpolation]))
    return np.asarray(image)


def coloured(picture: Array, colour: str) -> Array:
    """A picture in the order of channels that the model wants."""
    if colour == "grey":
        return np.asarray(Image.fromarray(picture).convert("L"))[:, :, np.newaxis]
    return picture[:, :, ::-1] if colour == "BGR" else picture


def stored_as(real: Array, port: dict[str, Any]) -> Array:
    """Real numbers as a tensor stores them."""
    if port["scale"] is None:
        return real.astype(port["dtype"])
    limits = np.iinfo(port["dtype"])
    steps = np.rint(real / port["scale"]) + port["zero_point"]
    return np.clip(steps, limits.min, limits.max).astype(port["dtype"])


def class_map(output: Array, view: dict[str, Any], config: dict[str, Any]) -> Array:
    """Class numbers at the size of the picture; VOID where the model saw nothing of it."""
    found = planes(output, config)
    box, places = [], []
    for axis, begin in ((0, view["top"]), (1, view["left"])):
        scaled, room, length = view["scaled"][axis], view["input"][axis], view["picture"][axis]
        end = min(begin + scaled, room)
        box.append(end * found.shape[axis] / room)
        places.append(slice(round(-begin * length / scaled), round((end - begin) * length / scaled)))
    size = tuple(place.stop - place.start for place in places)
    best = found if found.ndim == 2 else found.argmax(axis=-1)
    if best.shape == size and box == [float(side) for side in size]:
        part = best
    else:
        part = nearest(best, box, size) if found.ndim == 2 else surest(found, best, box, size)
    whole = np.full(view["picture"], VOID, np.int64)
    whole[places[0], places[1]] = part + config["offset"] * (part != VOID)
    return whole


def planes(output: Array, config: dict[str, Any]) -> Array:
    """An output without its batch: class numbers (height, width), or scores (height, width, classes)."""
    found = output[0] if output.ndim > 2 else output
    whole = np.issubdtype(found.dtype, np.integer)
    if found.ndim == 3 and whole and 1 in (found.shape[0], found.shape[-1]):
        found = found[0] if found.shape[0] == 1 else found[..., 0]
    if found.ndim == 2:
        return found
    last, first = (found.shape[axis] == config["count"] for axis in (-1, 0))
    channels_first = first if first != last else config["preparation"]["layout"] == "NCHW"
    return found.transpose(1, 2, 0) if channels_first else found


def nearest(found: Array, box: list[float], size: tuple[int, ...]) -> Array:
    """Class numbers at another size, each pixel that of the nearest."""
    method = getattr(Image, "Resampling", Image).NEAREST
    image = Image.fromarray(found.astype(np.int32))
    return np.asarray(image.resize((size[1], size[0]), method, box=(0.0, 0.0, box[1], box[0])))


def surest(scores: Array, best: Array, box: list[float], size: tuple[int, ...]) -> Array:
    """The class with the highest score after bilinear interpolation; where four neighbours agree it is theirs."""
    rows, downwards = neighbours(box[0], size[0], best.shape[0])
    columns, rightwards = neighbours(box[1], size[1], best.shape[1])
    below, beside = min(1, best.shape[0] - 1), min(1, best.shape[1] - 1)
    found = best[rows][:, columns]
    corners = [best[rows + down][:, columns + right] for down, right in ((0, beside), (below, 0), (below, beside))]
    for row in np.flatnonzero(np.any([found != one for one in corners], axis=(0, 2))):
        across = np.flatnonzero(np.any([found[row] != one[row] for one in corners], axis=0))
        left, share = columns[across], rightwards[across, np.newaxis]
        upper, lower = (
            between(scores[line, left], scores[line, left + beside], share)
            for line in (rows[row], rows[row] + below)
        )
        found[row, across] = (upper + (lower - upper) * downwards[row]).argmax(axis=1)
    return found


def neighbours(end: float, wanted: int, length: int) -> tuple[Array, Array]:
    """For each pixel wanted between 0 and `end`: the pixel before its centre, and how far past that it is."""
    centres = (np.arange(wanted) + 0.5) * (end / wanted) - 0.5
    before = np.clip(np.floor(centres), 0, max(0, length - 2)).astype(np.int64)
    return before, np.clip(centres - before, 0, min(1, length - 1)).astype(np.float32)


def between(begin: Array, end: Array, share: Array) -> Array:
    """What lies between two rows of scores."""
    begin = begin.astype("float32")
    return begin + (end.astype("float32") - begin) * share


def shares(found: Array, classes: list[dict[str, Any]]) -> list[str]:
    """What covers the picture, the most first, a line for each class."""
    names = {one["id"]: one["name"] for one in classes}
    ids, counts = np.unique(found, return_counts=True)
    order = sorted(zip(ids.tolist(), counts.tolist()), key=lambda pair: (-pair[1], pair[0]))
    return [f"{count / found.size:7.2%}  {one:3d}  {names.get(one, one)}" for one, count in order]


def write_class_map(found: Array, config: dict[str, Any], path: Path) -> None:
    """Write a PNG whose pixels are the class numbers, shown in the colours of the configuration."""
    image = Image.fromarray(found.astype(np.uint8))
    image.putpalette(palette(config["classes"]).ravel().tolist())
    image.save(path, "PNG")


def write_overlay(picture: Array, found: Array, config: dict[str, Any], path: Path) -> None:
    """Write the picture as a PNG with every class but 0 tinted."""
    colours = palette(config["classes"])[found.astype(np.uint8)]
    tinted = np.where((found != 0)[..., np.newaxis], picture // 2 + colours // 2, picture)
    Image.fromarray(tinted.astype(np.uint8)).save(path, "PNG")


def palette(classes: list[dict[str, Any]]) -> Array:
    """Colours of the numbers 0 to 255, grey where there is no class."""
    found = np.full((256, 3), 128, np.uint8)
    for one in classes:
        found[one["id"]] = list(bytes.fromhex(one["colour"]))
    return found


def selftest(config: dict[str, Any], run: Run) -> int:
    """Feed the golden inputs and compare what comes out; 0 where every output is within its tolerance."""
    if not config["golden"]:
        print("the package has no golden vectors, so there is nothing to compare with")
        return 3
    failures = 0
    for vector in config["golden"]:
        output = run(array_of(vector["input"]))[vector["output"]["number"]]
        kept = output[tuple(slice(None, None, step) for step in vector["output"]["steps"])]
        breaches, told = compare(kept, array_of(vector["output"]), vector)
        print(f"{vector['name']}: {'; '.join(breaches) if breaches else 'pass'} ({told})")
        failures += bool(breaches)
    return 1 if failures else 0


def array_of(tensor: dict[str, Any]) -> Array:
    """A tensor from its file, which has to be the one of the package."""
    data = (HERE / tensor["file"]).read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != tensor["sha256"]:
        raise SystemExit(f"{tensor['file']}: expected sha256 {tensor['sha256']}, found {found}")
    little = np.dtype(tensor["dtype"]).newbyteorder("<")
    return np.frombuffer(data, little).astype(tensor["dtype"]).reshape(tensor["kept_shape"])


def compare(found: Array, expected: Array, vector: dict[str, Any]) -> tuple[list[str], str]:
    """What is beyond the tolerance, and how far the output is from the golden one, in words."""
    if found.shape != expected.shape or found.dtype != expected.dtype:
        return [f"expected {expected.dtype} {expected.shape}, found {found.dtype} {found.shape}"], "not compared"
    if not np.isfinite(found).all():
        return ["values that are no numbers"], "not compared"
    real, axis = np.issubdtype(expected.dtype, np.floating), vector["output"]["class_axis"]
    apart = np.abs(found.astype(np.float64) - expected.astype(np.float64))
    scale = 1.0 if real else vector["output"]["scale"]
    figures = {
        "steps": None if real else float(apart.max()),
        "absolute": None if scale is None else float(apart.max()) * scale,
        "differing": float((apart != 0).mean()),
        "best_class": None if axis is None else float((found.argmax(axis) != expected.argmax(axis)).mean()),
    }
    breaches = [
        f"{name}: expected at most {most:g}, found {figures[name]:g}"
        for name, most in vector["tolerance"].items()
        if figures[name] is not None and figures[name] > most
    ]
    return breaches, ", ".join(f"{name} {value:.3g}" for name, value in figures.items() if value is not None)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except OSError as problem:
        sys.exit(f"{problem.filename or 'error'}: {problem.strerror or problem}")
