"""Runs under the protocols: against plain definitions and scikit-learn, merged, stored, and side by side."""

from __future__ import annotations

import copy
import json
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, jaccard_score, recall_score

from registry.errors import RejectedError, RequestError, UnavailableError
from registry.metrics import PROTOCOLS, Pair, Run
from registry.samples.pictures import VOID
from tests.unit.metrics.definitions import DEFINITIONS
from tests.unit.metrics.random_images import pairs
from tests.unit.strategies import PROPERTY

CLASSES = 4
images = st.lists(pairs(CLASSES), max_size=5)
# figures of images are summed in steps of 2**-40
NEAR = 1e-10


def run_of(found: list[Pair], protocols: tuple[str, ...] = PROTOCOLS, classes: int = CLASSES) -> Run:
    run = Run(classes, protocols)
    for number, pair in enumerate(found):
        run.add(f"image {number}", pair, pair)
    return run


def near(value: Any) -> Any:
    return None if value is None else pytest.approx(float(value), abs=NEAR)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@PROPERTY
@given(found=images)
def test_figures_are_those_of_the_definition(protocol: str, found: list[Pair]) -> None:
    scores = run_of(found, (protocol,)).scores()[protocol]
    plain = [(pair.prediction.tolist(), pair.mask.tolist()) for pair in found]
    defined = DEFINITIONS[protocol](plain, CLASSES)
    assert scores.mean_iou == near(defined.mean_iou)
    assert scores.pixel_accuracy == near(defined.pixel_accuracy)
    assert list(scores.class_iou) == [near(value) for value in defined.class_iou]
    assert scores.unseen == near(defined.unseen)


@PROPERTY
@given(images)
def test_voc_agrees_with_scikit_learn(found: list[Pair]) -> None:
    mask, prediction = (
        np.concatenate([getattr(pair, part).ravel() for pair in found] or [[]]) for part in Pair._fields[::-1]
    )
    mask, prediction = mask[mask != VOID], prediction[mask != VOID]
    scores = run_of(found, ("voc",)).scores()["voc"]
    if not mask.size:
        assert (scores.mean_iou, scores.pixel_accuracy, scores.images) == (None, None, 0)
        return
    occurring, labelled = np.setdiff1d(np.union1d(mask, prediction), [VOID]), np.unique(mask)
    by_class = dict(zip(occurring, jaccard_score(mask, prediction, labels=occurring, average=None), strict=True))
    shares = [(mask == number).mean() * by_class[number] for number in labelled]
    assert scores.mean_iou == near(jaccard_score(mask, prediction, labels=occurring, average="macro"))
    assert scores.pixel_accuracy == near(accuracy_score(mask, prediction))
    assert scores.mean_accuracy == near(recall_score(mask, prediction, labels=labelled, average="macro"))
    assert scores.frequency_weighted_iou == near(sum(shares))
    assert list(scores.class_iou) == [near(by_class.get(number)) for number in range(CLASSES)]


@PROPERTY
@given(images)
def test_per_image_averages_the_figures_of_voc_on_each_image(found: list[Pair]) -> None:
    alone = [run_of([pair], ("voc",)).scores()["voc"] for pair in found]
    counted = [scores for scores in alone if scores.images]
    whole = run_of(found, ("per-image",)).scores()["per-image"]
    assert (whole.images, whole.empty) == (len(counted), len(found) - len(counted))
    if counted:
        assert whole.mean_iou == near(np.mean([scores.mean_iou for scores in counted]))
        assert whole.mean_accuracy == near(np.mean([scores.mean_accuracy for scores in counted]))
        weighted = np.mean([scores.frequency_weighted_iou for scores in counted])
        assert whole.frequency_weighted_iou == near(weighted)


@PROPERTY
@given(images, images)
def test_two_halves_merged_are_the_whole_in_any_order(first: list[Pair], second: list[Pair]) -> None:
    merged = run_of(second)
    merged.merge(run_of(first))
    assert merged.scores() == run_of(first + second).scores()


