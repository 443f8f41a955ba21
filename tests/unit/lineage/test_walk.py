from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.digest import Digest
from registry.errors import RejectedError
from registry.lineage import document
from registry.lineage.step import Environment, Figure, Item, Lineage, Step, environment, utc
from registry.lineage.walk import DEEPEST, Elsewhere, Node, walk
from tests.unit.strategies import PROPERTY


def item(name: str, role: str = "model", **more: Any) -> Item:
    return Item(role, name, Digest.of(name.encode()), **more)


LIST = item("shapes train", "images")
DATASET = Step("dataset", (item("seed 7", "recipe"),), (LIST,), parameters={"count": 600, "seeded": True})
TRAINING = Step(
    "training",
    (LIST,),
    (item("net.keras"),),
    name="shapes at 256 px",
    figures=(Figure("loss", 2.0, step=0), Figure("loss", 0.5, step=1)),
    environment=Environment("x86_64 Linux, 2 CPUs", {"tensorflow": "2.20.0"}),
    configuration=Digest.of(b"configuration"),
    commit="c0ffee0",
    changed=True,
    seed=0,
    started="2026-01-31T12:00:00Z",
    seconds=12.5,
    run="abc",
)
EXPORT = Step("export", (item("net.keras"),), (item("net.tflite"),))
QUANTIZATION = Step("quantization", (item("net.tflite"), LIST), (item("net-int8.tflite"),))
EVALUATION = Step(
    "evaluation",
    (item("net-int8.tflite"), item("shapes val", "images")),
    (),
    figures=(
        Figure("mean-iou", 0.81, None, "voc", "shapes", "val", Digest.of(b"val")),
        Figure("iou", 0.0, None, "voc", "shapes", "val", Digest.of(b"val"), "disc"),
    ),
)
WHOLE = Lineage((DATASET, TRAINING, EXPORT, QUANTIZATION, EVALUATION))


def nowhere(_item: Item) -> Elsewhere:
    return Elsewhere()


def back(lineage: Lineage, name: str = "net-int8.tflite", lookup: Any = nowhere) -> Node:
    return walk(item(name), lineage, lookup)


def test_the_way_back_goes_from_the_exported_file_to_the_dataset() -> None:
    node = back(WHOLE)
    assert node.breaks == []
    assert [one.step.kind for one in node.nodes() if one.step] == ["quantization", "export", "training", "dataset"]
    assert node.evaluations == (EVALUATION,)
    (export, calibration) = node.inputs
    assert export.inputs[0].inputs[0].inputs[0].told == "given"
    assert calibration.again


def test_bytes_that_no_step_made_break_the_way_at_their_place() -> None:
    node = back(Lineage((DATASET, TRAINING, QUANTIZATION)))
    (broken,) = node.breaks
    assert broken.startswith("model net.tflite: no step made these bytes")
    assert node.inputs[0].broken
    assert not node.inputs[1].broken


def test_another_record_goes_on_where_this_one_ends() -> None:
    asked: list[str] = []

    def lookup(wanted: Item) -> Elsewhere:
        asked.append(wanted.name)
        return Elsewhere(Lineage((DATASET, TRAINING, EXPORT)))

    node = back(Lineage((DATASET, QUANTIZATION)), lookup=lookup)
    assert asked == ["net.tflite"]
    assert node.breaks == []
    assert "training" in [one.step.kind for one in node.nodes() if one.step]


def test_a_published_parent_without_a_record_is_where_the_way_ends_whole() -> None:
    node = back(Lineage((DATASET, QUANTIZATION)), lookup=lambda _: Elsewhere(told="published as acme/net/float"))
    assert node.breaks == []
    assert node.inputs[0].told == "published as acme/net/float"


def test_a_record_that_does_not_make_what_was_asked_for_does_not_go_on() -> None:
    node = back(Lineage((QUANTIZATION,)), lookup=lambda _: Elsewhere(WHOLE.with_steps([]), broken=""))
    assert node.breaks == []
    node = back(Lineage((QUANTIZATION,)), lookup=lambda _: Elsewhere(Lineage((QUANTIZATION,))))
    assert len(node.breaks) == 2


