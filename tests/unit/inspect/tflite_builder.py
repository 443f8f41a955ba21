"""Small TFLite models, made from the schema's field numbers."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from struct import Struct

from registry.inspect.tflite.flatbuffer import BOOL, FLOAT32, INT8, INT32, INT64, UINT8, UINT32, UINT64
from registry.inspect.tflite.schema import CUSTOM, GREATER_CODES, OPERATORS
from tests.unit.inspect.flatbuffer_writer import Fields, Number, Numbers, Value, build

FLOAT, INTEGER32, UNSIGNED8, INTEGER64, INTEGER8, INTEGER4 = 0, 2, 3, 4, 9, 17


def integers(*values: int) -> Numbers:
    return Numbers(INT32, values)


def quantized(
    scales: Sequence[float], zeros: Sequence[int] = (), axis: int = 0, details: int | None = None
) -> Fields:
    """`QuantizationParameters`."""
    return Fields(
        {
            2: Numbers(FLOAT32, scales),
            3: Numbers(INT64, zeros or [0] * len(scales)),
            4: None if details is None else Number(UINT8, details),
            5: None if details is None else Fields({0: b"x"}),
            6: Number(INT32, axis),
        }
    )


@dataclass
class Subgraph:
    """Tensors and operators while a test adds them."""

    model: Model
    name: str = "main"
    tensors: list[Fields] = field(default_factory=list)
    operators: list[Fields] = field(default_factory=list)
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()

    def tensor(
        self,
        shape: Sequence[int],
        dtype: int = FLOAT,
        data: bytes | None = None,
        quantization: Fields | None = None,
        more: dict[int, Value] | None = None,
    ) -> int:
        """Add a tensor; `more` holds further fields."""
        values: dict[int, Value] = {
            0: integers(*shape) if shape else None,
            1: Number(INT8, dtype),
            2: Number(UINT32, 0 if data is None else self.model.buffer(data)),
            3: f"t{len(self.tensors)}",
            4: quantization,
        }
        self.tensors.append(Fields(values | (more or {})))
        return len(self.tensors) - 1

    def numbers(self, *values: int) -> int:
        """Add a constant of int32."""
        return self.tensor([len(values)], INTEGER32, Struct(f"<{len(values)}i").pack(*values))

    def operator(
        self,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        kind: int = 0,
        options: dict[int, Value] | None = None,
        version: int = 1,
        more: dict[int, Value] | None = None,
    ) -> None:
        """Add an operator; one that the schema does not know is a custom one."""
        values: dict[int, Value] = {
            0: Number(UINT32, self.model.code(name, version)),
            1: integers(*inputs),
            2: integers(*outputs),
            3: Number(UINT8, kind),
            4: None if options is None else Fields(options),
        }
        self.operators.append(Fields(values | (more or {})))

    def fields(self) -> Fields:
        return Fields(
            {
                0: self.tensors,
                1: integers(*self.inputs),
                2: integers(*self.outputs),
                3: self.operators,
                4: self.name,
            }
        )


@dataclass
class Model:
    """A model while a test adds to it."""

    codes: list[tuple[str, int]] = field(default_factory=list)
    buffers: list[Fields] = field(default_factory=lambda: [Fields({})])
    subgraphs: list[Subgraph] = field(default_factory=list)
    metadata: list[tuple[str, int]] = field(default_factory=list)
    signatures: list[Fields] = field(default_factory=list)
    further: dict[int, Value] = field(default_factory=dict)
    description: str = "made by a test"
    version: int = 3

    def subgraph(self, name: str = "main") -> Subgraph:
        self.subgraphs.append(Subgraph(self, name))
        return self.subgraphs[-1]

    def buffer(self, data: bytes) -> int:
        self.buffers.append(Fields({0: data}))
        return len(self.buffers) - 1

    def say(self, name: str, data: bytes) -> None:
        """Add an entry of metadata."""
        self.metadata.append((name, self.buffer(data)))

    def code(self, name: str, version: int) -> int:
        if (name, version) not in self.codes:
            self.codes.append((name, version))
        return self.codes.index((name, version))

    def fields(self) -> Fields:
        values: dict[int, Value] = {
            0: Number(UINT32, self.version),
            1: [_code(name, version) for name, version in self.codes],
            2: [subgraph.fields() for subgraph in self.subgraphs],
            3: self.description,
            4: self.buffers,
            6: [Fields({0: name, 1: Number(UINT32, buffer)}) for name, buffer in self.metadata] or None,
            7: self.signatures or None,
        }
        return Fields(values | self.further)

    def bytes(self) -> bytes:
        return build(self.fields())


def _code(name: str, version: int) -> Fields:
    custom = name not in OPERATORS and not name.isdigit()
    code = CUSTOM if custom else int(name) if name.isdigit() else OPERATORS.index(name)
    return Fields(
        {
            0: Number(INT8, min(code, GREATER_CODES)),
            1: name if custom else None,
            2: Number(INT32, version),
            3: Number(INT32, code),
        }
    )


def convolution() -> Model:
    """Eight-bit: a convolution per channel, a depthwise one, a mean, a fully connected layer, softmax."""
    model = Model()
    graph = model.subgraph()
    scale = quantized([0.5], [-128])
    image = graph.tensor([1, 8, 8, 3], INTEGER8, quantization=scale)
    weights = graph.tensor([4, 3, 3, 3], INTEGER8, bytes(108), quantized([0.1, 0.2, 0.3, 0.4]))
    bias = graph.tensor([4], INTEGER32, bytes(16), quantized([0.05, 0.1, 0.15, 0.2]))
    first = graph.tensor([1, 4, 4, 4], INTEGER8, quantization=scale)
    window = {0: Number(INT8, 0), 1: Number(INT32, 2), 2: Number(INT32, 2), 3: Number(INT8, 3)}
    graph.operator("CONV_2D", [image, weights, bias], [first], 1, dict(window), version=3)
    deep = graph.tensor([1, 3, 3, 4], INTEGER8, bytes(36), quantized([0.1] * 4, axis=3))
    second = graph.tensor([1, 4, 4, 4], INTEGER8, quantization=scale)
    depthwise: dict[int, Value] = {
        1: Number(INT32, 1),
        2: Number(INT32, 1),
        3: Number(INT32, 1),
        4: Number(INT8, 1),
        5: Number(INT32, 2),
        6: Number(INT32, 4),
    }
    graph.operator("DEPTHWISE_CONV_2D", [first, deep, -1], [second], 2, depthwise, version=3)
    pooled = graph.tensor([1, 4], INTEGER8, quantization=scale)
    graph.operator("MEAN", [second, graph.numbers(1, -2)], [pooled], 27, {})
    dense = graph.tensor([2, 4], INTEGER8, bytes(8), quantized([0.1]))
    logits = graph.tensor([1, 2], INTEGER8, quantization=scale)
    graph.operator("FULLY_CONNECTED", [pooled, dense, -1], [logits], 8, {})
    scores = graph.tensor([1, 2], INTEGER8, quantization=scale)
    graph.operator("SOFTMAX", [logits], [scores], 9, {0: Number(FLOAT32, 1.0)})
    graph.inputs, graph.outputs = (image,), (scores,)
    model.say("min_runtime_version", b"1.14.0\0\0")
    return model


def loop() -> Model:
    """A WHILE with its two subgraphs, each run from one place."""
    model = Model()
    for name in ("main", "condition", "body"):
        graph = model.subgraph(name)
        before, after = graph.tensor([1], INTEGER32), graph.tensor([1], 6 if name == "condition" else INTEGER32)
        graph.inputs, graph.outputs = (before,), (after,)
        if name == "main":
            graph.operator("WHILE", [before], [after], 93, {0: Number(INT32, 1), 1: Number(INT32, 2)})
        else:
            graph.operator("LESS" if name == "condition" else "ADD", [before, graph.numbers(7)], [after])
    return model


def described() -> Model:
    """A float model with all that metadata can say."""
    model = Model()
    graph = model.subgraph()
    image, result = graph.tensor([1, 4, 4, 3]), graph.tensor([1, 4, 4, 3])
    graph.operator("RELU6", [image], [result])
    graph.inputs, graph.outputs = (image,), (result,)
    model.say("TFLITE_METADATA", build(_metadata(), b"M001"))
    model.say("CONVERSION_METADATA", build(_conversion(), bytes(4)))
    model.say("custom", b"abc")
    tensor = Fields({0: "x", 1: Number(UINT32, image)})
    model.signatures = [Fields({0: [tensor], 1: [], 2: "serving_default"})]
    return model


def varied() -> Model:
    """Operators of many kinds, branches, an initialiser, variables, sparse weights, bytes in other files."""
    model = Model()
    graph = model.subgraph()
    image = graph.tensor([1, 4, 4, 2])
    state = graph.tensor([1, 3], more={5: Number(BOOL, 1)})
    graph.inputs = (image,)

    def then(name: str, inputs: Sequence[int], kind: int = 0, options: dict[int, Value] | None = None) -> int:
        result = graph.tensor([1, 4, 4, 2], more={7: integers(-1, 4, 4, 2)})
        graph.operator(name, inputs, [result], kind, options)
        return result

    weights = graph.tensor([2, 3, 3, 2], data=bytes(144))
    flow = then("TRANSPOSE_CONV", [graph.numbers(1, 4, 4, 2), weights, image], 49, {1: Number(INT32, 2)})
    flow = then("PAD", [flow, graph.numbers(0, 0, 1, 1, 1, 1, 0, 0)], 22, {})
    flow = then("MAX_POOL_2D", [flow], 5, {3: Number(INT32, 2), 4: Number(INT32, 2)})
    flow = then("CONCATENATION", [flow, flow, image], 10, {0: Number(INT32, -1)})
    flow = then("STRIDED_SLICE", [flow, graph.numbers(0), graph.numbers(9), graph.numbers(1)], 32, {})
    flow = then("RESHAPE", [flow], 17, {0: integers(1, -1)})
    flow = then("SPLIT", [graph.numbers(1), flow], 35, {0: Number(INT32, 1)})
    flow = then("SQUEEZE", [flow], 30, {0: integers(0)})
    flow = then("GELU", [flow], 116, {0: Number(BOOL, 1)})
    recurrent = graph.tensor([3, 2], data=bytes(24))
    flow = then("UNIDIRECTIONAL_SEQUENCE_LSTM", [flow, -1, recurrent, recurrent, recurrent, state], 71, {})
    sparse = Fields({0: integers(0, 1), 2: [Fields({0: Number(INT8, 1)})]})
    graph.tensor([8, 8], data=bytes(16), more={6: sparse})
    graph.tensor([8, 8], more={10: Number(UINT32, 5)})
    graph.tensor([8], INTEGER4, bytes(4), quantized([0.1], details=2))
    graph.operator("CALL_ONCE", [], [], 103, {0: Number(INT32, 1)})
    flow = then("IF", [flow], 92, {0: Number(INT32, 2), 1: Number(INT32, 3)})
    case: dict[int, Value] = {11: Number(UINT8, 23), 12: Fields({0: integers(4, 4)})}
    last = graph.tensor([])
    graph.operator("STABLEHLO_CASE", [flow], [last], more=case)
    graph.operator("FlexReadFile", [flow], [last])
    graph.operator("TFLite_Detection_PostProcess", [flow], [last])
    graph.operator("9999", [flow], [last])
    graph.outputs = (last,)
    for name in ("once", "then", "else", "shared"):
        inner = model.subgraph(name)
        inner.operator("NEG", [inner.tensor([1])], [inner.tensor([1])], 42, {})
    model.further = {
        8: [Fields({0: "weights.bin"})],
        9: [Fields({0: Number(UINT32, 5), 2: Number(UINT64, 8), 3: Number(UINT64, 256)})],
    }
    return model


def _metadata() -> Fields:
    labels = Fields({0: "labels.txt", 2: Number(INT8, 3), 3: "en"})
    content = Fields({0: Number(UINT8, 2), 1: Fields({0: Number(INT8, 1)})})
    scaled = Fields({0: Numbers(FLOAT32, [127.5]), 1: Numbers(FLOAT32, [127.5, 64.0])})
    stats = Fields({0: Numbers(FLOAT32, [1.0]), 1: Numbers(FLOAT32, [-1.0])})
    units = [
        Fields({0: Number(UINT8, 1), 1: scaled}),
        Fields({0: Number(UINT8, 2), 1: Fields({0: Number(INT8, 1), 1: Number(FLOAT32, 0.5)})}),
        Fields({0: Number(UINT8, 3), 1: Fields({0: Number(FLOAT32, 0.25)})}),
        Fields({0: Number(UINT8, 5), 1: Fields({0: [labels], 1: [labels]})}),
    ]
    image = Fields({0: "image", 1: "a photograph", 2: ["batch", "y"], 3: content, 4: units, 5: stats, 6: [labels]})
    graph = Fields({0: "graph", 2: [image], 3: [Fields({0: "scores", 6: [labels]})], 4: [labels]})
    return Fields({0: "net", 1: "finds shapes", 2: "v1", 3: [graph], 4: "zoo", 5: "MIT", 7: "1.1.0"})


def _conversion() -> Fields:
    environment = Fields({0: "2.15.0", 1: Number(UINT32, 2), 2: Number(INT32, 2), 3: Number(UINT64, 7)})
    options = Fields({0: integers(1003, 9999), 1: Number(BOOL, 1)})
    return Fields({0: environment, 1: options})


def archived(model: bytes, files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A model with a zip archive behind it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return model + out.getvalue()


def seeds() -> Iterator[bytes]:
    """What a fuzzer begins with."""
    yield convolution().bytes()
    yield loop().bytes()
    yield varied().bytes()
    yield archived(described().bytes(), {"labels.txt": b"background\nsquare\n" * 9})
