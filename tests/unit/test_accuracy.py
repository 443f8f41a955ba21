"""A measured accuracy on a card: bound to its bytes and images, and only where there is a value."""

from __future__ import annotations

from registry.accuracy import ACCURACIES, accuracies
from registry.digest import Digest
from registry.evaluation import Evaluation, Subject
from registry.metrics import Scores

FILE, IMAGES, PREPARATION = (Digest(letter * 64) for letter in "abc")


def evaluation(*scores: Scores) -> Evaluation:
    subject = Subject("acme/net/small", FILE, "shapes", "val", IMAGES, PREPARATION, "litert", "2.3.0", 2)
    return Evaluation(subject, {one.protocol: one for one in scores}, 7, (), ())


def test_a_figure_says_all_that_it_is_bound_to() -> None:
    (item, accuracy) = accuracies(
        evaluation(Scores("voc", 0.123456, 0.9, 0.8, 0.7, (), 7, 0)), "int8", "2026-11-28"
    )
    assert item == {
        "name": "mean-iou",
        "value": 0.1235,
        "unit": "fraction",
        "dataset": "shapes",
        "split": "val",
        "protocol": "voc",
        "precision": "int8",
        "status": "reproduced",
        "measurement": {
            "artifact": FILE.hex,
            "images": IMAGES.hex,
            "preprocessing": PREPARATION.hex,
            "samples": 7,
            "runtime": {"name": "litert", "version": "2.3.0"},
            "threads": 2,
            "date": "2026-11-28",
        },
    }
    assert (accuracy["name"], accuracy["value"]) == ("pixel-accuracy", 0.9)


def test_pixel_accuracy_is_of_the_first_protocol_and_nothing_is_made_up() -> None:
    none = Scores("voc", None, 0.5, None, None, (), 0, 3)
    found = accuracies(evaluation(none, Scores("per-image", 0.25, 0.5, 0.5, 0.5, (), 7, 0)), "int8", "2026-11-28")
    assert [(one["name"], one["protocol"]) for one in found] == [
        ("pixel-accuracy", "voc"),
        ("mean-iou", "per-image"),
    ]


def test_only_what_this_command_measured_gives_way() -> None:
    item = {**accuracies(evaluation(Scores("voc", 0.5, 0.5, 0.5, 0.5, (), 7, 0)), "int8", "2026-11-28")[0]}
    figure = {**item, "provenance": {"source": "evaluation"}}
    claimed = {key: value for key, value in figure.items() if key != "measurement"}
    assert ACCURACIES.same({**figure, "value": 0.1}, figure)
    assert not ACCURACIES.same(claimed, figure)
    assert not ACCURACIES.same({**figure, "provenance": {"source": "paper"}}, figure)
    assert not ACCURACIES.same({**figure, "split": "test"}, figure)
