"""A real OCI registry on loopback, Debian's docker-registry, and a front before it that tests make misbehave."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

USER, PASSWORD = "ann", "pa55-w0rd"
TOKEN = "t0ken-of-the-test"


@contextmanager
def docker_registry(folder: Path, *, htpasswd: str = "") -> Iterator[str]:
    """A registry process; gives its host and port. The kernel chooses the port, the registry's log says which."""
    config: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "info", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
        "http": {"addr": "127.0.0.1:0", "relativeurls": True, "secret": "of the test"},
    }
    if htpasswd:
        (folder / "htpasswd").write_text(htpasswd)
        config["auth"] = {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    process = subprocess.Popen(
        ["docker-registry", "serve", str(folder / "config.yml")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stderr is not None
    told: list[str] = []
    for line in process.stderr:
        told.append(line)
        if "listening on" in line:
            break
    rest = threading.Thread(target=process.stderr.read)  # or the process would wait with a full pipe
    rest.start()
    try:
        assert "listening on" in told[-1], "".join(told)
        yield told[-1].partition("listening on ")[2].split('"')[0].split(",")[0].strip()
    finally:
        process.terminate()
        process.wait()
        rest.join()
        process.stderr.close()


@dataclass
class Request:
    """A request on its way to the registry.

    Attributes:
        method: GET, PUT, ...
        path: Path and query.
        headers: Header fields.
        body: The body.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """What is sent back.

    Attributes:
        status: HTTP status; 0 loses the connection before any answer.
        headers: Header fields; Content-Length is added.
        body: The body.
        length: Content-Length where it differs from the body's.
        cut_after: Bytes of the body after which the connection is reset; None sends the whole.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    length: int | None = None
    cut_after: int | None = None


LOST = Answer(0)

Rule = Callable[[Request], Answer | None]
"""Looks at a request; an answer of its own goes back, None passes the request on."""


class Front:
    """A proxy before a registry. Every rule is asked in turn; what none answers goes on to the registry.

    Attributes:
        rules: What a test has to say to requests.
        seen: Requests as they came.
        failures: What went wrong in the proxy itself.
    """

    def __init__(self, registry: str) -> None:
        self.registry = registry
        self.rules: list[Rule] = []
        self.seen: list[Request] = []
        self.failures: list[BaseException] = []
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def host(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Front:
        """Start to answer."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End with all threads."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def pass_on(self, request: Request) -> Answer:
        """What the registry itself answers."""
        connection = http.client.HTTPConnection(self.registry)
        try:
            connection.request(request.method, request.path, request.body or None, request.headers)
            response = connection.getresponse()
            headers = {name: value for name, value in response.getheaders() if name.lower() not in _OWN}
            length = response.getheader("Content-Length")
            try:
                body = response.read()
            except http.client.IncompleteRead as error:  # docker-registry states a length for an empty 416
                body = error.partial
            return Answer(response.status, headers, body, int(length) if length else None)
        finally:
            connection.close()

    def cut_upload(self, request: Request, count: int) -> None:
        """Give the registry only the first bytes of a chunk, then lose the connection; wait until it noticed."""
        with socket.create_connection(_place(self.registry)) as connection:
            lines = [f"{request.method} {request.path} HTTP/1.1"]
            lines += [f"{name}: {value}" for name, value in request.headers.items()]
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + request.body[:count])
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

    def answer(self, request: Request) -> Answer:
        """Ask the rules, then the registry."""
        self.seen.append(request)
        for rule in self.rules:
            if (answer := rule(request)) is not None:
                return answer
        return self.pass_on(request)


_OWN = ("content-length", "transfer-encoding", "connection", "date")


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def __init__(self, front: Front) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.front = front


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def serve(self) -> None:
        """Read a request, and send what the front says."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        # Host stays: the registry makes addresses of the host that it is asked by
        names = {name for name in self.headers if name.lower() != "connection"}
        headers = {name: ", ".join(self.headers.get_all(name, [])) for name in names}
        try:
            self.send(self.server.front.answer(Request(self.command, self.path, headers, body)))
        except ConnectionError:  # the client went away, as clients do
            return
        except BaseException as error:
            self.server.front.failures.append(error)
            raise

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = serve  # noqa: N815 - names of the base class

    def send(self, answer: Answer) -> None:
        """Send an answer, or the beginning of one."""
        if not answer.status:
            self._reset()
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        length = len(answer.body) if answer.length is None else answer.length
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if answer.cut_after is not None:
            self.wfile.write(answer.body[: answer.cut_after])
            self.wfile.flush()
            self._reset()
        elif self.command != "HEAD":
            self.wfile.write(answer.body)

    def _reset(self) -> None:
        """Have the connection end without a goodbye."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def _place(host: str) -> tuple[str, int]:
    name, _, port = host.rpartition(":")
    return name, int(port)


class TokenServer:
    """A rule that keeps the registry behind tokens, as the distribution project describes them.

    Attributes:
        scopes: Scopes that tokens were given for.
        lifetime: Requests that a token is good for; None for any number.
        realm: Where tokens are given; the front itself when empty.
        refresh: The identity token that is taken in place of a password.
    """

    def __init__(self, front: Front) -> None:
        self._front = front
        self._tokens: dict[str, tuple[str, int]] = {}
        self.scopes: list[str] = []
        self.lifetime: int | None = None
        self.realm = ""
        self.refresh = ""

    def __call__(self, request: Request) -> Answer | None:
        """Give a token, or look at the one that came."""
        path = urlsplit(request.path).path
        if path == "/token":
            return self.give(request)
        write = request.method not in ("GET", "HEAD")
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        scope, used = self._tokens.get(given, ("", 0))
        self._tokens[given] = (scope, used + 1)
        fresh = self.lifetime is None or used < self.lifetime
        if fresh and scope.endswith(":pull,push" if write else (":pull", ":pull,push")):
            request.headers.pop("Authorization")
            return None
        repository = path.removeprefix("/v2/").partition("/manifests/")[0].partition("/blobs/")[0]
        repository = repository.partition("/tags/")[0].partition("/referrers/")[0]
        scope = f"repository:{repository}:{'pull,push' if write else 'pull'}"
        realm = self.realm or f"http://{self._front.host}/token"
        challenge = f'Bearer realm="{realm}",service="test",scope="{scope}"'
        return Answer(401, {"WWW-Authenticate": challenge}, b'{"errors":[{"code":"UNAUTHORIZED"}]}')

    def give(self, request: Request) -> Answer:
        """A token for who proves to be the user."""
        if request.method == "POST":
            asked = parse_qs(request.body.decode())
            known = bool(self.refresh) and asked.get("refresh_token") == [self.refresh]
        else:
            asked = parse_qs(urlsplit(request.path).query)
            known = request.headers.get("Authorization") == f"Basic {basic(USER, PASSWORD)}"
        if not known:
            return Answer(401, {}, b"{}")
        (scope,) = asked["scope"]
        self.scopes.append(scope)
        token = f"{TOKEN}-{len(self.scopes)}"
        self._tokens[token] = (scope, 0)
        return Answer(200, {"Content-Type": "application/json"}, json.dumps({"token": token}).encode())


def basic(user: str, password: str) -> str:
    """User and password as login files and headers have them."""
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def login_file(path: Path, host: str, user: str = USER, password: str = PASSWORD, **more: Any) -> Path:
    """A file as `docker login` writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    entry = {"auth": basic(user, password), **more}
    path.write_text(json.dumps({"auths": {host: entry}}))
    return path
