"""Recording golden vectors: names, tolerances, and models that have no golden answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from registry.deviation import deviation
from registry.digest import Digest
from registry.errors import RejectedError
from registry.golden import GoldenTensor, Tolerance, Vector
from registry.inspect import read
from registry.preparation import Preparation
from registry.record import names_of, record, snippet, tolerance_for
from registry.runtime.base import Array, Model, Port
from registry.segmenter import Segmenter, open_segmenter
from registry.selftest import array_of, selftest
from tests.acceptance.world import SHARED
from tests.unit import builders
from tests.unit.onnx_models import brightness_classes
from tests.unit.strategies import PROPERTY

BLOBS = SHARED / "real/blobs/sha256"
QUANTIZED = "0470d2a782aa54eeeb99d32e7b6b3fb7722905c7c4f5d26bd957ec861366d48b"
FLOAT = "9711334db2b01d5894feb8ed0f5cb3e97d125b8d229f8d8692f625801818f5ef"

PREPARATION = Preparation(2, 2, "stretch", "nearest", (0.0,) * 3, (1.0,) * 3, "RGB", "NHWC")


class Counting(Model):
    """An engine whose every answer is another one."""

    name, version = "counting", "1"
    inputs = (Port("in", (1, 2, 2, 3), "uint8"),)
    outputs = (Port("out", (1, 2, 2), "int64"),)
    answers = 0

    def invoke(self, stored: Array) -> list[Array]:
        self.answers += 1
        return [np.full((1, 2, 2), self.answers)]


class Nothing(Counting):
    """An engine whose every answer is no number."""

    outputs = (Port("out", (1, 2, 2, 2), "float32"),)

    def invoke(self, stored: Array) -> list[Array]:
        return [np.full((1, 2, 2, 2), np.nan, np.float32)]


@pytest.mark.parametrize(("model", "said"), [(Counting(), "two answers to one input"), (Nothing(), "no numbers")])
def test_a_model_without_one_answer_is_refused(tmp_path: Path, model: Model, said: str) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    segmenter = Segmenter(model, PREPARATION, 0, None, 0)
    with pytest.raises(RejectedError, match=said):
        record(segmenter, [tmp_path / "a.png"], tmp_path / "o", stem="net", model=Digest.of(b""), quantized=False)
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(("argmax", "layout", "bound"), [(False, "NCHW", "best_class"), (True, None, "differing")])
def test_scores_and_class_maps(tmp_path: Path, argmax: bool, layout: str | None, bound: str) -> None:
    path = brightness_classes(tmp_path / "net.onnx", argmax=argmax)
    document = builders.variant(format="onnx", preprocessing={"mean": 127.5, "scale": 1}, classes={"count": 2})
    segmenter = open_segmenter(path, read(path), builders.one(**document))
    Image.radial_gradient("L").save(tmp_path / "a.png")
    model = Digest.of_file(path)
    made = record(segmenter, [tmp_path / "a.png"], tmp_path / "o", stem="net", model=model, quantized=False)
    (vector,) = made.golden
    assert vector["output"].get("layout") == layout
    assert bound in vector["tolerance"]
    assert vector["recorded"]["model"] == model.hex
    for item in made.artifacts:
        data = (tmp_path / "o" / item["file"]).read_bytes()
        assert (item["size"], item["sha256"]) == (len(data), Digest.of(data).hex)
    text = snippet(made, "acme/net/small")
    assert yaml.safe_load(text) == {"artifacts": list(made.artifacts), "golden": list(made.golden)}
    # indented as the properties of a variant, and no alias, which cards do not take
    assert text.splitlines()[2] == b"    artifacts:"
    assert b"&" not in text


def test_of_a_large_output_one_pixel_of_several_is_enough(tmp_path: Path) -> None:
    path = brightness_classes(tmp_path / "net.onnx", height=9, width=9)
    document = builders.variant(format="onnx", preprocessing={"mean": 127.5, "scale": 1}, classes={"count": 2})
    segmenter = open_segmenter(path, read(path), builders.one(**document))
    Image.radial_gradient("L").save(tmp_path / "a.png")
    model = Digest.of_file(path)
    made = record(segmenter, [tmp_path / "a.png"], tmp_path, stem="n", model=model, quantized=False, every=4)
    vector = Vector.from_document(made.golden[0])
    assert (vector.output.shape, vector.output.kept_shape) == ((1, 2, 9, 9), (1, 2, 3, 3))
    contents = {side.file: (tmp_path / side.file).read_bytes() for side in (vector.input, vector.output)}
    assert len(contents[vector.output.file]) == 2 * 3 * 3 * 4
    (outcome,) = selftest(segmenter.model, [vector], contents)
    assert outcome.passed
    turned = np.frombuffer(contents[vector.output.file], np.float32)[::-1].tobytes()
    (outcome,) = selftest(segmenter.model, [vector], {**contents, vector.output.file: turned})
    assert not outcome.passed


def test_names_are_plain_and_differ() -> None:
    images = [Path(name) for name in ("Bird 1.bmp", "x/bird-1.png", "é.jpg", "..png", "a" * 80)]
    assert names_of(images) == ["bird-1", "bird-1-2", "picture", "picture-2", "a" * 40]


@pytest.mark.parametrize(
    ("dtype", "scale", "layout", "quantized", "expected"),
    [
        ("int64", None, "NHW", True, Tolerance(differing=0.02)),
        ("int64", None, "NHW", False, Tolerance(differing=0.001)),
        ("uint8", None, "NHW", True, Tolerance(differing=0.02)),
        ("uint8", 0.5, "NHWC", True, Tolerance(steps=16, best_class=0.02)),
        ("int16", 0.5, "NHWC", True, Tolerance(steps=256, best_class=0.02)),
        ("int8", 0.5, "", True, Tolerance(steps=16)),
        ("float32", None, "NCHW", False, Tolerance(absolute=8e-5, best_class=0.001)),
        ("float32", None, "NCHW", True, Tolerance(absolute=0.5, best_class=0.02)),
    ],
)
def test_the_tolerance_follows_what_the_output_is(
    dtype: str, scale: float | None, layout: str, quantized: bool, expected: Tolerance
) -> None:
    shape = (1, 3, 3, 1)[: len(layout) or 4]
    output = np.arange(9).astype(dtype).reshape(shape)  # a range of 8
    assert tolerance_for(output, GoldenTensor("o", 0, shape, dtype, layout, scale), quantized=quantized) == expected


@pytest.mark.skipif(not BLOBS.is_dir(), reason="needs ../shared/real")
@pytest.mark.parametrize(("blob", "quantized"), [(QUANTIZED, True), (FLOAT, False)])
def test_other_kernels_of_the_same_engine_keep_the_tolerance(tmp_path: Path, blob: str, quantized: bool) -> None:
    """LiteRT without XNNPACK rounds and sums otherwise: another right runtime."""
    from ai_edge_litert import interpreter as litert

    path = BLOBS / blob
    segmenter = open_segmenter(path, read(path), None)
    image = SHARED / "real/images/bird.bmp"
    made = record(segmenter, [image], tmp_path, stem="net", model=Digest.of_file(path), quantized=quantized)
    vector = Vector.from_document(made.golden[0])
    given, golden = (array_of(side, (tmp_path / side.file).read_bytes()) for side in (vector.input, vector.output))
    kernels = litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    engine = litert.Interpreter(model_path=str(path), experimental_op_resolver_type=kernels)
    engine.allocate_tensors()
    engine.set_tensor(engine.get_input_details()[0]["index"], given)
    engine.invoke()
    figures = deviation(engine.get_tensor(engine.get_output_details()[0]["index"]), golden, vector.output)
    assert figures.differing > 0  # they are other kernels
    assert figures.breaches(vector.tolerance) == ()


@PROPERTY
@given(low=st.floats(-1e6, 1e6, width=32), width=st.floats(0, 1e6, width=32), quantized=st.booleans())
def test_a_tolerance_of_real_numbers_is_never_narrower_than_meant(
    low: float, width: float, quantized: bool
) -> None:
    output = np.array([[low, low + width]], np.float64).astype(np.float32)
    tensor = GoldenTensor("o", 0, (1, 2), "float32")
    found = tolerance_for(output, tensor, quantized=quantized).absolute
    assert found is not None
    part = 1 / 16 if quantized else 1e-5
    meant = float(output[0, 1] - output[0, 0]) * part
    assert found >= meant * (1 - 1e-6)
    assert found > 0
    assert deviation(output, output, tensor).breaches(Tolerance(absolute=found)) == ()
