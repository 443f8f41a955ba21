"""A real web server on loopback whose answers go wrong in the ways that real servers do."""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from registry.digest import Digest

Answer = Callable[["Exchange", int], None]
"""Answers a request; the number counts the requests of its path, from 1."""


class Exchange:
    """One request and what is sent in return."""

    def __init__(self, handler: BaseHTTPRequestHandler, count: Callable[[int], None]) -> None:
        self._handler = handler
        self._count = count
        self.headers: Mapping[str, str] = dict(handler.headers.items())

    def head(self, status: int, headers: Mapping[str, str | int], reason: str | None = None) -> None:
        """Send the status line and the headers."""
        self._handler.send_response(status, reason)
        for name, value in headers.items():
            self._handler.send_header(name, str(value))
        self._handler.end_headers()

    def send(self, data: bytes) -> None:
        """Send a part of the body."""
        self._count(len(data))  # before the client can have it
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def close(self, *, reset: bool = False) -> None:
        """End the connection after this answer; a reset does not even say goodbye."""
        self._handler.close_connection = True
        if reset:
            at_once = struct.pack("ii", 1, 0)
            self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)


class Gate:
    """Where answers wait in the middle, so that a test acts while they do."""

    def __init__(self) -> None:
        self._opened = threading.Event()
        self._arrived = threading.Semaphore(0)

    def wait(self) -> None:
        """Report the arrival, then wait until the gate is opened."""
        self._arrived.release()
        self._opened.wait()

    @property
    def opened(self) -> bool:
        """Whether nobody waits here any more."""
        return self._opened.is_set()

    def expect(self, alive: Callable[[], bool]) -> None:
        """Return once one more answer waits here.

        Raises:
            AssertionError: `alive` turned false before: nobody will come any more.
        """
        while not self._arrived.acquire(timeout=0.02):
            assert alive(), "the command ended before its request came"

    def open(self) -> None:
        """Let everybody go on."""
        self._opened.set()


class Simulator:
    """The server: paths, their answers, and what was asked of them."""

    def __init__(self, secure: ssl.SSLContext | None = None) -> None:
        """Make it, listening already; with a certificate it speaks https."""
        self._scheme = "https" if secure else "http"
        self._answers: dict[str, Answer] = {}
        self._gates: list[Gate] = []
        self._counts: Counter[str] = Counter()
        self._bytes: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.failures: list[BaseException] = []
        self.headers: list[Mapping[str, str]] = []
        self.connections = 0
        self._server = _Server(self)
        if secure:
            self._server.socket = secure.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Simulator:
        """Start to answer."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let every held answer go, and wait for all threads."""
        for gate in self._gates:
            gate.open()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def place(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """Address of the server, a mirror in itself."""
        return f"{self._scheme}://{self.place}"

    def gate(self) -> Gate:
        """A gate that is opened at the end at the latest."""
        self._gates.append(Gate())
        return self._gates[-1]

    def route(self, path: str, answer: Answer) -> str:
        """Answer a path so; returns its whole address."""
        self._answers[path] = answer
        return self.url + path

    def blob(self, data: bytes, answer: Answer | None = None) -> str:
        """Answer where a mirror holds these bytes; with the bytes, unless told otherwise."""
        return self.route(f"/{Digest.of(data).blob_path}", answer or whole(data))

    def count(self, path_or_url: str | None = None) -> int:
        """Requests of one path, or of all."""
        with self._lock:
            if path_or_url is None:
                return self._counts.total()
            return self._counts[urlsplit(path_or_url).path]

    def served(self, url: str) -> int:
        """Bytes of bodies that were sent for one path."""
        with self._lock:
            return self._bytes[urlsplit(url).path]

    def answer(self, path: str, exchange: Exchange) -> None:
        """Answer one request."""
        with self._lock:
            self._counts[path] += 1
            number = self._counts[path]
            self.headers.append(exchange.headers)
        self._answers.get(path, status(404))(exchange, number)

    def count_bytes(self, path: str, amount: int) -> None:
        """Note a part of a body that is about to be sent."""
        with self._lock:
            self._bytes[path] += amount


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        path, simulator = urlsplit(self.path).path, self.server.simulator
        simulator.answer(path, Exchange(self, functools.partial(simulator.count_bytes, path)))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        """Write no log."""


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing waits for them

    def __init__(self, simulator: Simulator) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.simulator = simulator
        self._open: list[socket.socket] = []

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Count the connection; take every one."""
        self.simulator.connections += 1
        self._open.append(request)
        return True

    def server_close(self) -> None:
        """End connections that clients keep open, then wait for the threads."""
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep what went wrong here; a client that hangs up is part of the play."""
        import sys

        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, ConnectionError):
            self.simulator.failures.append(error)


def whole(data: bytes, **headers: str) -> Answer:
    """The bytes, as they should come."""

    def answer(exchange: Exchange, _number: int) -> None:
        exchange.head(200, {"Content-Length": len(data), **headers})
        exchange.send(data)

    return answer


