"""MLflow's own server as a child of this process, for a database that has no server of its own."""

from __future__ import annotations

import contextlib
import errno
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from registry.errors import RequestError, UnavailableError
from registry.lineage.address import Address
from registry.lineage.failure import without_secrets

_READY = re.compile(r"Uvicorn running on (https?://\S+)")
_LAST_LINES = 20
_LONGEST_END_SECONDS = 10.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Hosts that nobody outside this machine reaches."""


@dataclass(frozen=True)
class Pages:
    """A server that answers.

    Attributes:
        url: Its address.
        process: The child.
    """

    url: str
    process: subprocess.Popen[str]

    def wait(self) -> int:
        """Wait until it ends by itself; its exit code."""
        return self.process.wait()


@contextlib.contextmanager
def serve(address: Address, host: str, port: int, environ: Mapping[str, str]) -> Iterator[Pages]:
    """Serve MLflow's pages on a database, until the block ends.

    Args:
        address: The database.
        host: Interface to listen on; nobody has to log in.
        port: Port to listen on; 0 lets the system choose a free one.
        environ: Environment of the child; the address goes there and not into its command line, which everybody
            on the machine can read.

    Raises:
        RequestError: The port is taken.
        UnavailableError: The server does not start.
    """
    _require_free(host, port)
    command = [sys.executable, "-m", "mlflow", "server", "--host", host, "--port", str(port), "--workers", "1"]
    own = {"MLFLOW_BACKEND_STORE_URI": address.uri, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    if address.artifacts is not None:
        own["MLFLOW_DEFAULT_ARTIFACT_ROOT"] = address.artifacts
    process = subprocess.Popen(  # noqa: S603 - no shell; host and port are arguments of their own
        command,
        env={**environ, **own},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # Ctrl-C is ours to hear: it ends the child quietly, its workers too
    )
    try:
        yield Pages(_ready(process, address), process)
    finally:
        _end(process)


def _require_free(host: str, port: int) -> None:
    """MLflow's server takes many seconds to find out that its port is taken."""
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        socket.create_server((str(place[0]), port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise RequestError(
                f"{host}:{port} is taken by another program", hint="--port chooses another one, 0 a free one"
            ) from None
        # whatever else is wrong with the interface the server tells


def _ready(process: subprocess.Popen[str], address: Address) -> str:
    assert process.stderr is not None  # noqa: S101 - it is piped
    told: list[str] = []
    for line in process.stderr:
        told = [*told, line.strip()][-_LAST_LINES:]
        if found := _READY.search(line):
            # what it says later is nobody's concern, but a full pipe would stop it
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return found[1]
    said = without_secrets(next((line for line in reversed(told) if line), "nothing"), address)
    raise UnavailableError(
        f"{address.shown}: MLflow's server did not start: {said}",
        hint="`mlflow server --backend-store-uri ADDRESS` tells more",
    )


def _end(process: subprocess.Popen[str]) -> None:
    """End the child and whatever it has started."""
    import os
    import signal

    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_LONGEST_END_SECONDS)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
