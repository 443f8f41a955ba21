"""What was published may gain, and never change."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.submission.changes import changed
from registry.submission.flaw import Flaw
from tests.unit import builders, strategies

Plain = dict[str, Any]


def published(**changes: Any) -> Plain:
    return builders.card(builders.variant(metrics=[builders.metric(0.5)], **changes))


def flaws(before: Plain, after: Plain | None) -> list[Flaw]:
    return list(changed(before, after, "v1"))


def edited(card: Plain, key: str, value: Any) -> Plain:
    return {**card, "variants": [{**card["variants"][0], key: value}]}


@strategies.PROPERTY
@given(strategies.cards())
def test_a_card_does_not_differ_from_itself(card: Plain) -> None:
    assert flaws(card, copy.deepcopy(card)) == []


@pytest.mark.parametrize(
    ("key", "value", "path"),
    [
        ("format", "onnx", ("variants", 0, "format")),
        ("resolution", {"height": 64, "width": 128}, ("variants", 0, "resolution", "width")),
        ("resolution", {"height": 64}, ("variants", 0, "resolution")),
        ("artifacts", [builders.artifact(sha256="b" * 64)], ("variants", 0, "artifacts", 0, "sha256")),
        ("artifacts", [builders.artifact(file="other.tflite")], ("variants", 0, "artifacts")),
        ("metrics", [builders.metric(0.6)], ("variants", 0, "metrics", 0, "value")),
        ("metrics", [], ("variants", 0, "metrics")),
    ],
)
def test_an_edit_is_found_where_it_is(key: str, value: Any, path: tuple[str | int, ...]) -> None:
    (flaw,) = flaws(published(), edited(published(), key, value))
    assert (flaw.rule, flaw.path, flaw.severity) == ("published-changed", path, "error")
    assert "it is in v1" in flaw.expected


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("summary", "Other words."),
        ("availability", "unavailable"),
        ("notes", ["More to say."]),
        ("metrics", [builders.metric(0.5), builders.metric(0.4, protocol="per-image")]),
        ("metrics", [builders.metric(0.5, status="contradicted", note="Measured again.")]),
        ("artifacts", [builders.artifact(sources=[])]),
        ("artifacts", [builders.artifact(), builders.artifact(file="labels.txt", role="labels", sha256="c" * 64)]),
        ("postprocessing", {"kind": "argmax"}),
    ],
)
def test_what_is_added_is_no_edit(key: str, value: Any) -> None:
    assert flaws(published(), edited(published(), key, value)) == []


def test_what_moves_to_common_is_the_same() -> None:
    after = published()
    after["common"] = {"resolution": after["variants"][0].pop("resolution")}
    assert flaws(published(), after) == []
    after["common"]["resolution"] = {"height": 1, "width": 96}
    (flaw,) = flaws(published(), after)
    assert flaw.path == ("common", "resolution", "height")


def test_a_published_variant_does_not_vanish() -> None:
    both = builders.card(builders.variant("small"), builders.variant("large"))
    for after in (builders.card(builders.variant("small")), None):
        found = flaws(both, after)
        assert {flaw.rule for flaw in found} == {"published-removed"}
        assert any("acme/net/large" in flaw.message for flaw in found)


def test_what_had_no_digest_was_not_published() -> None:
    before = builders.card(builders.variant(artifacts=[builders.artifact(sha256="unpinned")]))
    assert flaws(before, None) == []
    assert flaws(before, edited(before, "format", "onnx")) == []


def test_the_licence_of_what_was_published_stays() -> None:
    after = published()
    after["licence"] = {**after["licence"], "weights": "MIT", "dataset": "CC0-1.0"}
    (flaw,) = flaws(published(), after)
    assert flaw.path == ("licence", "weights")  # of the data nothing was known before


@strategies.PROPERTY
@given(st.data())
def test_any_other_number_is_an_edit(data: st.DataObject) -> None:
    card = data.draw(strategies.cards().filter(_figures))
    after = copy.deepcopy(card)
    number, key, index = data.draw(st.sampled_from(_figures(card)))
    after["variants"][number][key][index]["value"] += 0.001
    assert any(flaw.rule == "published-changed" for flaw in flaws(card, after))


def _figures(card: Plain) -> list[tuple[int, str, int]]:
    """Figures with a value, of variants whose files all have a digest, that stand once only."""
    return [
        (number, key, index)
        for number, variant in enumerate(card["variants"])
        if variant["artifacts"] and all(item["sha256"] != "unpinned" for item in variant["artifacts"])
        for key in ("metrics", "footprints", "latencies")
        for index, item in enumerate(variant.get(key, ()))
        if item["value"] is not None and variant[key].count(item) == 1
    ]
