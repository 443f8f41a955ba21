"""What this user may do with files and folders, by asking the system and without trying it."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path


def nearest(path: Path) -> Path:
    """A path, or what is there of the folders above it."""
    return next(one for one in (path.absolute(), *path.absolute().parents) if os.path.lexists(one))


def can_write(folder: Path) -> bool:
    """Whether files can be made in a folder, or the folder itself where it is missing."""
    place = nearest(folder)
    return place.is_dir() and os.access(place, os.W_OK | os.X_OK)


def user() -> str:
    """Name of the user of this process."""
    return _name(os.getuid()) if hasattr(os, "getuid") else "this user"


def is_mine(folder: Path) -> bool:
    """Whether a folder belongs to the user of this process; so it is taken where the system knows no such thing."""
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()


def owner_and_mode(folder: Path) -> str:
    """Whose a folder is and what others may do there, such as `root's, mode 0755`."""
    status = folder.stat()
    return f"{_name(status.st_uid)}'s, mode {stat.S_IMODE(status.st_mode):04o}"


def taking(folder: Path) -> str:
    """The command that gives this user every right in a folder."""
    quoted = shlex.quote(str(folder))
    return f"chmod -R u+rwX {quoted}" if is_mine(folder) else f'sudo chown -R "$(id -u)" {quoted}'


def _name(number: int) -> str:
    """Name of a user, where the system knows it."""
    try:
        import pwd

        return pwd.getpwuid(number).pw_name
    except (ImportError, KeyError):
        return f"user {number}"
