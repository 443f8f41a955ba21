"""The Action as a runner runs it: pull requests and pushes to a repository of cards, from event to verdict."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.acceptance.world import COMMAND, Zoo
from tests.action_runner import ActionRunner, Outcome
from tests.git_host import ENVIRONMENT, GitHost, git
from tests.proposals import BAD, CARD, EDITED, ELSEWHERE, ELSEWHERE_CACHED, GOOD, HOSTILE, NAME, OPEN

ACTION = Path(__file__).resolve().parents[2]
UPLOAD = "github/codeql-action/upload-sarif@v4"


class Project:
    """A repository of cards on a host, with the Action in its workflow."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.host = GitHost(folder / "git")
        self.base = self.host.commit({NAME: CARD})
        path = f"{COMMAND.parent}:{environment['PATH']}"
        self.runner = ActionRunner(folder / "runner", {**environment, **ENVIRONMENT, "PATH": path})
        self.checkout = Path()

    def pull_request(self, change: Mapping[str, str | None], **inputs: str) -> Outcome:
        """Judge a proposed change, in the checkout that a workflow has by default."""
        merge = self.host.propose(change)
        event = {"pull_request": {"base": {"sha": self.base}}}
        return self._run(merge, event, {"GITHUB_REF": "refs/pull/1/merge", "GITHUB_SHA": merge}, **inputs)

    def push(self, change: Mapping[str, str | None], before: str, **inputs: str) -> Outcome:
        """Judge what was pushed to `main`."""
        commit = self.host.commit(change)
        return self._run(
            commit, {"before": before}, {"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": commit}, **inputs
        )

    def _run(
        self, revision: str, event: Mapping[str, object], variables: Mapping[str, str], **inputs: str
    ) -> Outcome:
        self.checkout = self.host.checkout(revision)
        inputs = {"install": "false", "offline": "true", "python": sys.executable, **inputs}
        return self.runner.run(ACTION, self.checkout, event, variables, **inputs)


@pytest.fixture
def project(tmp_path: Path, zoo: Zoo) -> Project:
    """A repository with one published variant."""
    del zoo.environment["ZOO_CACHE"]  # a runner has none
    return Project(tmp_path / "project", zoo.environment)


