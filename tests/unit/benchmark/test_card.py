"""A measured latency on a card: bound to its bytes, steady, and beside everything that was there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from registry import entry
from registry.benchmark.base import Memory, Model, Plan, Sample
from registry.benchmark.card import LATENCIES, latency
from registry.benchmark.host import Host
from registry.benchmark.statistics import Distribution
from registry.digest import Digest
from registry.errors import MismatchError, RejectedError, RequestError
from tests.unit import builders

DIGEST = Digest("a" * 64)
HOST = Host("Cortex-A53", 4, 1800.0, "performance", "i.MX8MPlus EVK", "Linux 6.1 aarch64")
STEADY = Distribution.of([1.0, 1.01] * 20)


def item(times: Distribution = STEADY, notes: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    memory = Memory(None, 1 << 20)
    sample = Sample(times, "TensorFlow Lite", "2.10.0", "benchmark_model --graph=net", HOST, memory, notes)
    model = Model(Path("net.tflite"), "acme/net/small", "tflite", DIGEST)
    return latency(model, Plan(**{"threads": 4} | changes), sample, "board", "2026-11-28")


def enter(path: Path, name: str, figure: dict[str, Any]) -> bool:
    """Whether it took the place of another."""
    return bool(entry.enter(path, name, [figure], LATENCIES))


def write(folder: Path, *variants: builders.Plain, **changes: Any) -> Path:
    """A card as people write it, with comments."""
    document = builders.card(*variants, **changes)
    path = folder / "acme/net.yaml"
    path.parent.mkdir()
    body: str = yaml.safe_dump(yaml.safe_load(yaml.dump(document, Dumper=Plainly)), sort_keys=False)
    path.write_text(f"# a card\n{body}# its end\n", encoding="utf-8")
    return path


class Plainly(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def latencies(path: Path, number: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["variants"][number]["latencies"]
    return found


def test_a_figure_says_all_that_it_is_bound_to(tmp_path: Path) -> None:
    path = write(tmp_path, builders.variant())
    before = path.read_text(encoding="utf-8")
    assert enter(path, "small", item()) is False
    assert latencies(path) == [
        {
            "value": 1.005,
            "unit": "ms",
            "statistic": "p50",
            "target": "board",
            "board": "i.MX8MPlus EVK",
            "engine": "CPU",
            "clock_mhz": 1800.0,
            "threads": 4,
            "command": "benchmark_model --graph=net",
            "runtime": {"name": "TensorFlow Lite", "version": "2.10.0"},
            "status": "reproduced",
            "measurement": {
                "artifact": DIGEST.hex,
                "samples": 40,
                "warmup": 5,
                "runtime": {"name": "TensorFlow Lite", "version": "2.10.0"},
                "threads": 4,
                "host": "i.MX8MPlus EVK, Cortex-A53, 4 cores, Linux 6.1 aarch64",
                "times": STEADY.to_document(),
                "memory": 1 << 20,
                "date": "2026-11-28",
            },
            "provenance": {"source": "benchmark"},
        }
    ]
    after = path.read_text(encoding="utf-8")
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []
    assert "document: zoo bench" in after


def test_what_makes_a_figure_doubtful_stays_with_it() -> None:
    assert item(notes=("a load", "a governor"))["note"] == "a load; a governor"


def test_a_vendors_claim_stays_beside_it(tmp_path: Path) -> None:
    claim = builders.latency(447, threads=4)
    path = write(tmp_path, builders.variant(latencies=[claim]))
    enter(path, "small", item())
    assert [one["value"] for one in latencies(path)] == [447, 1.005]


def test_the_same_conditions_take_the_place_and_others_do_not(tmp_path: Path) -> None:
    path = write(tmp_path, builders.variant(), builders.variant("large"))
    assert enter(path, "small", item()) is False
    assert enter(path, "small", item(threads=1)) is False
    assert enter(path, "small", item(delegate="vx")) is False
    slower = item(Distribution.of([2.0] * 20))
    assert enter(path, "small", slower) is True
    assert [(one["value"], one["threads"], one["engine"]) for one in latencies(path)] == [
        (2.0, 4, "CPU"),
        (1.005, 1, "CPU"),
        (1.005, 4, "vx delegate"),
    ]
    assert enter(path, "large", item()) is False
    assert len(latencies(path, 1)) == 1
    assert path.read_text(encoding="utf-8").count("document: zoo bench") == 1


def test_figures_that_all_variants_share_stay_theirs(tmp_path: Path) -> None:
    shared = builders.latency(9)
    path = write(tmp_path, builders.variant(), common={"latencies": [shared]})
    enter(path, "small", item())
    assert [one["value"] for one in latencies(path)] == [9, 1.005]


def test_a_card_in_json_is_a_card(tmp_path: Path) -> None:
    path = builders.write_card(tmp_path, builders.card(builders.variant(latencies=[builders.latency(5)])))
    enter(path, "small", item())
    enter(path, "small", item(Distribution.of([3.0] * 10)))
    assert [one["value"] for one in latencies(path)] == [5, 3.0]


def test_a_key_that_is_taken_stays_whose_it_is(tmp_path: Path) -> None:
    sources = {**builders.SOURCES, "benchmark": {"document": "bench.md", "kind": "table"}}
    path = write(tmp_path, builders.variant(), sources=sources)
    enter(path, "small", item())
    assert latencies(path)[0]["provenance"] == {"source": "benchmark-2"}


def test_a_card_without_sources_gets_them(tmp_path: Path) -> None:
    document = builders.card(builders.variant())
    del document["sources"]
    path = builders.write_card(tmp_path, document)
    enter(path, "small", item())
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]["benchmark"]["document"] == "zoo bench"


@pytest.mark.parametrize(
    ("times", "told"),
    [
        ([1.0, 2.0] * 20, "the runs vary by 33.3% of their mean, at most 10% is taken"),
        ([1.0] * 20 + [1.2] * 20, "the second half differs from the first by +20.0%, at most 5%"),
        ([1.0] * 3, "3 runs, at least 10 are needed"),
    ],
)
def test_a_noisy_figure_is_refused_with_its_numbers(times: list[float], told: str) -> None:
    with pytest.raises(RejectedError, match=re.escape(told)) as caught:
        item(Distribution.of(times))
    assert caught.value.hint is not None
    assert "governor `performance`" in caught.value.hint


def refused(path: Path, name: str, kind: type[Exception], told: str) -> None:
    before = path.read_bytes()
    with pytest.raises(kind, match=told):
        enter(path, name, item())
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_other_bytes_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, builders.variant(artifacts=[builders.artifact(sha256="b" * 64)]))
    refused(path, "small", MismatchError, r"expected sha256:b{64}, found sha256:a{64}, which was measured")


def test_an_unpinned_card_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, builders.variant(artifacts=[builders.artifact(sha256="unpinned", size=None)]))
    refused(path, "small", MismatchError, "which was measured")


def test_an_unknown_variant_is_told(tmp_path: Path) -> None:
    refused(write(tmp_path), "tiny", RequestError, "no variant 'tiny'")


@pytest.mark.parametrize("text", ["", "variants: [", "schema: model-card/1\n", "\x00", "a: &x 1\nb: *x\n"])
def test_a_broken_card_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "acme/net.yaml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    refused(path, "small", RejectedError, "not a valid card")


def test_a_form_that_was_not_foreseen_is_given_back_to_its_writer(tmp_path: Path) -> None:
    path = write(tmp_path, builders.variant())
    text = path.read_text(encoding="utf-8").partition("variants:\n")[0]
    variant = builders.variant(latencies=[builders.latency(5)])
    plain = json.dumps(variant).replace("]", ", # by hand\n  ]")
    path.write_text(f"{text}variants: [{plain}]\n", encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(RejectedError, match="a way that it cannot be added to") as caught:
        enter(path, "small", item())
    assert "value: 1.005" in str(caught.value.hint)
    assert path.read_bytes() == before
