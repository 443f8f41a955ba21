"""A new card, and one that is added to without a letter of it being changed."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest

from registry import plausible, rules
from registry.dataset import Dataset
from registry.document import Document, parse
from registry.errors import RejectedError, RequestError, UnavailableError
from registry.scaffold import draft as drafting
from registry.scaffold.draft import Draft, begin
from registry.scaffold.model_file import ModelFile, opened
from registry.scaffold.statements import Statements, proposed_model
from registry.scaffold.writing import write
from tests.unit import builders, family

ANSWERS: dict[str, Any] = {
    "family": "deeplabv3",
    "title": "Net",
    "summary": "A net.",
    "licence.code": "MIT",
    "licence.weights": "Apache-2.0",
    "licence.dataset": "unknown",
    "quantization.method": "post-training",
    "preprocessing.resize": "stretch",
    "preprocessing.interpolation": "bilinear",
    "preprocessing.mean": 127.5,
    "preprocessing.scale": 1 / 127.5,
    "preprocessing.colour_mode": "RGB",
    "classes.dataset": "shapes",
    "artifacts.sources.url": "https://example.org/net",
}
SHAPES = Dataset.from_document(family._card("datasets/shapes.yaml"))


def files(*names: str) -> list[ModelFile]:
    return [_opened(name) for name in names]


@functools.cache
def _opened(name: str) -> ModelFile:
    """Read once for all tests, since nothing changes it."""
    return opened(family.model_file(name))


def said(**changes: Any) -> Statements:
    return Statements(**{"publisher": "acme", "model": "net", **changes})


def filled(draft: Draft) -> Draft:
    """A draft with an answer in each blank."""
    for blank in draft.blanks():
        draft = draft.answered(blank.path, ANSWERS[blank.name])
    return draft


def problems(draft: Draft) -> list[str]:
    found = parse(draft.text().encode(), str(draft.path))
    assert isinstance(found, Document), found
    return [str(one) for one in rules.check(found, "model-card") or plausible.check(found)]


class TestNew:
    def test_filled_in_it_is_a_valid_card_in_the_order_of_cards(self, tmp_path: Path) -> None:
        draft = filled(begin(files("256-float32", "128-int8-per-channel"), said(), [], tmp_path))
        assert draft.path == tmp_path / "acme" / "net.yaml"
        assert problems(draft) == []
        assert list(draft.card)[:5] == ["schema", "publisher", "model", "family", "title"]
        assert [variant["name"] for variant in draft.variants] == ["256-float32", "128-int8-per-channel"]

    def test_the_same_files_give_the_same_text(self, tmp_path: Path) -> None:
        texts = {begin(files("256-float32"), said(), [SHAPES], tmp_path).text() for _ in range(2)}
        assert len(texts) == 1

    def test_what_was_said_is_no_blank(self, tmp_path: Path) -> None:
        properties = {"title": "A: net", "family": "deeplabv3", "licence.weights": "MIT"}
        whole = said(
            properties=properties,
            urls=("https://example.org/a",),
            dataset=SHAPES,
            parent="acme/other/float",
            targets=("linux",),
            variants=("small",),
        )
        draft = begin(files("128-int8-per-channel"), whole, [SHAPES], tmp_path)
        (variant,) = draft.variants
        assert {"title", "family", "licence.weights", "artifacts.sources.url", "classes.dataset"}.isdisjoint(
            blank.name for blank in draft.blanks()
        )
        assert (draft.card["title"], variant["name"], variant["parent"]) == ("A: net", "small", "acme/other/float")
        assert variant["classes"] == {"count": 9, "dataset": "shapes"}
        assert variant["training"] == {"technique": "unknown", "dataset": "shapes"}
        assert variant["targets"][0]["provenance"]["source"] in draft.card["sources"]
        assert variant["artifacts"][0]["sources"][0]["url"] == "https://example.org/a"

    def test_bytes_that_come_along_need_no_address(self, tmp_path: Path) -> None:
        draft = begin(files("256-float32"), said(keeps_bytes=True), [], tmp_path)
        assert "artifacts.sources.url" not in {blank.name for blank in draft.blanks()}

    @pytest.mark.parametrize(
        ("changes", "told"),
        [
            ({"publisher": "../x"}, "publisher cannot be"),
            ({"model": "net/x"}, "model cannot be"),
            ({"properties": {"licence.weights": "Apache"}}, "licence.weights cannot be 'Apache'"),
            ({"properties": {"title": ""}}, "title cannot be"),
            ({"variants": ("Bad Name",)}, "would not be valid"),
            ({"variants": ("a", "b")}, "1 files, 2 of a name"),
            ({"urls": ("nowhere",)}, "would not be valid"),
            ({"parent": "256-float32"}, "no file is quantized"),
            ({"parent": "other"}, "no variant 'other'"),
            (
                {"dataset": Dataset.from_document(builders.dataset())},
                "shapes has 3 classes, the model tells 9 apart",
            ),
        ],
    )
    def test_what_a_card_may_not_say_is_refused(self, changes: dict[str, Any], told: str, tmp_path: Path) -> None:
        with pytest.raises(RequestError, match=told):
            begin(files("256-float32"), said(**changes), [], tmp_path)

    def test_two_variants_are_told_apart(self, tmp_path: Path) -> None:
        with pytest.raises(RequestError, match="has the very bytes of 'a'"):
            begin(files("256-float32", "256-float32"), said(variants=("a", "b")), [], tmp_path)
        with pytest.raises(RequestError, match="two variants would be called 'a'"):
            begin(files("256-float32", "256-mixed"), said(variants=("a", "a")), [], tmp_path)

    def test_files_that_agree_propose_a_name(self) -> None:
        one, other = files("256-float32", "256-mixed")
        assert proposed_model([one]) == one.path.name
        assert proposed_model([one, other]) == ""


OLD = """\
# by hand
schema: model-card/1
publisher: acme
model: net
family: net   # the family
title: Net
task: semantic-segmentation
licence: {code: MIT, weights: MIT, dataset: unknown}
sources:
    page: {document: page.md, kind: text}

