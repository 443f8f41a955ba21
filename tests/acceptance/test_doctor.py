"""`zoo doctor`: what is wrong with a set-up, and how to mend it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import simulator as web
from tests.acceptance.world import Cards, Result, Zoo, files_below, model_bytes, pinned
from tests.oci_registry import Front, TokenServer
from tests.s3_service import SECRET, S3Service
from tests.simulator import Simulator

DATA = model_bytes()
STATES = ["ok", "note", "warning", "unknown", "fault"]


def findings(result: Result, section: str) -> dict[str, dict[str, str]]:
    """Findings of a section by their subject."""
    report: dict[str, Any] = result.json()
    found = [one["findings"] for one in report["sections"] if one["name"] == section]
    return {one["subject"]: one for findings in found for one in findings}


def doctor(zoo: Zoo, *options: str | Path, **variables: str) -> Result:
    return zoo("doctor", "--format", "json", *options, **variables)


def everything(zoo: Zoo) -> dict[Path, tuple[int, int, bytes]]:
    """Every file in reach of the command: time of change, mode and content."""
    return {path: (*_times(path), path.read_bytes()) for path in files_below(zoo.folder)}


def _times(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_mode


def test_a_fresh_machine_has_nothing_wrong_and_stays_fresh(zoo: Zoo) -> None:
    before = sorted(zoo.folder.rglob("*"))
    result = zoo("doctor")
    assert result.code == 0, result
    assert result.err == ""
    for title in ("Installation", "Settings", "Catalogue", "Cache", "Tracking", "Programs"):
        assert f"\n{title}\n" in f"\n{result.out}"
    assert "nothing is wrong" in result.out
    assert sorted(zoo.folder.rglob("*")) == before


def test_a_used_set_up_is_not_changed(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    cards.card(pinned("net", DATA, simulator.route("/net", web.whole(DATA))))
    assert zoo("pull", "net").code == 0
    before = everything(zoo)
    result = doctor(zoo, "--offline")
    assert result.code == 0, result
    assert everything(zoo) == before
    assert findings(result, "catalogue")["compiled index"]["found"] == "fresh, 1 variants"
    assert findings(result, "catalogue")["lock file zoo.lock"]["found"] == "holds 1 pulls"
    assert "1 of them blobs" in findings(result, "cache")["size"]["found"]


def test_the_form_for_machines(zoo: Zoo, cards: Cards) -> None:
    report = doctor(zoo).json()
    assert list(report) == ["version", "verdict", "counts", "sections"]
    assert list(report["counts"]) == STATES
    assert [one["name"] for one in report["sections"]] == [
        *("installation", "settings", "catalogue", "cache", "tracking", "programs"),
    ]
    every = [one for section in report["sections"] for one in section["findings"]]
    assert all(list(one) == ["subject", "state", "found", "command", "advice"] for one in every)
    assert {one["state"] for one in every} <= set(STATES)


def test_a_wrong_setting_is_a_finding_and_hides_nothing(zoo: Zoo, cards: Cards) -> None:
    (zoo.work / "zoo.toml").write_text('mirorrs = ["x"]\n', encoding="utf-8")
    result = doctor(zoo, ZOO_PREFER="best")
    assert result.code == 1, result
    found = findings(result, "settings")
    assert found["file zoo.toml"]["advice"] == "did you mean 'mirrors'?"
    assert found["variable ZOO_PREFER"]["command"] == "unset ZOO_PREFER"
    assert len(findings(result, "programs")) > 1


def test_the_text_has_a_fix_below_each_fault(zoo: Zoo, cards: Cards) -> None:
    result = zoo("doctor", ZOO_PREFER="best")
    assert result.code == 1, result
    lines = [line.strip() for line in result.out.splitlines()]
    place = next(number for number, line in enumerate(lines) if line.startswith("fault"))
    assert lines[place + 1] == "run: unset ZOO_PREFER"
    assert lines[-1].startswith("something is wrong: ")
    assert lines[-1].endswith("1 fault")


def test_missing_cards_are_a_fault(zoo: Zoo) -> None:
    result = doctor(zoo, "--cards", "nowhere")
    assert result.code == 1, result
    assert findings(result, "catalogue")["cards nowhere"]["state"] == "fault"


def test_what_does_not_answer_is_no_fault(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    simulator.route("/blobs/sha256/" + "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", lost)
    address = simulator.url.replace("//", "//ann:s3cr3t@")
    result = doctor(zoo, "--mirror", address)
    assert result.code == 3, result
    (found,) = findings(result, "places").values()
    assert (found["subject"], found["state"]) == (f"mirror {simulator.url}", "unknown")
    assert "s3cr3t" not in result.out + result.err
    # a fault weighs more
    assert doctor(zoo, "--mirror", address, "--mirror", "nowhere").code == 1
    assert doctor(zoo, "--mirror", address, "--offline").code == 0


def lost(exchange: web.Exchange, _number: int) -> None:
    exchange.close(reset=True)


def test_a_folder_that_anybody_publishes_into(zoo: Zoo, cards: Cards) -> None:
    (zoo.work / "net.tflite").write_bytes(DATA)
    card = cards.card(pinned("net", DATA))
    assert zoo("publish", card, "--to", "store", "--from", ".").code == 0
    result = doctor(zoo, "--registry", "store", "--mirror", "store")
    assert result.code == 0, result
    found = findings(result, "places")
    assert found["registry store"]["found"] == "answers, with 1 versions"
    assert found["mirror store"]["found"] == "answers"


class TestBucket:
    @pytest.fixture
    def address(self, zoo: Zoo, cards: Cards, s3: S3Service) -> str:
        mine = [name for name in zoo.environment if name.startswith("AWS_")]
        for name in mine:
            del zoo.environment[name]
        zoo.environment.update(s3.variables)
        return f"s3://{s3.bucket}/zoo"

    def place(self, zoo: Zoo, address: str, code: int) -> dict[str, str]:
        result = doctor(zoo, "--registry", address)
        assert result.code == code, result
        assert SECRET not in result.out + result.err
        return findings(result, "places")[f"registry {address}"]

    def test_one_without_a_registry_yet(self, zoo: Zoo, address: str) -> None:
        assert "expected an OCI Image Layout" in self.place(zoo, address, 1)["found"]

    def test_no_such_bucket(self, zoo: Zoo, address: str) -> None:
        found = self.place(zoo, "s3://no-such-bucket/zoo", 1)
        assert "NoSuchBucket" in found["found"]
        assert "create the bucket" in found["advice"]

    def test_no_credentials(self, zoo: Zoo, address: str) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            del zoo.environment[name]
        found = self.place(zoo, address, 1)
        assert "boto3 found none" in found["found"]
        assert "AWS_PROFILE" in found["advice"]


class TestOci:
    def test_a_registry_that_answers(self, zoo: Zoo, cards: Cards, front: Front, repository: str) -> None:
        result = doctor(zoo, "--registry", f"oci://{front.host}/{repository}")
        assert result.code == 0, result
        assert {request.method for request in front.seen} == {"GET"}

    def test_a_registry_that_wants_a_login(self, zoo: Zoo, cards: Cards, front: Front, repository: str) -> None:
        front.rules.append(TokenServer(front))
        result = doctor(zoo, "--mirror", f"oci://{front.host}/{repository}")
        assert result.code == 1, result
        (found,) = findings(result, "places").values()
        assert found["state"] == "fault"
        assert "docker login" in found["advice"]


def test_help_says_what_the_exit_codes_mean(zoo: Zoo) -> None:
    said = " ".join(zoo("doctor", "--help").out.split())
    assert "0 nothing wrong, 1 a fault, 3 no fault, but something could not be told" in said
