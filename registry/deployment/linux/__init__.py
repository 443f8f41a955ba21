"""The target `linux`: a folder that segments pictures by a runtime of the model's format, without this project.

`segment.py` goes into every package as it is; what it needs to know of a model stands in `config.json`.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from registry.deployment.base import (
    CONFIGURATION,
    DATA,
    GOLDEN,
    MODEL,
    SCRIPT,
    File,
    GoldenBytes,
    Instruction,
    Package,
    Subject,
    Toolbox,
)
from registry.digest import Digest
from registry.drawing import voc_colour
from registry.errors import RejectedError
from registry.golden import GoldenTensor
from registry.resources import packaged
from registry.runtime.base import Port
from registry.samples.pictures import VOID

_RUNTIMES = {
    "tflite": ("ai-edge-litert", "# or tflite-runtime, or tensorflow, whichever the machine has"),
    "onnx": ("onnxruntime", ""),
}
"""What pip calls the runtime of a format, and what to know of it."""


def package(subject: Subject, toolbox: Toolbox, work: Path) -> Package:
    """The package of a model (see `registry.deployment.base.Adapter`).

    Raises:
        RejectedError: It has no output of class numbers or scores.
    """
    format_ = subject.facts.graph.format
    model = f"{subject.name}.{format_}"
    golden = [(vector, *_golden_files(vector)) for vector in subject.golden]
    config = configuration(subject, model)
    files = (
        File(
            "segment.py", Path(packaged("deployment", "linux", "segment.py")), SCRIPT, "Segments a picture.", True
        ),
        File("config.json", _json(config), CONFIGURATION, "What segment.py has to know of the model."),
        File("requirements.txt", requirements(format_), DATA, "What pip has to install."),
        File(model, subject.path, MODEL),
        *(file for _vector, *pair in golden for file in pair),
    )
    test = Instruction("See that the model computes here what it should", ("python3", "segment.py", "--selftest"))
    steps = (
        Instruction("Install what it needs", ("python3", "-m", "pip", "install", "-r", "requirements.txt")),
        *((test,) if golden else ()),
        Instruction(
            "Segment a picture",
            ("python3", "segment.py", "picture.jpg", "-o", "mask.png", "--overlay", "overlay.png"),
        ),
    )
    warnings = () if golden else ("There are no golden vectors, so the package cannot test itself.",)
    return Package(files, steps, warnings=warnings)


def configuration(subject: Subject, model: str) -> dict[str, Any]:
    """What `segment.py` has to know.

    Args:
        subject: What is deployed.
        model: Name of the model's file in the package.

    Raises:
        RejectedError: It has no output of class numbers or scores.
    """
    number = _class_output(subject)
    document = subject.variant.document if subject.variant else {}
    count = subject.variant.classes if subject.variant else None
    preparation = {name: value for name, value in asdict(subject.preparation).items() if name != "assumed"}
    return {
        "name": subject.name,
        "model": {"file": model, "sha256": subject.digest.hex, "format": subject.facts.graph.format},
        "input": _port(subject.inputs[0]),
        "output": {"number": number, **_port(subject.outputs[number])},
        "preparation": preparation,
        "count": count or len(subject.labels) or None,
        "offset": document.get("postprocessing", {}).get("label_offset", 0),
        "classes": _classes(subject),
        "golden": [_vector(one) for one in subject.golden],
    }


def requirements(format_: str) -> bytes:
    """What pip has to install for models of a format."""
    name, note = _RUNTIMES[format_]
    return f"numpy\nPillow\n{name}  {note}".rstrip().encode() + b"\n"


def _class_output(subject: Subject) -> int:
    for number, port in enumerate(subject.outputs):
        if len(port.shape) in (3, 4):
            return number
    raise RejectedError(
        f"{subject.name}: expected an output of class numbers or scores for each pixel, found none",
        hint="only segmentation networks are deployed",
    )


def _classes(subject: Subject) -> list[dict[str, Any]]:
    """Names and colours; numbers alone where nobody names them."""
    names = [_visible(label) for label in subject.labels] or [str(number) for number in range(VOID)]
    named = [*enumerate(names[:VOID]), (VOID, "not seen")]
    return [{"id": one, "name": name, "colour": bytes(voc_colour(one)).hex()} for one, name in named]


def _visible(label: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in label)


def _port(port: Port) -> dict[str, Any]:
    return {"dtype": port.dtype, "scale": port.scale, "zero_point": port.zero_point}


def _vector(golden: GoldenBytes) -> dict[str, Any]:
    vector = golden.vector
    return {
        "name": vector.name,
        "input": _tensor(vector.input, golden.input),
        "output": _tensor(vector.output, golden.output),
        "tolerance": vector.tolerance.to_document(),
    }


def _tensor(tensor: GoldenTensor, content: bytes) -> dict[str, Any]:
    return {
        "file": _golden_path(tensor),
        "sha256": Digest.of(content).hex,
        "number": tensor.number,
        "dtype": tensor.dtype,
        "scale": tensor.scale,
        "steps": list(tensor.steps),
        "kept_shape": list(tensor.kept_shape),
        "class_axis": tensor.class_axis,
    }


def _golden_path(tensor: GoldenTensor) -> str:
    return f"golden/{tensor.file}"


def _golden_files(golden: GoldenBytes) -> tuple[File, File]:
    name = golden.vector.name
    return (
        File(_golden_path(golden.vector.input), golden.input, GOLDEN, f"What goes in, vector {name}."),
        File(_golden_path(golden.vector.output), golden.output, GOLDEN, f"What has to come out, vector {name}."),
    )


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")
