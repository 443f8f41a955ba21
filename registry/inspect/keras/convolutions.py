"""Layers of Keras with kernels: convolutions, dense layers, embeddings, and the pools that move like them."""

from __future__ import annotations

from typing import Any

from registry.inspect.graph import Dimension, Shape
from registry.inspect.keras.activations import activated
from registry.inspect.keras.build import Step

_CONVOLUTION = {1: "conv1d", 2: "conv2d", 3: "conv3d"}


class Window:
    """A window that moves over the spatial dimensions of a layer's input.

    Args:
        step: Use of the layer.
        rank: Number of spatial dimensions.
        kernel: Option that holds its size.
    """

    def __init__(self, step: Step, rank: int, kernel: str = "kernel_size") -> None:
        options = step.options
        self.step, self.rank = step, rank
        self.first = step.channels_first()
        self.shape = step.shape(rank=rank + 2)
        self.kernel = options.numbers(kernel, rank, 2 if kernel == "pool_size" else 1)
        strides = self.kernel if kernel == "pool_size" and options.raw("strides") is None else None
        self.strides = strides or options.numbers("strides", rank)
        self.dilations = options.numbers("dilation_rate", rank)
        self.padding = options.word("padding", "valid").lower()
        if self.padding not in ("same", "valid", "causal"):
            raise step.malformed("padding", "same, valid or causal", self.padding)

    @property
    def channels(self) -> Dimension:
        """Channels of the input, None when unknown."""
        return self.shape[1 if self.first else -1] if self.shape else None

    @property
    def attributes(self) -> dict[str, Any]:
        """Attributes of an operator with this window."""
        found: dict[str, Any] = {"kernel": self.kernel, "strides": self.strides, "dilations": self.dilations}
        if self.padding != "causal":
            return {**found, "padding": self.padding}
        return {**found, "padding": "explicit", "pads": ((self.kernel[0] - 1) * self.dilations[0], 0)}

    def moved(self, channels: Dimension) -> Shape | None:
        """Shape of what the window gives at each of its places."""
        return self._with([self._places(number) for number in range(self.rank)], channels)

    def spread(self, channels: Dimension) -> Shape | None:
        """Shape of what a transposed convolution gives."""
        return self._with([self._spread(number) for number in range(self.rank)], channels)

    def _with(self, sizes: list[Dimension], channels: Dimension) -> Shape | None:
        if self.shape is None:
            return None
        return (self.shape[0], channels, *sizes) if self.first else (self.shape[0], *sizes, channels)

    def _size(self, number: int) -> Dimension:
        return self.shape[number + (2 if self.first else 1)] if self.shape else None

    def _places(self, number: int) -> Dimension:
        size, stride = self._size(number), self.strides[number]
        if size is None:
            return None
        if self.padding != "valid":
            return -(-size // stride)
        reach = (self.kernel[number] - 1) * self.dilations[number] + 1
        if reach > size:
            raise self.step.malformed("input", f"at least {reach} elements under the kernel", size)
        return (size - reach) // stride + 1

    def _spread(self, number: int) -> Dimension:
        size, stride, kernel = self._size(number), self.strides[number], self.kernel[number]
        reach = (kernel - 1) * self.dilations[number] + 1
        if size is None:
            return None
        if self.step.options.raw("output_padding") is None:
            return size * stride + (max(reach - stride, 0) if self.padding == "valid" else 0)
        extra = self.step.options.numbers("output_padding", self.rank, 0, least=0)[number]
        pad = 0 if self.padding == "valid" else reach // 2
        return max((size - 1) * stride + reach - 2 * pad + extra, 0)


def _roles(step: Step, *names: str) -> tuple[int, ...]:
    """Weights, and a bias where the layer uses one."""
    return step.roles(*names, *(("bias",) if step.options.flag("use_bias", default=True) else ()))


def convolution(step: Step, rank: int) -> int:
    """Conv1D, Conv2D, Conv3D; depthwise where each group is one channel."""
    window = Window(step, rank)
    filters = step.options.integer("filters", least=1)
    groups = step.options.integer("groups", 1, least=1)
    kind, attributes = _CONVOLUTION[rank], {**window.attributes, "groups": groups}
    if groups > 1 and groups == window.channels:
        kind, attributes = "depthwise-conv2d", {**window.attributes, "multiplier": filters // groups}
    inputs = (step.given(), *_roles(step, "kernel"))
    return activated(step, step.emit(kind, inputs, window.moved(filters), **attributes))


def depthwise(step: Step, rank: int) -> int:
    """DepthwiseConv1D, DepthwiseConv2D."""
    window = Window(step, rank)
    multiplier = step.options.integer("depth_multiplier", 1, least=1)
    channels = None if window.channels is None else window.channels * multiplier
    inputs = (step.given(), *_roles(step, "depthwise_kernel"))
    attributes = {**window.attributes, "multiplier": multiplier}
    return activated(step, step.emit("depthwise-conv2d", inputs, window.moved(channels), **attributes))


def separable(step: Step, rank: int) -> int:
    """SeparableConv1D, SeparableConv2D: a depthwise convolution and a pointwise one."""
    window = Window(step, rank)
    multiplier = step.options.integer("depth_multiplier", 1, least=1)
    filters = step.options.integer("filters", least=1)
    between = None if window.channels is None else window.channels * multiplier
    deep, *point = _roles(step, "depthwise_kernel", "pointwise_kernel")
    attributes = {**window.attributes, "multiplier": multiplier}
    middle = step.emit("depthwise-conv2d", (step.given(), deep), window.moved(between), **attributes)
    ones = (1,) * rank
    pointwise: dict[str, Any] = {
        "kernel": ones,
        "strides": ones,
        "dilations": ones,
        "padding": "valid",
        "groups": 1,
    }
    result = step.emit(_CONVOLUTION[rank], (middle, *point), window.moved(filters), **pointwise)
    return activated(step, result)


def transposed(step: Step, rank: int) -> int:
    """Conv1DTranspose, Conv2DTranspose, Conv3DTranspose."""
    window = Window(step, rank)
    filters = step.options.integer("filters", least=1)
    inputs = (step.given(), *_roles(step, "kernel"))
    shape = window.spread(filters)
    return activated(step, step.emit("transpose-conv2d", inputs, shape, **window.attributes, groups=1))


def dense(step: Step) -> int:
    """Dense: weights are (inputs, outputs)."""
    shape, units = step.shape(), step.options.integer("units", least=1)
    inputs = (step.given(), *_roles(step, "kernel"))
    result = None if not shape else (*shape[:-1], units)
    return activated(step, step.emit("fully-connected", inputs, result, transposed=False))


def einsum_dense(step: Step) -> int:
    """EinsumDense: an equation of letters, such as `abc,cd->abd`."""
    shape = step.shape()
    weights = step.roles("kernel", *(("bias",) if step.options.raw("bias_axes") else ()))
    kernel = step.shape_of(weights[0]) if weights[0] >= 0 else None
    equation = step.options.word("equation")[:256]
    result = _einsum(equation, [shape, kernel])
    return activated(step, step.emit("einsum", (step.given(), *weights), result, equation=equation))


def _einsum(equation: str, shapes: list[Shape | None]) -> Shape | None:
    """Shape of an einsum's result; None where a letter's size is unknown or dots stand for several."""
    terms, arrow, result = equation.replace(" ", "").partition("->")
    if not arrow or None in shapes or "." in equation:
        return None
    sizes: dict[str, Dimension] = {}
    for term, shape in zip(terms.split(","), shapes, strict=False):
        if shape is None or len(term) != len(shape):
            return None
        sizes.update(zip(term, shape, strict=True))
    return tuple(sizes[letter] for letter in result) if set(result) <= set(sizes) and len(result) <= 16 else None


def embedding(step: Step) -> int:
    """Embedding: a table that is looked up."""
    shape, width = step.shape(), step.options.integer("output_dim", least=1)
    inputs = (step.given(), *step.roles("embeddings"))
    return step.emit("embedding", inputs, None if shape is None else (*shape, width))


def pool(step: Step, rank: int, kind: str) -> int:
    """MaxPooling and AveragePooling; without strides the window moves by its own size."""
    window = Window(step, rank, "pool_size")
    attributes = {**window.attributes, "dilations": (1,) * rank}
    return step.emit(f"{kind}-pool2d", (step.given(),), window.moved(window.channels), **attributes)


def global_pool(step: Step, rank: int, kind: str) -> int:
    """GlobalAveragePooling and GlobalMaxPooling."""
    first, keep = step.channels_first(), step.options.flag("keepdims")
    shape = step.shape(rank=rank + 2)
    places = tuple(range(2, rank + 2)) if first else tuple(range(1, rank + 1))
    result: Shape | None = None
    if shape is not None:
        kept = (1 if place in places else size for place, size in enumerate(shape))
        result = tuple(kept) if keep else tuple(size for place, size in enumerate(shape) if place not in places)
    return step.emit(f"global-{kind}-pool", (step.given(),), result, axes=places, keep_dims=keep)
