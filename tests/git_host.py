"""A git repository as a host has it, the changes proposed to it, and the checkouts that its runners make."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

_IDENTITY = {"NAME": "test", "EMAIL": "test@example.com", "DATE": "2026-01-01T00:00:00Z"}
ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _IDENTITY.items()},
}
"""Of every git here: nobody's settings, and one identity."""


def git(folder: Path, *arguments: str) -> str:
    """Run git and return what it says."""
    process = subprocess.run(
        ["git", "-c", "init.defaultBranch=main", *arguments],
        cwd=folder,
        env=os.environ | ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout.strip()


class GitHost:
    """A hosted repository with a branch `main`.

    Attributes:
        address: Where runners fetch from; over a protocol, so that a checkout can be shallow.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._bare, self._author = folder, folder / "host.git", folder / "author"
        folder.mkdir(parents=True)
        git(folder, "init", "--quiet", "--bare", str(self._bare))
        git(folder, "init", "--quiet", str(self._author))
        self.address = f"file://{self._bare}"

    def commit(self, files: Mapping[str, str | None], branch: str = "main") -> str:
        """Commit files, None for one to remove, and push; returns the commit."""
        for name, text in files.items():
            path = self._author / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True) if text is None else path.write_text(text, encoding="utf-8")
        git(self._author, "add", "--all")
        git(self._author, "commit", "--quiet", "--allow-empty", "--message", "change")
        return self._push(branch)

    def propose(self, files: Mapping[str, str | None]) -> str:
        """Propose a change to `main`; returns the merge commit that a host makes to try it."""
        git(self._author, "checkout", "--quiet", "-b", "proposed", "main")
        self.commit(files, "proposed")
        git(self._author, "checkout", "--quiet", "--detach", "main")
        git(self._author, "merge", "--quiet", "--no-ff", "--message", "Merge", "proposed")
        merge = self._push("proposed-merge")
        git(self._author, "checkout", "--quiet", "main")
        return merge

    def rewind(self) -> None:
        """Forget the last commit of `main`, as a forced push does; the host keeps the object."""
        git(self._author, "reset", "--quiet", "--hard", "HEAD~1")

    def checkout(self, revision: str, depth: int | None = 1) -> Path:
        """What a runner's checkout makes of a revision: a detached head, by default without any history."""
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        git(self._folder, "init", "--quiet", str(folder))
        git(folder, "remote", "add", "origin", self.address)
        history = [] if depth is None else [f"--depth={depth}"]
        git(folder, "fetch", "--quiet", "--no-tags", *history, "origin", revision)
        git(folder, "checkout", "--quiet", "--detach", "FETCH_HEAD")
        return folder

    def _push(self, branch: str) -> str:
        git(self._author, "push", "--quiet", "--force", str(self._bare), f"HEAD:refs/heads/{branch}")
        return git(self._author, "rev-parse", "HEAD")
