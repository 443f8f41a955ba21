"""Inspecting, proving, fitting and comparing: the installed command on real files, and on files that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.world import SHARED, Cards, Zoo, assert_says, mirror_of, model_bytes, pinned

REAL = SHARED / "real" / "blobs" / "sha256"
QUANTIZED = REAL / "0470d2a782aa54eeeb99d32e7b6b3fb7722905c7c4f5d26bd957ec861366d48b"
FLOAT = REAL / "9711334db2b01d5894feb8ed0f5cb3e97d125b8d229f8d8692f625801818f5ef"

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/real")


def inspected(zoo: Zoo, what: str | Path, *options: str) -> dict[str, Any]:
    result = zoo("inspect", what, "--format", "json", *options)
    assert result.code == 0, result
    found: dict[str, Any] = result.json()
    return found


def test_the_quantized_file_is_what_its_publisher_says(shipped: Zoo) -> None:
    found = inspected(shipped, QUANTIZED)
    (given,) = found["inputs"]
    assert (given["dtype"], given["shape"]) == ("uint8", [1, 513, 513, 3])
    assert (given["scales"], given["zero_points"]) == ([1 / 128], [128])
    assert [(one["dtype"], one["shape"]) for one in found["outputs"]] == [("int64", [1, 513, 513])]
    assert found["quantization"]["scheme"] == "uint8"
    assert found["quantization"]["granularity"] == "per-tensor"
    assert found["structure"]["argmax"] is True
    assert found["findings"] == []


def test_the_float_file_carries_labels_and_has_no_dilated_branch(shipped: Zoo) -> None:
    found = inspected(shipped, FLOAT, "--layers")
    structure = found["structure"]
    assert (structure["backbone"], structure["width"], structure["output_stride"]) == ("MobileNetV2", 0.5, 8)
    assert (structure["dilations"], structure["aspp"], structure["rates"]) == ([2, 4], "none", [])
    assert [branch["kind"] for branch in structure["branches"]] == ["1x1", "image-pooling"]
    assert found["metadata"]["input.0.mean"] == "127.5"
    assert sum(one["count"] for one in found["operators"]) == len(found["layers"]) == 70
    labels = shipped("inspect", FLOAT, "--attachment", "labelmap.txt")
    assert labels.out.splitlines()[:2] == ["background", "aeroplane"]
    assert len(labels.out.splitlines()) == 21


def test_text_for_people(shipped: Zoo) -> None:
    result = shipped("inspect", QUANTIZED, "--layers")
    assert result.code == 0, result
    for piece in ("MobileNetV2 width 0.5", "scale 0.0078125, zero point 128", "ARG_MAX", "Findings\n  none"):
        assert piece in result.out


def test_a_name_is_inspected_from_the_mirror(shipped: Zoo) -> None:
    found = inspected(shipped, "google/deeplabv3", "--mirror", str(SHARED / "real"), "--offline")
    assert found["sha256"] == FLOAT.name


@pytest.mark.parametrize("file", [QUANTIZED, FLOAT])
def test_no_claim_of_the_shipped_cards_is_contradicted(shipped: Zoo, file: Path) -> None:
    result = shipped("verify", "--deep", file, "--format", "json")
    assert result.code == 0, result
    found = result.json()
    assert found["contradicted"] == 0
    assert found["confirmed"] >= 19
    assert all(one["reason"] for one in found["claims"] if one["state"] == "unchecked")


def test_a_card_that_lies_is_contradicted_with_both_values(zoo: Zoo, cards: Cards) -> None:
    """The two accidents of the field: another resolution, and per-channel where the file is per-tensor."""
    data = QUANTIZED.read_bytes()
    quantization = {
        "scheme": "uint8",
        "granularity": "per-channel",
        "representation": "tflite",
        "method": "unknown",
    }
    cards.card(pinned("net", data, quantization=quantization, resolution={"height": 416, "width": 513}))
    result = zoo("verify", "--deep", QUANTIZED)
    assert result.code == 1, result
    lines = [line.split() for line in result.out.splitlines()]
    assert ["contradicted", "quantization.granularity", "per-channel", "per-tensor"] in lines
    assert ["contradicted", "resolution.height", "416", "513"] in lines


def test_a_file_that_no_card_has_needs_a_name(zoo: Zoo, cards: Cards) -> None:
    cards.card(pinned("net", model_bytes()))
    result = zoo("verify", "--deep", QUANTIZED)
    assert result.code == 2, result
    assert_says(result, "no card of the catalogue has the digest", "--as NAME")
    named = zoo("verify", "--deep", QUANTIZED, "--as", "acme/net/net")
    assert named.code == 1, named


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--deep"], "one name or file"),
        (["--deep", "net", "--all"], "one name or file"),
        (["--as", "net"], "--as goes with --deep"),
        (["--deep", "nowhere.tflite"], "no such file"),
    ],
)
def test_questions_that_do_not_go_together(zoo: Zoo, cards: Cards, words: list[str], said: str) -> None:
    cards.card(pinned("net", model_bytes()))
    result = zoo("verify", *words)
    assert result.code == 2, result
    assert_says(result, said)


def test_fit_gives_verdict_numbers_and_the_next_best(shipped: Zoo) -> None:
    result = shipped("fit", FLOAT, "--target", "stm32n6", "--format", "json")
    assert result.code == 1, result
    found = result.json()
    (verdict,) = found["targets"]
    assert verdict["verdict"] == "no"
    assert verdict["reasons"] == ["stm32n6 takes no tflite float32 file"]
    assert found["next_best"].startswith("st/deeplabv3/person-")
    bounds = found["activation_bytes"]
    assert bounds["lower"] <= bounds["estimate"] <= bounds["upper"]
    text = shipped("fit", FLOAT, "--target", "stm32n6")
    assert text.code == 1, text
    assert "does not fit stm32n6" in text.out


def test_fit_without_a_target_is_the_table_of_all(shipped: Zoo) -> None:
    result = shipped("fit", QUANTIZED)
    assert result.code == 0, result
    targets = {one["name"] for one in shipped("targets", "--format", "json").json()}
    listed = {line.split()[0] for line in result.out.splitlines()[3:] if line}
    assert targets <= listed


def test_the_chart_of_live_bytes_is_a_picture(shipped: Zoo) -> None:
    result = shipped("fit", QUANTIZED, "--plot", "memory.png")
    assert result.code == 0, result
    assert (shipped.work / "memory.png").read_bytes().startswith(b"\x89PNG\r\n")


def test_diff_says_what_changed_and_nothing_of_a_copy(shipped: Zoo) -> None:
    same = shipped("diff", FLOAT, FLOAT)
    assert (same.code, same.out) == (0, "")
    result = shipped("diff", QUANTIZED, FLOAT, "--format", "json")
    assert result.code == 1, result
    changes = {(one["part"], one["about"]): (one["one"], one["other"]) for one in result.json()["changes"]}
    assert changes["quantization", "scheme"] == ("uint8", "float32")
    assert changes["structure", "output stride"] == ("16", "8")
    assert ("structure", "backbone") not in changes


class TestNoModel:
    """What is no model, or breaks its format, is told without a traceback."""

    @pytest.mark.parametrize(
        ("data", "code", "said"),
        [
            (b"", 1, "expected a model file"),
            (b"hello", 1, "expected a model file"),
            (b"\x1c\x00\x00\x00TFL3", 1, "expected"),
            (b"\x89HDF\r\n\x1a\n" + bytes(100), 1, "expected"),
            (b"PK\x03\x04" + bytes(100), 1, "expected"),
        ],
    )
    def test_bytes(self, zoo: Zoo, cards: Cards, data: bytes, code: int, said: str) -> None:
        cards.card(pinned("net", model_bytes()))
        (zoo.work / "file.bin").write_bytes(data)
        for words in (["inspect"], ["fit"], ["diff", str(FLOAT)]):
            result = zoo(*words, "file.bin")
            assert result.code == code, result
            assert_says(result, said)

    def test_every_cut_of_a_real_file(self, zoo: Zoo, tmp_path: Path) -> None:
        data = QUANTIZED.read_bytes()
        for size in (8, 100, 5000, len(data) // 2, len(data) - 1):
            (tmp_path / "cut.tflite").write_bytes(data[:size])
            result = zoo("inspect", tmp_path / "cut.tflite")
            assert result.code == 1, result
            assert_says(result, "expected", "found", "next:")

    def test_a_folder_a_pipe_and_nothing(self, zoo: Zoo, tmp_path: Path) -> None:
        for what in (tmp_path, tmp_path / "nothing.tflite"):
            assert zoo("inspect", what).code == 2


def test_an_unpinned_variant_is_not_inspected(shipped: Zoo) -> None:
    result = shipped("inspect", "st/deeplabv3/person-256-aspp2-int8-qdq")
    assert result.code == 1, result
    assert_says(result, "no digest", "--allow-unpinned")


def test_names_in_a_file_cannot_drive_the_terminal(zoo: Zoo, tmp_path: Path) -> None:
    data = FLOAT.read_bytes().replace(b"ResizeBilinear_3", b"Res\x1b[2J\x07near_3ab").replace(b"sub_7", b"s\rb_7")
    (tmp_path / "odd.tflite").write_bytes(data)
    for words in (["inspect", "--layers"], ["fit"], ["diff", str(FLOAT)]):
        result = zoo(*words, tmp_path / "odd.tflite", ZOO_CARDS="builtin")
        assert not [letter for letter in result.out if not letter.isprintable() and letter != "\n"], result
    assert "Res?[2J?near_3ab" in zoo("inspect", tmp_path / "odd.tflite").out


def test_json_has_no_word_that_is_not_json(shipped: Zoo, tmp_path: Path) -> None:
    mirror = mirror_of(tmp_path / "mirror", QUANTIZED.read_bytes())
    result = shipped("inspect", "google/deeplabv3-mnv2-dm05", "--mirror", mirror, "--format", "json", "--layers")
    assert json.loads(result.out)["format"] == "tflite"
    assert "NaN" not in result.out
