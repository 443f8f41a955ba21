from __future__ import annotations

import subprocess
from pathlib import Path

from registry.lineage.commit import commit_of

IDENTITY = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *IDENTITY, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_the_commit_of_a_repository_and_whether_files_differ(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert commit_of(tmp_path) == {}  # none yet
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-q", "-m", "one")
    git(tmp_path, "tag", "-a", "v1", "-m", "a tag does not take the commit's place")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert commit_of(tmp_path) == {"commit": commit}
    (tmp_path / "file").write_text("two")
    assert commit_of(tmp_path) == {"commit": commit, "changed": "true"}


def test_outside_a_repository_there_is_none(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == {}
    assert commit_of(tmp_path / "missing") == {}
