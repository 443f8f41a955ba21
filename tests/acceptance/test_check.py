"""`zoo check` on the command line: what is asked wrongly, its forms, its policy, what it measures again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from registry.resources import data_folder
from tests.acceptance.world import INTERRUPTIBLE, Zoo, assert_says

FAMILY = "zoo/deeplabv3-shapes"


@pytest.fixture
def card(zoo: Zoo) -> Path:
    """A card of the publisher `acme` with two variants of the reference family, and their bytes beside it."""
    shipped = Path(data_folder("cards"))
    document = yaml.safe_load((shipped / f"{FAMILY}.yaml").read_text(encoding="utf-8"))
    wanted = ("128-float32-keras", "128-int8-per-channel")
    document |= {"publisher": "acme", "model": "net"}
    document["variants"] = [one for one in document["variants"] if one["name"] in wanted]
    for variant in document["variants"]:
        for artifact in variant["artifacts"]:
            blob = zoo.work / "cards/blobs/sha256" / artifact["sha256"]
            blob.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(shipped / "blobs/sha256" / artifact["sha256"], blob)
    return write(zoo, document)


def write(zoo: Zoo, document: Any) -> Path:
    path = zoo.work / "cards" / document["publisher"] / f"{document['model']}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110), encoding="utf-8")
    return Path("cards", path.parent.name, path.name)


def edited(zoo: Zoo, card: Path, old: str, new: str) -> None:
    path = zoo.work / card
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def git(zoo: Zoo, *words: str) -> None:
    who = ("-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *who, *words], cwd=zoo.work, check=True, capture_output=True)


def committed(zoo: Zoo) -> None:
    git(zoo, "init", "--quiet")
    git(zoo, "add", "--all")
    git(zoo, "commit", "--quiet", "--message", "published")


def verdicts(report: Any) -> dict[str, str]:
    return {entry["name"]: entry["verdict"] for entry in report["entries"]}


def said(text: str) -> str:
    """A text without its line breaks."""
    return " ".join(text.split())


def rules(report: Any) -> set[str]:
    return {problem["rule"] for entry in report["entries"] for problem in entry["problems"]}


def test_what_was_looked_at_stands_in_the_report(zoo: Zoo, card: Path) -> None:
    result = zoo("check", card, "--format", "json")
    assert result.code == 0, result
    report = result.json()
    assert set(verdicts(report).values()) == {"accepted"}
    for entry in report["entries"]:
        checks = {check["name"]: check["outcome"] for check in entry["checks"]}
        assert checks == {
            "card": "passed",
            "files": "passed",
            "safety": "passed",
            "claims": "passed",
            "lineage": "passed",
            "measured again: shapes val": "skipped",
        }


def test_every_form_of_one_judgement(zoo: Zoo, card: Path) -> None:
    edited(zoo, card, "granularity: per-channel", "granularity: per-tensor")
    forms = ("json", "sarif", "junit", "markdown", "github")
    result = zoo("check", card, *(word for one in forms for word in ("--output", f"{one}=out/{one}")))
    assert result.code == 1
    for word in ("rejected acme/net/128-int8-per-channel", "[claim]", "found per-tensor"):
        assert word in said(result.out)
    text = {one: (zoo.work / "out" / one).read_text(encoding="utf-8") for one in forms}
    line = next(n for n, row in enumerate((zoo.work / card).read_text().splitlines(), 1) if "per-tensor" in row)
    assert json.loads(text["json"])["verdict"] == "rejected"
    assert zoo("validate", "out/json").code == 0
    (found,) = json.loads(text["sarif"])["runs"][0]["results"]
    assert (found["ruleId"], found["level"]) == ("claim", "error")
    assert found["locations"][0]["physicalLocation"]["region"]["startLine"] == line
    assert ElementTree.fromstring(text["junit"]).find(".//failure") is not None
    assert f"::error file={card},line={line}," in text["github"]
    assert f"{card}:{line}" in text["markdown"]
    assert zoo("check", card, "--format", "github").out == text["github"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere.yaml",), "no such file or folder: nowhere.yaml"),
        (("cards", "--output", "pdf=x"), "--output pdf=x: expected FORMAT=FILE"),
        (("cards", "--output", "json="), "expected FORMAT=FILE"),
        (("cards", "--output", "json=cards"), "cannot be written"),
        (("cards", "--data", "shapes"), "--data shapes: expected NAME=FOLDER"),
        (("cards", "--data", "shapes=nowhere"), "expected NAME=FOLDER with a folder that is there"),
        (("cards", "--against", "main"), "is in no git repository"),
        (("--explain", "keras-lamda"), "no rule 'keras-lamda'"),
    ],
)
def test_what_is_asked_wrongly(zoo: Zoo, card: Path, words: tuple[str, ...], said: str) -> None:
    assert card
    result = zoo("check", *words)
    assert result.code == 2, result
    assert_says(result, said, "next:")


def test_an_unknown_revision_says_what_to_fetch(zoo: Zoo, card: Path) -> None:
    assert card
    committed(zoo)
    result = zoo("check", "cards", "--against", "origin/main")
    assert result.code == 2
    assert_says(result, "no revision 'origin/main'", "fetch-depth: 0")


def test_a_rule_is_explained(zoo: Zoo) -> None:
    result = zoo("check", "--explain", "published-changed")
    assert result.code == 0
    assert "published-changed: " in result.out
    assert len(result.out.split()) > 30


def test_only_what_changed_is_judged(zoo: Zoo, card: Path) -> None:
    committed(zoo)
    result = zoo("check", "cards", "--against", "HEAD", "--format", "json")
    assert result.code == 0
    assert (result.json()["entries"], result.json()["unchanged"]) == ([], 1)
    edited(zoo, card, "value: 0.7864", "value: 0.8864")
    result = zoo("check", "cards", "--against", "HEAD", "--format", "json")
    assert result.code == 1
    assert rules(result.json()) == {"published-changed"}
    assert verdicts(result.json())["acme/net/128-float32-keras"] == "accepted"


def test_a_blob_that_changed_concerns_the_card_that_names_it(zoo: Zoo, card: Path) -> None:
    committed(zoo)
    named = yaml.safe_load((zoo.work / card).read_text())["variants"][1]["artifacts"][0]["sha256"]
    (zoo.work / "cards/blobs/sha256" / named).write_bytes(b"\x1c\x00\x00\x00TFL3 something else")
    result = zoo("check", "cards", "--against", "HEAD", "--offline", "--cards", "cards", "--format", "json")
    assert result.code == 1, result
    assert "digest" in rules(result.json())


def test_what_a_registry_published_does_not_change_either(zoo: Zoo, card: Path) -> None:
    store = zoo.folder / "store"
    assert zoo("publish", card, "--to", store, "--from", "cards").code == 0
    (zoo.work / "zoo.toml").write_text(f'registries = ["{store}"]\n')
    assert zoo("update").code == 0
    edited(zoo, card, "value: 0.7864", "value: 0.8864")
    result = zoo("check", card, "--format", "json")
    assert result.code == 1
    assert rules(result.json()) == {"published-changed"}


def test_the_policy_of_the_project(zoo: Zoo, card: Path) -> None:
    (zoo.work / "zoo.toml").write_text('[policy]\nweights = ["MIT"]\n')
    result = zoo("check", card)
    assert result.code == 1
    assert "[licence-policy]" in result.out
    assert "expected one of MIT found Apache-2.0" in said(result.out)


def test_warnings_can_count_as_errors(zoo: Zoo, card: Path) -> None:
    document = yaml.safe_load((zoo.work / card).read_text())
    del document["variants"][1]["parent"]
    write(zoo, document)
    assert zoo("check", card).code == 0
    result = zoo("check", card, "--strict")
    assert result.code == 1
    assert "rejected acme/net/128-int8-per-channel" in said(result.out)
    assert "error: the quantized variant acme/net/128-int8-per-channel names no float parent" in said(result.out)


def test_figures_are_measured_again_on_the_pictures_at_hand(zoo: Zoo, card: Path) -> None:
    made = ("--seed", "5", "--count", "40", "--size", "128", "--clutter", "0.5", "--colour", "0.6")
    assert zoo("dataset", "make", "shapes", "pictures", *made).code == 0
    document = yaml.safe_load((zoo.work / card).read_text())
    variant = document["variants"][1]
    variant["metrics"] = variant["metrics"][:1]
    found = zoo(
        "eval", "zoo/deeplabv3-shapes/128-int8-per-channel", "--data", "pictures", "--format", "json"
    ).json()
    for value, code in ((found["protocols"]["voc"]["mean-iou"], 0), (0.99, 1)):
        variant["metrics"][0] |= {"value": round(value, 4)}
        variant["metrics"][0]["measurement"]["images"] = found["images"]
        document["variants"] = [variant]
        variant.pop("parent", None)
        write(zoo, document)
        result = zoo("check", card, "--data", "shapes=pictures", "--full", "--format", "json")
        assert result.code == code, result
        assert ("not-reproduced" in rules(result.json())) is bool(code)
        (check,) = [one for one in result.json()["entries"][0]["checks"] if one["name"].startswith("measured")]
        assert "8 of 8 images" in check["told"]


def test_other_pictures_than_the_figure_names_are_not_compared(zoo: Zoo, card: Path) -> None:
    assert zoo("dataset", "make", "shapes", "pictures", "--count", "20", "--size", "64").code == 0
    (zoo.work / "zoo.toml").write_text('[data]\nshapes = "pictures"\n')
    assert zoo("check", card).code == 0
    result = zoo("check", card, "--rerun", "required", "--format", "json")
    assert (result.code, rules(result.json())) == (3, {"other-images"})


def test_without_pictures_a_figure_that_must_be_measured_again_leaves_it_open(zoo: Zoo, card: Path) -> None:
    result = zoo("check", card, "--rerun", "required")
    assert result.code == 3
    assert "could not tell acme/net/128-int8-per-channel" in said(result.out)
    assert "[not-measured-again] at /variants/1/metrics/0 expected --data shapes=FOLDER" in said(result.out)


def test_the_policy_is_the_one_that_was_there_before(zoo: Zoo, card: Path) -> None:
    (zoo.work / "zoo.toml").write_text('[policy]\nweights = ["MIT"]\n')
    committed(zoo)
    edited(zoo, card, "summary: float32", "summary: a float32 file")
    (zoo.work / "zoo.toml").write_text('[policy]\nweights = ["Apache-2.0"]\n')
    result = zoo("check", "cards", "--against", "HEAD")
    assert result.code == 1
    assert "[licence-policy]" in result.out
    assert_says(result, "[policy] and [data] are those of HEAD")


def test_pictures_that_the_submission_changed_measure_nothing(zoo: Zoo, card: Path) -> None:
    assert zoo("dataset", "make", "shapes", "pictures", "--count", "20", "--size", "64").code == 0
    (zoo.work / "zoo.toml").write_text('[data]\nshapes = "pictures"\n')
    committed(zoo)
    edited(zoo, card, "summary: float32", "summary: a float32 file")
    named = zoo("check", "cards", "--against", "HEAD", "--format", "json").json()
    assert rules(named) == {"other-images"}
    next((zoo.work / "pictures" / "JPEGImages").iterdir()).write_bytes(b"easier")
    result = zoo("check", "cards", "--against", "HEAD", "--format", "json")
    assert_says(result, "these pictures of shapes changed")
    assert rules(result.json()) == set()


def test_pictures_that_no_commit_has_are_the_runners(zoo: Zoo, card: Path) -> None:
    committed(zoo)
    assert zoo("dataset", "make", "shapes", "pictures", "--count", "20", "--size", "64").code == 0
    edited(zoo, card, "summary: float32", "summary: a float32 file")
    result = zoo("check", "cards", "--against", "HEAD", "--data", "shapes=pictures", "--format", "json")
    assert rules(result.json()) == {"other-images"}


def test_a_folder_that_is_a_link_is_refused_and_not_followed(zoo: Zoo, card: Path) -> None:
    assert card
    (zoo.work / "cards" / "linked").symlink_to(zoo.folder)
    result = zoo("check", "cards", "--format", "json")
    assert result.code == 1
    assert verdicts(result.json())["cards/linked"] == "rejected"
    assert rules(result.json()) == {"link"}


def has_children(process: int) -> bool:
    listed = subprocess.run(["ps", "-A", "-o", "ppid="], capture_output=True, text=True, check=True)
    return str(process) in listed.stdout.split()


def test_an_interrupt_ends_it_without_a_word_of_its_workers(zoo: Zoo, card: Path) -> None:
    document = yaml.safe_load((zoo.work / card).read_text())
    for number in range(40):
        write(zoo, {**document, "model": f"net-{number}"})
    process = zoo.start("check", "cards", "--rerun", "never", "--output", "json=report.json", starter=INTERRUPTIBLE)
    while process.poll() is None and not has_children(process.pid):
        pass
    os.killpg(process.pid, signal.SIGINT)
    result = zoo.finish(process)
    assert result.code == 130, result
    assert result.err.strip() == "interrupted; nothing half-written is ever taken for a model"
    assert not (zoo.work / "report.json").exists()
