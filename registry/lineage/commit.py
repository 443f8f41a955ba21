"""The commit that a folder's files are at."""

from __future__ import annotations

import subprocess
from pathlib import Path

_LONGEST_SECONDS = 10.0


def commit_of(folder: Path) -> dict[str, str]:
    """Tags `commit`, and `changed` where tracked files differ from it; none outside a repository or without git."""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and no word of it is foreign
            command, capture_output=True, text=True, timeout=_LONGEST_SECONDS, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return {}
    commit, dirty, _ = done.stdout.strip().partition("-dirty")
    if done.returncode or not commit:
        return {}
    return {"commit": commit, **({"changed": "true"} if dirty else {})}
