import pytest

from registry.inspect.graph import Quantization
from registry.inspect.scheme import Scheme, scheme_of
from tests.unit.inspect.graphs import Builder


def words(scheme: Scheme) -> tuple[str, str, str]:
    return scheme.scheme, scheme.granularity, scheme.representation


@pytest.mark.parametrize(
    ("dtype", "weights", "per_channel", "expected"),
    [
        ("float32", "float32", True, ("float32", "none", "none")),
        ("int8", "int8", True, ("int8", "per-channel", "tflite")),
        ("int8", "int8", False, ("int8", "per-tensor", "tflite")),
        ("uint8", "uint8", False, ("uint8", "per-tensor", "tflite")),
        ("int16", "int8", True, ("int16x8", "per-channel", "tflite")),
        ("float32", "int8", True, ("dynamic-range", "per-channel", "tflite")),
        ("float32", "float16", True, ("float16", "none", "none")),
    ],
)
def test_a_file_of_equal_layers(
    dtype: str, weights: str, per_channel: bool, expected: tuple[str, str, str]
) -> None:
    build = Builder(1, 8, 8, 3, dtype=dtype)
    build.conv(
        build.conv(build.inputs[0], 4, weights=weights, per_channel=per_channel),
        4,
        weights=weights,
        per_channel=per_channel,
    )
    scheme = scheme_of(build.graph())
    assert words(scheme) == expected
    assert scheme.float_layers == ()


def qdq(build: Builder, data: int, *, float_weights: bool = False, quantized_input: bool = True) -> int:
    """A convolution with its operands behind QuantizeLinear and DequantizeLinear, as ONNX writes it."""
    shape = build.tensors[data].shape
    assert shape is not None
    if quantized_input:
        stored = build.add("quantize", [data], shape, "int8")
        data = build.add("dequantize", [stored], shape)
    output = build.conv(data, 4, weights="float32" if float_weights else "int8")
    if not float_weights:
        convolution = build.operators[-1]
        index = convolution.inputs[1]
        real = build.value(build.tensors[index].shape or ())
        place = len(build.operators) - 1
        build.operators[place] = type(convolution)(
            convolution.type,
            convolution.native,
            (data, real, *convolution.inputs[2:]),
            convolution.outputs,
            convolution.attributes,
        )
        build.operators.insert(place, type(convolution)("dequantize", "DequantizeLinear", (index,), (real,)))
    return output


def test_onnx_pairs_around_float_operators_are_an_integer_network() -> None:
    build = Builder(1, 8, 8, 3)
    qdq(build, qdq(build, build.inputs[0]))
    assert words(scheme_of(build.graph(format_="onnx"))) == ("int8", "per-channel", "qdq")


def test_integer_weights_that_are_expanded_before_use_are_weights_only() -> None:
    build = Builder(1, 8, 8, 3)
    qdq(build, build.inputs[0], quantized_input=False)
    assert scheme_of(build.graph(format_="onnx")).scheme == "weights-only"


def test_float_layers_beside_integer_ones_make_a_mixed_file_that_names_them() -> None:
    build = Builder(1, 8, 8, 3)
    qdq(build, qdq(build, build.inputs[0]), float_weights=True)
    scheme = scheme_of(build.graph(format_="onnx"))
    assert words(scheme) == ("mixed", "per-channel", "qdq")
    assert [layer.index for layer in scheme.float_layers] == [len(build.operators) - 1]


def test_a_fully_connected_layer_does_not_decide_the_granularity_of_convolutions() -> None:
    build = Builder(1, 8, 8, 3, dtype="int8")
    data = build.conv(build.inputs[0], 4)
    weights = build.constant((2, 256), "int8", build.tensors[build.inputs[0]].quantization)
    build.add("fully-connected", [data, weights], (1, 2), "int8")
    assert scheme_of(build.graph()).granularity == "per-channel"
    build.conv(data, 4, per_channel=False)
    assert scheme_of(build.graph()).granularity == "mixed"


def test_symmetry_is_read_off_the_zero_points() -> None:
    build = Builder(1, 8, 8, 3, dtype="int8")
    build.conv(build.inputs[0], 4)
    scheme = scheme_of(build.graph())
    assert (scheme.weights_symmetric, scheme.activations_symmetric) == (True, False)
    plain = Builder(1, 8, 8, 3)
    plain.conv(plain.inputs[0], 4)
    assert scheme_of(plain.graph()).weights_symmetric is None


def test_a_graph_without_weights_has_no_scheme() -> None:
    build = Builder(1, 8)
    build.add("relu", build.inputs, (1, 8))
    assert scheme_of(build.graph()).scheme == "unknown"


def test_integer_operators_of_onnx_quantize_their_activations_while_running() -> None:
    build = Builder(1, 8, 8, 3, dtype="uint8")
    build.conv(build.inputs[0], 4, weights="int8", per_channel=False)
    convolution = build.operators.pop()
    build.operators.append(type(convolution)("conv2d", "ConvInteger", convolution.inputs, convolution.outputs))
    assert scheme_of(build.graph(format_="onnx")).scheme == "dynamic-range"


def test_the_type_between_a_pair_counts_through_any_operator() -> None:
    """A reader says which integers a float tensor stands for, so what lies between the pair does not matter."""
    build = Builder(1, 8, 8, 3)
    output = build.conv(build.inputs[0], 4, weights="int8")
    given = build.tensors[build.inputs[0]]
    build.tensors[build.inputs[0]] = type(given)(
        given.name, given.shape, "float32", quantization=Quantization((0.1,), (0,), dtype="int8")
    )
    assert scheme_of(build.graph(output, format_="onnx")).scheme == "int8"
