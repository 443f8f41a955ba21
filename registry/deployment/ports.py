"""Inputs and outputs of a model as the runtime of its format would name them, from the file alone."""

from __future__ import annotations

from registry.errors import RejectedError
from registry.inspect.graph import Graph, Tensor
from registry.runtime.base import Port


def image_ports(graph: Graph) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    """What a model that takes one image takes and gives, in the file's order.

    Raises:
        RejectedError: It takes more than one input, or a shape is not known.
    """
    inputs, outputs = ports_of(graph)
    if len(inputs) != 1:
        raise RejectedError(f"expected a model of one input, an image, found {len(inputs)} inputs")
    return inputs, outputs


def ports_of(graph: Graph) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    """What a model takes and what it gives, in the file's order.

    Raises:
        RejectedError: The number of dimensions of one is not known.
    """
    sides = graph.inputs, graph.outputs
    inputs, outputs = (tuple(_port(graph.tensors[one], graph.format) for one in side) for side in sides)
    return inputs, outputs


def _port(tensor: Tensor, format_: str) -> Port:
    if tensor.shape is None:
        raise RejectedError(
            f"tensor {tensor.name}: expected its shape in the file, found none",
            hint="export the model with fixed shapes",
        )
    # an open batch is run as 1, as the engines do
    shape = tuple(1 if axis == 0 and size is None else size for axis, size in enumerate(tensor.shape))
    quantization = tensor.quantization
    # ONNX has its quantization inside the graph; inputs and outputs hold what their types say
    if quantization is None or format_ != "tflite" or len(quantization.scales) != 1:
        return Port(tensor.name, shape, tensor.dtype)
    return Port(tensor.name, shape, tensor.dtype, quantization.scales[0], quantization.zero_points[0])
