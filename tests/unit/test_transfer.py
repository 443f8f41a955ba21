from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.digest import Digest
from registry.errors import MismatchError, UnavailableError
from registry.progress import Advance, Progress, Silent
from registry.store.base import BrokenOffError, Opened, Source
from registry.store.cache import Cache
from registry.transfer import Expected, receive
from tests.unit.strategies import PROPERTY

MODEL = b"\x1c\x00\x00\x00TFL3" + bytes(2000)


def opened(*chunks: bytes, size: int | None = None) -> Opened:
    return Opened("https://example.org/net", size, iter(chunks))


def source_of(answer: Opened) -> Source:
    """A place that answers everything in the same way."""
    return Source(answer.address, lambda _wanted: nullcontext(answer))


def take(
    folder: Path,
    source: Opened | Source,
    *,
    digest: Digest | None = None,
    size: int | None = None,
    format_: str | None = None,
    progress: Progress | None = None,
) -> tuple[Digest, Path, int]:
    cache = Cache(folder)
    with cache.partial(digest) as partial:
        expected = Expected("net", digest, size, format_)
        place = source if isinstance(source, Source) else source_of(source)
        found = receive(place, cache, partial, expected, progress or Silent(), pause=lambda _: None)
    return found.digest, found.path, found.size


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@PROPERTY
@given(st.lists(st.binary(max_size=700), max_size=6), st.booleans(), st.booleans())
def test_the_right_bytes_come_whole_however_they_are_cut(
    tmp_path: Path, chunks: list[bytes], pinned: bool, stated: bool
) -> None:
    data = b"".join(chunks)
    digest = Digest.of(data) if pinned else None
    source = opened(*chunks, size=len(data) if stated else None)
    found, path, size = take(tmp_path, source, digest=digest, size=len(data) if stated and data else None)
    assert (found, size, path.read_bytes()) == (Digest.of(data), len(data), data)
    assert path == Cache(tmp_path).path(found)
    assert not list((tmp_path / "incoming").iterdir())


@PROPERTY
@given(st.binary(min_size=1, max_size=600), st.binary(max_size=600))
def test_other_bytes_are_never_kept(tmp_path: Path, promised: bytes, sent: bytes) -> None:
    if promised == sent:
        return
    folder = tmp_path / Digest.of(promised + b"|" + sent).hex
    with pytest.raises(MismatchError) as caught:
        take(folder, opened(sent), digest=Digest.of(promised))
    assert caught.value.expected == str(Digest.of(promised))
    assert caught.value.found == str(Digest.of(sent))
    with pytest.raises(MismatchError):
        take(folder, opened(sent), digest=Digest.of(promised), size=len(promised))
    assert kept(folder) == []


def test_a_longer_body_is_cut_off_at_the_promised_size(tmp_path: Path) -> None:
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 1000
            yield bytes(1000)

    with pytest.raises(MismatchError) as caught:
        take(tmp_path, Opened("here", None, endless()), size=5000)
    assert (caught.value.expected, caught.value.found) == ("5000 bytes", "at least 6000 bytes")
    assert read == 6000
    assert kept(tmp_path) == []


def test_a_size_that_is_announced_too_large_is_refused_before_the_body(tmp_path: Path) -> None:
    def body() -> Iterator[bytes]:
        raise AssertionError("nothing is read")
        yield b""  # type: ignore[unreachable]

    with pytest.raises(MismatchError) as caught:
        take(tmp_path, Opened("here", 6, body()), size=5)
    assert caught.value.found == "6 bytes"


def test_a_shorter_body_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MismatchError) as caught:
        take(tmp_path, opened(b"1234"), size=5)
    assert caught.value.found == "4 bytes"
    assert kept(tmp_path) == []


