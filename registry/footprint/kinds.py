"""Types of operators by how memory sees them."""

from __future__ import annotations

from registry.inspect.graph import Operator

_MOVES_NOTHING = "reshape flatten squeeze unsqueeze identity dropout"
_ACTIVATES = "relu relu6 relu-n1-to-1 leaky-relu prelu elu hard-swish hard-sigmoid clip sigmoid tanh"
_CONVOLVES = "conv1d conv2d conv3d depthwise-conv2d transpose-conv2d"
_BY_VALUE = """
    add sub mul div maximum minimum pow squared-difference selu gelu swish batch-norm cast logical not
    exp log sqrt rsqrt square abs neg floor ceil round sin cos erf quantize dequantize fake-quantize
    """

ALIASES = frozenset(_MOVES_NOTHING.split())
ACTIVATIONS = frozenset(_ACTIVATES.split())
POOLS = frozenset({"average-pool2d", "max-pool2d"})
CONVOLUTIONS = frozenset(_CONVOLVES.split()) | {"fully-connected"}
AFFINE = frozenset({"batch-norm", "add", "sub", "mul", "div"})
"""Operators that give each channel a factor or a term, where their other input is such a constant."""

WINDOWED = frozenset(_CONVOLVES.split()) | POOLS
ELEMENTWISE = ACTIVATIONS | frozenset(_BY_VALUE.split())


def is_padded(operator: Operator) -> bool:
    """Whether a window reaches beyond its input."""
    pads = operator.attributes.get("pads", ()) if operator.attributes.get("padding") == "explicit" else ()
    return operator.attributes.get("padding") == "same" or any(pads)


def window(operator: Operator, attribute: str = "kernel") -> tuple[int, int]:
    """Height and width of a window, or of its strides; 1 where the file says nothing, a single one is a width."""
    sizes = tuple(int(size or 1) for size in operator.attributes.get(attribute, ()))[-2:]
    height, width = (1, 1, *sizes)[-2:]
    return max(height, 1), max(width, 1)
