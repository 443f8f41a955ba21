"""What can hardly be true; `tests/cards/` has one case for each rule."""

import json

import pytest
from hypothesis import given

from registry import plausible
from registry.document import Document, parse
from registry.problem import Problem
from tests.unit import builders
from tests.unit.builders import Plain, artifact, card, latency, metric, variant
from tests.unit.strategies import PROPERTY, cards


def problems_of(document: Plain) -> list[Problem]:
    found = parse(json.dumps(document).encode(), "cards/acme/net.yaml")
    assert isinstance(found, Document)
    return plausible.check(found)


@PROPERTY
@given(cards())
def test_any_card_that_the_schema_takes_is_judged(document: Plain) -> None:
    for problem in problems_of(document):
        assert problem.message
        assert problem.pointer.startswith("/variants/")


@pytest.mark.parametrize(
    "expression",
    ["unknown", "MIT", "Apache-2.0 OR MIT", "GPL-2.0-only WITH Classpath-exception-2.0", "LicenseRef-ST-1"],
)
def test_licences_that_are_expressions(expression: str) -> None:
    assert problems_of(card(licence=dict.fromkeys(("code", "weights", "dataset"), expression))) == []


@pytest.mark.parametrize("expression", ["Apache", "SLA0044", "MIT AND", "MIT/X11", "(MIT", "LicenseRef-"])
def test_licences_that_are_none(expression: str) -> None:
    own = variant(licence={"weights": expression})
    found = problems_of(card(own, licence={"code": expression, "weights": "MIT", "dataset": "unknown"}))
    assert [item.pointer for item in found] == ["/licence/code", "/variants/0/licence/weights"]
    assert {item.found for item in found} == {expression}


@pytest.mark.parametrize(
    ("dtype", "low", "high"), [("uint8", 0, 255), ("int8", -128, 127), ("int16", -32768, 32767)]
)
def test_zero_points_are_values_of_their_type(dtype: str, low: int, high: int) -> None:
    for point, fits in ((low, True), (high, True), (low - 1, False), (high + 1, False)):
        for points in (point, [0, point]):
            tensor = {"shape": [1], "dtype": dtype, "zero_point": points}
            found = problems_of(card(variant(tensors={"inputs": [tensor], "outputs": []})))
            assert ([item.rule for item in found] == []) == fits


def test_contradictions_are_those_of_the_same_conditions() -> None:
    same, other = metric(0.7), metric(0.6)
    assert [item.pointer for item in problems_of(card(variant(metrics=[same, other])))] == ["/variants/0/metrics/1"]
    assert problems_of(card(variant(metrics=[same, same]))) == []
    for change in ({"split": "test"}, {"protocol": "per-image"}, {"precision": "int8"}, {"status": "contradicted"}):
        assert problems_of(card(variant(metrics=[same, {**other, **change}]))) == []


def test_two_files_of_a_variant_have_two_names() -> None:
    pair = [artifact(), artifact(file="NET.tflite", role="other")]
    (problem,) = problems_of(card(variant(artifacts=pair)))
    assert (problem.rule, problem.pointer) == ("duplicate-name", "/variants/0/artifacts/1/file")


@pytest.mark.parametrize(
    ("share", "warned"), [((1, 0, 0), False), ((0.495, 0.5, 0), False), ((0.5, 0.5, 0.5), True)]
)
def test_shares_may_be_rounded(share: tuple[float, ...], warned: bool) -> None:
    shares = dict(zip(("npu", "gpu", "cpu"), share, strict=True))
    found = problems_of(card(variant(latencies=[latency(5, share=shares)])))
    assert [item.severity for item in found] == (["warning"] if warned else [])


@pytest.mark.parametrize(
    ("value", "unit", "warned"),
    [
        (4096, "B", False),
        (4.0, "KiB", False),
        (4.0, "kB", False),
        (4.5, "KiB", True),
        (1, "MB", True),
        (None, "B", False),
    ],
)
def test_a_stated_size_may_confuse_binary_and_decimal_units(value: float | None, unit: str, warned: bool) -> None:
    figure = builders.footprint("file-size", value, unit=unit)
    found = problems_of(card(variant(footprints=[figure])))
    assert [item.severity for item in found] == (["warning"] if warned else [])
