"""Which chains make sense, and what the steps of one take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import RequestError
from registry.pipeline.document import Pipeline, read
from registry.pipeline.kinds import KINDS, misplaced
from registry.pipeline.plan import steps
from registry.vendors.st.keys import CHAINS
from tests.unit.training import runs

TRAINING = {key: value for key, value in runs.plain().items() if key not in ("schema", "name")}
QUANTIZATION = {
    "scheme": "int8",
    "granularity": "per-channel",
    "representation": "tflite",
    "calibration": {"data": "halves", "split": "train", "count": 2},
}


def plain(*chain: str, **changes: Any) -> dict[str, Any]:
    """A pipeline with the sections that its chain needs."""
    sections: dict[str, Any] = {
        "training": TRAINING,
        "quantization": QUANTIZATION,
        "evaluation": {"data": "halves"},
        "benchmark": {"target": "stm32n6"},
        "deployment": {"target": "stm32n6"},
        "prediction": {"images": "pictures"},
    }
    used = {KINDS[kind].section for kind in chain}
    model = {} if chain[:1] == ("train",) else {"model": {"name": "float.keras"}}
    found = {"schema": "pipeline/1", "name": "net", "chain": list(chain), **model}
    found |= {name: section for name, section in sections.items() if name in used} | changes
    return {key: value for key, value in found.items() if value is not None}


@pytest.fixture
def pipeline(tmp_path: Path) -> Any:
    def make(document: dict[str, Any]) -> Pipeline:
        path = tmp_path / "pipeline.yaml"
        path.write_text(json.dumps(document, indent=1), encoding="utf-8")
        return read(path)

    return make


@pytest.mark.parametrize("chain", sorted(set(CHAINS.values())), ids="-".join)
def test_every_chain_of_st_makes_sense(chain: tuple[str, ...], pipeline: Any) -> None:
    assert list(misplaced(chain, model=chain[0] != "train")) == []
    found = steps(pipeline(plain(*chain)))
    assert [step.kind for step in found] == list(chain)
    assert [step.folder for step in found] == [f"{number}-{kind}" for number, kind in enumerate(chain, 1)]


@pytest.mark.parametrize(
    ("chain", "model", "place", "said"),
    [
        (("quantize",), False, 0, "no model to quantize"),
        (("evaluate", "train"), True, 1, "nothing can come before it"),
        (("train", "quantize", "quantize"), False, 2, "quantized already"),
        (("train", "evaluate", "benchmark", "evaluate"), False, 3, "been through 'evaluate' already"),
        (("train", "train"), False, 1, "nothing can come before it"),
    ],
)
def test_an_order_that_makes_no_sense_is_explained(
    chain: tuple[str, ...], model: bool, place: int, said: str
) -> None:
    found = list(misplaced(chain, model=model))
    assert [one.place for one in found] == [place]
    assert said in found[0].message


@given(st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=6), st.booleans())
def test_every_chain_that_passes_has_a_float_model_to_quantize(chain: list[str], model: bool) -> None:
    """Holds the rules against a model of what they are for: what each step would find when it is its turn."""
    if list(misplaced(chain, model=model)):
        return
    state = "float" if model else "none"
    for place, kind in enumerate(chain):
        if kind == "train":
            assert place == 0
            state = "float"
        elif kind == "quantize":
            assert state == "float"
            state = "quantized"
        else:
            assert state != "none"


def test_a_step_takes_what_the_nearest_step_before_has_made(pipeline: Any) -> None:
    first, second, third = steps(pipeline(plain("evaluate", "quantize", "evaluate")))
    assert (str(first.inputs["model"]), str(second.inputs["model"])) == ("float.keras", "float.keras")
    assert (str(third.inputs["model"]), str(third.inputs["data"])) == ("step 2", "halves")
    assert str(second.inputs["calibration"]) == "halves"


def test_measuring_takes_the_images_of_the_training(pipeline: Any) -> None:
    named = steps(pipeline(plain("train", "evaluate", evaluation=None)))
    assert str(named[1].inputs["data"]) == "halves"
    shapes = {**TRAINING, "data": {"shapes": {"seed": 0, "count": 10, "size": 64}}}
    made = steps(pipeline(plain("train", "evaluate", training=shapes, evaluation={"limit": 2})))
    assert str(made[1].inputs["data"]) == "step 1"
    assert made[1].configuration != named[1].configuration


def test_the_key_of_a_step_follows_configuration_and_inputs(pipeline: Any) -> None:
    one = steps(pipeline(plain("evaluate")))[0]
    other = steps(pipeline(plain("evaluate", evaluation={"data": "halves", "limit": 1})))[0]
    keys = {one.key({"model": "a"}), one.key({"model": "b"}), other.key({"model": "a"})}
    assert len(keys) == 3
    assert one.key({"model": "a", "data": "d"}) == one.key({"data": "d", "model": "a"})


@pytest.mark.parametrize(
    ("document", "place", "said"),
    [
        (plain("quantize", model=None), '"quantize"', "there is no model to quantize"),
        (plain("train", evaluation={}), '"evaluation"', "no step of the chain uses the section 'evaluation'"),
        (plain("train", model={"name": "x"}), '"model": {', "the chain trains its model"),
        (plain("train", "benchmark", benchmark=None), '"benchmark"', "the section 'benchmark' is missing"),
        (plain("evaluate", evaluation={"limit": 3}), '"evaluation"', "names no folder of images"),
        (plain("train", training={**TRAINING, "epochs": 0}), '"epochs"', "'epochs' is too small"),
        (plain("train", training={**TRAINING, "technique": "tl"}), '"technique"', "begins with a parent"),
        (plain("train", training={**TRAINING, "output": {}}), '"output"', "'output' is the pipeline's own"),
        (plain("train", training={**TRAINING, "colour": 1}), '"colour"', "unknown property 'colour'"),
        (plain("quantize", quantization={**QUANTIZATION, "opset": 17}), '"opset"', "int8 as tflite has no 'opset'"),
        (
            plain("quantize", quantization={**QUANTIZATION, "calibration": {"split": "a", "count": 2}}),
            '"calibration"',
            "names no folder of images",
        ),
        (plain("evaluate", evaluation={"data": "x", "colour": 1}), '"colour"', "unknown property 'colour'"),
    ],
)
def test_a_problem_is_told_at_its_line(document: dict[str, Any], place: str, said: str, pipeline: Any) -> None:
    lines = json.dumps(document, indent=1).splitlines()
    line = 1 + max(number for number, text in enumerate(lines) if place in text)
    with pytest.raises(RequestError) as caught:
        pipeline(document)
    assert said in caught.value.message
    assert f"pipeline.yaml:{line}:" in caught.value.message


def test_a_problem_of_a_section_has_its_pointer_in_the_whole(pipeline: Any) -> None:
    with pytest.raises(RequestError, match="at /training/model/input/0"):
        pipeline(plain("train", training={**TRAINING, "model": {**TRAINING["model"], "input": [33, 32]}}))
