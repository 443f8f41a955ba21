"""Other programs that fetch a file: the standard library, pooch and awscli, these two in an environment apart."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.setting import Setting

REQUIREMENTS = ("awscli<2", "pooch", "moto[server]")
"""From the package index, into an environment below the work folder; the project itself needs none of them."""

STDLIB = """
import hashlib, os, sys, urllib.request
sha = hashlib.sha256()
with urllib.request.urlopen(sys.argv[1]) as answer, open(sys.argv[2], "wb") as file:
    while chunk := answer.read(1 << 20):
        sha.update(chunk)
        file.write(chunk)
    if sys.argv[3:] == ["synced"]:
        file.flush()
        os.fsync(file.fileno())
print(sha.hexdigest())
"""

POOCH = """
import pathlib, sys, pooch
target = pathlib.Path(sys.argv[2])
pooch.retrieve(sys.argv[1], known_hash="sha256:" + sys.argv[3], fname=target.name, path=target.parent)
"""

ONE_BY_ONE = "from registry import together; together.AT_ONCE = 1; from cli.main import run; run()"
"""`zoo` itself, with one transfer at a time."""

BUCKET = "models"


def installed(setting: Setting) -> Path | None:
    """Programs of the peers' environment, made when it is not there; None where they cannot be installed."""
    folder = setting.work / "peers"
    programs = folder / "bin"
    if not (programs / "moto_server").exists():
        setting.say(f"installing {', '.join(REQUIREMENTS)} for comparison")
        commands = [
            [sys.executable, "-m", "venv", str(folder)],
            [str(programs / "pip"), "install", "--quiet", *REQUIREMENTS],
        ]
        if any(subprocess.run(command, check=False, capture_output=True).returncode for command in commands):
            return None
    return programs


@contextlib.contextmanager
def bucket(programs: Path, folder: Path) -> Iterator[str]:
    """A simulated S3 with a folder's files in a bucket, for the length of a block; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    arguments = [str(programs / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            aws = [str(programs / "aws"), "--endpoint-url", url, "s3"]
            for command in (["mb", f"s3://{BUCKET}"], ["cp", "--recursive", str(folder), f"s3://{BUCKET}"]):
                subprocess.run([*aws, *command], check=True, capture_output=True, env={**os.environ, **ACCESS})
            yield url
        finally:
            process.terminate()


ACCESS = {
    "AWS_ACCESS_KEY_ID": "benchmark",
    "AWS_SECRET_ACCESS_KEY": "benchmark",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""What the simulated S3 takes from anybody."""


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