@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize("error", [BrokenOffError("the connection ended early"), KeyboardInterrupt()])
def test_a_body_that_breaks_off_leaves_only_the_part_of_a_pinned_file(
    tmp_path: Path, error: BaseException, pinned: bool
) -> None:
    def body() -> Iterator[bytes]:
        yield MODEL[:900]
        raise error

    digest = Digest.of(MODEL) if pinned else None
    source = Source("here", lambda _wanted: nullcontext(Opened("here", len(MODEL), body())))
    with pytest.raises(type(error)):
        take(tmp_path, source, digest=digest, format_="tflite")
    assert kept(tmp_path) == ([tmp_path / "incoming" / f"{Digest.of(MODEL).hex}.part"] if pinned else [])


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 760904\n"


@pytest.mark.parametrize("format_", ["tflite", "onnx", "keras", "keras-h5", "saved-model", "pytorch", "unknown"])
@pytest.mark.parametrize(
    ("body", "found"),
    [
        (POINTER, "a Git LFS pointer"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"\n  <HTML lang=en>" + bytes(1000), "a web page"),
        (b"<?xml version='1.0'?><Error/>", "a web page"),
    ],
)
def test_what_is_plainly_no_model_is_named(tmp_path: Path, format_: str, body: bytes, found: str) -> None:
    for chunks in ([body], [body[:5], body[5:]], [bytes([byte]) for byte in body]):
        with pytest.raises(MismatchError) as caught:
            take(tmp_path, opened(*chunks), format_=format_)
        assert caught.value.found == found
        assert caught.value.hint
    assert kept(tmp_path) == []


@pytest.mark.parametrize(
    ("format_", "body"),
    [
        ("tflite", MODEL),
        ("onnx", b"\x08\x07\x12\x04test" + bytes(20)),
        ("keras", b"PK\x03\x04" + bytes(20)),
        ("keras-h5", b"\x89HDF\r\n\x1a\n" + bytes(20)),
        ("unknown", b"anything"),
        ("pytorch", b"\x80\x02"),
        (None, b"labels may look like anything"),
    ],
)
def test_first_bytes_that_fit_the_format(tmp_path: Path, format_: str | None, body: bytes) -> None:
    assert take(tmp_path, opened(body), format_=format_)[1].read_bytes() == body


@pytest.mark.parametrize(
    "body", [b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", b"<!DOCTYPE html>\n<p>Sign in</p>"]
)
def test_a_pointer_or_a_page_is_no_file_of_any_role(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(MismatchError, match=r"expected the file itself, found a (Git LFS pointer|web page)"):
        take(tmp_path, opened(body), format_=None)
    assert kept(tmp_path) == []


@pytest.mark.parametrize("format_", ["tflite", "onnx", "keras", "keras-h5"])
@pytest.mark.parametrize("body", [b"\xff" * 1000, b"{'json': 1}", b"\xff", b""])
def test_first_bytes_that_do_not(tmp_path: Path, format_: str, body: bytes) -> None:
    with pytest.raises(MismatchError, match=f"expected a {format_} file"):
        take(tmp_path, opened(body), format_=format_)
    assert kept(tmp_path) == []


@pytest.mark.parametrize("format_", ["saved-model", "pytorch", "unknown"])
def test_an_empty_file_is_no_model_of_any_format(tmp_path: Path, format_: str) -> None:
    with pytest.raises(MismatchError):
        take(tmp_path, opened(), format_=format_)
    assert kept(tmp_path) == []


def test_more_than_the_disk_holds_is_refused_before_the_body(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="not enough space"):
        take(tmp_path, opened(b"data"), size=1 << 60)
    assert kept(tmp_path) == []


class Listener(Silent):
    """Remembers what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int | None]] = []
        self.amount = 0

    def task(
        self, title: str, total: int | None, *, unit: str = "B", done: int = 0
    ) -> AbstractContextManager[Advance]:
        self.heard.append((title, total))
        return self._listening()

    @contextmanager
    def _listening(self) -> Iterator[Advance]:
        def advance(amount: int, /) -> None:
            self.amount += amount

        yield advance


def test_progress_hears_every_byte(tmp_path: Path) -> None:
    listener = Listener()
    source = opened(b"12", b"345", size=5)
    take(tmp_path, source, size=5, progress=listener)
    assert (listener.heard, listener.amount) == ([("net", 5)], 5)
