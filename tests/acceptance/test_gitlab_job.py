"""The GitLab template's job, as its runner runs it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests import gitlab_job
from tests.acceptance.world import COMMAND, Zoo
from tests.git_host import ENVIRONMENT, GitHost
from tests.proposals import BAD, CARD, ELSEWHERE_CACHED, GOOD, HOSTILE, NAME, OPEN

_HOSTILE_LINES = "$(touch made)\n`touch made`\n'; touch made; '\n\"; touch made\n--explain=claim"
TEMPLATE = Path(__file__).resolve().parents[2] / "templates" / "check.yml"


class Project:
    """A repository of cards on a host, with the job in its pipeline."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._host = GitHost(folder)
        self.base = self._host.commit({NAME: CARD})
        self._environment = {**environment, **ENVIRONMENT, "PATH": f"{COMMAND.parent}:{environment['PATH']}"}
        self.checkout = Path()

    def run(self, change: Mapping[str, str | None], variables: Mapping[str, str], **inputs: str) -> tuple[int, str]:
        """Judge a change in the clone that the job asks for."""
        _, job = gitlab_job.job_of(TEMPLATE, {"offline": "true", **inputs})
        assert job["variables"]["GIT_DEPTH"] == "0"
        self.checkout = self._host.checkout(self._host.commit(change), depth=None)
        return gitlab_job.run(job, self.checkout, {**self._environment, **variables})

    def report(self) -> dict[str, object]:
        """The JSON report among the artifacts."""
        document = json.loads((self.checkout / "zoo-check" / "report.json").read_text(encoding="utf-8"))
        assert isinstance(document, dict)
        return document


@pytest.fixture
def project(tmp_path: Path, zoo: Zoo) -> Project:
    """A repository with one published variant."""
    del zoo.environment["ZOO_CACHE"]  # a runner has none
    return Project(tmp_path / "git", zoo.environment)


@pytest.mark.parametrize(
    ("change", "code", "verdict"),
    [(ELSEWHERE_CACHED, 0, "accepted"), (BAD, 1, "rejected"), (OPEN, 3, "could not tell")],
)
def test_a_merge_request_is_judged_against_where_it_began(
    project: Project, change: dict[str, str | None], code: int, verdict: str
) -> None:
    variables = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": project.base, "CI_COMMIT_BEFORE_SHA": "0" * 40}

    found, log = project.run(change, variables)

    assert found == code, log
    assert str(project.report()["verdict"]).startswith(verdict)
    assert project.report()["against"] == project.base
    assert not (project.checkout / "made").exists()
    job = gitlab_job.job_of(TEMPLATE, {})[1]
    assert job["allow_failure"]["exit_codes"] == [3]
    junit = project.checkout / job["artifacts"]["reports"]["junit"]
    assert ElementTree.parse(junit).getroot().tag == "testsuites"


def test_a_new_branch_is_judged_whole(project: Project) -> None:
    code, log = project.run(GOOD, {"CI_COMMIT_BEFORE_SHA": "0" * 40})

    assert code == 0, log
    assert project.report()["against"] is None


def test_a_base_that_is_gone_ends_the_job(project: Project) -> None:
    code, log = project.run(GOOD, {"CI_COMMIT_BEFORE_SHA": "e" * 40})

    assert code not in (0, 3)
    assert "e" * 40 in log
    assert not (project.checkout / "zoo-check").exists()


@pytest.mark.parametrize(
    ("inputs", "code"),
    [({}, 1), ({"paths": _HOSTILE_LINES}, 2), ({"data": _HOSTILE_LINES}, 2), ({"mirrors": _HOSTILE_LINES}, 1)],
)
def test_hostile_names_texts_and_inputs_stay_data(project: Project, inputs: dict[str, str], code: int) -> None:
    found, log = project.run(HOSTILE, {"CI_COMMIT_BEFORE_SHA": project.base}, **inputs)

    assert found == code, log
    assert not list(project.checkout.rglob("made"))
    assert "a stranger ran" not in log


def test_an_input_that_the_template_does_not_know_is_an_error() -> None:
    with pytest.raises(ValueError, match="strict: no input"):
        gitlab_job.job_of(TEMPLATE, {"strict": "perhaps"})
