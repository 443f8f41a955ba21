"""What changed against a revision of a git repository, and what stood there. Nothing is checked out."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from registry.consistency import SUFFIXES
from registry.errors import RequestError, UnavailableError

_LONGEST_SECONDS = 60.0
# a configured textconv or diff driver would run a program on a stranger's file
_GIT = ("git", "--no-optional-locks", "--literal-pathspecs", "-c", "core.quotePath=false")
_CHANGED = ("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules")


class Revision:
    """A commit to compare with: where the branch at hand left the one that is named.

    Attributes:
        words: The revision in the user's words.
        commit: The commit compared with.
        top: Root of the working tree.
    """

    def __init__(self, folder: Path, words: str) -> None:
        """Find the commit.

        Args:
            folder: A folder of the working tree.
            words: A revision as git takes it, such as `origin/main`.

        Raises:
            RequestError: No repository, or no such revision.
            UnavailableError: Git is missing, or the history here is too short to tell.
        """
        self.words = words
        self._folder = folder
        found = self._ask("rev-parse", "--show-toplevel")
        if found is None:
            raise RequestError(
                f"{folder} is in no git repository, so nothing can be compared with {words!r}",
                hint="leave --against out, or run it in a clone",
            )
        self.top = Path(os.fsdecode(found.rstrip(b"\n")))
        named = self._ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{words}^{{commit}}")
        if named is None:
            raise RequestError(
                f"{self.top} has no revision {words!r}",
                hint="`git fetch` it first; a checkout in CI needs its history (fetch-depth: 0)",
            )
        # what the other branch did since is not of this submission
        base = self._ask("merge-base", named.decode().strip(), "HEAD")
        if base is None:
            raise UnavailableError(
                f"{words!r} and HEAD have no common commit here, so what changed between them cannot be told",
                hint="fetch more of the history: `git fetch --unshallow`, or fetch-depth: 0 in CI",
            )
        self.commit = base.decode().strip()

    def changed(self, places: Iterable[Path], *, untracked: bool = True) -> list[Path]:
        """Files at or below places that are not as they were, the removed ones too; their folders are resolved.

        Args:
            places: Files and folders of the working tree.
            untracked: Whether files count that no commit has, and that are not ignored.

        Raises:
            UnavailableError: Git cannot tell.
        """
        paths = [str(place) for place in places]
        commands = [(*_CHANGED, self.commit, "--", *paths)]
        if untracked:
            commands.append(("ls-files", "--others", "--exclude-standard", "--full-name", "-z", "--", *paths))
        names = {name for command in commands for name in self._answer(*command).split(b"\0") if name}
        return sorted(self.top / os.fsdecode(name) for name in names)

    def contents(self, paths: Sequence[Path]) -> list[bytes | None]:
        """What files had at the revision; None for those that were not there.

        Args:
            paths: Resolved, below `top`.

        Raises:
            UnavailableError: Git cannot tell.
        """
        # a line a name; git before 2.38 knows no other end
        names = [f"{self.commit}:{path.relative_to(self.top).as_posix()}" for path in paths]
        asked = [name for name in names if "\n" not in name]
        if not asked:
            return [None] * len(names)
        answer = self._answer("cat-file", "--batch", given=b"".join(os.fsencode(name) + b"\n" for name in asked))
        known = dict(zip(asked, _unpacked(answer, len(asked)), strict=True))
        return [known.get(name) for name in names]

    def _answer(self, *arguments: str, given: bytes = b"") -> bytes:
        answer = self._ask(*arguments, given=given)
        if answer is None:
            raise UnavailableError(
                f"git {arguments[0]} failed in {self.top}", hint="run `git status` there and see what it says"
            )
        return answer

    def _ask(self, *arguments: str, given: bytes = b"") -> bytes | None:
        """What git answers; None when it says no."""
        command = [*_GIT, "-C", str(self._folder), *arguments]
        try:
            done = subprocess.run(  # noqa: S603 - no shell, and options end before a foreign word
                command, input=given, capture_output=True, timeout=_LONGEST_SECONDS, check=False
            )
        except FileNotFoundError:
            raise UnavailableError(
                "git is not installed, so nothing can be compared", hint="install git, or leave --against out"
            ) from None
        except subprocess.TimeoutExpired:
            raise UnavailableError(f"git {arguments[0]} did not answer in {_LONGEST_SECONDS:g} s") from None
        return done.stdout if done.returncode == 0 else None


def _unpacked(answer: bytes, count: int) -> list[bytes | None]:
    """Objects of `git cat-file --batch`: a line `ID TYPE SIZE`, the bytes and a newline, or `NAME missing`."""
    found: list[bytes | None] = []
    at = 0
    for _ in range(count):
        end = answer.index(b"\n", at)
        words = answer[at:end].rsplit(b" ", 2)
        at = end + 1
        if len(words) == 3 and words[2].isdigit() and words[1] in (b"blob", b"tree", b"commit", b"tag"):
            size = int(words[2])
            found.append(answer[at : at + size] if words[1] == b"blob" else None)
            at += size + 1
        else:
            found.append(None)
    return found


def touched(documents: Sequence[Path], changed: Sequence[Path]) -> list[Path]:
    """Documents that a change concerns: they changed or are gone, a blob that they name did, or they are links now.

    Args:
        documents: As the user named them.
        changed: Paths of all that changed, their folders resolved.
    """
    paths = set(changed)
    blobs = [path.name.encode() for path in changed if path.parent.parts[-2:] == ("blobs", "sha256")]
    found = [path for path in documents if located(path) in paths or (blobs and _names(path, blobs))]
    others = [
        Path(os.path.relpath(path))
        for path in changed
        if path.is_symlink() or (path.suffix in SUFFIXES and not os.path.lexists(path))
    ]
    known = {located(path) for path in found}
    return [*found, *(path for path in others if located(path) not in known)]


def located(path: Path) -> Path:
    """Where a file itself lies: its folder's links are followed, and a link that it is itself is not."""
    return path.parent.resolve() / path.name


def _names(document: Path, blobs: Sequence[bytes]) -> bool:
    try:
        text = document.read_bytes()
    except OSError:  # it is told of where the document is read
        return True
    return any(blob in text for blob in blobs)
