"""A note beside a verified blob: size, time of change and inode at the moment when its bytes were hashed.

While they are the same, a routine pull trusts the blob without reading it. `zoo verify` never does. The count of
hard links changes a file's status time, so that one is not part of a stamp.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from registry.digest import Digest


def stamp_path(cache: Path, digest: Digest) -> Path:
    """Where the stamp of a blob lies."""
    return cache / "stamps" / digest.hex


def is_unchanged(cache: Path, digest: Digest, blob: Path) -> bool:
    """Whether a blob is the file that was hashed; False when it cannot be told."""
    try:
        return stamp_path(cache, digest).read_text(encoding="ascii") == _stamp(blob)
    except (OSError, UnicodeDecodeError):
        return False


def record(cache: Path, digest: Digest, blob: Path) -> None:
    """Note that a blob's bytes were just hashed and are right. A cache that cannot be written does without."""
    path = stamp_path(cache, digest)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        temporary.write_text(_stamp(blob), encoding="ascii")
        temporary.replace(path)


def remove(cache: Path, digest: Digest) -> None:
    """Forget a stamp."""
    with contextlib.suppress(OSError):
        stamp_path(cache, digest).unlink()


def _stamp(blob: Path) -> str:
    status = blob.stat()
    return f"{status.st_size} {status.st_mtime_ns} {status.st_ino}"