def ranged(
    data: bytes,
    *,
    etag: str | None = '"one"',
    checks: bool = True,
    cut: int | None = None,
    reset: bool = False,
    gate: Gate | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """The part that was asked for, else the whole.

    Args:
        data: The whole.
        etag: Its validator.
        checks: Whether a condition is looked at, as it should be.
        cut: Bytes of this answer's body after which the connection ends, or waits at the gate.
        reset: Whether it ends without a goodbye.
        gate: Where to wait at the cut; then the rest is sent.
        headers: In place of the right ones, such as a wrong `Content-Range`.
    """

    def answer(exchange: Exchange, _number: int) -> None:
        start, end = _asked(exchange.headers, len(data), etag if checks else None)
        stated: dict[str, str | int] = {"Accept-Ranges": "bytes"}
        if etag:
            stated["ETag"] = etag
        if start >= len(data) > 0:
            exchange.head(416, {**stated, "Content-Range": f"bytes */{len(data)}", "Content-Length": 0})
            return
        code = 206 if "Range" in exchange.headers and (start or end < len(data)) else 200
        if code == 206:
            stated |= {"Content-Range": f"bytes {start}-{end - 1}/{len(data)}", **(headers or {})}
        exchange.head(code, {**stated, "Content-Length": end - start})
        body = data[start:end]
        if cut is None or cut >= len(body):
            exchange.send(body)
            return
        exchange.send(body[:cut])
        if gate is None:
            exchange.close(reset=reset)
        else:
            gate.wait()
            exchange.send(body[cut:])

    return answer


def _asked(headers: Mapping[str, str], size: int, etag: str | None) -> tuple[int, int]:
    if "Range" not in headers or (etag and headers.get("If-Range", etag) != etag):
        return 0, size
    first, _, last = headers["Range"].removeprefix("bytes=").partition("-")
    return int(first), min(size, int(last) + 1) if last else size


def one_after_another(*answers: Answer) -> Answer:
    """Each answer once, then the last one for ever."""

    def answer(exchange: Exchange, number: int) -> None:
        answers[min(number, len(answers)) - 1](exchange, number)

    return answer


def lfs_pointer(data: bytes) -> Answer:
    """What Git LFS keeps in place of the bytes."""
    digest = Digest.of(data)
    text = f"version https://git-lfs.github.com/spec/v1\noid {digest}\nsize {len(data)}\n"
    return whole(text.encode())


def page(*, size: int = 0) -> Answer:
    """A page with status 200, as a login gives it; padded with blanks to a size."""
    text = b"\n<!DOCTYPE html>\n<html><body>Please sign in.</body></html>\n"
    return whole(text.ljust(size), **{"Content-Type": "text/html"})


def short(data: bytes, sent: int) -> Answer:
    """Promises the whole, sends a part and closes."""

    def answer(exchange: Exchange, _number: int) -> None:
        exchange.head(200, {"Content-Length": len(data)})
        exchange.send(data[:sent])
        exchange.close()

    return answer


def dropped(data: bytes, sent: int, *, length: bool = True) -> Answer:
    """Sends a part and resets the connection, with or without having stated the length."""

    def answer(exchange: Exchange, _number: int) -> None:
        if length:
            exchange.head(200, {"Content-Length": len(data)})
            exchange.send(data[:sent])
        else:
            exchange.head(200, {"Transfer-Encoding": "chunked"})
            exchange.send(_chunk(data[:sent]))
        exchange.close(reset=True)

    return answer


def held(data: bytes, sent: int, gate: Gate) -> Answer:
    """Sends a part, waits at the gate, then sends the rest."""

    def answer(exchange: Exchange, _number: int) -> None:
        exchange.head(200, {"Content-Length": len(data)})
        exchange.send(data[:sent])
        gate.wait()
        exchange.send(data[sent:])

    return answer


def chunked(data: bytes, *, ended: bool = True) -> Answer:
    """The bytes without their length; without the last, empty chunk unless `ended`."""

    def answer(exchange: Exchange, _number: int) -> None:
        exchange.head(200, {"Transfer-Encoding": "chunked"})
        for start in range(0, len(data), 1 << 16):
            exchange.send(_chunk(data[start : start + (1 << 16)]))
        if ended:
            exchange.send(b"0\r\n\r\n")
        else:
            exchange.close()

    return answer


def overlong(data: bytes, promised: int) -> Answer:
    """Sends more than it promises."""

    def answer(exchange: Exchange, _number: int) -> None:
        exchange.head(200, {"Content-Length": promised})
        exchange.send(data)
        exchange.close()

    return answer


def redirect(location: str, code: int = 302) -> Answer:
    """Leads elsewhere."""

    def answer(exchange: Exchange, _number: int) -> None:
        exchange.head(code, {"Location": location, "Content-Length": 0})

    return answer


def status(code: int, *, reason: str | None = None, **headers: str) -> Answer:
    """An empty answer with a status."""

    def answer(exchange: Exchange, _number: int) -> None:
        exchange.head(code, {"Content-Length": 0, **headers}, reason)

    return answer


def at_first(failures: int, bad: Answer, good: Answer) -> Answer:
    """One answer for the first requests of the path, another from then on."""

    def answer(exchange: Exchange, number: int) -> None:
        (bad if number <= failures else good)(exchange, number)

    return answer


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
