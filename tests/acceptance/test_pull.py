"""Pulls that succeed: what lies where, under which name, and what is recorded."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from registry.digest import Digest
from tests import simulator as web
from tests.acceptance.world import (
    Cards,
    Zoo,
    assert_says,
    candidates,
    files_below,
    mirror_of,
    model_bytes,
    pinned,
    unpinned,
)
from tests.simulator import Simulator
from tests.unit import builders

DATA = model_bytes()
OUTPUT = Path("models/acme/net/small")


def test_the_builders_make_valid_cards(zoo: Zoo, cards: Cards) -> None:
    cards.card(pinned("small", DATA, "https://example.org/small.tflite"))
    result = zoo("validate")
    assert result.code == 0, result
    assert "3 documents: 0 errors" in result.err


def test_a_pull_puts_the_file_its_card_labels_and_licence_into_the_output_folder(
    zoo: Zoo, cards: Cards, simulator: Simulator
) -> None:
    url = simulator.route("/small.tflite", web.whole(DATA))
    card = cards.card(pinned("small", DATA, url))
    result = zoo("pull", "net", "--target", "board")
    assert result.code == 0, result
    folder = zoo.work / OUTPUT
    assert {path.name for path in files_below(folder)} == {
        "small.tflite",
        "small.card.yaml",
        "small.labels.txt",
        "small.licence.txt",
    }
    assert (folder / "small.tflite").read_bytes() == DATA
    assert (folder / "small.card.yaml").read_bytes() == card.read_bytes()
    assert (folder / "small.labels.txt").read_text(encoding="utf-8") == "background\nsquare\ncircle\n"
    licence = (folder / "small.licence.txt").read_text(encoding="utf-8")
    assert {"code:    Apache-2.0", "weights: Apache-2.0", "dataset: unknown"} <= set(licence.splitlines())
    assert url in licence
    assert str(Digest.of(DATA)) in result.out
    assert "verified" in result.out
    assert [path.name for path in zoo.blobs()] == [Digest.of(DATA).hex]
    assert zoo.lock() == {
        "schema": "lock/1",
        "pulls": [
            {
                "request": {"name": "net", "target": "board", "prefer": "accuracy", "constraints": {}},
                "variant": "acme/net/small",
                "folder": OUTPUT.as_posix(),
                "artifacts": [
                    {
                        "file": "small.tflite",
                        "size": len(DATA),
                        "sha256": Digest.of(DATA).hex,
                        "pinned_by": "card",
                        "source": url,
                    }
                ],
            }
        ],
    }
    assert zoo("validate", "zoo.lock").code == 0


def test_the_second_pull_answers_from_the_cache_without_any_request(
    zoo: Zoo, cards: Cards, simulator: Simulator
) -> None:
    cards.card(pinned("small", DATA, simulator.route("/small.tflite", web.whole(DATA))))
    assert zoo("pull", "net").code == 0
    assert zoo("pull", "net", "-o", "elsewhere").code == 0
    lock = (zoo.work / "zoo.lock").read_bytes()
    asked = simulator.count()
    assert asked == 1
    result = zoo("pull", "net", "-o", "elsewhere")
    assert result.code == 0, result
    assert "from cache" in result.out
    assert simulator.count() == asked
    assert (zoo.work / "elsewhere" / "small.tflite").read_bytes() == DATA
    assert (zoo.work / "zoo.lock").read_bytes() == lock


def test_a_damaged_file_of_the_cache_is_fetched_anew(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    url = simulator.route("/small.tflite", web.whole(DATA))
    cards.card(pinned("small", DATA, url))
    assert zoo("pull", "net", "--copy").code == 0
    (blob,) = zoo.blobs()
    blob.chmod(0o644)
    blob.write_bytes(DATA[:-1] + bytes([DATA[-1] ^ 1]))
    result = zoo("pull", "net", "-o", "again")
    assert result.code == 0, result
    assert simulator.count(url) == 2
    assert (zoo.work / "again" / "small.tflite").read_bytes() == DATA
    assert blob.read_bytes() == DATA


def test_a_damaged_file_of_the_cache_that_nobody_can_replace_is_not_delivered(
    zoo: Zoo, cards: Cards, simulator: Simulator
) -> None:
    url = simulator.route("/small.tflite", web.at_first(1, web.whole(DATA), web.status(404)))
    cards.card(pinned("small", DATA, url))
    assert zoo("pull", "net", "--copy").code == 0
    (blob,) = zoo.blobs()
    blob.chmod(0o644)
    blob.write_bytes(b"x" * len(DATA))
    result = zoo("pull", "net", "-o", "again")
    assert result.code == 3, result
    assert zoo.blobs() == []
    assert files_below(zoo.work / "again") == []


def test_the_output_shares_the_bytes_of_the_cache_unless_a_copy_is_asked_for(
    zoo: Zoo, cards: Cards, simulator: Simulator
) -> None:
    cards.card(pinned("small", DATA, simulator.route("/small.tflite", web.whole(DATA))))
    assert zoo("pull", "net", "-o", "linked").code == 0
    assert zoo("pull", "net", "-o", "copied", "--copy").code == 0
    (blob,) = zoo.blobs()
    assert (zoo.work / "linked" / "small.tflite").samefile(blob)
    copied = zoo.work / "copied" / "small.tflite"
    assert not copied.samefile(blob)
    copied.write_bytes(b"mine now")
    assert blob.read_bytes() == DATA


def test_a_copy_asked_for_replaces_a_link_of_an_earlier_pull(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    cards.card(pinned("small", DATA, simulator.route("/small.tflite", web.whole(DATA))))
    assert zoo("pull", "net", "-o", "out").code == 0
    assert zoo("pull", "net", "-o", "out", "--copy").code == 0
    (blob,) = zoo.blobs()
    output = zoo.work / "out" / "small.tflite"
    assert output.read_bytes() == DATA
    assert not output.samefile(blob)


def test_a_dry_run_fetches_and_writes_nothing(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    cards.card(pinned("small", DATA, simulator.route("/small.tflite", web.whole(DATA))))
    result = zoo("pull", "net", "--dry-run")
    assert result.code == 0, result
    assert "acme/net/small" in result.out
    assert str(Digest.of(DATA)) in result.out
    assert simulator.count() == 0
    assert zoo.leftovers() == []
    plan = zoo("pull", "net", "-n", "--format", "json").json()
    assert plan["variant"] == "acme/net/small"
    assert [item["sha256"] for item in plan["files"]] == [Digest.of(DATA).hex]
    assert zoo.leftovers() == []


def test_a_file_with_other_bytes_is_replaced_only_by_force(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    cards.card(pinned("small", DATA, simulator.route("/small.tflite", web.whole(DATA))))
    mine = zoo.work / OUTPUT / "small.tflite"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"my own work")
    result = zoo("pull", "net")
    assert result.code == 1, result
    assert_says(
        result, str(OUTPUT / "small.tflite"), str(Digest.of(DATA)), str(Digest.of(b"my own work")), "--force"
    )
    assert files_below(zoo.work) == [mine]
    assert mine.read_bytes() == b"my own work"
    assert zoo("pull", "net", "--force").code == 0
    assert mine.read_bytes() == DATA


def test_a_file_with_the_right_bytes_is_left_in_peace(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    cards.card(pinned("small", DATA, simulator.route("/small.tflite", web.whole(DATA))))
    present = zoo.work / "out" / "small.tflite"
    present.parent.mkdir()
    present.write_bytes(DATA)
    before = present.stat().st_ino
    assert zoo("pull", "net", "-o", "out").code == 0
    assert present.read_bytes() == DATA
    assert present.stat().st_ino == before


def test_the_output_as_json_with_why_keeps_the_candidates_off_stdout(
    zoo: Zoo, cards: Cards, simulator: Simulator
) -> None:
    url = simulator.route("/small.tflite", web.whole(DATA))
    cards.card(pinned("small", DATA, url), unpinned("other", url))
    result = zoo("pull", "net", "--target", "board", "--why", "--format", "json", "-o", "out")
    assert result.code == 0, result
    report = result.json()
    assert report["variant"] == "acme/net/small"
    (file,) = report["files"]
    assert (file["file"], file["size"], file["sha256"]) == ("small.tflite", len(DATA), Digest.of(DATA).hex)
    assert (file["from"], Path(file["path"])) == (url, Path("out/small.tflite"))
    beside = {f"out/small.{kind}" for kind in ("card.yaml", "labels.txt", "licence.txt")}
    assert set(report["beside"]) == beside
    assert "acme/net/other" in result.err
    assert "unpinned" in result.err


@pytest.mark.parametrize("arguments", [["--dry-run"], ["--dry-run", "--why"], ["--why"], []])
def test_a_pull_as_json_prints_json_and_nothing_else(
    zoo: Zoo, cards: Cards, simulator: Simulator, arguments: list[str]
) -> None:
    cards.card(pinned("small", DATA, simulator.route("/small.tflite", web.whole(DATA))))
    result = zoo("pull", "net", "--format", "json", *arguments)
    assert result.code == 0, result
    assert result.json()["variant"] == "acme/net/small"


def test_a_pull_that_fails_prints_nothing_on_stdout(zoo: Zoo, cards: Cards) -> None:
    cards.card(pinned("small", DATA))
    result = zoo("pull", "net", "--format", "json")
    assert result.code == 3, result
    assert result.out == ""


def test_why_gives_every_candidate_and_the_reason_it_lost(zoo: Zoo, cards: Cards) -> None:
    cards.card(
        pinned("good", DATA, metrics=[builders.metric(0.8)]),
        pinned("worse", DATA, metrics=[builders.metric(0.7)]),
        pinned("blind", DATA),
        unpinned("loose", "https://example.org/loose.tflite", metrics=[builders.metric(0.9)]),
        pinned("foreign", DATA, format="onnx"),
        pinned("large", DATA, resolution={"height": 512, "width": 512}),
    )
    result = zoo("pull", "net", "--target", "board", "--resolution", "96x64", "--why", "--dry-run")
    assert result.code == 0, result
    assert list(candidates(result)) == [
        ("1", "acme/net/loose"),
        ("2", "acme/net/good"),
        ("3", "acme/net/worse"),
        ("4", "acme/net/blind"),
        ("-", "acme/net/foreign"),
        ("-", "acme/net/large"),
    ]
    reasons = {line.split()[1]: line for line in result.out.splitlines() if "acme/net/" in line}
    assert "unpinned" in reasons["acme/net/loose"]
    assert "chosen" in reasons["acme/net/good"]
    assert "70.00%" in reasons["acme/net/worse"]
    assert "80.00%" in reasons["acme/net/worse"]
    assert "unknown" in reasons["acme/net/blind"]
    assert "board takes no onnx" in reasons["acme/net/foreign"]
    assert "512" in reasons["acme/net/large"]
    assert "would pull acme/net/good" in result.out


def test_nothing_fits_is_a_verdict(zoo: Zoo, cards: Cards) -> None:
    cards.card(pinned("foreign", DATA, format="onnx"))
    result = zoo("pull", "net", "--target", "board")
    assert result.code == 1, result
    assert_says(result, "no variant of 'net' fits for board", "--why")
    assert zoo.leftovers() == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["deeplabv4"], ["unknown model 'deeplabv4'", "did you mean", "deeplabv3"]),
        (["deeplabv3", "--target", "stm32n7"], ["unknown target 'stm32n7'", "did you mean stm32n6"]),
        (["deeplabv3", "--max-ram", "5 parsecs"], ["5 parsecs", "KiB"]),
        (["deeplabv3", "--max-latency", "soon"], ["soon", "50ms"]),
        (["deeplabv3", "--min-metric", "mean-iou=70"], ["70", "70%"]),
        (["deeplabv3", "--min-metric", "beauty=0.7"], ["beauty", "mean-iou"]),
        (["deeplabv3", "--resolution", "large"], ["large", "512"]),
        (["deeplabv3", "--classes", "many"], ["many", "21"]),
        (["deeplabv3", "--prefer", "beauty"], ["beauty", "accuracy"]),
        (["deeplabv3", "--mirror", "ftp://example.org/m"], ["ftp://example.org/m", "unknown kind"]),
        (["deeplabv3", "--locked", "--update"], ["--locked", "--update"]),
        (["deeplabv3", "--frobnicate"], ["--frobnicate"]),
        ([], ["NAME"]),
    ],
    ids=" ".join,
)
def test_a_wrong_question_is_answered_with_the_right_form(
    shipped: Zoo, arguments: list[str], said: list[str]
) -> None:
    result = shipped("pull", *arguments)
    assert result.code == 2, result
    assert_says(result, *said)
    assert shipped.leftovers() == []


def test_a_variant_of_several_files_comes_whole(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    labels = b"background\nthing\n"
    variant = pinned("small", DATA, simulator.route("/small.tflite", web.whole(DATA)))
    source = {"url": simulator.route("/labels.txt", web.whole(labels)), "kind": "file", "checked": "derived"}
    variant["artifacts"].append(
        builders.artifact(
            file="labels.txt", role="labels", size=len(labels), sha256=Digest.of(labels).hex, sources=[source]
        )
    )
    cards.card(variant)
    result = zoo("pull", "net", "-o", "out")
    assert result.code == 0, result
    assert (zoo.work / "out" / "small.tflite").read_bytes() == DATA
    assert (zoo.work / "out" / "labels.txt").read_bytes() == labels
    assert [item["file"] for item in zoo.lock()["pulls"][0]["artifacts"]] == ["small.tflite", "labels.txt"]


def test_a_variant_of_which_one_file_is_missing_is_not_delivered_in_part(
    zoo: Zoo, cards: Cards, simulator: Simulator
) -> None:
    variant = pinned("small", DATA, simulator.route("/small.tflite", web.whole(DATA)))
    source = {"url": simulator.route("/labels.txt", web.status(404)), "kind": "file", "checked": "derived"}
    variant["artifacts"].append(builders.artifact(file="labels.txt", role="labels", size=9, sources=[source]))
    cards.card(variant)
    result = zoo("pull", "net", "-o", "out")
    assert result.code == 3, result
    assert_says(result, "labels.txt", "acme/net/small")
    assert files_below(zoo.work) == []
    # what the cache keeps is whole: the model file alone
    assert [path.read_bytes() for path in zoo.blobs()] == [DATA]


def test_two_pulls_at_once_into_one_folder_and_lock_lose_nothing(
    zoo: Zoo, cards: Cards, simulator: Simulator
) -> None:
    gate = simulator.gate()
    contents = {f"v{number}": model_bytes(seed=number) for number in range(4)}
    cards.card(
        *(
            pinned(name, data, simulator.route(f"/{name}", web.held(data, 100, gate)))
            for name, data in contents.items()
        )
    )
    assert zoo("list").code == 0
    asked = [*contents, "v0", "v1"]
    running: list[subprocess.Popen[str]] = [
        zoo.start("pull", f"acme/net/{name}", "-o", "out", "--format", "json") for name in asked
    ]
    for _ in contents:  # the second pulls of v0 and v1 wait for the first
        gate.expect(lambda: all(process.poll() is None for process in running))
    gate.open()
    results = [zoo.finish(process) for process in running]
    assert [result.code for result in results] == [0] * len(asked), "\n".join(map(str, results))
    assert [result.json()["variant"] for result in results] == [f"acme/net/{name}" for name in asked]
    assert {name: (zoo.work / "out" / f"{name}.tflite").read_bytes() for name in contents} == contents
    assert len(zoo.blobs()) == len(contents)
    recorded = {item["variant"]: item["artifacts"][0]["sha256"] for item in zoo.lock()["pulls"]}
    assert recorded == {f"acme/net/{name}": Digest.of(data).hex for name, data in contents.items()}
    assert not [path for path in files_below(zoo.folder) if path.suffix in (".part", ".link")]


def test_the_cache_is_a_mirror_for_others(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    cards.card(
        pinned("small", DATA, simulator.route("/small.tflite", web.at_first(1, web.whole(DATA), web.status(500))))
    )
    assert zoo("pull", "net").code == 0
    result = zoo("pull", "net", "-o", "out", "--cache", "../other", "--offline", "--mirror", zoo.cache)
    assert result.code == 0, result
    assert (zoo.work / "out" / "small.tflite").read_bytes() == DATA
    assert simulator.count() == 1


def test_a_mirror_folder_serves_a_name_with_a_home_sign(zoo: Zoo, cards: Cards) -> None:
    cards.card(pinned("small", DATA))
    mirror_of(zoo.home / "mirror", DATA)
    result = zoo("pull", "net", "--mirror", "~/mirror", "--format", "json")
    assert result.code == 0, result
    assert json.loads(result.out)["files"][0]["sha256"] == Digest.of(DATA).hex
