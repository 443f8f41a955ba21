"""The main job, on real input: a real file for a real board, and the real catalogue's honest no."""

from __future__ import annotations

import re

import pytest

from registry.digest import Digest
from tests.acceptance.world import SHARED, Zoo, assert_says, candidates, files_below

MIRROR = SHARED / "real"
FILE = "deeplabv3_mnv2_dm05_pascal_quant.tflite"
SIZE = 760_904
DIGEST = "0470d2a782aa54eeeb99d32e7b6b3fb7722905c7c4f5d26bd957ec861366d48b"

needs_real_files = pytest.mark.skipif(
    not (MIRROR / "blobs" / "sha256" / DIGEST).is_file(),
    reason="the real model files (../shared/real) are not on this machine",
)


@needs_real_files
def test_the_real_file_comes_verified_under_its_real_name_and_then_from_the_cache(shipped: Zoo) -> None:
    result = shipped("pull", "deeplabv3", "--target", "imx8mp", "--mirror", MIRROR)
    assert result.code == 0, result
    (model,) = (path for path in files_below(shipped.work) if path.suffix == ".tflite")
    assert model.name == FILE
    assert model.stat().st_size == SIZE
    assert Digest.of_file(model).hex == DIGEST
    assert f"sha256:{DIGEST}" in result.out
    assert f"{SIZE} bytes" in result.out
    stem = FILE.removesuffix(".tflite")
    beside = {path.name for path in files_below(model.parent)} - {FILE}
    assert beside == {f"{stem}.card.yaml", f"{stem}.licence.txt", f"{stem}.labels.txt"}
    labels = (model.parent / f"{stem}.labels.txt").read_text(encoding="utf-8").splitlines()
    assert len(labels) == 21
    assert (labels[0], labels[15]) == ("background", "person")
    assert shipped.lock()["pulls"][0]["artifacts"][0]["sha256"] == DIGEST

    lock = (shipped.work / "zoo.lock").read_bytes()
    again = shipped("pull", "deeplabv3", "--target", "imx8mp", "--mirror", MIRROR)
    assert again.code == 0, again
    assert "verified, from cache" in again.out
    assert (shipped.work / "zoo.lock").read_bytes() == lock
    offline = shipped("pull", "deeplabv3", "--target", "imx8mp", "--offline", "--locked", "-o", "elsewhere")
    assert offline.code == 0, offline
    assert Digest.of_file(shipped.work / "elsewhere" / FILE).hex == DIGEST


@needs_real_files
def test_the_other_real_file_comes_by_its_full_name(shipped: Zoo) -> None:
    result = shipped("pull", "google/deeplabv3/257-float32", "--offline", "--mirror", MIRROR, "--format", "json")
    assert result.code == 0, result
    (file,) = result.json()["files"]
    assert (file["file"], file["size"]) == ("deeplabv3.tflite", 2_780_051)
    assert Digest.of_file(shipped.work / file["path"]).hex == file["sha256"]


def test_the_real_file_is_chosen_for_the_board_with_the_reason_why_not_the_others(shipped: Zoo) -> None:
    result = shipped("pull", "deeplabv3", "--target", "imx8mp", "--why", "--dry-run")
    assert result.code == 0, result
    assert "would pull google/deeplabv3-mnv2-dm05/513-uint8" in result.out
    assert DIGEST in result.out
    ranked = {name: rank for rank, name in candidates(result)}
    (nxp,) = (line for line in result.out.splitlines() if "nxp/deeplabv3/513-int8" in line)
    assert "measured" in nxp
    assert "unpinned" in nxp
    assert ranked["nxp/deeplabv3/513-int8"] == "1"
    assert ranked["st/deeplabv3/512-aspp1-int8-qdq"] == "-"


@pytest.mark.parametrize(
    ("prefer", "order", "figures"),
    [
        ("latency", [256, 320, 416], ["27.36 ms", "44.99 ms", "191.91 ms"]),
        ("accuracy", [416, 320, 256], ["80.36%", "78.35%", "76.62%"]),
        ("ram", [256, 320, 416], None),
    ],
)
def test_the_measured_variants_are_named_in_order_and_refused_for_want_of_a_digest(
    shipped: Zoo, prefer: str, order: list[int], figures: list[str] | None
) -> None:
    result = shipped("pull", "st/deeplabv3", "--target", "stm32n6", "--why", "--prefer", prefer)
    assert result.code == 1, result
    names = [f"st/deeplabv3/person-{size}-aspp2-int8-qdq" for size in order]
    assert [name for rank, name in candidates(result) if rank in ("1", "2", "3")] == names
    lines = [line for name in names for line in result.out.splitlines() if name in line]
    assert all("measured" in line and "unpinned" in line for line in lines)
    if figures:
        assert [figure in line for figure, line in zip(figures, lines, strict=True)] == [True] * 3
    else:
        assert all(re.search(r"\d [KM]iB", line) for line in lines)
    assert_says(result, f"best first: {', '.join(names)}", "unpinned", "next: --allow-unpinned")
    assert shipped.leftovers() == []


def test_without_why_the_answer_is_the_same(shipped: Zoo) -> None:
    result = shipped("pull", "st/deeplabv3", "--target", "stm32n6")
    assert result.code == 1, result
    assert_says(result, "st/deeplabv3/person-416-aspp2-int8-qdq", "unpinned", "--allow-unpinned", "--why")
    assert result.out == ""


def test_the_first_command_works_on_any_machine_and_says_what_it_passed_over(shipped: Zoo) -> None:
    """No mirror, no network: the reference family comes with the package."""
    result = shipped("pull", "deeplabv3", "--target", "stm32n6", "--offline")
    assert result.code == 0, result
    assert_says(result, "st/deeplabv3/person-416-aspp2-int8-qdq", "unpinned", "is for bring-up and tests", "--why")
    assert result.out.startswith("zoo/deeplabv3-shapes/256-int8-per-channel\n")
    assert "verified" in result.out


def test_the_reference_family_computes_here_what_it_did_where_it_was_made(shipped: Zoo) -> None:
    result = shipped("selftest", "zoo/deeplabv3-shapes", "--offline", "--format", "json")
    assert result.code == 0, result
    verdicts = result.json()
    assert len(verdicts) == 9
    assert {one["state"] for one in verdicts} == {"pass"}


@pytest.mark.parametrize("name", ["256-int8-qdq", "256-int8-per-tensor", "256-mixed", "128-int8-per-channel"])
def test_the_reference_family_is_what_its_card_says(shipped: Zoo, name: str) -> None:
    full = f"zoo/deeplabv3-shapes/{name}"
    assert shipped("pull", full, "--offline").code == 0
    deep = shipped("verify", "--deep", full, "--format", "json")
    assert deep.code == 0, deep
    way = shipped("lineage", full)
    assert way.code == 0, way
    assert all(word in way.out for word in ("quantization", "training", "dataset", "seed 0"))