def test_what_was_made_from_itself_is_told_and_ends() -> None:
    one, two = item("one"), item("two")
    circle = Lineage((Step("export", (two,), (one,)), Step("export", (one,), (two,))))
    assert back(circle, "one").breaks == ["model one: it was made from itself"]


def test_a_way_that_is_too_long_is_told_and_ends() -> None:
    steps = [Step("export", (item(str(number + 1)),), (item(str(number)),)) for number in range(DEEPEST + 5)]
    (broken,) = back(Lineage(tuple(steps)), "0").breaks
    assert f"more than {DEEPEST} steps" in broken


def test_what_is_done_again_takes_the_place_of_what_was_done() -> None:
    again = Step("export", (item("net.keras"),), (item("net.tflite"),), seconds=3.0)
    assert WHOLE.with_steps([again]).steps == (DATASET, TRAINING, QUANTIZATION, EVALUATION, again)
    measured = Step("evaluation", EVALUATION.inputs, (), figures=(Figure("mean-iou", 0.82),))
    assert WHOLE.with_steps([measured]).evaluations(item("net-int8.tflite").digest) == (measured,)


def test_a_record_is_read_back_as_it_was_written() -> None:
    data = document.to_bytes(WHOLE, "it")
    assert document.parse(data, "it") == WHOLE
    assert document.to_bytes(document.parse(data, "it"), "it") == data


NAMES = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1, max_size=9)
NAMED = NAMES.filter(lambda text: text.isprintable())
FIGURES = st.builds(Figure, st.just("loss"), st.floats(-1e9, 1e9), step=st.integers(0, 99))
STEPS = st.builds(
    Step,
    kind=st.just("export"),
    inputs=st.just((item("in"),)),
    outputs=st.lists(st.builds(item, NAMED), min_size=1, max_size=2, unique_by=lambda one: one.digest).map(tuple),
    name=NAMED,
    parameters=st.dictionaries(NAMED, st.none() | st.booleans() | st.integers(0, 10**17) | NAMED, max_size=3),
    figures=st.lists(FIGURES, max_size=3).map(tuple),
    seed=st.none() | st.integers(0, 2**31),
)


@PROPERTY
@given(STEPS)
def test_any_step_survives_writing(step: Step) -> None:
    assert document.parse(document.to_bytes(Lineage((step,)), "it"), "it").steps == (step,)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda whole: whole["steps"][0].pop("outputs"), ["it:4:3", "'outputs' is missing"]),
        (lambda whole: whole["steps"][1]["outputs"][0].update(sha256="12"), ["'sha256' has the wrong form"]),
        (lambda whole: whole["steps"][2].update(kind="wish"), ["not one of the allowed values", "quantization"]),
        (lambda whole: whole["steps"][4].update(outputs=whole["steps"][0]["outputs"]), ["makes something"]),
        (lambda whole: whole["steps"][3].update(outputs=[]), ["makes nothing", "at least one output"]),
        (
            lambda whole: whole["steps"][3].update(outputs=whole["steps"][2]["outputs"]),
            ["two outputs are the same"],
        ),
        (lambda whole: whole["steps"][4]["inputs"].pop(0), ["does not say of which model"]),
    ],
)
def test_a_record_that_is_not_valid_is_told_with_its_place(change: Any, said: list[str]) -> None:
    whole = json.loads(document.to_bytes(WHOLE, "it"))
    change(whole)
    with pytest.raises(RejectedError) as caught:
        document.parse(json.dumps(whole, indent=1).encode(), "it")
    for piece in said:
        assert piece in caught.value.message


@PROPERTY
@given(st.binary(max_size=60))
def test_any_bytes_are_a_record_or_refused(data: bytes) -> None:
    with pytest.raises(RejectedError):
        document.parse(data, "it")


def test_an_environment_has_the_versions_that_are_there() -> None:
    found = environment(["click", "no-such-distribution"], 2)
    assert set(found.versions) == {"python", "click"}
    assert found.host.endswith("2 CPUs")
    assert utc(1_700_000_000_999) == "2023-11-14T22:13:20Z"
