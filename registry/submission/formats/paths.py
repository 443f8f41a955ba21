"""Where a file is, as a reader of a report on another machine finds it: from the root of the repository."""

from __future__ import annotations

from pathlib import Path


def repository_root() -> Path:
    """The folder that holds `.git` at or above the working folder; the working folder where there is none."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def from_root(file: str, root: Path) -> str:
    """A path from the root with forward slashes, links followed, as code hosts match it with a repository's files.

    A file outside the root keeps its absolute path, and a name that can be no path stays as it is.
    """
    try:
        path = Path(file).resolve()
    except (OSError, RuntimeError, ValueError):  # a circle of links, a NUL
        return file
    return (path.relative_to(root) if path.is_relative_to(root) else path).as_posix()
