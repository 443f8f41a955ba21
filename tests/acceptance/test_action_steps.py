"""The Action's scripts by themselves: where zoo comes from, and what a change is compared with."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.git_host import ENVIRONMENT, GitHost, git

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / ".github" / "action"

BACKEND = """
import zipfile

METADATA = "Metadata-Version: 2.1\\nName: stand-in\\nVersion: 1\\nProvides-Extra: eval\\n"
WHEEL = "Wheel-Version: 1.0\\nGenerator: none\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
FILES = {
    "stand_in.py": "def main():\\n    print('the installed one')\\n",
    "stand_in-1.dist-info/METADATA": METADATA,
    "stand_in-1.dist-info/WHEEL": WHEEL,
    "stand_in-1.dist-info/entry_points.txt": "[console_scripts]\\nzoo = stand_in:main\\n",
    "stand_in-1.dist-info/RECORD": "",
}

def build_wheel(folder, settings=None, metadata=None):
    with zipfile.ZipFile(f"{folder}/stand_in-1-py3-none-any.whl", "w") as archive:
        for name, text in FILES.items():
            archive.writestr(name, text)
    return "stand_in-1-py3-none-any.whl"
"""
"""Builds a distribution with a command `zoo`, without anything that pip would have to fetch."""

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def run(script: str, workspace: Path, **variables: str) -> tuple[int, dict[str, str], str]:
    """Run a script of the Action in a checkout: exit code, outputs and log."""
    written = workspace.parent / "output"
    written.write_text("", encoding="utf-8")
    process = subprocess.run(
        ["bash", str(SCRIPTS / script)],
        cwd=workspace,
        env=os.environ
        | ENVIRONMENT
        | {"GITHUB_OUTPUT": str(written), "GITHUB_REF": "", "GITHUB_SHA": ""}
        | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    outputs = dict(line.split("=", 1) for line in written.read_text(encoding="utf-8").splitlines())
    return process.returncode, outputs, process.stdout


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty checkout."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def host(tmp_path: Path) -> GitHost:
    """A repository with two commits."""
    made = GitHost(tmp_path / "git")
    made.commit({"cards/one.yaml": "1"})
    made.commit({"cards/two.yaml": "2"})
    return made


def test_zoo_is_installed_into_an_environment_of_its_own(workspace: Path, tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    for name, text in {"backend.py": BACKEND, "pyproject.toml": PYPROJECT, "constraints.txt": ""}.items():
        (package / name).write_text(text, encoding="utf-8")
    for trap in ("venv.py", "pip.py", "ensurepip.py", "sys.py", "zipfile.py"):  # of a stranger's change
        (workspace / trap).write_text("open('caught', 'w')\nraise SystemExit(9)\n", encoding="utf-8")

    code, outputs, log = run(
        "install.sh",
        workspace,
        EXTRAS="eval",
        INSTALL="true",
        PYTHON="python3",
        RUNNER_TEMP=str(tmp_path / "runner"),
        GITHUB_ACTION_PATH=str(package),
        PIP_NO_INDEX="1",
    )

    assert code == 0, log
    assert Path(outputs["zoo"]).is_relative_to(tmp_path / "runner")
    assert subprocess.check_output([outputs["zoo"]], encoding="utf-8") == "the installed one\n"
    assert not (workspace / "caught").exists()


def test_zoo_of_the_path_is_taken_where_nothing_is_to_be_installed(workspace: Path, tmp_path: Path) -> None:
    command = tmp_path / "bin" / "zoo"
    command.parent.mkdir()
    command.write_text("#!/bin/sh\n", encoding="utf-8")
    command.chmod(0o755)

    code, outputs, _ = run("install.sh", workspace, INSTALL="false", PATH=f"{command.parent}:{os.environ['PATH']}")

    assert (code, outputs) == (0, {"zoo": str(command)})


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"INSTALL": "false", "PATH": "/usr/bin:/bin"}, "No zoo is on PATH"),
        ({"EXTRAS": "eval]; touch x"}, "names with commas between"),
        ({"PYTHON": "false"}, "Python 3.11 or later"),
        ({"PYTHON": "no-such-python"}, "Python 3.11 or later"),
    ],
)
def test_what_cannot_be_installed_is_told(workspace: Path, variables: dict[str, str], told: str) -> None:
    usual = {"INSTALL": "true", "EXTRAS": "", "PYTHON": "python3", "RUNNER_TEMP": "", "GITHUB_ACTION_PATH": ""}

    code, outputs, log = run("install.sh", workspace, **(usual | variables))

    assert (code, outputs) == (2, {})
    assert "::error title=zoo check::" in log
    assert told in log
    assert not list(workspace.iterdir())


@pytest.mark.parametrize("depth", [1, None])
def test_the_base_of_a_pull_request_is_what_github_merged_with(host: GitHost, depth: int | None) -> None:
    merge = host.propose({"cards/three.yaml": "3"})
    checkout = host.checkout(merge, depth)

    code, outputs, log = run(
        "base.sh", checkout, AGAINST="auto", EVENT_BASE="1" * 40, GITHUB_REF="refs/pull/7/merge", GITHUB_SHA=merge
    )

    assert code == 0, log
    assert git(checkout, "diff", "--name-only", outputs["revision"]) == "cards/three.yaml"
    assert git(checkout, "merge-base", outputs["revision"], "HEAD") == outputs["revision"]
    assert git(checkout, "rev-parse", "--is-shallow-repository") == ("true" if depth else "false")


@pytest.mark.parametrize("commits", [1, 3])
@pytest.mark.parametrize("depth", [1, None])
def test_the_base_of_a_push_is_the_commit_before(host: GitHost, commits: int, depth: int | None) -> None:
    before = host.commit({"cards/three.yaml": "3"})
    pushed = [host.commit({"cards/four.yaml": f"{number}"}) for number in range(commits)][-1]
    checkout = host.checkout(pushed, depth)

    code, outputs, log = run("base.sh", checkout, AGAINST="auto", EVENT_BASE=before)

    assert (code, outputs) == (0, {"revision": before}), log
    assert git(checkout, "merge-base", before, "HEAD") == before


def test_what_a_forced_push_replaced_is_compared_from_where_the_two_parted(host: GitHost) -> None:
    parted = git(host.checkout("main", None), "rev-parse", "HEAD")
    before = host.commit({"cards/three.yaml": "3"})
    host.rewind()
    checkout = host.checkout(host.commit({"cards/four.yaml": "4"}), None)

    code, outputs, log = run("base.sh", checkout, AGAINST="auto", EVENT_BASE=before)

    assert (code, outputs) == (0, {"revision": before}), log
    assert git(checkout, "merge-base", before, "HEAD") == parted


@pytest.mark.parametrize(("against", "base"), [("auto", "0" * 40), ("auto", ""), ("none", "1" * 40), ("", "")])
def test_everything_is_judged_where_there_is_no_base(host: GitHost, against: str, base: str) -> None:
    code, outputs, log = run("base.sh", host.checkout("main"), AGAINST=against, EVENT_BASE=base)

    assert (code, outputs) == (0, {"revision": ""})
    assert "everything is judged" in log


def test_a_branch_of_the_host_can_be_named(host: GitHost) -> None:
    main = host.commit({"cards/three.yaml": "3"})
    checkout = host.checkout(host.propose({"cards/four.yaml": "4"}))

    code, outputs, log = run("base.sh", checkout, AGAINST="main", EVENT_BASE="")

    assert (code, outputs) == (0, {"revision": main}), log


@pytest.mark.parametrize(
    "against", ["auto", "f" * 40, "no-such-branch", "$(touch x)", "main:refs/heads/made", "a%0Ab"]
)
def test_a_base_that_cannot_be_had_ends_with_what_to_do(host: GitHost, against: str) -> None:
    checkout = host.checkout("main")

    code, outputs, log = run("base.sh", checkout, AGAINST=against, EVENT_BASE="e" * 40)

    assert (code, outputs) == (3, {})
    assert "fetch-depth: 0" in log
    assert "::The revision a%0Ab" not in log
    assert not (checkout / "x").exists()
    assert git(checkout, "branch", "--list", "made") == ""


@pytest.mark.parametrize("against", ["--upload-pack=touch x", "-h", "main\n::set-output name=revision::x"])
def test_a_base_that_is_no_name_is_refused_without_repeating_it(host: GitHost, against: str) -> None:
    checkout = host.checkout("main")

    code, outputs, log = run("base.sh", checkout, AGAINST=against, EVENT_BASE="")

    assert (code, outputs) == (2, {})
    assert log == "::error title=zoo check::The input against is no name of a revision.\n"
    assert not (checkout / "x").exists()