variants:
- name: old  # the first
  availability: available
  format: tflite
  quantization: {scheme: float32, granularity: none, representation: none, method: none}
  resolution: {height: 64, width: 96}
  artifacts:
  - {file: net.tflite, role: model, size: 9, sha256: AAAA, sources: []}
# the end
""".replace("AAAA", "a" * 64)


def standing(folder: Path, text: str = OLD) -> Path:
    path = folder / "acme" / "net.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


class TestExisting:
    @pytest.mark.parametrize("newline", ["\n", "\r\n"])
    def test_variants_come_behind_and_every_other_line_stays(self, newline: str, tmp_path: Path) -> None:
        path = standing(tmp_path, OLD.replace("\n", newline))
        draft = begin(files("256-float32", "256-mixed"), said(), [], tmp_path)
        text = draft.text()
        lines = iter(text.splitlines())
        assert all(line in lines for line in OLD.splitlines()), "a line is gone or moved"
        assert path.read_bytes().decode() == OLD.replace("\n", newline)
        assert [one["name"] for one in draft.card["variants"]] == ["old", "256-float32", "256-mixed"]
        assert "inspection" in draft.card["sources"]
        assert problems(filled(draft)) == []

    def test_only_what_is_new_is_asked(self, tmp_path: Path) -> None:
        standing(tmp_path, OLD.replace("title: Net", "title: TODO"))
        draft = begin(files("256-float32"), said(), [], tmp_path)
        assert {blank.path[:2] for blank in draft.blanks()} == {("variants", 1)}

    def test_a_source_of_the_same_name_but_another_document_keeps_its_key(self, tmp_path: Path) -> None:
        standing(tmp_path, OLD.replace("page:", "inspection:"))
        draft = begin(files("256-float32"), said(), [], tmp_path)
        assert list(draft.card["sources"]) == ["inspection", "inspection-2"]
        assert draft.variants[0]["compute"][0]["provenance"] == {"source": "inspection-2"}

    def test_twice_added_to_the_source_stands_once(self, tmp_path: Path) -> None:
        standing(tmp_path)
        write(begin(files("256-float32"), said(), [], tmp_path))
        write(begin(files("256-mixed"), said(), [], tmp_path))
        assert (tmp_path / "acme" / "net.yaml").read_text().count("zoo inspect") == 1

    def test_a_variant_is_never_overwritten(self, tmp_path: Path) -> None:
        standing(tmp_path)
        with pytest.raises(RequestError, match="two variants would be called 'old'"):
            begin(files("256-float32"), said(variants=("old",)), [], tmp_path)
        write(begin(files("256-float32"), said(), [], tmp_path))
        with pytest.raises(RequestError, match="has the very bytes of '256-float32'"):
            begin(files("256-float32"), said(variants=("other",)), [], tmp_path)

    def test_what_the_card_says_itself_is_not_said_again(self, tmp_path: Path) -> None:
        standing(tmp_path)
        with pytest.raises(RequestError, match="exists already, and says title itself"):
            begin(files("256-float32"), said(properties={"title": "Other"}), [], tmp_path)

    @pytest.mark.parametrize("text", ["", "a: [", "schema: model-card/1\n", OLD.replace("MIT", "&x MIT"), "\x00"])
    def test_a_broken_card_is_left_as_it_is(self, text: str, tmp_path: Path) -> None:
        path = standing(tmp_path, text)
        with pytest.raises(RejectedError, match="not a valid card, so nothing is added to it"):
            begin(files("256-float32"), said(), [], tmp_path)
        assert path.read_text() == text

    def test_a_card_in_brackets_is_added_to(self, tmp_path: Path) -> None:
        import json

        standing(tmp_path, json.dumps(builders.card()))
        assert problems(filled(begin(files("256-float32"), said(), [], tmp_path))) == []


class TestWriting:
    def test_card_and_bytes_are_written(self, tmp_path: Path) -> None:
        draft = begin(files("256-float32"), said(keeps_bytes=True), [], tmp_path)
        (blob,) = write(draft, tmp_path)
        assert blob.read_bytes() == family.model_file("256-float32").read_bytes()
        assert draft.path.read_text() == draft.text()
        assert write(begin(files("256-mixed"), said(), [], tmp_path)) == []

    def test_a_file_that_changed_meanwhile_leaves_nothing(self, tmp_path: Path) -> None:
        model = tmp_path / "net.tflite"
        model.write_bytes(family.model_file("256-float32").read_bytes())
        cards = tmp_path / "cards"
        draft = begin([*files("256-mixed"), opened(model)], said(keeps_bytes=True), [], cards)
        model.write_bytes(b"other")
        with pytest.raises(RejectedError, match=r"net\.tflite: expected sha256"):
            write(draft, cards)
        assert [path for path in cards.rglob("*") if path.is_file()] == []

    def test_a_card_that_changed_meanwhile_stays(self, tmp_path: Path) -> None:
        draft = begin(files("256-float32"), said(), [], tmp_path)
        path = standing(tmp_path)
        with pytest.raises(RequestError, match="was changed meanwhile"):
            write(draft, tmp_path)
        assert path.read_text() == OLD
        assert not (tmp_path / "blobs").exists()

    def test_a_place_that_cannot_be_written_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "acme").write_text("a file")
        with pytest.raises(UnavailableError, match="cannot be written"):
            write(begin(files("256-float32"), said(keeps_bytes=True), [], tmp_path), tmp_path)
        assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


def test_an_order_is_given_for_every_property_that_is_written() -> None:
    assert set(drafting._ORDER) <= set(family._card("zoo/deeplabv3-shapes.yaml")["variants"][0]) | {
        *("known_as", "quantization", "architecture", "classes", "preprocessing", "postprocessing", "compute"),
        *("parent", "targets"),
    }
