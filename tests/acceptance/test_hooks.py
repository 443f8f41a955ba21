"""The pre-commit hooks, called as pre-commit calls them: the entry, and the staged files that the pattern takes."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.acceptance.world import COMMAND, Zoo
from tests.git_host import ENVIRONMENT, GitHost, git
from tests.proposals import BAD, CARD, EDITED, ELSEWHERE, GOOD, NAME, OPEN

MANIFEST = Path(__file__).resolve().parents[2] / ".pre-commit-hooks.yaml"
HOOKS = {hook["id"]: hook for hook in yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with one published variant."""
    host = GitHost(tmp_path / "git")
    return host.checkout(host.commit({NAME: CARD}))


def commit(name: str, change: Mapping[str, str], clone: Path, zoo: Zoo) -> tuple[int, str] | None:
    """Stage a change and run a hook: exit code and what it said, or None where it has nothing to look at."""
    for file, text in change.items():
        (clone / file).write_text(text, encoding="utf-8")
    git(clone, "add", "--all")
    staged = git(clone, "diff", "--cached", "--name-only", "--diff-filter=ACMRT").splitlines()
    taken = [file for file in staged if re.search(HOOKS[name]["files"], file)]
    if not taken:
        return None
    process = subprocess.run(
        [*shlex.split(HOOKS[name]["entry"]), *taken],
        cwd=clone,
        env=zoo.environment | ENVIRONMENT | {"PATH": f"{COMMAND.parent}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return process.returncode, process.stdout


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        (GOOD, 0, "acme/segmenter/128-int8"),
        (BAD, 1, "per-tensor, the file per-channel [claim]"),
        (EDITED, 1, "[published-changed]"),
        (OPEN, 3, "could not tell"),
    ],
)
def test_a_card_is_judged_before_it_is_committed(
    change: dict[str, str], code: int, told: str, clone: Path, zoo: Zoo
) -> None:
    found = commit("zoo-check", change, clone, zoo)

    assert found is not None
    assert found[0] == code, found[1]
    assert told in " ".join(found[1].split())


def test_a_card_is_validated_without_its_file(clone: Path, zoo: Zoo) -> None:
    good = commit("zoo-validate", OPEN, clone, zoo)
    bad = commit("zoo-validate", {NAME: CARD.replace("count: 9", "count: 8")}, clone, zoo)

    assert good is not None
    assert good[0] == 0, good[1]
    assert bad is not None
    assert bad[0] == 1
    assert "[class-count]" in bad[1]


@pytest.mark.parametrize("name", HOOKS)
def test_no_hook_looks_at_anything_but_cards(name: str, clone: Path, zoo: Zoo) -> None:
    assert commit(name, ELSEWHERE, clone, zoo) is None
