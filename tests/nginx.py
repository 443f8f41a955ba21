"""Debian's nginx over a folder, on loopback, with a configuration, a port and temporary folders of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

COMMAND = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        root {root};
    }}
}}
"""


@contextlib.contextmanager
def serving(root: Path, folder: Path) -> Iterator[str]:
    """Serve the files below `root`. Gives the address; the log of requests is `access.log` in `folder`."""
    assert COMMAND
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    configuration = folder / "nginx.conf"
    configuration.write_text(_CONFIGURATION.format(folder=folder, port=port, root=root), encoding="utf-8")
    log = folder / "error.log"
    process = subprocess.Popen([COMMAND, "-c", configuration, "-p", folder, "-e", log], stderr=subprocess.PIPE)
    try:
        while True:
            with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)):
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
                raise AssertionError(f"nginx ended: {log.read_text() if log.exists() else ''}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate()
