"""Action, workflows, template and hooks as the programs that read them see them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.acceptance.world import Zoo
from tests.action_expressions import evaluate, interpolate
from tests.gitlab_job import job_of

ROOT = Path(__file__).resolve().parents[2]
ACTION = ROOT / "action.yml"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
SCRIPTS = ROOT / ".github" / "action"
TEMPLATE = ROOT / "templates" / "check.yml"


def document(path: Path) -> Any:
    """A YAML file's only document."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every step of Action and workflows, with the file that has it."""
    for step in document(ACTION)["runs"]["steps"]:
        yield ACTION.name, step
    for path in WORKFLOWS:
        for job in document(path)["jobs"].values():
            for step in job["steps"]:
                yield path.name, step


@pytest.mark.parametrize(
    ("schema", "path"),
    [("github-actions", ACTION), *(("github-workflows", path) for path in WORKFLOWS)],
    ids=lambda value: getattr(value, "name", value),
)
def test_github_would_read_it(schema: str, path: Path) -> None:
    assert_valid(schema, path)


def test_gitlab_would_read_the_job(tmp_path: Path) -> None:
    name, job = job_of(TEMPLATE, {})
    (tmp_path / "job.yml").write_text(yaml.safe_dump({name: job}), encoding="utf-8")

    assert_valid("gitlab-ci", tmp_path / "job.yml")


def assert_valid(schema: str, path: Path) -> None:
    """Judge a file by the schema that check-jsonschema carries."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)]
    process = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert process.returncode == 0, process.stdout + process.stderr


def test_no_value_becomes_text_of_a_script() -> None:
    scripts = [step["run"] for _, step in steps() if "run" in step]
    scripts += job_of(TEMPLATE, {"paths": "INPUT"})[1]["script"]

    assert len(scripts) > 3
    assert not [script for script in scripts if "${{" in script or "$[[" in script or "INPUT" in script]


def test_every_input_is_used_and_every_used_one_exists() -> None:
    text = ACTION.read_text(encoding="utf-8")

    assert set(re.findall(r"inputs\.([\w-]+)", text)) == document(ACTION)["inputs"].keys()


def test_every_variable_of_a_script_is_given_to_it() -> None:
    for _, step in steps():
        if found := re.search(r"\w+\.sh", step.get("run", "")):
            script = (SCRIPTS / found[0]).read_text(encoding="utf-8")
            listed = re.search(r"^# Reads ([A-Z_, ]+)[;.]", script, re.MULTILINE)
            assert listed is not None
            assert listed[1].split(", ") == sorted(step["env"])


def test_workflows_may_only_read_and_foreign_actions_have_a_version() -> None:
    for path in WORKFLOWS:
        assert document(path)["permissions"] == {"contents": "read"}
        assert "pull_request_target" not in document(path)[True]  # YAML 1.1 reads `on` so
    used = {step["uses"] for _, step in steps() if "uses" in step}
    assert "./" in used
    assert all(re.fullmatch(r"[\w-]+/[\w/-]+@v\d+", name) for name in used - {"./"})


@pytest.mark.server
def test_the_scripts_are_clean(tmp_path: Path) -> None:
    if not shutil.which("shellcheck"):
        pytest.skip("needs the Debian package shellcheck")
    written = {"gitlab.sh": ("sh", "\n".join(job_of(TEMPLATE, {})[1]["script"]))}
    for number, (_, step) in enumerate(steps()):
        if "run" in step:
            written[f"{number}.sh"] = ("bash", step["run"])
    for name, (shell, text) in written.items():
        (tmp_path / name).write_text(f"#!/bin/{shell}\n{text}\n", encoding="utf-8")
    files = [*SCRIPTS.glob("*.sh"), *tmp_path.iterdir()]

    process = subprocess.run(["shellcheck", *files], capture_output=True, encoding="utf-8", check=False)

    assert process.returncode == 0, process.stdout


def test_the_hooks_are_commands_of_zoo_that_see_cards_and_nothing_else() -> None:
    for hook in document(ROOT / ".pre-commit-hooks.yaml"):
        assert hook["entry"].startswith("zoo ")
        assert hook["language"] == "python"
        chosen = [name for name in FILES if re.search(hook["files"], name)]
        assert chosen == ["cards/acme/net.yaml", "cards/targets/board.yml"]


FILES = (
    "cards/acme/net.yaml",
    "cards/targets/board.yml",
    "cards/README.md",
    "cards/blobs/sha256/00",
    "tests/cards/invalid/acme/net.yaml",
    "zoo.toml",
)


CONTEXT = {"inputs": {"a": "1", "b": ""}, "steps": {"x": {"outputs": {"y-z": "2"}}}, "github": {}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("inputs.a", "1"),
        ("inputs.b || steps.x.outputs.y-z", "2"),
        ("github.event.before || inputs.a", "1"),
        ("inputs.a == '1' && inputs.b != ''", False),
        ("inputs.b == '' && steps.x.outputs.y-z != ''", True),
    ],
)
def test_an_expression_is_evaluated(text: str, value: object) -> None:
    assert evaluate(text, CONTEXT) == value


@pytest.mark.parametrize("text", ["always()", "inputs.a inputs.b", "secrets.token", "!inputs.a", "inputs.a ==", ""])
def test_any_other_expression_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"known here|missing"):
        evaluate(text, CONTEXT)


def test_a_value_is_not_evaluated_again() -> None:
    assert interpolate("<${{ inputs.a }}>", {"inputs": {"a": "${{ inputs.a }}"}}) == "<${{ inputs.a }}>"


def test_the_cards_of_this_repository_keep_its_own_policy(zoo: Zoo) -> None:
    zoo.work = ROOT  # where its zoo.toml is

    entries = zoo("check", "cards", "--offline", "--format", "json").json()["entries"]

    assert len(entries) > 80
    assert [entry for entry in entries if entry["verdict"] == "rejected"] == []
