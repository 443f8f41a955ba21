"""What a person may say at a place of a card, and what the refusal tells."""

from __future__ import annotations

from typing import Any

import pytest

from registry.blanks import Blank
from registry.dataset import Dataset
from registry.document import Step
from registry.errors import RequestError
from registry.scaffold.answer import suggested, taken, with_value
from tests.unit import builders

CARD = builders.card(builders.variant(classes={"count": 3, "dataset": "TODO"}))
VARIANT: tuple[Step, ...] = ("variants", 0)
CLASSES = (*VARIANT, "classes", "dataset")
MEAN = (*VARIANT, "preprocessing", "mean")
DATASETS = [
    Dataset.from_document(builders.dataset("shapes")),
    Dataset.from_document(builders.dataset("streets", classes={"count": 5})),
    Dataset.from_document(builders.dataset("clouds", classes={})),
]


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        (("title",), "Net: a [good] one # 1", "Net: a [good] one # 1"),
        (("title",), "42", "42"),
        (("publisher",), "acme", "acme"),
        (("task",), "other", "other"),
        (("licence", "weights"), "MIT OR Apache-2.0", "MIT OR Apache-2.0"),
        (("licence", "dataset"), "unknown", "unknown"),
        (MEAN, "127.5", 127.5),
        (MEAN, "[1, 2, 3]", [1, 2, 3]),
        ((*VARIANT, "preprocessing", "colour_mode"), "BGR", "BGR"),
        ((*VARIANT, "quantization", "method"), "post-training", "post-training"),
        ((*VARIANT, "artifacts", 0, "sources", 0, "url"), "https://a.example/n", "https://a.example/n"),
        (CLASSES, "shapes", "shapes"),
        (CLASSES, "clouds", "clouds"),
    ],
)
def test_what_a_card_may_say_is_taken(path: tuple[Step, ...], text: str, value: Any) -> None:
    assert taken(CARD, path, text, DATASETS) == value


@pytest.mark.parametrize(
    ("path", "text", "told"),
    [
        (("publisher",), "../acme", "text matching"),
        (("publisher",), "\u0430cme", "text matching"),  # a Cyrillic letter
        (("model",), "A", "text matching"),
        (("task",), "driving", "semantic-segmentation"),
        (("title",), "x" * 301, "at most 300"),
        (("title",), "\x1b[2J", "control characters"),
        (("licence", "weights"), "Apache", "SPDX identifiers"),
        (("licence", "code"), "MIT\nMIT", "text matching"),
        (MEAN, "half", "number"),
        (MEAN, "[1, 2]", "3"),
        (MEAN, "1e999", "number"),
        ((*VARIANT, "artifacts", 0, "sources", 0, "url"), "ftp://a", "text matching"),
        (CLASSES, "shape", "did you mean shapes?"),
        (CLASSES, "streets", "`zoo datasets`"),
    ],
)
def test_what_it_may_not_say_is_refused_with_what_it_may(path: tuple[Step, ...], text: str, told: str) -> None:
    with pytest.raises(RequestError) as caught:
        taken(CARD, path, text, DATASETS)
    assert told in str(caught.value.hint)


def test_a_card_that_has_nothing_else_yet_can_be_asked() -> None:
    assert taken({}, ("publisher",), "acme") == "acme"


def test_the_card_itself_is_left_as_it_is() -> None:
    before = str(CARD)
    changed = with_value(CARD, MEAN, 1)
    assert changed["variants"][0]["preprocessing"] == {"mean": 1}
    assert str(CARD) == before


@pytest.mark.parametrize(
    ("path", "found"), [(("family",), "net"), (CLASSES, "shapes"), (("title",), ""), ((*MEAN,), "")]
)
def test_only_what_stands_out_is_proposed(path: tuple[Step, ...], found: str) -> None:
    assert suggested(CARD, Blank(path, ""), DATASETS) == found


def test_of_two_datasets_none_is_proposed() -> None:
    twins = [DATASETS[0], Dataset.from_document(builders.dataset("twin"))]
    assert suggested(CARD, Blank(CLASSES, ""), twins) == ""
