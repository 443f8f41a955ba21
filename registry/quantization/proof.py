"""Whether a file is what was asked for: read again from its bytes, by what every other file is judged by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from registry.errors import RejectedError
from registry.facts import Facts
from registry.quantization.configuration import Quantization
from registry.quantization.maker import layer_name

_REPRESENTATIONS = {"onnx-qdq": "qdq", "onnx": "none"}


def require(facts: Facts, asked: Quantization, floats: Sequence[str]) -> dict[str, Any]:
    """See that a file's quantization, float layers and ends are those that were asked for.

    Args:
        facts: Of the file.
        asked: What was asked for.
        floats: Layers that were chosen to stay float.

    Returns:
        What was found, as plain data.

    Raises:
        RejectedError: They are not.
    """
    if wrong := list(_differences(facts, asked, floats)):
        raise RejectedError(
            f"{asked.name}: not what was asked for, so nothing is written: {'; '.join(wrong)}",
            hint="the converter could not do it for this network; mixed, or another scheme, may be possible",
        )
    scheme, graph = facts.scheme, facts.graph
    return {
        "format": graph.format,
        "scheme": scheme.scheme,
        "granularity": scheme.granularity,
        "representation": scheme.representation,
        "layers": len(scheme.layers),
        "weight_bytes": facts.weight_bytes,
        "inputs": [_end(graph.tensors[index]) for index in graph.inputs],
        "outputs": [_end(graph.tensors[index]) for index in graph.outputs],
    }


def _differences(facts: Facts, asked: Quantization, floats: Sequence[str]) -> Iterator[str]:
    scheme, graph = facts.scheme, facts.graph
    plain = asked.scheme in ("float32", "float16")
    wanted = {
        # where the bound holds without a float layer, mixed is int8
        "scheme": "int8" if asked.scheme == "mixed" and not floats else asked.scheme,
        "granularity": "none" if plain else asked.granularity,
        "representation": "none" if plain else _REPRESENTATIONS.get(asked.representation, "tflite"),
    }
    for what, expected in wanted.items():
        if (found := getattr(scheme, what)) != expected:
            yield f"{what}: expected {expected}, found {found}"
    if asked.scheme == "mixed":
        stayed = {layer_name(graph, layer) for layer in scheme.float_layers}
        if stayed != set(floats):
            told = ", ".join(sorted(stayed ^ set(floats))[:4])
            yield f"float layers: expected {len(floats)}, found {len(stayed)} (such as {told})"
    for what, indices, expected in (
        ("input", graph.inputs, asked.input),
        ("output", graph.outputs, asked.output),
    ):
        kinds = {graph.tensors[index].dtype for index in indices}
        if expected != "float32" and kinds != {expected}:
            yield f"{what}: expected {expected}, found {', '.join(sorted(kinds))}"


def _end(tensor: Any) -> dict[str, Any]:
    shape = None if tensor.shape is None else list(tensor.shape)
    return {"name": tensor.name, "shape": shape, "dtype": tensor.dtype}
