"""A static web server on loopback, in a process apart: as quick as the kernel, or slow or far as it is told."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO

_PIECE = 1 << 16


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    rate = 0.0
    delay = 0.0

    def setup(self) -> None:
        time.sleep(self.delay)
        super().setup()

    def do_GET(self) -> None:
        time.sleep(self.delay)
        path = Path.cwd() / self.path.lstrip("/")
        size = path.stat().st_size
        first, _, last = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        start, end = int(first), int(last) + 1 if last else size
        with path.open("rb") as file, contextlib.suppress(ConnectionError):
            self.send_response(206 if "Range" in self.headers else 200)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("ETag", f'"{path.name}"')
            self.send_header("Content-Length", str(end - start))
            if "Range" in self.headers:
                self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
            self.end_headers()
            self.wfile.flush()
            if self.rate:
                self._send_slowly(file, start, end)
            else:
                self.connection.sendfile(file, start, end - start)

    def _send_slowly(self, file: IO[bytes], start: int, end: int) -> None:
        began = time.monotonic()
        for place in range(start, end, _PIECE):
            self.connection.sendfile(file, place, min(_PIECE, end - place))
            time.sleep(max(0.0, began + (place + _PIECE - start) / self.rate - time.monotonic()))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Write no log."""


@contextlib.contextmanager
def serving(folder: Path, rate: float = 0, delay: float = 0) -> Iterator[str]:
    """Serve a folder for the length of a block; gives its address.

    Args:
        folder: What to serve.
        rate: Bytes per second of each connection; 0 for no limit.
        delay: Seconds that setting up a connection takes, and each answer.
    """
    program = [sys.executable, "-m", "benchmarks.server", str(folder), str(rate), str(delay)]
    root = Path(__file__).parents[1]
    with subprocess.Popen(program, cwd=root, stdout=subprocess.PIPE, encoding="utf-8") as process:
        try:
            assert process.stdout
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


def main() -> None:
    """Serve the folder that is named first, at the rate and with the delay that follow; prints the port."""
    import os

    os.chdir(sys.argv[1])
    _Handler.rate, _Handler.delay = float(sys.argv[2]), float(sys.argv[3])
    ThreadingHTTPServer.request_queue_size = 64
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
