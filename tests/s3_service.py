"""moto's S3 server on loopback, with a front that goes wrong in the ways that real services and networks do.

moto's own check of a condition and the write that follows it can be torn apart by another thread, which those of S3
cannot: so the front lets one request in at a time.
"""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

Environ = dict[str, Any]
Answer = tuple[str, list[tuple[str, str]], bytes]
"""Status line, headers, body; the front sends just this, even where the length is another."""

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI-secret"

_numbers = itertools.count(1)


@dataclass
class Request:
    """A request as it came.

    Attributes:
        environ: As WSGI has it; a test may change it before moto sees it.
        number: Counts all requests from 1.
    """

    environ: Environ
    number: int

    @property
    def method(self) -> str:
        """Such as `PUT`."""
        return str(self.environ["REQUEST_METHOD"])

    @property
    def path(self) -> str:
        """With the bucket in front."""
        return str(self.environ["PATH_INFO"])

    def header(self, name: str) -> str | None:
        """A header's value."""
        return self.environ.get("HTTP_" + name.upper().replace("-", "_"))


def pass_on(_request: Request) -> Answer | None:
    """Leave a request to moto."""
    return None


@dataclass
class S3Service:
    """The server, and a bucket of its own.

    Attributes:
        before: Sees every request before moto, and may answer it.
        after: Sees every request with moto's answer, and may give another.
        requests: What came.
        bucket: Name of the bucket.
    """

    before: Callable[[Request], Answer | None] = pass_on
    after: Callable[[Request, Answer], Answer] = lambda _request, answer: answer
    requests: list[Request] = field(default_factory=list)
    bucket: str = field(default_factory=lambda: f"bucket-{next(_numbers)}")

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Silent)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self.failures: list[Exception] = []

    def __enter__(self) -> S3Service:
        """Start to answer, and make the bucket."""
        self._thread.start()
        self.client = self.connect()
        self.client.create_bucket(Bucket=self.bucket)
        self.requests.clear()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the server's end."""
        self.client.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The endpoint."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def variables(self) -> dict[str, str]:
        """What a user's environment holds to reach the server."""
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def connect(self) -> Any:
        """A foreign client."""
        return _session().client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
        )

    def set_clock(self, date: str) -> None:
        """Let the server say this date with every answer."""
        setattr(self._server, "date", date)  # noqa: B010 - no attribute of its own

    def objects(self, prefix: str = "") -> dict[str, bytes]:
        """Everything in the bucket, or below a prefix, by key; not counted among the requests."""
        seen = len(self.requests)
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
        found = {key: self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in keys}
        del self.requests[seen:]
        return found

    def uploads(self) -> list[str]:
        """Keys of multipart uploads that are neither completed nor aborted."""
        answer = self.client.list_multipart_uploads(Bucket=self.bucket)
        return [item["Key"] for item in answer.get("Uploads", ())]

    def _answer(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        with self._lock:
            request = Request(environ, len(self.requests) + 1)
            self.requests.append(request)
            try:
                status, headers, body = self.before(request) or self.after(request, _by_moto(environ))
            except Exception as error:
                self.failures.append(error)
                raise
        start_response(status, headers)
        return [body]


@functools.cache
def _session() -> Any:
    """What all foreign clients share: it has read botocore's description of S3."""
    import boto3

    return boto3.Session()


class _Silent(MotoRequestHandler):  # type: ignore[misc] # moto is not followed
    def log(self, *_arguments: object) -> None:
        """Write no log."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The server's clock, which a test may put wrong."""
        return getattr(self.server, "date", None) or str(super().date_time_string(timestamp))


def error(status: str, code: str) -> Answer:
    """How S3 tells an error."""
    body = f"<Error><Code>{code}</Code><Message>no {SECRET}</Message></Error>".encode()
    return status, [("Content-Length", str(len(body))), ("Content-Type", "application/xml")], body


def without_conditions(request: Request) -> None:
    """What a service does that has never heard of conditional writes."""
    if request.method == "PUT":
        request.environ.pop("HTTP_IF_MATCH", None)
        request.environ.pop("HTTP_IF_NONE_MATCH", None)


_moto = DomainDispatcherApplication(create_backend_app)


def _by_moto(environ: Environ) -> Answer:
    said: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], _error: object = None) -> Callable[[bytes], None]:
        said[:] = [status, headers]
        return lambda _data: None

    body = b"".join(_moto(environ, start))
    return said[0], said[1], body
