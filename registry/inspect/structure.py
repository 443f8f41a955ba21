"""The parts of a segmentation network, recognised by their shape in the graph; names of layers are not trusted.

Sources: MobileNetV2 (Sandler et al. 2018, table 2), MobileNetV1 (Howard et al. 2017, table 1), ResNet (He et al.
2015), DeepLabV3 (Chen et al. 2017): atrous spatial pyramid pooling (ASPP) joins a 1x1 convolution, 3x3 convolutions
of several dilations and a pooled image, all of one feature map.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from registry.inspect.cost import CONVOLUTIONS, channels_of
from registry.inspect.graph import Graph, Operator

_MOBILENET_V2 = (16, 24, 24, 32, 32, 32, 64, 64, 64, 64, 96, 96, 96, 160, 160, 160, 320)
_MOBILENET_V1 = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
_WIDTHS = (0.1, 0.2, 0.25, 0.35, 0.5, 0.75, 1.0, 1.25, 1.3, 1.4, 1.5, 2.0)

_LEAST_BLOCKS = 8
"""Blocks in a row that must have the widths of a backbone before it is named."""

_PASSING = frozenset(
    {
        *("relu", "relu6", "hard-swish", "swish", "sigmoid", "batch-norm", "mul", "add", "identity", "dropout"),
        *("pad", "quantize", "dequantize", "cast", "reshape", "squeeze", "unsqueeze", "transpose", "clip", "shape"),
        *("resize-bilinear", "resize-nearest", "upsample", "tile", "broadcast"),
        *("space-to-batch", "batch-to-space", "fake-quantize", "slice", "strided-slice"),
    }
)
_POOLS = frozenset({"average-pool2d", "global-average-pool", "mean"})


@dataclass(frozen=True)
class Branch:
    """A way from the feature map to the concatenation.

    Attributes:
        kind: `1x1`, `dilated`, `dilated-separable` or `image-pooling`.
        rate: Dilation; 1 for the others.
    """

    kind: str
    rate: int = 1


@dataclass(frozen=True)
class Structure:
    """What was recognised; None is what was not.

    Attributes:
        backbone: `MobileNetV1`, `MobileNetV2` or `ResNet50`.
        width: Width multiplier of the backbone.
        output_stride: Input height over that of the deepest feature map.
        dilations: Dilations inside the backbone, each once, ascending.
        branches: Of the pyramid pooling, dilated ones by their rate; empty where there is none.
        aspp: `v1` (full 3x3 convolutions), `v2` (depthwise separable ones) or `none` (no dilated branch).
        rates: Dilations of the pyramid pooling.
        argmax: Whether the graph itself takes the class of each pixel.
    """

    backbone: str | None
    width: float | None
    output_stride: int | None
    dilations: tuple[int, ...]
    branches: tuple[Branch, ...]
    aspp: str
    rates: tuple[int, ...]
    argmax: bool


def structure_of(graph: Graph) -> Structure:
    """Recognise the parts of a network; an operator that reads or gives nothing is none."""
    graph = replace(graph, operators=tuple(one for one in graph.operators if one.inputs and one.outputs))
    branches, feature = _pyramid(graph)
    rates = tuple(branch.rate for branch in branches if branch.kind.startswith("dilated"))
    separable = any(branch.kind == "dilated-separable" for branch in branches)
    backbone, width = _backbone(graph)
    body = graph.operators if feature is None else _before(graph, feature)
    return Structure(
        backbone=backbone,
        width=width,
        output_stride=_output_stride(graph, body),
        dilations=_backbone_dilations(graph, body),
        branches=branches,
        aspp="none" if not rates else "v2" if separable else "v1",
        rates=rates,
        argmax=_ends_in_argmax(graph),
    )


def _pyramid(graph: Graph) -> tuple[tuple[Branch, ...], int | None]:
    """Branches of the pyramid pooling and the feature map that they share; of the last that looks like one."""
    best: tuple[tuple[Branch, ...], int | None] = ((), None)
    for operator in graph.operators:
        if operator.type != "concat" or len(operator.inputs) < 2:
            continue
        ways = [_way(graph, index) for index in operator.inputs]
        if {way[0] for way in ways} != {ways[0][0]} or ways[0][0] is None:
            continue
        branches = tuple(sorted(filter(None, (_branch(graph, way[1]) for way in ways)), key=_order))
        if len(branches) == len(ways) and any(branch.kind != "1x1" for branch in branches):
            best = (branches, ways[0][0])
    return best


def _before(graph: Graph, feature: int) -> list[Operator]:
    """The operators that a feature map is made by, in order."""
    needed = {feature}
    found = []
    for operator in reversed(graph.operators):
        if not needed.isdisjoint(operator.outputs):
            found.append(operator)
            needed.update(operator.inputs)
    return found[::-1]


def _order(branch: Branch) -> tuple[int, int]:
    return (("1x1", "dilated", "dilated-separable", "image-pooling").index(branch.kind), branch.rate)


def _way(graph: Graph, index: int) -> tuple[int | None, list[Operator]]:
    """The operators from the feature map that all branches share, and that feature map.

    A feature map that several operators read ends the way, unless they are a quantization of the same.
    """
    way: list[Operator] = []
    while len(way) < 40:
        maker = graph.producers.get(index)
        if maker is None or not maker.inputs:
            return None, []
        if maker.type not in _PASSING and maker.type not in CONVOLUTIONS and maker.type not in _POOLS:
            return None, []
        way.insert(0, maker)
        index = maker.inputs[0]
        if _readers(graph, index) > 1 and any(one.type in CONVOLUTIONS for one in way):
            return index, way
    return None, []


def _readers(graph: Graph, index: int) -> int:
    """How many operators read a tensor; a shape that is asked for does not count."""
    return sum(one.type != "shape" for one in graph.consumers.get(index, ()))


def _branch(graph: Graph, way: Sequence[Operator]) -> Branch | None:
    convolutions = [one for one in way if one.type in CONVOLUTIONS]
    if any(one.type in _POOLS for one in way):
        return Branch("image-pooling")
    for one in convolutions:
        rate = _rate(graph, one)
        if rate > 1:
            return Branch("dilated" if one.type == "conv2d" else "dilated-separable", rate)
    return Branch("1x1") if convolutions and all(_kernel(one) == 1 for one in convolutions) else None


def _kernel(operator: Operator) -> int:
    return max((int(size or 1) for size in operator.attributes.get("kernel", ())), default=1)


def _rate(graph: Graph, operator: Operator) -> int:
    """Dilation of a convolution: stated, or made by moving space into the batch before it."""
    stated = max((int(size or 1) for size in operator.attributes.get("dilations", ())), default=1)
    if stated > 1:
        return stated
    maker = _maker(graph, operator)
    if maker is not None and maker.type == "space-to-batch" and len(maker.inputs) > 1 and maker.inputs[1] >= 0:
        block = graph.tensors[maker.inputs[1]].values
        return int(max(block)) if block else 1
    return 1


def _backbone_dilations(graph: Graph, body: Sequence[Operator]) -> tuple[int, ...]:
    found = {
        _rate(graph, operator)
        for operator in body
        if operator.type == "depthwise-conv2d" or (operator.type == "conv2d" and _kernel(operator) > 1)
    }
    return tuple(sorted(found - {1}))


def _backbone(graph: Graph) -> tuple[str | None, float | None]:
    depthwise = [
        (number, operator) for number, operator in enumerate(graph.operators) if operator.type == "depthwise-conv2d"
    ]
    if depthwise:
        widths = list(_after_depthwise(graph))
        for name, channels, least in (("MobileNetV2", _MOBILENET_V2, 8), ("MobileNetV1", _MOBILENET_V1, 8)):
            if width := _width(widths, channels, least):
                return name, width
        return None, None
    widths = [
        channels_of(graph, graph.tensors[one.outputs[0]]) or 0 for one in graph.operators if one.type == "add"
    ]
    steps = list(dict.fromkeys(widths))
    return ("ResNet50", 1.0) if steps[:4] == [256, 512, 1024, 2048] and len(widths) >= 16 else (None, None)


def _after_depthwise(graph: Graph) -> Iterator[int]:
    """Channels of the 1x1 convolution behind each depthwise one."""
    for operator in graph.operators:
        if operator.type != "depthwise-conv2d":
            continue
        index = operator.outputs[0]
        for _step in range(8):
            readers = [one for one in graph.consumers.get(index, ()) if one.type != "shape"]
            if not readers or (readers[0].type not in _PASSING and readers[0].type != "conv2d"):
                break
            if readers[0].type == "conv2d":
                yield channels_of(graph, graph.tensors[readers[0].outputs[0]]) or 0
                break
            index = readers[0].outputs[0]


def _width(found: Sequence[int], channels: Sequence[int], least: int) -> float | None:
    """The multiplier whose widths begin what was found; a network cut short has fewer blocks."""
    for width in _WIDTHS:
        rounded = [_divisible(number * width) for number in channels]
        cut = [max(8, int(number * width)) for number in channels]
        if max(_agreeing(found, rounded), _agreeing(found, cut)) >= least:
            return width
    return None


def _agreeing(found: Sequence[int], expected: Sequence[int]) -> int:
    """How many numbers from the first on are the same."""
    pairs = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(found, expected, strict=False))
    return sum(1 for _pair in pairs)


def _divisible(value: float) -> int:
    """Channels as MobileNet rounds them: to a multiple of 8, never down by more than a tenth."""
    rounded = max(8, int(value + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * value else rounded


def _output_stride(graph: Graph, body: Sequence[Operator]) -> int | None:
    """Height that the first convolution reads over the least height of one's result before the pyramid pooling.

    The input itself may have another order of dimensions, which a transposition behind it makes good.
    """
    given = [_height(graph, one.inputs[0]) for one in body if one.type in CONVOLUTIONS and one.inputs][:1]
    heights = [
        height
        for operator in body
        if operator.type in CONVOLUTIONS and (height := _height(graph, operator.outputs[0])) and height > 1
        if not _in_batch(graph, operator)
    ]
    if not given or not given[0] or not heights:
        return None
    ratio = given[0] / min(heights)
    return min((4, 8, 16, 32, 64), key=lambda stride: abs(stride - ratio))


def _in_batch(graph: Graph, operator: Operator) -> bool:
    """Whether the convolution works on space that was moved into the batch: its height is no feature map's."""
    maker = _maker(graph, operator)
    return maker is not None and maker.type == "space-to-batch"


def _maker(graph: Graph, operator: Operator) -> Operator | None:
    """What makes the data that an operator works on."""
    return graph.producers.get(operator.inputs[0]) if operator.inputs else None


def _height(graph: Graph, index: int) -> int | None:
    shape = graph.tensors[index].shape
    if not shape or len(shape) != 4:
        return None
    return shape[2 if graph.layout == "NCHW" else 1]


def _ends_in_argmax(graph: Graph) -> bool:
    return any(_made_by_argmax(graph, index) for index in graph.outputs)


def _made_by_argmax(graph: Graph, index: int) -> bool:
    for _step in range(8):
        maker = graph.producers.get(index)
        if maker is None or not maker.inputs:
            return False
        if maker.type == "argmax":
            return True
        if maker.type not in _PASSING:
            return False
        index = maker.inputs[0]
    return False
