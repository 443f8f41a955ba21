import pytest

from registry.inspect.graph import Graph, Operator, Tensor
from registry.inspect.structure import Branch, structure_of
from tests.unit.inspect.graphs import Builder

BLOCKS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, repeats and stride of MobileNetV2's blocks, as its paper's table 2 has them."""


def rounded(value: float) -> int:
    number = max(8, int(value + 4) // 8 * 8)
    return number + 8 if number < 0.9 * value else number


def mobilenet_v2(width: float, stride: int = 32, size: int = 256) -> Builder:
    """The backbone without its last convolution; strides beyond `stride` become dilations."""
    build = Builder(1, size, size, 3)
    data = build.conv(build.inputs[0], rounded(32 * width), kernel=3, stride=2)
    at, rate = 2, 1
    for expansion, channels, repeats, step in BLOCKS:
        for number in range(repeats):
            own = step if number == 0 else 1
            own_rate = rate
            if own == 2 and at >= stride:
                own, rate = 1, rate * 2
            at *= own
            depth = build.tensors[data].shape
            assert depth is not None
            before = data
            if expansion > 1:
                data = build.add("relu6", [build.conv(data, (depth[3] or 0) * expansion)], _wide(build))
            data = build.conv(data, 0, kernel=3, stride=own, rate=own_rate, depthwise=True)
            data = build.add("relu6", [data], _wide(build))
            data = build.conv(data, rounded(channels * width))
            if own == 1 and number:
                data = build.add("add", [before, data], _wide(build))
    return build


def _wide(build: Builder) -> tuple[int | None, ...]:
    shape = build.tensors[-1].shape
    assert shape is not None
    return shape


def with_head(build: Builder, rates: tuple[int, ...], *, separable: bool = False, argmax: bool = False) -> Graph:
    """A DeepLabV3 head on the last result."""
    data = build.operators[-1].outputs[0]
    shape = _wide(build)
    plain = build.conv(data, 64)
    branches = [build.add("relu", [plain], _wide(build))]
    for rate in rates:
        own = build.conv(data, 64, kernel=3, rate=rate, depthwise=separable)
        if separable:
            own = build.conv(build.add("relu", [own], _wide(build)), 64)
        branches.append(build.add("relu", [own], _wide(build)))
    pooled = build.add("mean", [data], (1, 1, 1, shape[3]))
    pooled = build.conv(pooled, 64)
    branches.append(build.add("resize-bilinear", [pooled], (1, shape[1], shape[2], 64)))
    joint = build.add("concat", branches, (1, shape[1], shape[2], 64 * len(branches)), axis=3)
    scores = build.conv(build.conv(joint, 64), 21)
    result = build.add("resize-bilinear", [scores], (1, 256, 256, 21))
    if argmax:
        build.add("argmax", [result], (1, 256, 256), "int64", axis=3)
    return build.graph()


@pytest.mark.parametrize("width", [0.35, 0.5, 0.75, 1.0, 1.4])
@pytest.mark.parametrize(("stride", "dilations"), [(32, ()), (16, (2,)), (8, (2, 4))])
def test_backbone_width_stride_and_dilations(width: float, stride: int, dilations: tuple[int, ...]) -> None:
    found = structure_of(mobilenet_v2(width, stride).graph())
    assert (found.backbone, found.width, found.output_stride, found.dilations) == (
        "MobileNetV2",
        width,
        stride,
        dilations,
    )
    assert (found.aspp, found.branches, found.argmax) == ("none", (), False)


@pytest.mark.parametrize("separable", [True, False])
@pytest.mark.parametrize("rates", [(6, 12, 18), (3, 6, 9), (2,)])
def test_pyramid_pooling_of_both_kinds(rates: tuple[int, ...], separable: bool) -> None:
    found = structure_of(with_head(mobilenet_v2(0.5, 16), rates, separable=separable))
    kind = "dilated-separable" if separable else "dilated"
    assert found.branches == (Branch("1x1"), *(Branch(kind, rate) for rate in rates), Branch("image-pooling"))
    assert (found.aspp, found.rates) == ("v2" if separable else "v1", rates)
    assert (found.backbone, found.output_stride, found.dilations) == ("MobileNetV2", 16, (2,))


def test_a_head_without_dilated_branches_is_told_apart() -> None:
    found = structure_of(with_head(mobilenet_v2(0.5, 8), (), argmax=True))
    assert found.branches == (Branch("1x1"), Branch("image-pooling"))
    assert (found.aspp, found.rates, found.argmax, found.output_stride) == ("none", (), True, 8)


def test_space_moved_into_the_batch_is_a_dilation() -> None:
    build = mobilenet_v2(1.0, 16)
    data = build.operators[-1].outputs[0]
    shape = _wide(build)
    plain = build.conv(data, 64)
    block = build.constant((2,), "int32", values=(6, 6))
    moved = build.add("space-to-batch", [data, block], (36, 3, 3, 320))
    far = build.conv(moved, 64, kernel=3)
    back = build.add("batch-to-space", [far, block], (1, shape[1], shape[2], 64))
    build.add("concat", [plain, back], (1, shape[1], shape[2], 128), axis=3)
    found = structure_of(build.graph())
    assert (found.branches, found.rates, found.output_stride) == ((Branch("1x1"), Branch("dilated", 6)), (6,), 16)


def test_another_network_is_not_named() -> None:
    build = Builder(1, 64, 64, 3)
    data = build.inputs[0]
    for channels in (10, 20, 30):
        data = build.conv(data, channels, kernel=3, stride=2)
    found = structure_of(build.graph())
    assert (found.backbone, found.width, found.output_stride) == (None, None, 8)


def test_a_graph_of_vectors_has_no_parts() -> None:
    build = Builder(1, 8)
    build.add("relu", build.inputs, (1, 8))
    found = structure_of(build.graph())
    assert found.output_stride is None
    assert found.branches == ()
    assert isinstance(build.tensors[0], Tensor)


def test_the_stride_counts_from_what_the_first_convolution_reads() -> None:
    """A converter leaves the input channels last, and transposes it in front of the network."""
    build = Builder(1, 64, 96, 1, layout="NCHW")
    data = build.add("transpose", [build.inputs[0]], (1, 1, 64, 96), permutation=(0, 3, 1, 2))
    for number, size in enumerate((32, 16, 8)):
        weights = build.constant((4, 4 if number else 1, 3, 3))
        data = build.add("conv2d", [data, weights], (1, 4, size, size * 3 // 2), kernel=(3, 3), strides=(2, 2))
    assert structure_of(build.graph()).output_stride == 8


def test_operators_that_read_or_give_nothing_are_no_part() -> None:
    """Found by breaking files."""
    build = Builder(1, 8, 8, 3)
    given, weights = build.inputs[0], build.constant((4, 3, 3, 3))
    build.operators += [
        Operator("conv2d", "CONV_2D", (given, weights), ()),
        Operator("argmax", "ARG_MAX", (), (1,)),
    ]
    build.add("conv2d", [given, weights], (1, 4, 4, 4), kernel=(None, 3), dilations=())
    assert structure_of(build.graph()).output_stride == 4
