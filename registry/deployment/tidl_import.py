#!/usr/bin/env python3
"""Import the model of this folder with TIDL: makes `artifacts/` from the model and calibration pictures.

Runs on a PC that has TI's edgeai-tidl-tools with its onnxruntime or tflite_runtime, numpy, Pillow and PyYAML, and
needs nothing else: a package holds it as `import_tidl.py`. How sessions are opened for an import:
edgeai-tidl-tools, docs/custom_model_evaluation.md, commit 2378ce122a33d89a6456445d65212d2b0c0c514b.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp")
KEPT = "README.txt"
_METHODS = {"nearest": "NEAREST", "bilinear": "BILINEAR", "bicubic": "BICUBIC", "area": "BOX"}


class Stop(Exception):  # noqa: N818 - it ends the program, and need not be an error of it
    """Ends the import.

    Attributes:
        code: Exit code: 1 for something wrong with the files, 3 for something that is not installed.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def main(words: Sequence[str] | None = None, folder: Path | None = None) -> NoReturn:
    """Run the command.

    Args:
        words: Its arguments; None takes those of the process.
        folder: The package; None takes the one that holds this file.
    """
    parser = argparse.ArgumentParser(description="Import the model of this folder with TIDL.")
    parser.add_argument("pictures", type=Path, help="folder of calibration pictures like those of the job")
    parser.add_argument("--tools", type=Path, required=True, help="TIDL_TOOLS_PATH of edgeai-tidl-tools")
    asked = parser.parse_args(words)
    try:
        count = import_model(folder or Path(__file__).resolve().parent, asked.pictures, asked.tools)
    except Stop as stop:
        parser.exit(stop.code, f"{stop}\n")
    parser.exit(0, f"imported on {count} pictures; artifacts/ is complete\n")


def import_model(folder: Path, pictures: Path, tools: Path) -> int:
    """Import with TIDL, and put the artifacts in place only when all is done.

    Returns:
        How many pictures it was calibrated on.

    Raises:
        Stop: Something is wrong or missing.
    """
    parameters = parameters_of(folder)
    session = parameters["session"]
    wanted = session["runtime_options"]["advanced_options:calibration_frames"]
    paths = calibration_pictures(pictures, wanted)
    frames = (prepared(path, parameters) for path in paths)
    run = {"tflitert": run_tflite, "onnxrt": run_onnx}[session["session_name"]]
    # TIDL wants an empty folder
    made = Path(tempfile.mkdtemp(prefix=".artifacts-", dir=folder))
    try:
        options = {"artifacts_folder": str(made), "tidl_tools_path": str(tools), **session["runtime_options"]}
        run(folder / session["model_path"], options, frames)
        replace_artifacts(folder / session["artifacts_folder"], made)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return len(paths)


def parameters_of(folder: Path) -> dict[str, Any]:
    """The document `param.yaml`."""
    import yaml

    try:
        found = yaml.safe_load((folder / "param.yaml").read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise Stop(1, f"{folder / 'param.yaml'}: cannot be read: {error}") from None
    session = found.get("session") if isinstance(found, dict) else None
    if not isinstance(session, dict) or "runtime_options" not in session:
        raise Stop(1, f"{folder / 'param.yaml'}: expected a session with runtime_options, found none")
    return dict(found)


def calibration_pictures(folder: Path, count: int) -> list[Path]:
    """The first pictures of a folder by name."""
    if not folder.is_dir():
        raise Stop(1, f"{folder}: expected a folder of pictures, found none")
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS)
    if len(found) < count:
        raise Stop(1, f"{folder}: expected at least {count} pictures ({', '.join(ENDINGS)}), found {len(found)}")
    return found[:count]


def prepared(path: Path, parameters: dict[str, Any]) -> Any:
    """A picture as the model's input: (pixel - mean) * scale, float32, batch first."""
    import numpy as np
    from PIL import Image

    how, session = parameters["preprocess"], parameters["session"]
    try:
        with Image.open(path) as opened:
            picture = resized(opened.convert("RGB"), how)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise Stop(1, f"{path}: cannot be read as a picture: {error}") from None
    channels = len(session["input_mean"])
    pixels = np.asarray(picture.convert("RGB" if channels == 3 else "L")).reshape(*picture.size[::-1], channels)
    if how["reverse_channels"]:
        pixels = pixels[:, :, ::-1]
    values = (pixels - np.array(session["input_mean"])) * np.array(session["input_scale"])
    if how["data_layout"] == "NCHW":
        values = values.transpose(2, 0, 1)
    return np.ascontiguousarray(values[np.newaxis], np.float32)


def resized(picture: Any, how: dict[str, Any]) -> Any:
    """A picture at the size of the input: stretched; by its shorter side, then the middle; or padded."""
    from PIL import Image

    method = Image.Resampling[_METHODS[how["interpolation"]]]
    height, width = how["crop"]
    padded, cut = how["resize_with_pad"], isinstance(how["resize"], int)
    if not padded and not cut:
        return picture.resize((width, height), method)
    factor = (min if padded else max)(height / picture.height, width / picture.width)
    scaled = picture.resize((max(1, round(picture.width * factor)), max(1, round(picture.height * factor))), method)
    if padded:
        canvas = Image.new("RGB", (width, height), tuple(how["pad_color"]))
        canvas.paste(scaled, (0, 0))
        return canvas
    left, top = (scaled.width - width) // 2, (scaled.height - height) // 2
    return scaled.crop((left, top, left + width, top + height))


def run_tflite(model: Path, options: dict[str, Any], frames: Iterator[Any]) -> None:
    """Import by TensorFlow Lite's interpreter with TI's import delegate."""
    try:
        litert = import_module("tflite_runtime.interpreter")
    except ImportError:
        raise Stop(3, "tflite_runtime: expected TI's build of it, found none: set up edgeai-tidl-tools") from None
    library = Path(options["tidl_tools_path"]) / "tidl_model_import_tflite.so"
    if not library.is_file():
        raise Stop(3, f"{library}: expected TI's import delegate, found nothing: is --tools TIDL_TOOLS_PATH?")
    delegate = litert.load_delegate(str(library), options)
    interpreter = litert.Interpreter(model_path=str(model), experimental_delegates=[delegate])
    interpreter.allocate_tensors()
    number = interpreter.get_input_details()[0]["index"]
    for frame in frames:
        interpreter.set_tensor(number, frame)
        interpreter.invoke()


def run_onnx(model: Path, options: dict[str, Any], frames: Iterator[Any]) -> None:
    """Import by onnxruntime with TI's compilation provider."""
    try:
        import onnxruntime
    except ImportError:
        raise Stop(3, "onnxruntime: expected TI's build of it, found none: set up edgeai-tidl-tools") from None
    provider = "TIDLCompilationProvider"
    if provider not in onnxruntime.get_available_providers():
        raise Stop(3, f"onnxruntime: expected TI's build with {provider}, found another: set up edgeai-tidl-tools")
    session = onnxruntime.InferenceSession(
        str(model), providers=[provider, "CPUExecutionProvider"], provider_options=[options, {}]
    )
    name = session.get_inputs()[0].name
    for frame in frames:
        session.run(None, {name: frame})


def replace_artifacts(artifacts: Path, made: Path) -> None:
    """Put new artifacts in the place of old ones; the note of the package stays."""
    artifacts.mkdir(exist_ok=True)
    for old in artifacts.iterdir():
        if old.name != KEPT:
            remove: Callable[[Path], object] = shutil.rmtree if old.is_dir() else Path.unlink
            remove(old)
    for new in made.iterdir():
        new.rename(artifacts / new.name)


if __name__ == "__main__":
    main()