def report(outcome: Outcome) -> dict[str, object]:
    """The JSON report that the Action names."""
    document = json.loads(Path(outcome.outputs["report"]).read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def test_a_good_change_passes_and_only_it_is_judged(project: Project) -> None:
    outcome = project.pull_request(GOOD)

    assert outcome.success, outcome.log
    assert outcome.outputs["exit-code"] == "0"
    assert outcome.outputs["verdict"].startswith("accepted")
    assert outcome.of_kind("error") == []
    assert "acme/segmenter/128-int8" in outcome.summary
    assert outcome.uses == {}
    assert git(project.checkout, "status", "--porcelain") == ""


def test_a_bad_change_is_rejected_at_its_line_after_all_reports_are_there(project: Project) -> None:
    outcome = project.pull_request(BAD, sarif="true")

    assert not outcome.success
    assert (outcome.outputs["exit-code"], outcome.outputs["verdict"]) == ("1", "rejected")
    line = BAD[NAME].splitlines().index(next(text for text in BAD[NAME].splitlines() if "per-tensor" in text)) + 1
    assert {(one.properties["file"], int(one.properties["line"])) for one in outcome.of_kind("error")} == {
        (NAME, line)
    }
    assert outcome.uses == {UPLOAD: {"sarif_file": outcome.outputs["sarif"], "category": "zoo-check"}}
    assert json.loads(Path(outcome.outputs["sarif"]).read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert ElementTree.parse(outcome.outputs["junit"]).getroot().tag == "testsuites"
    assert Path(outcome.outputs["summary"]).read_text(encoding="utf-8") == outcome.summary
    assert report(outcome)["verdict"] == "rejected"


def test_a_change_does_not_say_where_files_are_written(project: Project) -> None:
    outcome = project.pull_request(ELSEWHERE_CACHED)

    assert outcome.success, outcome.log
    assert not (project.checkout / "made").exists()


def test_what_is_published_must_not_change(project: Project) -> None:
    outcome = project.pull_request(EDITED)

    assert outcome.outputs["verdict"] == "rejected"
    assert "published" in outcome.log


def test_a_change_that_touches_no_card_judges_nothing(project: Project) -> None:
    outcome = project.pull_request(ELSEWHERE)

    assert outcome.success, outcome.log
    assert outcome.outputs["verdict"] == "accepted"
    assert report(outcome)["entries"] == []


@pytest.mark.parametrize(("allowed", "success"), [("false", False), ("true", True)])
def test_what_cannot_be_told_fails_unless_it_is_allowed(project: Project, allowed: str, success: bool) -> None:
    outcome = project.pull_request(OPEN, allow_unknown=allowed)

    assert (outcome.outputs["exit-code"], outcome.outputs["verdict"]) == ("3", "could not tell")
    assert outcome.success is success


def test_a_push_is_compared_with_the_commit_before(project: Project) -> None:
    outcome = project.push(GOOD, before=project.base)

    assert outcome.success, outcome.log
    assert report(outcome)["against"] == project.base


def test_a_new_branch_is_judged_whole(project: Project) -> None:
    outcome = project.push(GOOD, before="0" * 40)

    assert outcome.success, outcome.log
    assert report(outcome)["against"] is None
    assert "acme/segmenter/128-float32" in outcome.summary


def test_a_base_that_is_gone_is_no_verdict(project: Project) -> None:
    outcome = project.push(GOOD, before="e" * 40)

    assert not outcome.success
    assert outcome.outputs["verdict"] == ""
    assert "fetch-depth: 0" in outcome.of_kind("error")[0].message


def test_what_is_asked_wrongly_is_told_and_fails(project: Project) -> None:
    outcome = project.pull_request(GOOD, paths="nowhere")

    assert not outcome.success
    assert (outcome.outputs["exit-code"], outcome.outputs["verdict"]) == ("2", "")
    assert "exit code 2" in outcome.of_kind("error")[0].message


def test_hostile_names_and_texts_stay_data(project: Project) -> None:
    outcome = project.pull_request(HOSTILE)

    assert (outcome.outputs["exit-code"], outcome.outputs["verdict"]) == ("1", "rejected")
    assert_nothing_was_run(project, outcome)


@pytest.mark.parametrize(
    ("name", "code"), [("paths", "2"), ("data", "2"), ("sample", "2"), ("rerun", "2"), ("mirrors", "0")]
)
def test_hostile_inputs_stay_data(project: Project, name: str, code: str) -> None:
    outcome = project.pull_request(GOOD, **{name: "$(touch made)\n`touch made`\n'; touch made; '\n--explain=claim"})

    assert outcome.outputs["exit-code"] == code  # a mirror that is not there is passed over
    assert outcome.outputs["verdict"] == ("" if code == "2" else "accepted with warnings")
    assert_nothing_was_run(project, outcome)


def test_a_zoo_that_breaks_down_is_no_verdict_and_gives_the_runner_no_command(
    project: Project, tmp_path: Path
) -> None:
    command = tmp_path / "bin" / "zoo"
    command.parent.mkdir()
    text = "Traceback of\n::set-output name=verdict::accepted\n::add-mask::a\n##[error]made up\nno end of line"
    command.write_text(f"#!/bin/sh\nprintf '{text}' >&2\nexit 70\n", encoding="utf-8")
    command.chmod(0o755)
    project.runner.environment["PATH"] = f"{command.parent}:{project.runner.environment['PATH']}"

    outcome = project.pull_request(GOOD)

    assert not outcome.success
    assert (outcome.outputs["exit-code"], outcome.outputs["verdict"]) == ("70", "")
    assert "exit code 70" in outcome.of_kind("error")[0].message
    assert_nothing_was_run(project, outcome)


def assert_nothing_was_run(project: Project, outcome: Outcome) -> None:
    """Nothing of the change or the inputs was taken for a command, by a shell, Python or the runner."""
    assert not list(project.checkout.rglob("made"))
    assert "a stranger ran" not in outcome.log
    assert outcome.other_commands == []
    assert "made up" not in {one.message for one in outcome.annotations}
