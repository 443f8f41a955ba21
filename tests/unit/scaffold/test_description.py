"""What a file tells becomes a card that the claims never contradict, and that says as much as one by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.card import Variant
from registry.card_text import dumped
from registry.claims import judge
from registry.dataset import Dataset
from registry.digest import Digest
from registry.document import Document, parse
from registry.facts import Facts
from registry.inspect.graph import Graph, Quantization
from registry.inspect.scheme import Scheme
from registry.scaffold.description import described, task_of, told
from registry.scaffold.model_file import ModelFile, opened
from registry.scaffold.tensors import Task
from tests.acceptance.world import SHARED
from tests.unit import builders, family
from tests.unit.builders import Plain
from tests.unit.inspect.graphs import Builder
from tests.unit.strategies import PROPERTY

FAMILY = (
    *("256-float32-keras", "256-float32", "128-int8-per-channel", "256-int8-per-tensor"),
    *("128-int8-qdq", "256-mixed"),
)
REAL = sorted(
    path for path in (*SHARED.glob("real/blobs/sha256/*"), *SHARED.glob("inspect/*")) if path.suffix != ".json"
)


def model_file(graph: Graph, name: str = "net.tflite") -> ModelFile:
    return ModelFile(Path(name), Digest("a" * 64), 1000, Facts(graph))


def states(variant: Plain, file: ModelFile) -> dict[str, str]:
    """Fate of each claim of a variant."""
    whole = Variant.from_document(builders.card(), {"name": "small", **variant})
    return {one.about: one.state for one in judge(whole, file.facts)}


def assert_borne_out(variant: Plain, file: ModelFile) -> None:
    found = states(variant, file)
    assert [about for about, state in found.items() if state == "contradicted"] == []
    assert "confirmed" in found.values()


def named(name: str, folder: Path) -> Path:
    """The model file of a variant of the family under its own name, by which an ONNX file is known."""
    artifact = next(one for one in family.variants()[name].artifacts if one.role == "model")
    path = folder / artifact.file
    path.symlink_to(family.model_file(name))
    return path


class TestEachFormat:
    @pytest.mark.parametrize("name", FAMILY)
    def test_a_card_by_hand_says_the_same(self, name: str, tmp_path: Path) -> None:
        by_hand = family.variants()[name].document
        file = opened(named(name, tmp_path))
        found = described(file, None, [], "file")
        assert_borne_out(found, file)
        for key in ("format", "resolution"):
            assert found[key] == by_hand[key]
        for key in ("scheme", "granularity", "representation"):
            assert found["quantization"].get(key) == by_hand["quantization"].get(key)
        layers = (one["quantization"].get("float_layers", []) for one in (found, by_hand))
        assert sorted(next(layers)) == sorted(next(layers))
        for side in ("inputs", "outputs"):
            for mine, theirs in zip(found["tensors"][side], by_hand["tensors"][side], strict=True):
                assert mine.pop("scale", 0) == pytest.approx(theirs.get("scale", 0))
                assert mine == {key: theirs.get(key) for key in mine}
        assert found["classes"]["count"] == by_hand["classes"]["count"]
        assert found["architecture"]["aspp"] == by_hand["architecture"]["aspp"]

    @pytest.mark.parametrize("path", REAL or [pytest.param(None, marks=pytest.mark.skip("no ../shared"))])
    def test_files_of_other_people(self, path: Path) -> None:
        file = opened(path)
        found = described(file, None, [], "file")
        assert_borne_out(found, file)
        assert {"format", "tensors.inputs", "artifacts"} <= set(told(found))


def network(*outputs: int, classes: int = 3, softmax: bool = False, **changes: Any) -> Graph:
    build = Builder(1, 8, 6, 3)
    scores = build.conv(build.inputs[0], classes, kernel=3)
    if softmax:
        pooled = build.add("mean", [scores], (1, classes), axes=(1, 2), keep_dims=False)
        build.add("softmax", [pooled], (1, classes), axis=1)
    return build.graph(*outputs, **changes)


def datasets(*names: str) -> list[Dataset]:
    classes = {"count": 3, "names": ["background", "tv/monitor", "dining table"]}
    return [Dataset.from_document(builders.dataset(name, classes=classes)) for name in names]


def labels(*names: str) -> dict[str, bytes]:
    return {"labels.txt": "\n".join(names).encode()}


class TestClasses:
    @pytest.mark.parametrize(
        "names", [("Background", "TV", "diningtable"), ("background", "monitor", "dining-table")]
    )
    def test_labels_that_are_a_dataset_s_name_the_dataset(self, names: tuple[str, ...]) -> None:
        file = model_file(network(attachments=labels(*names)))
        assert described(file, None, datasets("voc"), "file")["classes"] == {"count": 3, "dataset": "voc"}

    def test_two_datasets_of_the_same_classes_leave_the_labels(self) -> None:
        file = model_file(network(attachments=labels("background", "tv", "dining table")))
        found = described(file, None, datasets("voc", "coco"), "file")["classes"]
        assert found == {"count": 3, "names": ["background", "tv", "dining table"]}

    @pytest.mark.parametrize("names", [(), ("one", "two"), ("one", "two", "bad\x1b[2J")])
    def test_without_usable_labels_a_person_has_to_say(self, names: tuple[str, ...]) -> None:
        file = model_file(network(attachments=labels(*names)))
        found = described(file, "semantic-segmentation", datasets("voc"), "file")["classes"]
        assert found == {"count": 3, "dataset": "TODO"}


class TestTask:
    def test_a_softmax_over_the_whole_picture_is_a_classification(self) -> None:
        facts = Facts(network(softmax=True))
        assert task_of(facts) == "image-classification"
        found = described(model_file(facts.graph), None, [], "file")
        assert found["tensors"]["outputs"][0]["meaning"] == "class-scores"
        assert "postprocessing" not in found

    def test_a_picture_out_may_be_anything(self) -> None:
        facts = Facts(network())
        assert task_of(facts) is None
        found = described(model_file(facts.graph), None, [], "file")
        assert "classes" not in found
        assert "meaning" not in found["tensors"]["outputs"][0]

    def test_what_a_person_said_counts(self) -> None:
        file = model_file(network())
        found = described(file, "semantic-segmentation", [], "file")
        assert found["postprocessing"] == {"kind": "argmax", "upsample": "none"}
        assert_borne_out(found, file)

    @pytest.mark.parametrize("keep", [True, False])
    def test_a_class_map_is_one_with_or_without_an_axis_of_one(self, keep: bool) -> None:
        build = Builder(1, 8, 6, 3)
        scores = build.conv(build.inputs[0], 5)
        build.add("argmax", [scores], (1, 8, 6, 1) if keep else (1, 8, 6), "int64", axis=3)
        file = model_file(build.graph())
        found = described(file, None, [], "file")
        assert found["tensors"]["outputs"][0]["meaning"] == "class-map"
        assert found["classes"]["count"] == 5
        assert found["postprocessing"] == {"kind": "class-map", "upsample": "none"}
        assert_borne_out(found, file)


class TestNormalisation:
    @pytest.mark.parametrize(
        ("said", "mean", "scale", "colour"),
        [
            ({"input.0.mean": "127.5", "input.0.std": "127.5"}, 127.5, 1 / 127.5, "TODO"),
            ({"input.0.mean": "1, 2, 3", "input.0.std": "2, 4, 8"}, [1, 2, 3], [0.5, 0.25, 0.125], "TODO"),
            ({"input.0.mean": "1, 2", "input.0.std": "2, 4"}, "TODO", "TODO", "TODO"),
            ({"input.0.mean": "0", "input.0.std": "0"}, "TODO", "TODO", "TODO"),
            ({"input.0.mean": "nan", "input.0.std": "1"}, "TODO", "TODO", "TODO"),
            ({"input.0.content": "RGB image"}, "TODO", "TODO", "RGB"),
            ({"input.0.content": "bounding box"}, "TODO", "TODO", "TODO"),
        ],
    )
    def test_metadata_say_it(self, said: dict[str, str], mean: Any, scale: Any, colour: str) -> None:
        file = model_file(network(metadata=said))
        found = described(file, None, [], "file")["preprocessing"]
        assert (found["mean"], found["scale"], found["colour_mode"]) == (mean, scale, colour)
        assert ("provenance" in found) == (mean != "TODO")

    @pytest.mark.parametrize(("dtype", "mean"), [("uint8", 3), ("int8", 131)])
    def test_a_quantized_input_says_it(self, dtype: str, mean: int) -> None:
        build = Builder(1, 8, 6, 3, dtype=dtype)
        build.conv(build.inputs[0], 3)
        file = model_file(build.graph())
        found = described(file, None, [], "file")
        assert (found["preprocessing"]["mean"], found["preprocessing"]["scale"]) == (mean, 0.5)
        assert_borne_out(found, file)

    def test_a_grey_picture_has_one_order_of_colours(self) -> None:
        build = Builder(1, 8, 6, 1)
        build.conv(build.inputs[0], 3)
        assert described(model_file(build.graph()), None, [], "file")["preprocessing"]["colour_mode"] == "grey"


class TestQuantization:
    @pytest.mark.parametrize(
        ("optimizations", "method"),
        [
            ("PTQ_FULL_INTEGER", "post-training"),
            ("QUANTIZATION_AWARE_TRAINING, PTQ_FULL_INTEGER", "quantization-aware-training"),
            ("", "TODO"),
        ],
    )
    def test_a_converter_s_note_says_the_method(self, optimizations: str, method: str) -> None:
        build = Builder(1, 8, 6, 3, dtype="int8")
        build.conv(build.inputs[0], 3)
        file = model_file(build.graph(metadata={"optimizations": optimizations}))
        assert described(file, None, [], "file")["quantization"]["method"] == method

    def test_a_scheme_that_cards_have_no_word_for_is_told_in_a_note(self) -> None:
        facts = Facts(network())
        facts.__dict__["scheme"] = Scheme("weights-only", "per-channel", "tflite", (), True, None)
        file = ModelFile(Path("net.tflite"), Digest("a" * 64), 1000, facts)
        found = described(file, None, [], "file")["quantization"]
        assert (found["scheme"], found["method"]) == ("unknown", "unknown")
        assert "weights-only" in found["note"]

    @pytest.mark.parametrize(
        "broken",
        [
            Quantization((float("nan"),), (0,)),
            Quantization((float("inf"),), (0,)),
            Quantization((0.0,), (0,)),
            Quantization((0.5,), (300,)),
            Quantization((0.5, 0.5), (0,)),
            Quantization((), ()),
        ],
    )
    def test_scales_that_are_none_are_left_out(self, broken: Quantization) -> None:
        build = Builder(1, 8, 6, 3, dtype="uint8")
        build.conv(build.inputs[0], 3)
        build.tensors[0] = type(build.tensors[0])("in", (1, 8, 6, 3), "uint8", quantization=broken)
        found = described(model_file(build.graph()), None, [], "file")
        assert "scale" not in found["tensors"]["inputs"][0]
        assert_reads_back(found)


def assert_reads_back(value: Plain) -> None:
    found = parse(dumped(value).encode(), "card.yaml")
    assert isinstance(found, Document), found
    assert found.value == value


NAMES = st.text(max_size=20) | st.sampled_from(["TODO", "1e5", "no", "\x1b[31m", "\ud800", "a: b", "x" * 400])
SIZES = st.none() | st.integers(-1, 9) | st.just(1 << 30)
TASKS: tuple[Task | None, ...] = (None, "semantic-segmentation", "image-classification", "other")


@PROPERTY
@given(
    st.lists(NAMES, min_size=8, max_size=8),
    st.lists(NAMES, max_size=4),
    st.lists(SIZES, max_size=10),
    NAMES.filter(lambda name: "/" not in name and "\0" not in name and name not in (".", "..", "")),
    st.sampled_from(TASKS),
    st.dictionaries(st.sampled_from(["input.0.mean", "input.0.std", "input.0.content", "optimizations"]), NAMES),
)
def test_whatever_a_file_is_called_and_holds_the_card_reads_back_and_keeps_its_schema(
    names: list[str],
    labels_: list[str],
    shape: list[int | None],
    name: str,
    task: Task | None,
    said: dict[str, str],
) -> None:
    build = Builder(1, 8, 6, 3)
    scores = build.conv(build.inputs[0], 3)
    build.add("relu", [scores], shape)
    build.tensors = [
        type(one)(names[number % 8], one.shape, one.dtype, one.constant, stored_bytes=one.stored_bytes)
        for number, one in enumerate(build.tensors)
    ]
    attached = {"labels.txt": "\n".join(labels_).encode("utf-8", "replace")}
    file = model_file(build.graph(metadata=said, attachments=attached), name)
    found = described(file, task, datasets("voc"), "page")
    assert_reads_back(found)
    assert_keeps_its_schema(found)
    assert "contradicted" not in states(found, file).values()


def assert_keeps_its_schema(variant: Plain) -> None:
    """Nothing but its blanks is wrong with a variant."""
    from registry import rules

    found = parse(dumped(builders.card({"name": "small", **variant})).encode(), "cards/acme/net.yaml")
    assert isinstance(found, Document)
    problems = rules.check(found, "model-card")
    assert [one for one in problems if one.rule != "blank"] == []
