"""A real MLflow server on loopback with one worker: on SQLite, or on whatever database is named."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


@contextmanager
def mlflow_server(folder: Path, backend: str = "", port: str = "0") -> Iterator[str]:
    """A server process; gives its address. The kernel chooses the port, the server's log says which."""
    with mlflow_process(folder, backend, port) as (address, _):
        yield address


@contextmanager
def mlflow_process(folder: Path, backend: str = "", port: str = "0") -> Iterator[tuple[str, int]]:
    """The same, with the id of its process group, so that a test can kill it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    process = subprocess.Popen(
        [
            *(str(Path(sys.executable).with_name("mlflow")), "server", "--host", "127.0.0.1", "--port", port),
            *("--workers", "1", "--backend-store-uri", backend or f"sqlite:///{folder}/served.db"),
            *("--artifacts-destination", str(folder / "served")),
        ],
        cwd=folder,
        env=kept | _QUIET,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    assert process.stderr is not None
    told: list[str] = []
    for line in process.stderr:
        told.append(line)
        if "Uvicorn running on" in line:
            break
    rest = threading.Thread(target=process.stderr.read)  # or the process would wait with a full pipe
    rest.start()
    try:
        found = re.search(r"Uvicorn running on (http://127\.0\.0\.1:\d+)", told[-1] if told else "")
        assert found, "".join(told)
        yield found[1], process.pid
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        rest.join()
        process.stderr.close()
