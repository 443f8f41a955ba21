"""The page as a browser reads it, with names that would like to be more than text."""

from __future__ import annotations

import functools
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.card import Metric
from registry.judgement import Judgement
from registry.metrics import PROTOCOLS
from registry.report import Exhibit, render
from registry.report.page import MEANINGS
from registry.report.pictures import Panel
from tests.unit.report.documents import Page, document, scores
from tests.unit.strategies import PROPERTY

NAMES = ("background", "disc", "ring")
PANEL = Panel("picture", "data:image/png;base64,AA==", 4, 3)


def exhibit(name: str = "image-7", problem: str = "") -> Exhibit:
    return Exhibit(name, 0.25, 0.75, () if problem else (PANEL,), (0, 1, 255), problem)


def judgement(state: str = "contradicted") -> Judgement:
    metric = Metric("mean-iou", 0.7, "shapes", "val", "voc", "float32", "claimed")
    return Judgement(metric, state, 0.5, "0.2 apart, 0.005 allowed")


def page(**changes: object) -> Page:
    return Page(render(document(**changes), NAMES, [exhibit()]))


def test_every_fact_of_the_evaluation_is_on_the_page() -> None:
    found = page()
    found.assert_self_contained()
    for digest in "abc":
        assert f"sha256:{digest * 64}" in found.text
    for piece in (
        *(
            "acme/net/small",
            "shapes, split val",
            "litert 2.3.0, 2 threads",
            "x86_64, Linux",
            "p50 1.2 ms, max 2.0 ms",
        ),
        *("2 evaluated, 1 left out", "torn", "is cut short", "image-7", "mean IoU 25.00%", "85.71%"),
        *(f"{name} {MEANINGS[name]}" for name in PROTOCOLS),
    ):
        assert piece in found.text, piece
    assert "Figures of the card" not in found.text
    assert found.of("html") == [{"lang": "en"}]


def test_every_protocol_has_its_sentence() -> None:
    assert set(MEANINGS) == set(PROTOCOLS)


def test_without_a_card_the_digest_is_the_title() -> None:
    found = page(variant=None)
    assert f"sha256:{'a' * 64} on shapes val" in found.texts


def test_a_class_that_never_occurs_is_absent_and_has_no_bar() -> None:
    found = page()
    assert found.texts.count("absent") == 1
    bars = [one["style"] for one in found.of("div") if (one.get("style") or "").startswith("width")]
    assert bars == ["width: 85.71%", "width: 50.00%"]
    assert found.texts.count("ring") == 1  # in the chart; the matrix leaves it out


def test_the_chart_is_of_the_first_protocol_where_voc_was_not_run() -> None:
    alone = {"per-image": scores(None, [0.3, None, None])}
    found = page(protocols=alone)
    assert "Protocol per-image." in found.text
    assert "What is taken for what" not in found.text


def test_cells_tell_their_pixels() -> None:
    found = page()
    assert "background taken for disc: 10 of 100 pixels, 10.0%" in found.texts
    assert "disc found as disc: 15 of 20 pixels, 75.0%" in found.texts
    assert found.text.count("Confusion matrix") == 0  # it is a label, once, since two protocols share the matrix
    assert len(found.of("svg")) == 1


@pytest.mark.parametrize("state", ["reproduced", "contradicted", "not comparable"])
def test_a_judgement_is_told_in_words(state: str) -> None:
    found = page(check=[asdict(judgement(state))])
    assert state in found.texts
    assert "mean-iou 70.00% on shapes val, protocol voc, measured 50.00%: 0.2 apart, 0.005 allowed" in found.text
    assert "The card states no accuracy." in page(check=[]).text


def test_an_image_that_cannot_be_shown_says_why() -> None:
    found = Page(render(document(), NAMES, [exhibit(problem="it is gone")]))
    assert "It cannot be shown any more: it is gone" in found.text
    assert found.of("img") == []


def test_images_have_words_and_tables_have_headings() -> None:
    found = page()
    assert [one["alt"] for one in found.of("img")] == ["picture of image-7"]
    assert all(one["scope"] in ("row", "col") for one in found.of("th"))
    (drawing,) = found.of("svg")
    assert drawing["role"] == "img"
    assert drawing["aria-label"]


def test_nothing_but_void_is_no_figure() -> None:
    nothing = {"voc": {**scores([[0, 0], [0, 0]], [None, None]), "mean-iou": None, "images": 0, "empty": 2}}
    found = Page(render(document(protocols=nothing, latency_ms={}), NAMES, []))
    assert "none measured" in found.text
    assert "0 and 2 empty" in found.text
    assert found.texts.count("absent") == 2


@pytest.mark.parametrize("classes", [1, 2, 26, 150])
def test_a_matrix_of_any_size_is_drawn(classes: int) -> None:
    confusion = [[1 + (row == column) for column in range(classes)] for row in range(classes)]
    found = Page(render(document(protocols={"voc": scores(confusion, [0.5] * classes)}), (), []))
    assert len([one for one in found.of("rect") if one["class"] == "cell"]) == classes**2


hostile = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "\"><img src=x onerror='alert(1)'>",
        "</style><b>",
        "{{ 7 * 7 }}",
        "&lt;i&gt;",
        "-->",
        "]]>",
        "\N{RIGHT-TO-LEFT OVERRIDE}gpj",
    ]
)


@functools.cache
def plain_skeleton() -> object:
    """The tags of a page whose names are harmless."""
    plain = {"bad": [{"image": "x", "reason": "x"}], "dataset": "x", "variant": "x"}
    return Page(render(document(**plain), ("background", "x", "x"), [exhibit("x")])).skeleton


@PROPERTY
@given(hostile, hostile, hostile)
def test_names_stay_text(image: str, name: str, reason: str) -> None:
    changes = {"bad": [{"image": image, "reason": reason}], "dataset": name, "variant": name}
    found = Page(render(document(**changes), ("background", name, name), [exhibit(image)]))
    assert found.skeleton == plain_skeleton()
    found.assert_self_contained()
    shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in image)
    assert [one["alt"] for one in found.of("img")] == [f"picture of {shown}"]
    assert " ".join(shown.split()) in found.text
