from hypothesis import given
from hypothesis import strategies as st

from registry import figures
from registry.figures import Conditions
from tests.unit.builders import artifact, footprint, latency, metric, one
from tests.unit.strategies import FRACTIONS, PROPERTY, footprints, metrics

VOC = Conditions("mean-iou", "shapes", "val", "voc")


@PROPERTY
@given(st.lists(st.sampled_from(FRACTIONS), min_size=1, max_size=5))
def test_the_worst_of_contradicting_metrics_counts(values: list[float]) -> None:
    found = one(metrics=[metric(value, status="contradicted") for value in values])
    assert figures.own_metrics(found) == {VOC: min(values)}


@PROPERTY
@given(st.lists(st.integers(0, 100), min_size=1, max_size=5))
def test_the_worst_of_contradicting_footprints_counts(values: list[int]) -> None:
    found = one(footprints=[footprint("weights-flash", value, unit="B") for value in values])
    assert figures.flash_bytes(found, "board") == max(values)
    assert figures.flash_bytes(found, "stick") is None


@PROPERTY
@given(st.lists(metrics(), max_size=6))
def test_only_metrics_of_this_very_file_count(items: list[dict[str, object]]) -> None:
    own = figures.own_metrics(one(metrics=items))
    stated = [item for item in items if item["precision"] == "float32" and item["value"] is not None]
    assert {(key.metric, key.dataset, key.split, key.protocol) for key in own} == {
        (item["name"], item["dataset"], item["split"], item["protocol"]) for item in stated
    }
    for key, value in own.items():
        same = [
            item["value"]
            for item in stated
            if (item["name"], item["dataset"], item["split"], item["protocol"])
            == (key.metric, key.dataset, key.split, key.protocol)
        ]
        assert value in same
        assert all(value <= other for other in same if isinstance(other, float))


@PROPERTY
@given(st.lists(metrics(), max_size=5), st.lists(footprints(), max_size=5), st.randoms())
def test_the_order_on_the_card_does_not_matter(
    some: list[dict[str, object]], others: list[dict[str, object]], random: object
) -> None:
    one_way = one(metrics=some, footprints=others)
    other_way = one(metrics=some[::-1], footprints=others[::-1])
    assert figures.own_metrics(one_way) == figures.own_metrics(other_way)
    assert figures.ram_bytes(one_way, "board") == figures.ram_bytes(other_way, "board")
    assert figures.size_bytes(one_way) == figures.size_bytes(other_way)


def test_an_unstated_protocol_is_the_publishers_own() -> None:
    found = one(metrics=[metric(0.5, protocol="unstated"), metric(0.6)])
    assert {key.publisher for key in figures.own_metrics(found)} == {"acme", ""}


def test_ram_is_internal_and_external_or_the_activations() -> None:
    internal, external = footprint("internal-ram", 10, unit="B"), footprint("external-ram", 5, unit="B")
    activation = footprint("activation-ram", 7, unit="B")
    assert figures.ram_bytes(one(footprints=[internal, external, activation]), "board") == 15
    assert figures.ram_bytes(one(footprints=[internal]), "board") == 10
    assert figures.ram_bytes(one(footprints=[activation]), "board") == 7
    assert figures.ram_bytes(one(footprints=[activation, external]), "board") == 7
    assert figures.ram_bytes(one(), "board") is None


def test_latency_is_that_of_the_fastest_way_to_run_it_there() -> None:
    found = one(latencies=[latency(4), latency(None), latency(2, engine="NPU"), latency(1, target="stick")])
    assert figures.latency_ms(found, "board") == 2
    assert figures.latency_ms(one(latencies=[latency(None)]), "board") is None


def test_the_size_is_the_files_or_a_stated_one_of_the_same_precision() -> None:
    stated = footprint("file-size", 3, unit="B")
    assert figures.size_bytes(one(footprints=[stated])) == 4096
    unknown = [artifact(size=None, sha256="unpinned")]
    assert figures.size_bytes(one(artifacts=unknown, footprints=[stated])) == 3
    other = {**stated, "precision": "int8"}
    assert figures.size_bytes(one(artifacts=unknown, footprints=[other])) is None
