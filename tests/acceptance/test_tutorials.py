"""Each tutorial, followed step by step in a fresh home, says what its page shows."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.tutorials import PAGES, ROOT, Outcome, difference, follow, steps, written

PAGE = """\
Words.

<!-- set-up -->
```console
$ exit 9
```

```console
$ cat > note <<'END'
> one $HOME
> END
$ cat note; echo late >&2
one ...
late
$ false | true
exit code 1
```
"""


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_tutorial_can_be_followed_as_it_stands(path: Path, tmp_path: Path) -> None:
    found = steps(path.read_text(encoding="utf-8"))
    outcomes = follow([step.command for step in found], tmp_path / "home")
    wrong = [told for told in map(difference, found, outcomes) if told]
    assert not wrong, f"{path}, mended by `python -m tests.tutorials --write {path}`\n\n" + "\n\n".join(wrong)


def test_there_is_one_for_each_user() -> None:
    assert [path.stem for path in PAGES] == ["contributor", "engineer", "lead", "maintainer"]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_set_up_is_that_of_the_readme_with_extras_that_there_are(path: Path) -> None:
    install = "python3 -m venv .venv && .venv/bin/pip install --quiet --constraint constraints.txt "
    assert f"\n{install}. && " in (ROOT / "README.md").read_text(encoding="utf-8")
    extras = re.search(rf"(?m)^\$ {re.escape(install)}'\.\[(.+)\]'$", path.read_text(encoding="utf-8"))
    assert extras
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(extras[1].split(",")) <= set(project["optional-dependencies"])


def outcomes_of(page: str, folder: Path) -> list[Outcome]:
    return follow([step.command for step in steps(page)], folder)


def differences(page: str, folder: Path) -> list[str]:
    return [told for told in map(difference, steps(page), outcomes_of(page, folder)) if told]


def test_commands_share_a_shell_and_set_up_is_left_out(tmp_path: Path) -> None:
    assert differences(PAGE, tmp_path / "home") == []
    assert (tmp_path / "home" / "note").read_text() == "one $HOME\n"


@pytest.mark.parametrize(
    ("page", "changed", "told"),
    [
        ("late\n", "soon\n", "-soon\n+late"),
        ("exit code 1\n", "...\n", "+exit code 1"),
        ("exit code 1\n", "exit code 2\n", "-exit code 2\n+exit code 1"),
        ("$ false", "$ exit 3; false", "+exit code None"),
        ("$ cat note;", "$ if", "+exit code None"),
    ],
)
def test_whatever_else_happens_is_told(tmp_path: Path, page: str, changed: str, told: str) -> None:
    wrong = differences(PAGE.replace(page, changed), tmp_path / "home")
    assert wrong
    assert told in wrong[0]


def test_the_writer_puts_in_what_was_said_and_keeps_ellipses(tmp_path: Path) -> None:
    page = "```console\n$ seq 12\n1\n...\n4\n7\n1...\n11\n...\n$ expr 6 '*' 7; exit 4\n41\n```\n"
    seen = "1\n...\n4\n5\n6\n7\n8\n9\n1...\n11\n..."
    better = f"```console\n$ seq 12\n{seen}\n$ expr 6 '*' 7; exit 4\n42\nexit code None\n```\n"
    assert written(page, outcomes_of(page, tmp_path / "home")) == better


def test_the_writer_leaves_what_is_right_as_it_stands(tmp_path: Path) -> None:
    assert written(PAGE, outcomes_of(PAGE, tmp_path / "home")) == PAGE
