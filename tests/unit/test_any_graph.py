"""No graph that a reader could give is too odd for what is derived from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from registry.claims import judge
from registry.compare import Model, compare
from registry.facts import Facts
from registry.fit import fit
from registry.footprint import plan
from registry.inspect.graph import BITS, TYPES, Graph, Layout, Operator, Quantization, Tensor
from tests.unit import builders
from tests.unit.test_claims import card
from tests.unit.test_fit import board

SIZES = st.one_of(st.none(), st.sampled_from([0, 1, 2, 3, 8, 1 << 20]))
NUMBERS = st.sampled_from([0, 1, 2, 3, 7])
WINDOWS = st.lists(NUMBERS, max_size=3).map(tuple)
LIKELY = (
    "conv2d",
    "depthwise-conv2d",
    "fully-connected",
    "add",
    "mul",
    "pad",
    "transpose",
    "quantize",
    "dequantize",
)
POOLED = ("max-pool2d", "concat", "batch-norm", "relu", "sigmoid", "argmax", "lstm", "space-to-batch")
KINDS = st.one_of(st.sampled_from([*LIKELY, *POOLED]), st.sampled_from(sorted(TYPES)))
FIGURES = [
    {**builders.footprint(name, value), "target": "stm32n6"}
    for name in ("weights-flash", "activation-ram")
    for value in (0.0, 3.5)
]


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    shape = draw(st.one_of(st.none(), st.lists(SIZES, max_size=5).map(tuple)))
    constant = draw(st.booleans())
    scales = draw(st.sampled_from([None, (0.5,), (0.5, 0.25, 1.0)]))
    return Tensor(
        draw(st.sampled_from(["", "a", "b"])),
        shape,
        draw(st.sampled_from(sorted(BITS))),
        constant,
        values=draw(st.sampled_from([None, (), (0,), (2, 2)])) if constant else None,
        quantization=None
        if scales is None
        else Quantization(scales, (0,) * len(scales), draw(st.one_of(st.none(), NUMBERS))),
    )


@st.composite
def operators(draw: st.DrawFn, known: int, new: int) -> Operator:
    """An operator that reads what stands before it, with attributes that may say little."""
    attributes: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "kernel": WINDOWS,
                "strides": WINDOWS,
                "dilations": WINDOWS,
                "padding": st.sampled_from(["same", "valid", "explicit"]),
                "groups": NUMBERS,
                "axis": NUMBERS,
                "permutation": st.sampled_from([(), (0, 2, 3, 1), (0, 3, 1, 2), (1, 0)]),
                "activation": st.sampled_from(["none", "relu"]),
            },
        )
    )
    kind = draw(KINDS)
    if kind == "pad":
        attributes["pads"] = draw(st.sampled_from([(), ((0, 0),) * 4, ((0, 0), (1, 1), (1, 1), (0, 0))]))
    elif attributes.get("padding") == "explicit":
        attributes["pads"] = draw(st.sampled_from([(), (1, 1, 1, 1), (0, 0, 1, 1)]))
    inputs = draw(st.lists(st.integers(-1, known - 1), max_size=4))
    outputs = draw(st.sampled_from([(new,), (new,), (new,), ()]))
    return Operator(kind, kind, tuple(inputs), outputs, attributes, custom=draw(st.booleans()))


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    found = draw(st.lists(tensors(), min_size=1, max_size=12))
    first = draw(st.integers(1, len(found)))
    made = tuple(draw(operators(number, number)) for number in range(first, len(found)))
    ends = st.lists(st.integers(0, len(found) - 1), max_size=3, unique=True).map(tuple)
    format_ = draw(st.sampled_from(["tflite", "onnx", "keras", "keras-h5"]))
    layout: Layout = draw(st.sampled_from(("NHWC", "NCHW", "unknown")))
    return Graph(format_, layout, tuple(found), made, draw(ends), draw(ends))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("any") / "model"
    path.write_bytes(b"model")
    return path


@settings(phases=[Phase.explicit, Phase.reuse, Phase.generate], deadline=None)
@given(graph=graphs())
def test_everything_derived_from_a_graph_is_an_answer(graph: Graph, file: Path) -> None:
    facts, footprint = Facts(graph), plan(graph)
    assert 0 <= footprint.lower_bytes <= footprint.estimate_bytes <= footprint.upper_bytes
    assert footprint.weights_bytes >= 0
    assert len(facts.costs) == len(graph.operators)
    assert sum(work.count for work in facts.work) == len(graph.operators)
    assert all(claim.reason or claim.found or claim.stated for claim in judge(card(footprints=FIGURES), facts))
    assert fit(facts, footprint, board()).verdict in ("yes", "no", "unknown")
    model = Model(file, facts, footprint, {})
    assert compare(model, model) == []
