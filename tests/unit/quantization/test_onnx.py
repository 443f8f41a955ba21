from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationMethod, QuantType, quantize_static

from registry.errors import RejectedError
from registry.facts import Facts
from registry.inspect import read
from registry.progress import Silent
from registry.quantization import configuration
from registry.quantization import onnx as ours
from registry.quantization.calibration import calibration_set
from registry.quantization.configuration import Quantization
from registry.quantization.maker import layer_name
from registry.runtime import open_model
from registry.segmenter import open_descendant
from tests.unit.quantization import networks
from tests.unit.quantization.conftest import World
from tests.unit.strategies import PROPERTY

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def asked(world: World, folder: Path, method: str = "moving-average", **changes: Any) -> Quantization:
    document = networks.plain(world.data, representation="onnx-qdq", method=method, **changes)
    return configuration.read(networks.written(folder / "config.yaml", document))


def inputs(world: World, how: Quantization) -> Iterator[Any]:
    assert how.calibration
    return calibration_set(how.calibration).inputs(world.segmenter, Silent())


def converted(world: World, folder: Path) -> Any:
    return ours.from_tflite(world.tflite.read_bytes(), 17, folder, networks.quiet)


def qdq(world: World, folder: Path, how: Quantization) -> ours.Qdq:
    return ours.Qdq(converted(world, folder), how, lambda: inputs(world, how), folder, networks.quiet)


def facts(data: bytes, folder: Path) -> Facts:
    (folder / "made.onnx").write_bytes(data)
    return Facts(read(folder / "made.onnx"))


def test_the_converted_model_computes_what_its_parent_computes(world: World, tmp_path: Path) -> None:
    path = tmp_path / "made.onnx"
    onnx.save(converted(world, tmp_path), path)
    graph = read(path)
    assert graph.findings == ()
    segmenter = open_descendant(path, graph, world.segmenter)
    for one in inputs(world, asked(world, tmp_path)):
        ((here,), (there,)) = segmenter.model.invoke(one), world.segmenter.model.invoke(one)
        assert np.allclose(here, there, rtol=1e-3, atol=1e-3 * np.abs(there).max())


def branches(shuffled: random.Random | None = None) -> Any:
    """Two branches that read equal constants, as tf2onnx may write them: any names, any order."""
    number = iter(range(100))

    def name(base: str) -> str:
        return f"{base}__{shuffled.randrange(1000)}{next(number)}" if shuffled else base

    names = {key: name(key) for key in ("low", "high", "left", "right", "sum", "unused")}
    nodes = [
        helper.make_node("Clip", ["in", names["low"], names["high"]], [names["left"]], name("clip")),
        helper.make_node("Relu", ["in"], [names["right"]], name("relu")),
        helper.make_node("Add", [names["left"], names["right"]], [names["sum"]], name("add")),
        helper.make_node("Sub", [names["sum"], names["left"]], ["out"], name("sub")),
        helper.make_node("Neg", ["in"], [names["unused"]], name("neg")),
    ]
    constants = [
        numpy_helper.from_array(np.array(value, np.float32), names[key])
        for key, value in (("low", 0.0), ("high", 6.0))
    ]
    if shuffled:
        shuffled.shuffle(nodes)
        shuffled.shuffle(constants)
    ends = [helper.make_tensor_value_info(end, TensorProto.FLOAT, [2]) for end in ("in", "out")]
    graph = helper.make_graph(nodes, str(next(number)), ends[:1], ends[1:], constants)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 2)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


@PROPERTY
@given(st.integers(0, 10_000))
def test_one_graph_has_the_same_bytes_whatever_its_names_and_order(seed: int) -> None:
    plain, other = ours.canonical(branches()), ours.canonical(branches(random.Random(seed)))
    assert other.SerializeToString(deterministic=True) == plain.SerializeToString(deterministic=True)


def test_the_canonical_graph_is_valid_and_computes_the_same(tmp_path: Path) -> None:
    found = ours.canonical(branches())
    onnx.checker.check_model(found, full_check=True)
    assert [node.name for node in found.graph.node] == ["clip", "relu", "add", "sub"]
    assert [one.domain for one in found.opset_import] == [""]
    results = []
    for number, model in enumerate((branches(), found)):
        onnx.save(model, path := tmp_path / f"{number}.onnx")
        results.append(open_model(path, "onnx").invoke(np.array([3, -9], np.float32))[0])
    assert np.array_equal(*results)


@pytest.mark.parametrize("granularity", ["per-channel", "per-tensor"])
@pytest.mark.parametrize("method", ["min-max", "moving-average"])
def test_qdq_is_what_quantize_static_makes(world: World, tmp_path: Path, method: str, granularity: str) -> None:
    how = asked(world, tmp_path, method, granularity=granularity)
    data = qdq(world, tmp_path, how).make()
    quantize_static(
        tmp_path / "prepared.onnx",
        tmp_path / "theirs.onnx",
        ours._Reader("image", inputs(world, how)),
        activation_type=QuantType.QInt8,
        weight_type=QuantType.QInt8,
        per_channel=granularity == "per-channel",
        calibrate_method=CalibrationMethod.MinMax,
        extra_options={
            "CalibMovingAverage": method == "moving-average",
            "WeightSymmetric": True,
            "ActivationSymmetric": False,
        },
    )
    assert onnx.load_from_string(data).graph == onnx.load(tmp_path / "theirs.onnx").graph
    found = facts(data, tmp_path).scheme
    assert (found.scheme, found.granularity, found.representation) == ("int8", granularity, "qdq")
    assert found.weights_symmetric


@pytest.mark.parametrize("method", ["percentile", "entropy"])
def test_histograms_narrow_ranges(
    world: World, tmp_path: Path, method: str, capsys: pytest.CaptureFixture[str]
) -> None:
    how = asked(world, tmp_path, method, **({"percentile": 90} if method == "percentile" else {}))
    maker, widest = qdq(world, tmp_path, how), qdq(world, tmp_path, asked(world, tmp_path, "min-max"))
    assert facts(maker.make(), tmp_path).scheme.scheme == "int8"
    assert capsys.readouterr().out == ""

    def spans(of: ours.Qdq) -> dict[str, float]:
        return {name: float(np.ptp(np.array(data.range_value))) for name, data in of._ranges.items()}

    narrow, wide = spans(maker), spans(widest)
    assert narrow.keys() == wide.keys()
    assert all(narrow[name] <= wide[name] * 1.01 for name in narrow)
    assert min(narrow[name] / wide[name] for name in narrow) < 0.99


def test_the_layers_that_are_asked_for_stay_float(world: World, tmp_path: Path) -> None:
    maker = qdq(world, tmp_path, asked(world, tmp_path))
    assert len(maker.layers) == 4
    found = facts(maker.make(maker.layers[1:3]), tmp_path)
    assert {layer_name(found.graph, layer) for layer in found.scheme.float_layers} == set(maker.layers[1:3])
    alone = facts(maker.only(maker.layers[2]), tmp_path).scheme
    assert [layer.scheme for layer in alone.layers] == ["float32", "float32", "int8", "float32"]


def test_bytes_that_are_no_model_and_another_opset(tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match="tf2onnx does not take the model"):
        ours.from_tflite(b"no model", 17, tmp_path, networks.quiet)
    onnx.save(branches(), path := tmp_path / "made.onnx")
    assert ours.opened(path, 17).graph.node
    with pytest.raises(RejectedError, match="expected opset 13, found 17"):
        ours.opened(path, 13)
