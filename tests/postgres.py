"""A real PostgreSQL of Debian's, in a folder of its own, reached by a socket in that folder only."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_INSTALLED = Path("/usr/lib/postgresql")
_USER = "postgres"


def programs() -> Path | None:
    """Folder of the programs of the newest version that is installed, or None."""
    found = sorted(_INSTALLED.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def postgres(bin_: Path) -> Iterator[str]:
    """A server with one empty database; gives its address as SQLAlchemy writes it."""
    # not below the test's own folder, which only the user of the tests may enter; the path of a socket is short
    folder = Path(tempfile.mkdtemp(prefix="zoo-pg-"))
    try:
        if os.geteuid() == 0:
            os.chown(folder, pwd.getpwnam(_USER).pw_uid, pwd.getpwnam(_USER).pw_gid)
        data = folder / "data"
        _run(bin_ / "initdb", "-D", data, "-U", "zoo", "--auth=trust", "--no-sync", "-E", "UTF8")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        _run(bin_ / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            _run(bin_ / "createdb", "-h", folder, "-U", "zoo", "mlflow")
            yield f"postgresql+psycopg2://zoo@/mlflow?host={folder}"
        finally:
            _run(bin_ / "pg_ctl", "-D", data, "-w", "-m", "fast", "stop")
    finally:
        shutil.rmtree(folder)


def _run(*command: str | Path) -> None:
    """Run a program of PostgreSQL, which refuses to be run by root."""
    root = os.geteuid() == 0
    subprocess.run(
        [str(word) for word in command],
        check=True,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        user=_USER if root else None,
        group=_USER if root else None,
        extra_groups=[] if root else None,
    )
