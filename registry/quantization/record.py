"""What stands beside a quantized model: names of files, and the versions that a result depends on."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from registry import __version__
from registry.digest import Digest
from registry.lineage.commit import commit_of
from registry.quantization.configuration import Quantization
from registry.quantization.mixed import Choice

KIND = "quantization-record/1"
FILE = "quantization.json"
NAMES = frozenset({FILE, "model.tflite", "model.onnx", "model.lineage.json"})
"""Names of the files that a run may leave."""

_PACKAGES = ("tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime", "ai-edge-litert", "numpy", "pillow")


def document(
    asked: Quantization,
    made_of: Mapping[str, Any],
    model: Mapping[str, Any],
    choice: Choice | None,
    gate: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The record of a result.

    Args:
        asked: The configuration.
        made_of: Digests of parent, calibration set and preprocessing.
        model: The file, and what was found in it.
        choice: Which layers stay float, where that was to be found out.
        gate: Its verdict, and what it was measured on.
    """
    configuration = Digest.of(json.dumps(asked.plain, sort_keys=True).encode())
    return {
        "schema": KIND,
        "name": asked.name,
        "made_of": {"configuration": configuration.hex, **made_of},
        "configuration": dict(asked.plain),
        "model": dict(model),
        "mixed": choice and choice.to_json(),
        "gate": gate,
    }


def circumstances(threads: int, commit: Path, started: str, seconds: float) -> dict[str, Any]:
    """What the bytes of a result should not depend on, and what they may: time, versions, machine, git commit."""
    return {
        "started": started,
        "seconds": round(seconds, 3),
        "environment": _environment(threads),
        "git": commit_of(commit),
    }


def _environment(threads: int) -> dict[str, Any]:
    """Versions and machine that a result depends on."""
    return {
        "zoo": __version__,
        "python": platform.python_version(),
        **{name: found for name in _PACKAGES if (found := _version(name))},
        "machine": platform.machine(),
        "system": platform.system(),
        "threads": threads,
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