@PROPERTY
@given(images, images)
def test_a_run_that_is_stored_and_resumed_ends_as_if_it_had_not_been(first: list[Pair], second: list[Pair]) -> None:
    resumed = Run.from_json(json.loads(json.dumps(run_of(first).to_json())))
    assert resumed.to_json() == run_of(first).to_json()
    for pair in second:
        resumed.add("image", pair, pair)
    assert resumed.scores() == run_of(first + second).scores()


@PROPERTY
@given(images)
def test_scores_are_fractions_and_plain_data(found: list[Pair]) -> None:
    for protocol, scores in run_of(found).scores().items():
        plain = json.loads(json.dumps(scores.to_json(), allow_nan=False))
        assert plain["protocol"] == protocol
        assert plain["images"] + plain["empty"] == len(found)
        figures = [
            plain[name] for name in ("mean-iou", "pixel-accuracy", "mean-accuracy", "frequency-weighted-iou")
        ]
        assert all(value is None or 0 <= value <= 1 for value in [*figures, *plain["class-iou"]])
        assert [value is None for value in figures] == [plain["images"] == 0] * 4


def test_four_protocols_say_four_things_of_the_same_images() -> None:
    wrong = Pair(np.array([[0, 1, 1, 1]]), np.array([[0, 0, VOID, 1]]))
    right = Pair(np.array([[0, 0, 0, 0]]), np.array([[0, 0, 0, 0]]))
    scores = run_of([wrong, right], classes=3).scores()
    # matrix without void: 5 zeros found as 0, 1 as 1; 1 one found as 1. With void as background 1 more zero as 1.
    assert scores["voc"].mean_iou == near((5 / 6 + 1 / 2) / 2)
    assert scores["ti-global"].mean_iou == near((5 / 6 + 1 / 2 + 0) / 3)
    assert scores["per-image"].mean_iou == near(((1 / 2 + 1 / 2) / 2 + 1) / 2)
    assert scores["st-present-classes"].mean_iou == near((1 / 3 + 1 / 3 + 1) / 3)
    assert scores["voc"].pixel_accuracy == near(6 / 7)
    assert scores["per-image"].pixel_accuracy == near((2 / 3 + 1) / 2)
    assert scores["st-present-classes"].pixel_accuracy == near((2 / 4 + 1) / 2)
    assert scores["voc"].confusion == ((5, 1, 0), (0, 1, 0), (0, 0, 0))
    assert scores["per-image"].confusion is None
    assert [scores[name].class_iou[2] for name in PROTOCOLS] == [None, None, None, 0.0]


def test_a_model_that_sees_half_of_a_picture_is_right_about_half_of_it() -> None:
    """As a model of `shorter-side` does on a wide picture: what it sees it finds."""
    mask = np.array([[0, 1, 1, 0]])
    scores = run_of([Pair(np.array([[VOID, 1, 1, VOID]]), mask)], classes=2).scores()
    for found in scores.values():
        assert (found.unseen, found.pixel_accuracy, found.class_iou) == (0.5, 0.5, (0.0, 1.0))
    assert scores["voc"].confusion == ((0, 0), (0, 2))
    assert scores["voc"].unseen_pixels == (2, 0)
    assert scores["per-image"].unseen_pixels is None


def test_a_mask_of_void_only_is_empty_but_background_to_st() -> None:
    pair = Pair(np.zeros((2, 2), int), np.full((2, 2), VOID))
    scores = run_of([pair]).scores()
    assert {name: (found.images, found.empty) for name, found in scores.items()} == {
        "voc": (0, 1),
        "st-present-classes": (1, 0),
        "per-image": (0, 1),
        "ti-global": (0, 1),
    }
    assert scores["st-present-classes"].mean_iou == 1.0


def test_sizes_go_to_the_protocols_that_look_at_them() -> None:
    run = Run(2)
    run.add(
        "image",
        Pair(np.zeros((1, 1), int), np.zeros((1, 1), int)),
        Pair(np.ones((1, 1), int), np.zeros((1, 1), int)),
    )
    found = {name: scores.pixel_accuracy for name, scores in run.scores().items()}
    assert found == {"voc": 1.0, "st-present-classes": 0.0, "per-image": 1.0, "ti-global": 1.0}


