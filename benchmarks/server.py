"""A quick static web server on loopback, in a process of its own: the kernel copies files into the socket."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = Path.cwd() / self.path.lstrip("/")
        with path.open("rb") as file:
            self.send_response(200)
            self.send_header("Content-Length", str(path.stat().st_size))
            self.end_headers()
            self.wfile.flush()
            self.connection.sendfile(file)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Write no log."""


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder for the length of a block; gives its address."""
    program = [sys.executable, "-m", "benchmarks.server", str(folder)]
    root = Path(__file__).parents[1]
    with subprocess.Popen(program, cwd=root, stdout=subprocess.PIPE, encoding="utf-8") as process:
        try:
            assert process.stdout
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def main() -> None:
    """Serve the folder that is named first; prints the port."""
    import os

    os.chdir(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
