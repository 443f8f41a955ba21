"""TI's processors: a folder of TI's model zoo, and a script that imports the model with TIDL where it is installed.

What reads `param.yaml` and `dataset.yaml` on the device is TI's edgeai-dl-inferer: sizes as [height, width], mean
and scale of the session where `input_optimization` is off, class names by id (the copy Grippy98/edgeai-dl-inferer,
dl_inferer_python/edgeai_dl_inferer.py, commit 0602277fc01a25292ec4cec3e5d4b06f32f3b697). The options of the import
stand in TexasInstruments/edgeai-tidl-tools, examples/osrt_python/README.md, commit
0440b23064a0c42188870bd07eed11570479c173.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from registry.deployment.base import (
    CONFIGURATION,
    GUIDE,
    SCRIPT,
    File,
    Instruction,
    Package,
    Subject,
    Tool,
    Toolbox,
)
from registry.deployment.board import copying, model_file
from registry.errors import RejectedError
from registry.preparation import Preparation
from registry.runtime.base import Port

SYMMETRIC_ONLY = ("tda4vm",)
"""Targets without asymmetric, per-channel quantization (`quantization_scale_type` 4)."""

SESSIONS = {"tflite": "tflitert", "onnx": "onnxrt"}
"""TI's name of the runtime by format."""

_IMPORT = "import_tidl.py"
_PLACEHOLDER = b"The import with TIDL puts its artifacts here: see README.txt of the package.\n"
_USE = "TI's compiler (edgeai-tidl-tools): makes artifacts/ from the float model and calibration pictures"
_MISSING = (
    "TIDL's tools are closed and not here, so artifacts/ is empty and the model runs on the CPU only: on a PC with"
    f" edgeai-tidl-tools, {_IMPORT} makes the artifacts; it was never tried with TI's own tools."
)


def package(subject: Subject, toolbox: Toolbox, work: Path) -> Package:
    """See `Adapter.package`; TIDL is closed, so that the import is left to a script for whoever has it.

    Raises:
        RejectedError: The model takes pictures of any size.
    """
    del toolbox, work
    model, accelerated = model_file(subject, "model/"), "npu" in subject.target.engines
    files = [
        model,
        _yaml("param.yaml", parameters(subject, model.path, accelerated=accelerated)),
        _yaml("dataset.yaml", {"categories": _categories(subject)}),
    ]
    if accelerated:
        script = Path(__file__).with_name("tidl_import.py")
        files += [
            File(_IMPORT, script, SCRIPT, "Imports the model with TIDL, on a PC.", executable=True),
            File("artifacts/README.txt", _PLACEHOLDER, GUIDE),
        ]
    return Package(
        files=tuple(files),
        instructions=_instructions(subject, accelerated=accelerated),
        tools=(Tool("tidl_tools", None, _USE, found=False),) if accelerated else (),
        warnings=(*((_MISSING,) if accelerated else ()), *_differences(subject.preparation)),
    )


def parameters(subject: Subject, model: str, *, accelerated: bool) -> dict[str, Any]:
    """The document `param.yaml`.

    Args:
        subject: What is deployed.
        model: Path of its file in the package.
        accelerated: Whether TIDL imports it; else it runs on the CPU, without options of TIDL.

    Raises:
        RejectedError: The model takes pictures of any size.
    """
    how, device = subject.preparation, subject.target.name.upper()
    stated = subject.variant.document if subject.variant else {}
    session: dict[str, Any] = {
        "session_name": SESSIONS[subject.facts.graph.format],
        "model_path": model,
        "artifacts_folder": "artifacts",
        "target_device": device,
        "input_data_layout": how.layout,
        "input_optimization": False,
        "input_mean": list(how.mean),
        "input_scale": list(how.scale),
        "input_details": [_details(port) for port in subject.inputs],
        "output_details": [_details(port) for port in subject.outputs],
    }
    if accelerated:
        session["runtime_options"] = runtime_options(subject.target.name)
    return {
        "task_type": "segmentation",
        "target_device": device,
        "preprocess": _preprocess(how),
        "postprocess": {"data_layout": how.layout},
        "session": session,
        # an older reader takes the names of dataset.yaml only where a dataset is named
        "input_dataset": {"name": stated.get("classes", {}).get("dataset", subject.name)},
        "metric": {"label_offset_pred": stated.get("postprocessing", {}).get("label_offset", 0)},
    }


def runtime_options(target: str) -> dict[str, int]:
    """Options of the import by TIDL's names: its own defaults, and the finest quantization that the target has."""
    return {
        "tensor_bits": 8,
        "accuracy_level": 1,
        "advanced_options:calibration_frames": 20,
        "advanced_options:calibration_iterations": 50,
        "advanced_options:quantization_scale_type": 0 if target in SYMMETRIC_ONLY else 4,
    }


def _preprocess(how: Preparation) -> dict[str, Any]:
    """Sizes as [height, width]; one number is the shorter side."""
    if how.height is None or how.width is None:
        raise RejectedError(
            "the model takes pictures of any size, expected one size",
            hint="TIDL compiles for one size; export the model with a fixed input",
        )
    size = (how.height, how.width)
    return {
        "resize": min(size) if how.resize == "shorter-side" else list(size),
        "crop": list(size),  # a list of its own: YAML would refer from one to the other
        "resize_with_pad": how.resize == "pad",
        "pad_color": _padding(how),
        "interpolation": how.interpolation,
        "data_layout": how.layout,
        "reverse_channels": how.colour == "BGR",
    }


def _padding(how: Preparation) -> list[int]:
    """The colour of an RGB picture that is 0 for the network, as near as whole numbers come."""
    mean = [round(one) for one in how.mean]
    return mean * 3 if len(mean) == 1 else mean[::-1] if how.colour == "BGR" else mean


def _differences(how: Preparation) -> Iterator[str]:
    if how.resize in ("shorter-side", "pad"):
        yield f"The model wants pictures resized by {how.resize}, TI's edgeai-dl-inferer stretches them."


def _details(port: Port) -> dict[str, Any]:
    return {"name": port.name, "shape": list(port.shape), "type": port.dtype}


def _categories(subject: Subject) -> list[dict[str, Any]]:
    return [{"id": number, "name": label} for number, label in enumerate(subject.labels)]


def _yaml(path: str, document: dict[str, Any]) -> File:
    import yaml

    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    return File(path, text.encode("utf-8", "replace"), CONFIGURATION)


def _instructions(subject: Subject, *, accelerated: bool) -> tuple[Instruction, ...]:
    folder = f"/opt/model_zoo/{subject.name}"
    importing = Instruction(
        "Import with TIDL, on a PC with edgeai-tidl-tools, from a folder of at least 20 pictures",
        ("python3", _IMPORT, "PICTURES", "--tools", "TIDL_TOOLS_PATH"),
        "host",
    )
    return (
        *((importing,) if accelerated else ()),
        *copying(folder, "."),
        Instruction(f"Name {folder} as model_path in a configuration of edgeai-gst-apps"),
    )
