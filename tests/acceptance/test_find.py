"""`zoo show`, `zoo targets`, `zoo datasets`: names, near misses, and what they tell."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.acceptance.world import Result, Zoo, assert_says, by_name

N6 = "st/deeplabv3/person-256-aspp2-int8-qdq"


def proposed(result: Result) -> list[str]:
    """Names that the next step offers, one a line."""
    _, _, hint = result.err.partition("next: ")
    return [line.strip() for line in hint.splitlines()[1:]]


class TestShow:
    """One card or variant, whatever part of its name was typed."""

    @pytest.mark.parametrize(
        ("name", "meant"),
        [
            (N6, N6),
            (N6.upper(), N6),
            ("person-256-aspp2-int8-qdq", N6),
            ("deeplabv3/person-256-aspp2-int8-qdq", N6),
            ("deeplab_v3_mobilenetv2_05_16_256_asppv2_qdq_int8", N6),
            ("deeplabv3_257_int8_per_tensor", "st/deeplabv3/257-int8-per-tensor"),
            ("DeepLabV3_257_INT8_per_tensor", "st/deeplabv3/257-int8-per-tensor"),
            ("257-float32", "google/deeplabv3/257-float32"),
        ],
    )
    def test_a_name_means_a_variant(self, shipped: Zoo, name: str, meant: str) -> None:
        result = shipped("show", name, "--format", "json")
        assert result.code == 0, result
        assert [item["name"] for item in result.json()["variants"]] == [meant]

    def test_every_name_under_which_a_document_mentions_a_variant_leads_to_it(self, shipped: Zoo) -> None:
        rows = by_name(shipped("list", "--format", "json").json())
        aliases: dict[str, set[str]] = {}
        for name, row in rows.items():
            for alias in row.get("known_as", ()):
                aliases.setdefault(alias.lower(), set()).add(name)
        alone = {alias: owners for alias, owners in aliases.items() if len(owners) == 1 and "/" not in alias}
        assert len(alone) > 20
        for alias, owners in sorted(alone.items())[::9]:
            result = shipped("list", alias, "--format", "json")
            assert result.code == 0, result
            assert owners <= {row["name"] for row in result.json()}, alias

    def test_a_full_name_of_a_card_means_this_card_alone(self, shipped: Zoo) -> None:
        names = {row["name"] for row in shipped("list", "--format", "json").json()}
        for card in ("google/deeplabv3", "nxp/deeplabv3", "st/deeplabv3", "ti/deeplabv3-mnv2"):
            result = shipped("show", card, "--format", "json")
            assert result.code == 0, result
            document = result.json()
            assert f"{document['publisher']}/{document['model']}" == card
            shown = {item["name"] for item in document["variants"]}
            assert shown == {name for name in names if name.startswith(f"{card}/")}

    @pytest.mark.parametrize("name", ["deeplabv3", "512"])
    def test_an_ambiguous_name_lists_names_to_paste_that_then_work(self, shipped: Zoo, name: str) -> None:
        result = shipped("show", name)
        assert result.code == 2, result
        assert_says(result, repr(name), "ambiguous", "one of")
        choices = [choice for choice in proposed(result) if not choice.startswith("...")]
        assert len(choices) > 1
        for choice in choices[:6]:
            shown = shipped("show", choice)
            assert shown.code == 0, f"{choice}\n{shown}"
            assert shown.out.startswith(choice)

    @pytest.mark.parametrize(
        ("name", "near"),
        [
            ("deeplabv4", "deeplabv3"),
            ("deeplbav3", "deeplabv3"),
            ("st/deeplabv3/person-256-aspp2-int8-qdp", N6),
            ("st/deepla/person-256-aspp2-int8-qdq", N6),
            ("segformer_b0", "segformer-b0"),
        ],
    )
    def test_a_near_miss_is_told_what_it_may_have_meant(self, shipped: Zoo, name: str, near: str) -> None:
        result = shipped("show", name)
        assert result.code == 2, result
        assert_says(result, f"unknown model {name!r}", "did you mean", near)

    @pytest.mark.parametrize("name", ["//", "a/b/c/d", "%", "'; DROP TABLE variants; --", "x" * 5000])
    def test_a_name_that_is_none(self, shipped: Zoo, name: str) -> None:
        for command in ("show", "list"):
            result = shipped(command, "--", name)
            assert result.code == 2, result
            assert result.out == ""

    def test_the_text_of_a_variant_has_its_figures_with_their_sources(self, shipped: Zoo) -> None:
        result = shipped("show", N6)
        assert result.code == 0, result
        said = " ".join(result.out.split())
        for piece in (
            "onnx",
            "int8",
            "256x256",
            "unpinned: no digest is known",
            "measured: stm32n6",
            "76.62%",
            "27.36 ms",
            "LicenseRef-SLA0044",
            "001_f263cbfff26ea88e.txt",
        ):
            assert piece in said, f"{piece} not in\n{result}"

    def test_a_contradiction_shows_both_sides(self, shipped: Zoo) -> None:
        result = shipped("show", "nxp/deeplabv3/513-int8")
        assert result.code == 0, result
        assert "Contradictions" in result.out
        assert "contradicted" in result.out
        assert {"0.7019", "70.19%"} & set(result.out.split())

    def test_a_card_as_json_has_what_the_list_has(self, shipped: Zoo) -> None:
        rows = by_name(shipped("list", "--publisher", "st", "--format", "json").json())
        card = shipped("show", "st/deeplabv3", "--format", "json").json()
        for item in card["variants"]:
            for kind in ("metrics", "footprints", "latencies", "artifacts"):
                assert item.get(kind, []) == rows[item["name"]][kind]
        assert card["support"][N6]["stm32n6"] == "measured"


class TestTargetsAndDatasets:
    """Boards and data, listed and one by one."""

    def test_targets(self, shipped: Zoo) -> None:
        documents = shipped("targets", "--format", "json").json()
        names = [item["name"] for item in documents]
        assert {"stm32n6", "stm32mp2", "imx8mp", "tda4vm", "am62a"} <= set(names)
        assert names == sorted(names)
        text = shipped("targets")
        assert text.code == 0
        assert [line.split()[0] for line in text.out.splitlines()[1:]] == names
        table = list(csv.DictReader(io.StringIO(shipped("targets", "--format", "csv").out)))
        assert [line["name"] for line in table] == names

    def test_a_target_tells_operators_memories_and_versions_with_their_sources(self, shipped: Zoo) -> None:
        told = " ".join(shipped("targets", "am62a").out.split())
        assert "of tflite; the rest on cpu [edgeai-tidl-tools, docs/operators.md" in told
        assert "DDR: 4 GiB on SK-AM62A-LP (" in told
        assert "onnx-opset to 19;" in told
        assert "https://github.com/TexasInstruments/edgeai-tidl-tools" in told

    def test_datasets(self, shipped: Zoo) -> None:
        documents = shipped("datasets", "--format", "json").json()
        names = [item["name"] for item in documents]
        assert {"pascal-voc-2012", "cityscapes", "ade20k32", "person-coco-2017-voc-2012"} <= set(names)
        text = shipped("datasets")
        assert text.code == 0
        assert [line.split()[0] for line in text.out.splitlines()[1:]] == names
        table = list(csv.DictReader(io.StringIO(shipped("datasets", "--format", "csv").out)))
        assert [line["name"] for line in table] == names

    @pytest.mark.parametrize(
        ("command", "name", "found"),
        [
            ("targets", "stm32n6", "stm32n6"),
            ("targets", "STM32N6570-DK", "stm32n6"),
            ("targets", "i.MX 8M Plus", "imx8mp"),
            ("datasets", "pascal-voc-2012", "pascal-voc-2012"),
            ("datasets", "voc 2012", "pascal-voc-2012"),
        ],
    )
    def test_one_by_its_name_or_another_name(self, shipped: Zoo, command: str, name: str, found: str) -> None:
        (document,) = shipped(command, name, "--format", "json").json()
        assert document["name"] == found
        text = shipped(command, name)
        assert text.code == 0
        assert text.out.startswith(found)
        assert document["provenance"]["document"] in text.out

    @pytest.mark.parametrize(
        ("command", "name", "near"),
        [
            ("targets", "stm32n7", "stm32n6"),
            ("targets", "imx8pm", "imx8mp"),
            ("datasets", "pascal-voc-2021", "pascal-voc-2012"),
        ],
    )
    def test_a_near_miss(self, shipped: Zoo, command: str, name: str, near: str) -> None:
        result = shipped(command, name)
        assert result.code == 2, result
        assert_says(result, f"unknown {command[:-1]} {name!r}", "did you mean", near)

    @pytest.mark.parametrize("command", ["targets", "datasets"])
    def test_a_far_miss_is_told_where_to_look(self, shipped: Zoo, command: str) -> None:
        result = shipped(command, "zzzzzz")
        assert result.code == 2, result
        assert_says(result, "zzzzzz", f"zoo {command}")


def test_every_dataset_and_target_that_a_variant_names_can_be_looked_up(shipped: Zoo) -> None:
    rows: list[Any] = shipped("list", "--format", "json").json()
    targets = {item["name"] for item in shipped("targets", "--format", "json").json()}
    datasets = {item["name"] for item in shipped("datasets", "--format", "json").json()}
    named_targets = {item["target"] for row in rows for item in (*row.get("targets", ()), *row["latencies"])}
    named_datasets = {item["dataset"] for row in rows for item in row["metrics"]}
    assert named_targets <= targets
    assert named_datasets <= datasets
    assert len(named_targets) > 5
    assert len(named_datasets) > 5