@pytest.mark.parametrize(("protocol", "missing"), [("voc", "mask"), ("st-present-classes", "network")])
def test_a_pair_that_a_protocol_needs_must_be_given(protocol: str, missing: str) -> None:
    run = Run(2, (protocol,))
    assert (run.needs_mask_size, run.needs_network_size) == (missing == "mask", missing == "network")
    with pytest.raises(RequestError, match=f"at the {missing}'s size"):
        run.add("image", None, None)


def test_a_refused_image_leaves_no_trace() -> None:
    good, bad = np.zeros((1, 1), int), np.full((1, 1), 9)
    run = run_of([Pair(good, good)])
    before = run.to_json()
    with pytest.raises(RejectedError):
        run.add("image", Pair(good, good), Pair(bad, good))
    assert run.to_json() == before


@pytest.mark.parametrize("classes", [0, 256, -1])
def test_there_are_1_to_255_classes(classes: int) -> None:
    with pytest.raises(RequestError, match="expected 1 to 255 classes"):
        Run(classes)


def test_an_unknown_protocol_is_named() -> None:
    with pytest.raises(RequestError, match="unknown protocol 'nxp'"):
        Run(21, ("voc", "nxp"))


def test_without_numpy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(UnavailableError, match="metrics need numpy") as caught:
        Run(21)
    assert "edge-model-zoo[eval]" in str(caught.value.hint)


@pytest.mark.parametrize("other", [Run(3, ("voc",)), Run(2, ("per-image",))])
def test_runs_of_other_classes_or_protocols_are_not_merged(other: Run) -> None:
    with pytest.raises(RequestError, match="cannot be merged: expected 2 classes, voc, found"):
        Run(2, ("voc",)).merge(other)


DAMAGES: list[tuple[tuple[str, ...], Any]] = [
    (("classes",), None),
    (("classes",), 3),
    (("classes",), True),
    (("protocols",), []),
    (("protocols", "voc"), 7),
    (("protocols", "voc", "images"), -1),
    (("protocols", "voc", "images"), 0),
    (("protocols", "voc", "images"), "many"),
    (("protocols", "voc", "matrix"), [[1, 2], [3]]),
    (("protocols", "voc", "matrix"), [[1, 2, 0], [3, -4, 0]]),
    (("protocols", "voc", "matrix"), [[1, 2, 0], [3, 0.5, 0]]),
    (("protocols", "voc", "matrix"), [[1, 2, 0], [3, 10**30, 0]]),
    (("protocols", "voc", "matrix"), {}),
    (("protocols", "voc", "matrix"), [[0, 0, 0], [0, 0, 0]]),
    (("protocols", "voc", "matrix"), [[1, 2], [3, 4]]),
    (("protocols", "per-image", "class-images"), [0, 0]),
    (("protocols", "per-image", "class-iou"), None),
]


@pytest.mark.parametrize(("where", "value"), DAMAGES)
def test_a_damaged_state_is_refused(where: tuple[str, ...], value: Any) -> None:
    ids = np.zeros((1, 1), int)
    state = copy.deepcopy(run_of([Pair(ids, ids)], classes=2).to_json())
    Run.from_json(state)
    place = state
    for key in where[:-1]:
        place = place[key]
    place[where[-1]] = value
    with pytest.raises(RejectedError, match="state of an evaluation"):
        Run.from_json(state)


@PROPERTY
@given(
    st.sampled_from(("images", "empty", "matrix")),
    st.recursive(st.none() | st.text(max_size=3) | st.floats(), lambda inner: st.lists(inner, max_size=3)),
)
def test_no_value_in_a_state_ends_in_a_traceback(key: str, value: Any) -> None:
    state = run_of([], ("voc",), classes=2).to_json()
    state["protocols"]["voc"][key] = value
    with pytest.raises(RejectedError, match="damaged"):
        Run.from_json(state)
