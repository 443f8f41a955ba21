from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from registry.card import Variant
from registry.digest import Digest
from registry.errors import RejectedError, UnavailableError
from registry.obtain import FROM_CACHE, Obtained, Obtainer, OpenUrl
from registry.progress import Silent
from registry.store.base import WHOLE, NotHeldError, Opened, Wanted
from registry.store.cache import Cache
from registry.store.folder import FolderMirror
from tests.unit import builders

MODEL = b"\x1c\x00\x00\x00TFL3" + bytes(600)
DIGEST = Digest.of(MODEL)


class Web:
    """Addresses and what they answer, and which of them were asked for."""

    def __init__(self, **answers: bytes | None) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, url: str, _wanted: Wanted = WHOLE) -> AbstractContextManager[Opened]:
        return self._open(url)

    @contextmanager
    def _open(self, url: str) -> Iterator[Opened]:
        self.asked.append(url)
        answer = self.answers.get(url.rpartition("/")[2])
        if answer is None:
            raise NotHeldError(f"{url}: the server does not have it")
        yield Opened(url, len(answer), iter([answer]))


def mirror(folder: Path, data: bytes | None, digest: Digest = DIGEST) -> FolderMirror:
    folder.mkdir(parents=True, exist_ok=True)
    if data is not None:
        path = folder / digest.blob_path
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    return FolderMirror(folder)


def variant(*, pinned: bool = True, urls: tuple[str, ...] = ("one", "two")) -> Variant:
    sources = [{"url": f"https://example.org/{url}", "kind": "file", "checked": "derived"} for url in urls]
    sources.append({"url": "https://example.org/page", "kind": "page", "checked": "derived"})
    stated = {"size": len(MODEL), "sha256": DIGEST.hex} if pinned else {"size": None, "sha256": "unpinned"}
    return builders.one(artifacts=[builders.artifact(sources=sources, **stated)])


def obtain(
    folder: Path,
    found: Variant,
    mirrors: tuple[FolderMirror, ...] = (),
    open_url: OpenUrl | None = None,
    digest: Digest | None = None,
) -> Obtained:
    artifact = found.artifacts[0]
    obtainer = Obtainer(Cache(folder / "cache"), mirrors, open_url, Silent())
    return obtainer.obtain(found, artifact, artifact.digest or digest)


def test_the_cache_then_mirrors_then_addresses(tmp_path: Path) -> None:
    web = Web(two=MODEL)
    first, second = mirror(tmp_path / "first", None), mirror(tmp_path / "second", MODEL)
    assert obtain(tmp_path, variant(), (first,), web).origin == "https://example.org/two"
    assert web.asked == ["https://example.org/one", "https://example.org/two"]
    assert obtain(tmp_path, variant(), (first, second), web).origin == FROM_CACHE
    assert len(web.asked) == 2


def test_a_mirror_spares_the_network(tmp_path: Path) -> None:
    web = Web(one=MODEL)
    found = obtain(tmp_path, variant(), (mirror(tmp_path / "m", MODEL),), web)
    assert found.origin == str(tmp_path / "m" / DIGEST.blob_path)
    assert (found.size, found.path.read_bytes()) == (len(MODEL), MODEL)
    assert web.asked == []


def test_a_mirror_with_other_bytes_does_not_end_the_search(tmp_path: Path) -> None:
    bad, good = mirror(tmp_path / "bad", MODEL[:-1] + b"x"), mirror(tmp_path / "good", MODEL)
    assert obtain(tmp_path, variant(), (bad, good)).path.read_bytes() == MODEL


def test_wrong_bytes_everywhere_are_a_verdict(tmp_path: Path) -> None:
    bad = mirror(tmp_path / "bad", MODEL[:-1] + b"x")
    with pytest.raises(RejectedError, match="no place gave the right bytes") as caught:
        obtain(tmp_path, variant(), (bad,), Web())
    assert str(DIGEST) in caught.value.message
    assert not list((tmp_path / "cache").rglob("blobs/sha256/*"))


def test_no_answer_is_no_verdict_and_tells_of_every_place(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as caught:
        obtain(tmp_path, variant(), (mirror(tmp_path / "m", None),), Web())
    for place in (str(tmp_path / "m"), "https://example.org/one", "https://example.org/two"):
        assert place in caught.value.message
    assert "https://example.org/page" not in caught.value.message
    assert caught.value.hint


def test_without_the_network_only_local_places_are_asked(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="the network is off"):
        obtain(tmp_path, variant(), (mirror(tmp_path / "m", None),))
    assert obtain(tmp_path, variant(), (mirror(tmp_path / "n", MODEL),)).digest == DIGEST
    assert obtain(tmp_path, variant()).origin == FROM_CACHE


def test_an_unpinned_file_takes_what_comes_and_says_what_it_was(tmp_path: Path) -> None:
    web = Web(one=MODEL)
    for _ in range(2):  # nobody vouches for cached bytes of an unpinned file: it is fetched again
        found = obtain(tmp_path, variant(pinned=False), (mirror(tmp_path / "m", None),), web)
        assert (found.digest, found.origin) == (DIGEST, "https://example.org/one")
    assert len(web.asked) == 2


def test_an_unpinned_file_is_held_to_the_digest_of_the_lock_file(tmp_path: Path) -> None:
    found = variant(pinned=False)
    assert obtain(tmp_path, found, open_url=Web(one=b"x", two=MODEL), digest=DIGEST).digest == DIGEST
    with pytest.raises(RejectedError):
        obtain(tmp_path / "new", found, open_url=Web(one=MODEL[:-1] + b"x"), digest=DIGEST)


def test_damage_in_the_cache_is_mended(tmp_path: Path) -> None:
    source = mirror(tmp_path / "m", MODEL)
    path = obtain(tmp_path, variant(), (source,)).path
    path.chmod(0o644)
    path.write_bytes(b"damage")
    again = obtain(tmp_path, variant(), (source,))
    assert again.origin != FROM_CACHE
    assert again.path.read_bytes() == MODEL


def test_a_cache_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(UnavailableError, match="cannot be written") as caught:
        obtain(tmp_path, variant(), open_url=Web(one=MODEL))
    assert "--cache" in (caught.value.hint or "")
