"""Every folder below `tests/cards/` is a test: add one, and a test is added."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from registry.consistency import find_documents
from registry.document import MAX_BYTES
from registry.problem import Problem
from registry.validate import validate
from tests.unit import builders

CARDS = Path(__file__).resolve().parents[1] / "cards"
VALID = CARDS / "valid"
INVALID = sorted((CARDS / "invalid").iterdir())
WARNED = sorted((CARDS / "warned").iterdir())


def problems_of(*paths: Path, roots: tuple[Path, ...] = (VALID,)) -> list[Problem]:
    return [problem for verdict in validate(find_documents(paths), roots) for problem in verdict.problems]


def expected_of(folder: Path) -> list[dict[str, Any]]:
    expected: list[dict[str, Any]] = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return expected


def places(folder: Path, problems: list[Problem]) -> list[tuple[str, int, int, str, str]]:
    found = [
        (Path(item.file).relative_to(folder).as_posix(), item.line, item.column, item.pointer, item.rule)
        for item in problems
    ]
    return sorted(found)


def assert_as_expected(folder: Path, problems: list[Problem]) -> None:
    expected = expected_of(folder)
    wanted = [(item["file"], item["line"], item["column"], item["pointer"], item["rule"]) for item in expected]
    assert places(folder, problems) == sorted(wanted)
    for item in expected:
        same = [problem for problem in problems if problem.pointer == item["pointer"]]
        assert any(item["expected"] in problem.expected and item["found"] in problem.found for problem in same), (
            item,
            same,
        )
    assert all(problem.message for problem in problems)


@pytest.mark.parametrize("folder", INVALID, ids=lambda folder: folder.name)
def test_an_invalid_card_gets_the_expected_errors_and_no_others(folder: Path) -> None:
    assert_as_expected(folder, [item for item in problems_of(folder) if item.severity == "error"])


@pytest.mark.parametrize("folder", WARNED, ids=lambda folder: folder.name)
def test_a_doubtful_card_is_warned_of_and_stays_valid(folder: Path) -> None:
    problems = problems_of(folder)
    assert {problem.severity for problem in problems} == {"warning"}
    assert_as_expected(folder, problems)


def test_valid_cards_have_no_problems() -> None:
    assert len(find_documents([VALID])) == 6
    assert problems_of(VALID) == []


def run_validate(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command with nothing but the test catalogue to go by."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ZOO_")}
    command = [str(Path(sys.executable).with_name("zoo")), "validate", "--cards", str(VALID), *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, encoding="utf-8", errors="surrogateescape", check=False
    )


def test_the_command_reports_every_invalid_folder_in_one_run() -> None:
    result = run_validate(str(CARDS / "invalid"), "--format", "json")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    report = json.loads(result.stdout)
    assert report["documents"] == len(find_documents([CARDS / "invalid"]))
    errors = [item for item in report["problems"] if item["severity"] == "error"]
    assert report["errors"] == len(errors)
    assert report["warnings"] == len(report["problems"]) - len(errors)
    fields = {"file", "line", "column", "pointer", "rule", "message", "expected", "found", "severity"}
    assert all(set(item) == fields for item in report["problems"])
    by_place = {
        (Path(item["file"]).relative_to(CARDS / "invalid").as_posix(), item["line"], item["column"], item["rule"])
        for item in errors
    }
    wanted = {
        (f"{folder.name}/{item['file']}", item["line"], item["column"], item["rule"])
        for folder in INVALID
        for item in expected_of(folder)
    }
    # side by side, cards of one name are also each other's duplicates; nothing of their own is lost
    assert wanted <= by_place


def test_the_command_takes_warnings_for_errors_only_when_told() -> None:
    path = str(WARNED[0])
    assert run_validate(path).returncode == 0
    assert run_validate(path, "--strict").returncode == 1


def test_the_text_of_a_problem_leads_to_its_place() -> None:
    folder = CARDS / "invalid" / "metric-in-per-cent"
    result = run_validate(str(folder))
    assert result.returncode == 1
    (item,) = expected_of(folder)
    assert f"{folder / item['file']}:{item['line']}:{item['column']}: error: " in result.stdout
    assert f"at {item['pointer']}\n" in result.stdout
    assert "expected at most 1\n" in result.stdout
    assert "found 73.4\n" in result.stdout


class TestWhatNoRepositoryHolds:
    """Bad inputs that are made on the spot; each ends in one clear problem, and none of them hangs."""

    def only(self, path: Path) -> Problem:
        (problem,) = problems_of(path)
        assert problem.severity == "error"
        assert problem.file == str(path)
        return problem

    def test_a_card_of_fifty_megabytes(self, tmp_path: Path) -> None:
        path = tmp_path / "acme" / "net.yaml"
        path.parent.mkdir()
        with path.open("wb") as file:
            file.write(b"schema: model-card/1\n")
            file.truncate(50_000_000)
        problem = self.only(path)
        assert problem.rule == "size"
        assert problem.expected == f"at most {MAX_BYTES} bytes"
        assert problem.found == "50000000 bytes"

    def test_a_card_just_above_the_bound_is_refused_and_one_at_it_is_read(self, tmp_path: Path) -> None:
        path = builders.write_card(tmp_path, builders.card())
        text = path.read_text(encoding="utf-8")
        path.write_text(text + "\n" * (MAX_BYTES - len(text)), encoding="utf-8")
        assert problems_of(path) == []
        path.write_text(text + "\n" * (MAX_BYTES - len(text) + 1), encoding="utf-8")
        assert self.only(path).rule == "size"

    def test_a_link_that_leads_to_itself(self, tmp_path: Path) -> None:
        path = tmp_path / "net.yaml"
        path.symlink_to(path)
        problem = self.only(path)
        assert (problem.rule, problem.line, problem.column) == ("unreadable", 0, 0)
        assert "symbolic links" in problem.message

    def test_a_folder_that_links_to_its_parent_is_walked_once(self, tmp_path: Path) -> None:
        builders.write_card(tmp_path, builders.card())
        (tmp_path / "acme" / "again").symlink_to(tmp_path, target_is_directory=True)
        assert [path.name for path in find_documents([tmp_path])] == ["net.yaml"]
        assert problems_of(tmp_path) == []

    def test_a_link_that_leads_nowhere(self, tmp_path: Path) -> None:
        path = tmp_path / "net.yaml"
        path.symlink_to(tmp_path / "gone.yaml")
        assert self.only(path).rule == "unreadable"

    def test_a_pipe_that_nobody_writes_to(self, tmp_path: Path) -> None:
        path = tmp_path / "net.yaml"
        os.mkfifo(path)
        problem = self.only(path)
        assert (problem.rule, problem.message) == ("unreadable", "cannot be read: not a regular file")

    def test_a_folder_named_like_a_card_is_searched_for_cards(self, tmp_path: Path) -> None:
        builders.write_document(tmp_path / "x.yaml" / "net.yaml", builders.card())
        assert [path.name for path in find_documents([tmp_path])] == ["net.yaml"]

    @pytest.mark.skipif(os.geteuid() == 0, reason="the superuser can read everything")
    def test_a_card_without_permission(self, tmp_path: Path) -> None:
        path = builders.write_card(tmp_path, builders.card())
        path.chmod(0)
        assert self.only(path).rule == "unreadable"

    def test_a_path_through_a_file(self, tmp_path: Path) -> None:
        path = builders.write_card(tmp_path, builders.card())
        (tmp_path / "link.yaml").symlink_to(path / "below.yaml")
        assert self.only(tmp_path / "link.yaml").rule == "unreadable"

    def test_names_that_differ_in_case(self, tmp_path: Path) -> None:
        one, other = tmp_path / "acme" / "net.yaml", tmp_path / "acme" / "Net.yaml"
        builders.write_document(one, builders.card())
        if other.exists():
            pytest.skip("this file system does not tell the two names apart")
        builders.write_document(other, builders.card(model="Net"))
        problems = problems_of(tmp_path)
        assert {(item.file, item.pointer, item.rule) for item in problems} == {(str(other), "/model", "pattern")}

    @pytest.mark.parametrize("name", ["line\nbreak.yaml", b"\xff.yaml".decode("utf-8", "surrogateescape")])
    def test_a_file_name_that_no_text_holds(self, tmp_path: Path, name: str) -> None:
        builders.write_document(tmp_path / "acme" / name, builders.card())
        result = run_validate(str(tmp_path), "--format", "json")
        assert result.returncode == 1, result.stderr
        (problem,) = json.loads(result.stdout)["problems"]
        assert (problem["file"], problem["rule"]) == (str(tmp_path / "acme" / name), "file-name")

    def test_the_command_survives_all_of_them_at_once(self, tmp_path: Path) -> None:
        (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
        (tmp_path / "dangling.yaml").symlink_to(tmp_path / "gone.yaml")
        os.mkfifo(tmp_path / "pipe.yaml")
        (tmp_path / "folder.yaml").mkdir()
        with (tmp_path / "large.yaml").open("wb") as file:
            file.truncate(50_000_000)
        result = run_validate(str(tmp_path), "--format", "json")
        assert result.returncode == 1
        assert "Traceback" not in result.stderr
        found = {Path(item["file"]).name: item["rule"] for item in json.loads(result.stdout)["problems"]}
        assert found == {
            "loop.yaml": "unreadable",
            "dangling.yaml": "unreadable",
            "pipe.yaml": "unreadable",
            "large.yaml": "size",
        }
