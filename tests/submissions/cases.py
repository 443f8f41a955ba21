"""The submissions in these folders, and the repository that each is made to."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from registry.submission.report import EXIT_CODES, Verdict, gravest
from tests.submissions.make import HERE

KINDS = ("accepted", "rejected", "undecided")

SHARED = HERE.parents[1].parent / "shared"
REAL = SHARED / "real"
"""Mirror of the vendors' real files; their bytes are no part of this project."""

REPOSITORY = HERE / "repository"
EXPECTED = "expected.yaml"

_GIT = ("git", "-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false")


@dataclass(frozen=True)
class Case:
    """A submission.

    Attributes:
        folder: What it adds to the repository or puts in its place, with `expected.yaml`.
        about: What it is, or what is wrong with it, in one sentence.
        verdicts: By variant, or by document where no variant of it could be read.
        problems: Every error that is expected: file, rule, pointer and line.
        removes: What it takes away from the repository.
        options: Further words for `zoo check`.
        real: Whether it needs the vendors' real files.
    """

    folder: Path
    about: str
    verdicts: dict[str, Verdict]
    problems: tuple[dict[str, Any], ...] = ()
    removes: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    real: bool = False

    @property
    def name(self) -> str:
        """Kind and folder, such as `rejected/<reason>`."""
        return self.folder.relative_to(HERE).as_posix()

    @property
    def command(self) -> list[str]:
        """Words after `zoo`, to be said in the repository."""
        mirror = ["--mirror", str(REAL)] if self.real else []
        return ["check", "cards", "--against", "HEAD", *mirror, *self.options]

    @property
    def verdict(self) -> Verdict:
        """On all of it: the gravest."""
        return gravest(self.verdicts.values())

    @property
    def exit_code(self) -> int:
        """Of `zoo check`."""
        return EXIT_CODES[self.verdict]

    def submit(self, repository: Path) -> None:
        """Take away from a repository what it takes away, then put its own files there."""
        for name in self.removes:
            (repository / name).unlink()
        hidden = shutil.ignore_patterns(EXPECTED)
        shutil.copytree(self.folder, repository, symlinks=True, dirs_exist_ok=True, ignore=hidden)


def cases(kind: str) -> list[Case]:
    """All submissions of a kind, one of `KINDS`."""
    return [_case(path) for path in sorted((HERE / kind).iterdir())]


def _case(folder: Path) -> Case:
    said: dict[str, Any] = yaml.safe_load((folder / EXPECTED).read_text(encoding="utf-8"))
    lists: dict[str, Any] = {key: tuple(said.pop(key, ())) for key in ("problems", "removes", "options")}
    return Case(folder, **said, **lists)


def found_repository(place: Path) -> Path:
    """Make the repository with everything in its first commit."""
    shutil.copytree(REPOSITORY, place)
    for words in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "Published")):
        subprocess.run([*_GIT, *words], cwd=place, check=True, capture_output=True)
    return place


def rows() -> list[str]:
    """Rows of the README's table: folder, what is in it, verdict."""
    return [f"| `{case.name}` | {case.about} | {case.verdict} |" for kind in KINDS for case in cases(kind)]
