"""What a policy asks of a card."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry.admission import Admission
from registry.card import Variant, merged
from registry.document import Document, parse
from registry.submission.demands import demanded
from registry.submission.flaw import Flaw, subjects
from tests.unit import builders

OPEN = Admission()
INT8 = {"scheme": "int8", "granularity": "per-tensor", "representation": "tflite", "method": "post-training"}


def flaws(
    card: dict[str, Any], policy: Admission = OPEN, parent: Variant | None = None, data_licence: str | None = None
) -> list[Flaw]:
    read = parse(json.dumps(card).encode(), "net.yaml")
    assert isinstance(read, Document)
    (subject,) = subjects(read, merged(card))
    return list(demanded(subject, card, policy, parent, data_licence))


def test_a_card_that_keeps_the_policy_has_no_flaw() -> None:
    assert flaws(builders.card(), Admission(weights=("Apache-2.0",), data=("unknown",))) == []


@pytest.mark.parametrize(
    ("policy", "path"),
    [
        (Admission(weights=("MIT",)), ("licence", "weights")),
        (Admission(data=("CC0-1.0",)), ("licence", "dataset")),
    ],
)
def test_a_licence_that_is_not_allowed(policy: Admission, path: tuple[str, ...]) -> None:
    (flaw,) = flaws(builders.card(), policy)
    assert (flaw.rule, flaw.path, flaw.severity) == ("licence-policy", path, "error")


def test_a_variant_may_have_a_licence_of_its_own() -> None:
    card = builders.card(builders.variant(licence={"weights": "GPL-3.0-only"}))
    (flaw,) = flaws(card, Admission(weights=("Apache-2.0",)))
    assert flaw.path == ("variants", 0, "licence", "weights")


def test_the_licence_of_the_dataset_counts_whatever_the_card_says() -> None:
    card = builders.card(builders.variant(training={"dataset": "shapes"}))
    card["licence"]["dataset"] = "CC0-1.0"
    (flaw,) = flaws(card, Admission(data=("CC0-1.0",)), data_licence="CC-BY-NC-4.0")
    assert (flaw.rule, flaw.path) == ("licence-policy", ("variants", 0, "training", "dataset"))


def test_a_file_over_the_size() -> None:
    card = builders.card(builders.variant(artifacts=[builders.artifact(size=2 << 30)]))
    (flaw,) = flaws(card)
    assert (flaw.rule, flaw.path) == ("file-size", ("variants", 0, "artifacts", 0, "size"))
    assert "2147483648 bytes" in flaw.found
    assert flaws(card, Admission(size=2 << 30)) == []


def test_a_file_without_digest_is_an_error_but_for_whom_the_policy_exempts() -> None:
    card = builders.card(builders.variant(artifacts=[builders.artifact(sha256="unpinned")]))
    assert [flaw.severity for flaw in flaws(card)] == ["error"]
    assert [flaw.severity for flaw in flaws(card, Admission(unpinned=("acme",)))] == ["warning"]


def test_a_measured_figure_names_its_bytes_and_a_quoted_one_is_a_claim() -> None:
    quoted = builders.card(
        builders.variant(metrics=[builders.metric(0.5), builders.metric(0.6, protocol="per-image")])
    )
    (flaw,) = flaws(quoted)
    assert (flaw.rule, flaw.severity) == ("unbound-figure", "warning")
    tool = {**quoted, "sources": {name: {**one, "kind": "tool"} for name, one in quoted["sources"].items()}}
    assert [(one.rule, one.severity) for one in flaws(tool)] == [("unbound-figure", "error")] * 2


def test_figures_of_another_precision_are_not_of_this_file() -> None:
    card = builders.card(builders.variant(metrics=[builders.metric(0.5, precision="int8")]))
    assert flaws(card) == []


def test_a_figure_of_the_training_data() -> None:
    variant = builders.variant(
        training={"dataset": "shapes", "split": "train"},
        metrics=[builders.metric(0.9, split="train", precision="int8")],
    )
    (flaw,) = flaws(builders.card(variant))
    assert (flaw.rule, flaw.severity, flaw.path[-1]) == ("measured-on-training-data", "warning", "split")


@pytest.mark.parametrize(("value", "lost"), [(0.5, False), (0.481, False), (0.47, True)])
def test_the_loss_by_quantization(value: float, lost: bool) -> None:
    parent = builders.one(metrics=[builders.metric(0.5), builders.metric(0.5, protocol="per-image")])
    metrics = [
        builders.metric(value, protocol="per-image", precision="int8"),
        builders.metric(value, precision="int8"),
    ]
    card = builders.card(builders.variant(quantization=INT8, metrics=metrics))
    found = [flaw for flaw in flaws(card, OPEN, parent) if flaw.rule == "quantization-loss"]
    assert len(found) == lost
    if lost:  # told once, of the protocol that compares best
        assert found[0].path == ("variants", 0, "metrics", 1, "value")
        assert "3.00 points less" in found[0].found


@pytest.mark.parametrize(
    ("value", "images", "rule"),
    [
        (0.4, "a", "quantization-loss"),
        (0.4, "", "quantization-loss"),
        (0.4, "b", "float-parent"),
        (0.6, "b", "float-parent"),
    ],
)
def test_a_loss_is_told_of_the_same_images_only(value: float, images: str, rule: str) -> None:
    def figure(mean: float, letter: str, precision: str) -> builders.Plain:
        runtime = {"name": "litert", "version": "2.3.0"}
        measured = {"artifact": "c" * 64, "runtime": runtime} | ({"images": letter * 64} if letter else {})
        return builders.metric(mean, precision=precision, measurement=measured)

    parent = builders.one(metrics=[figure(0.5, "a", "float32")])
    card = builders.card(builders.variant(quantization=INT8, metrics=[figure(value, images, "int8")]))
    (flaw,) = flaws(card, OPEN, parent)
    assert (flaw.rule, flaw.severity) == (rule, "warning" if rule == "float-parent" else "error")


def test_a_float_variant_loses_nothing_by_quantization() -> None:
    parent = builders.one(metrics=[builders.metric(0.9)])
    card = builders.card(builders.variant(metrics=[builders.metric(0.5)]))
    assert [flaw.rule for flaw in flaws(card, OPEN, parent)] == ["unbound-figure"]
