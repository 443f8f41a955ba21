import pytest
from hypothesis import given

from registry.card import Variant, merged
from registry.digest import Digest
from tests.unit import builders
from tests.unit.builders import artifact, card, one, variant
from tests.unit.strategies import PROPERTY, cards


def test_a_variants_own_property_replaces_the_common_one_whole() -> None:
    common = {"resolution": {"height": 1, "width": 2, "channels": 3}, "summary": "shared"}
    own = variant(resolution={"height": 64, "width": 96})
    (whole,) = merged(card(own, common=common))
    assert whole["resolution"] == {"height": 64, "width": 96}
    assert whole["summary"] == "shared"


@PROPERTY
@given(cards())
def test_the_value_says_what_the_document_says(document: builders.Plain) -> None:
    for item in merged(document):
        found = Variant.from_document(document, item)
        assert found.full_name == f"acme/net/{item['name']}"
        assert found.pinned == bool(item["artifacts"] and item["artifacts"][0]["sha256"] != "unpinned")
        assert [metric.value for metric in found.metrics] == [metric["value"] for metric in item["metrics"]]
        assert {metric["dataset"] for metric in item["metrics"]} <= set(found.datasets)
        assert len(set(found.datasets)) == len(found.datasets)


def test_a_digest_is_a_type_and_unpinned_is_none() -> None:
    assert one().artifacts[0].digest == Digest("a" * 64)
    assert one(artifacts=[artifact(sha256="unpinned")]).artifacts[0].digest is None


def test_a_pull_fetches_the_model_and_what_it_needs_to_run() -> None:
    roles = ("model", "labels", "configuration", "checkpoint", "other")
    found = one(artifacts=[artifact(file=f"{role}.bin", role=role) for role in roles])
    assert [file.role for file in found.files] == ["model", "labels", "configuration"]


@pytest.mark.parametrize(("labels", "pinned"), [("c" * 64, True), ("unpinned", False)])
def test_pinned_means_every_file_that_a_pull_fetches(labels: str, pinned: bool) -> None:
    checkpoint = artifact(file="ckpt", role="checkpoint", sha256="unpinned")
    found = one(artifacts=[artifact(), artifact(file="labels.txt", role="labels", sha256=labels), checkpoint])
    assert found.pinned is pinned


def test_a_variant_without_files_is_not_pinned() -> None:
    assert not one(artifacts=[]).pinned
    assert one(artifacts=[]).size is None


@pytest.mark.parametrize(
    ("unit", "factor"), [("B", 1), ("KiB", 1024), ("MiB", 1 << 20), ("kB", 1000), ("MB", 10**6)]
)
def test_footprints_are_in_bytes(unit: str, factor: int) -> None:
    (figure,) = one(footprints=[builders.footprint("internal-ram", 2.5, unit=unit)]).footprints
    assert figure.value == 2.5 * factor


def test_counts_and_open_places_stay_as_they_are() -> None:
    count, blank = one(
        footprints=[
            builders.footprint("parameters", 700000, unit="count"),
            builders.footprint("internal-ram", None),
        ]
    ).footprints
    assert (count.value, blank.value) == (700000, None)


def test_the_licence_of_the_weights_is_the_variants_own_or_the_cards() -> None:
    assert one().weights_licence == "Apache-2.0"
    assert one(licence={"weights": "MIT"}).weights_licence == "MIT"
    assert one(licence={"code": "MIT"}).weights_licence == "Apache-2.0"


def test_targets_that_figures_are_of() -> None:
    found = one(
        latencies=[builders.latency(1, target="stick")],
        footprints=[
            builders.footprint("internal-ram", 1),
            {**builders.footprint("parameters", 1), "target": "stick"},
        ],
    )
    assert found.figure_targets == ("board", "stick")
