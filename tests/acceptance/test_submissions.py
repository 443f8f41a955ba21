"""Every folder below `tests/submissions/` is a submission that `zoo check` judges: add one, and a test is added."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from registry.digest import Digest
from registry.rulebook import explain
from tests.acceptance.world import Result, Zoo, files_below
from tests.submissions.cases import KINDS, REAL, REPOSITORY, Case, cases, found_repository, rows
from tests.submissions.make import HERE, files

CASES = {case.name: case for kind in KINDS for case in cases(kind)}
REJECTED = [case for case in CASES.values() if case.verdict == "rejected"]
LARGE = 2 << 30

Check = Callable[..., tuple[Result, Any]]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository before any submission."""
    if not shutil.which("git"):
        pytest.skip("needs git")
    return found_repository(tmp_path_factory.mktemp("published") / "repository")


@pytest.fixture
def submit(zoo: Zoo, published: Path) -> Callable[[Case], None]:
    """Makes a submission to a repository of its own, which is the working folder."""

    def make(case: Case) -> None:
        if case.real and not REAL.is_dir():
            pytest.skip("the real model files (../shared/real) are not on this machine")
        shutil.copytree(published, zoo.work, dirs_exist_ok=True)
        case.submit(zoo.work)

    return make


@pytest.fixture
def check(zoo: Zoo, submit: Callable[[Case], None], tmp_path: Path) -> Check:
    """Judges a submission: what is said, and the report."""

    def judge(case: Case, *options: str | Path) -> tuple[Result, Any]:
        submit(case)
        report = tmp_path / "report.json"
        result = zoo(*case.command, "--output", f"json={report}", *options)
        return result, json.loads(report.read_text(encoding="utf-8"))

    return judge


def verdicts(report: Any) -> dict[str, str]:
    """Verdicts of the variants, and of documents in which there is none."""
    with_variants = {entry["file"] for entry in report["entries"] if entry["kind"] == "variant"}
    return {
        entry["name"]: entry["verdict"]
        for entry in report["entries"]
        if entry["kind"] == "variant" or entry["file"] not in with_variants
    }


def errors(report: Any) -> list[dict[str, Any]]:
    problems = [problem for entry in report["entries"] for problem in entry["problems"]]
    return [problem for problem in problems if problem["severity"] == "error"]


def places(problems: list[dict[str, Any]]) -> list[tuple[str, int, str, str]]:
    return sorted((one["file"], one["line"], one["pointer"], one["rule"]) for one in problems)


@pytest.mark.parametrize("name", CASES)
def test_a_submission_gets_its_verdicts_and_each_error_its_line(name: str, check: Check) -> None:
    case = CASES[name]
    result, report = check(case)
    assert verdicts(report) == case.verdicts, result
    assert result.code == case.exit_code, result
    assert places(errors(report)) == places(list(case.problems)), result
    for problem in errors(report):
        assert f"{problem['file']}:{problem['line']}:" in result.out
        assert f"[{problem['rule']}]" in result.out
        assert problem["message"], problem
        assert problem["expected"], problem
        assert explain(problem["rule"]).remedy


@pytest.mark.parametrize("case", REJECTED, ids=lambda case: case.name)
def test_a_rejected_submission_is_so_for_one_reason_alone(case: Case) -> None:
    rules = {problem["rule"] for problem in case.problems}
    if "duplicate-name" in rules:
        rules.discard("pattern")  # a capital letter breaks the form of a name, too
    assert len(rules) == 1


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("accepted", {"accepted", "accepted with warnings"}),
        ("rejected", {"rejected"}),
        ("undecided", {"could not tell"}),
    ],
)
def test_folders_hold_what_they_are_named_for(kind: str, expected: set[str]) -> None:
    assert {case.verdict for case in CASES.values() if case.name.startswith(kind)} == expected


@pytest.mark.parametrize("name", ["rejected/web-page", "rejected/published-variant-edited"])
def test_another_working_folder_changes_nothing(
    name: str, submit: Callable[[Case], None], zoo: Zoo, tmp_path: Path
) -> None:
    case = CASES[name]
    submit(case)
    repository = zoo.work
    zoo.work = tmp_path / "elsewhere"
    zoo.work.mkdir()
    result = zoo("check", repository / "cards", "--against", "HEAD", "--format", "json")
    assert result.code == case.exit_code, result
    assert verdicts(result.json()) == case.verdicts
    expected = [{**problem, "file": str(repository / problem["file"])} for problem in case.problems]
    assert places(errors(result.json())) == places(expected)


def test_a_file_above_the_policy_is_not_read(check: Check, zoo: Zoo, tmp_path: Path) -> None:
    case = CASES["rejected/two-gigabytes"]
    _, report = check(case, "--mirror", mirror_of_zeros(case, tmp_path / "mirror"))
    assert places(errors(report)) == places(list(case.problems)), "were it read, its digest would be another one"
    assert zoo.blobs() == []


def test_a_file_larger_than_the_card_says_is_not_read(check: Check, tmp_path: Path) -> None:
    case = CASES["rejected/no-place-has-the-file"]
    _, report = check(case, "--mirror", mirror_of_zeros(case, tmp_path / "mirror"))
    (problem,) = errors(report)
    assert problem["rule"] == "digest"
    assert problem["found"] == f"{LARGE} bytes", "were it read, its digest would be told"


def mirror_of_zeros(case: Case, folder: Path) -> Path:
    """A mirror that has 2 GiB under the digest of a case's file; sparse, so that they take no place on the disk."""
    (card,) = case.folder.glob("cards/acme/*.yaml")
    digest = next(line.split()[-1] for line in card.read_text().splitlines() if line.startswith("    sha256:"))
    blob = folder / Digest(digest).blob_path
    blob.parent.mkdir(parents=True)
    with blob.open("wb") as file:
        file.truncate(LARGE)
    return folder


def test_the_files_are_those_that_are_made() -> None:
    made = dict(files())
    kept = {
        path.relative_to(HERE).as_posix(): path.read_bytes()
        for path in files_below(HERE)
        if {"blobs", "data"} & set(path.relative_to(HERE).parts)
    }
    assert made.keys() == kept.keys()
    assert [name for name in made if made[name] != kept[name]] == []


def test_every_file_is_named_by_a_card() -> None:
    said = "".join(path.read_text(encoding="utf-8") for path in HERE.rglob("cards/*/*.yaml"))
    for folder in (REPOSITORY, *(case.folder for case in CASES.values())):
        assert [path.name for path in files_below(folder / "cards" / "blobs") if path.name not in said] == []


def test_the_readme_lists_every_submission() -> None:
    lines = (HERE / "README.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("| `")] == rows()
