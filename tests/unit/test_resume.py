"""Transfers that break off, over real connections: what is kept, what is asked for again, what is thrown away."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.digest import Digest
from registry.errors import MismatchError, UnavailableError
from registry.progress import Silent
from registry.ranges import Pace
from registry.store.base import BrokenOffError, Source, Wanted
from registry.store.cache import Cache
from registry.store.folder import FolderMirror
from registry.store.web import open_url
from registry.transfer import TRIES, Expected, Received, receive
from tests import simulator as web
from tests.simulator import Answer, Simulator
from tests.unit.strategies import PROPERTY

DATA = random.Random(5).randbytes(4000)
DIGEST = Digest.of(DATA)
HALF = len(DATA) // 2


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running
    assert running.failures == []


class Try:
    """One file on a server and one cache, pulled as often as a test likes."""

    def __init__(self, folder: Path, server: Simulator, answer: Answer, data: bytes = DATA) -> None:
        self.cache, self.server, self.data, self.digest = Cache(folder), server, data, Digest.of(data)
        path = "/" + Digest.of(str(folder).encode()).hex
        self.url = server.route(path, answer)
        self.part = folder / "incoming" / f"{self.digest.hex}.part"
        self.pauses: list[float] = []
        self.first_header = len(server.headers)

    def pull(self, *, size: bool = True, silence: float = 60, pace: Pace | None = None) -> Received:
        expected = Expected("net", self.digest, len(self.data) if size else None, None)
        source = Source(self.url, functools.partial(open_url, self.url, silence=silence))
        with self.cache.partial(self.digest) as partial:
            got = receive(
                source,
                self.cache,
                partial,
                expected,
                Silent(),
                pause=self.pauses.append,
                pace=pace or Pace(after=1e9),
            )
        assert got.path.read_bytes() == self.data
        assert not list(self.part.parent.iterdir())
        return got

    def leave(self, part: bytes, etag: str | None = None) -> None:
        """What an earlier run left."""
        self.part.parent.mkdir(parents=True)
        self.part.write_bytes(part)
        if etag:
            self.part.with_suffix(".etag").write_text(f"{etag}\n{self.url}", encoding="utf-8")

    @property
    def asked(self) -> list[tuple[str | None, str | None]]:
        """Range and condition of each request."""
        return [(one.get("Range"), one.get("If-Range")) for one in self.server.headers[self.first_header :]]


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("cut", [0, 1, 511, 512, 513, HALF, len(DATA) - 1])
def test_a_connection_that_breaks_is_resumed_where_it_broke(
    tmp_path: Path, server: Simulator, cut: int, reset: bool
) -> None:
    broken, good = web.ranged(DATA, cut=cut, reset=reset), web.ranged(DATA)
    trial = Try(tmp_path, server, web.one_after_another(broken, good))
    trial.pull()
    first, second = trial.asked
    assert first == (None, None)
    if reset:  # what was under way is lost with the connection
        assert second[0] is None or 0 < int(second[0][6:-1]) <= cut
    else:
        assert second == ((f"bytes={cut}-", '"one"') if cut else (None, None))
    assert len(trial.pauses) == 1


@pytest.mark.parametrize("step", [400, 777])
def test_a_connection_cut_at_every_boundary_ends_well_as_long_as_it_gets_on(
    tmp_path: Path, server: Simulator, step: int
) -> None:
    trial = Try(tmp_path, server, web.ranged(DATA, cut=step))
    trial.pull()
    assert len(trial.asked) == -(-len(DATA) // step) > TRIES
    assert server.served(trial.url) == len(DATA)
    assert max(trial.pauses) <= 0.5, "getting on resets the pauses"


def test_without_progress_it_is_given_up_after_growing_pauses_and_the_part_stays(
    tmp_path: Path, server: Simulator
) -> None:
    answers = [web.ranged(DATA, cut=HALF), *[web.ranged(DATA, cut=0)] * TRIES, web.ranged(DATA)]
    trial = Try(tmp_path, server, web.one_after_another(*answers))
    with pytest.raises(BrokenOffError, match="ended early"):
        trial.pull()
    assert trial.part.read_bytes() == DATA[:HALF]
    assert len(trial.pauses) == TRIES - 1
    assert trial.pauses[0] <= 0.5 <= trial.pauses[-1]
    assert not trial.cache.path(DIGEST).exists()


@PROPERTY
@given(st.integers(0, len(DATA) - 1), st.integers(1, 255), st.integers(0, len(DATA)))
def test_a_flipped_byte_anywhere_in_an_answer_is_never_taken(
    tmp_path_factory: pytest.TempPathFactory, server: Simulator, place: int, flip: int, kept: int
) -> None:
    wrong = bytearray(DATA)
    wrong[place] ^= flip
    trial = Try(tmp_path_factory.mktemp("flip"), server, web.ranged(bytes(wrong)))
    trial.leave(DATA[:kept])
    if place < kept:  # the wrong byte is never asked for
        trial.pull()
        return
    with pytest.raises(MismatchError, match=DIGEST.hex):
        trial.pull()
    left = {path.name: path.read_bytes() for path in trial.part.parent.iterdir()}
    assert left == ({trial.part.name: DATA[:kept]} if kept else {}), "a place that lies destroyed what was there"
    assert not trial.cache.path(DIGEST).exists()


@pytest.mark.parametrize(
    "other",
    [
        web.whole(DATA[::-1]),
        web.whole(b"<!DOCTYPE html><p>Sign in</p>"),
        web.whole(DATA + b"more"),
        web.ranged(DATA[::-1]),
        web.ranged(DATA + b"more"),
        web.short(DATA[::-1], 100),
        web.status(416),
    ],
    ids=["reversed", "page", "longer", "reversed-part", "longer-part", "reversed-and-short", "416"],
)
def test_a_place_with_another_file_does_not_destroy_what_a_better_one_gave(
    tmp_path: Path, server: Simulator, other: Answer
) -> None:
    trial = Try(tmp_path, server, other)
    trial.leave(DATA[:HALF], '"one"')
    with pytest.raises((MismatchError, UnavailableError)):
        trial.pull()
    assert [path.read_bytes() for path in trial.part.parent.iterdir()] == [DATA[:HALF]]
    better = Try(tmp_path, server, web.ranged(DATA))
    better.pull()
    assert server.served(better.url) == server.served(trial.url) <= 3 * len(DATA) + 4
    assert better.asked[-1][0] == f"bytes={HALF}-"


def test_a_run_that_was_killed_while_bytes_were_set_aside_has_lost_nothing(
    tmp_path: Path, server: Simulator
) -> None:
    trial = Try(tmp_path, server, web.ranged(DATA))
    trial.leave(DATA[:10])
    trial.part.with_suffix(".aside").write_bytes(DATA[:HALF])
    trial.pull()
    assert trial.asked == [(f"bytes={HALF}-", None)]


def test_a_server_that_ignores_ranges_and_breaks_off_leaves_the_longer_part(
    tmp_path: Path, server: Simulator
) -> None:
    for sent in (10, HALF + 10):
        trial = Try(tmp_path / str(sent), server, web.short(DATA, sent))
        trial.leave(DATA[:HALF])
        with pytest.raises(BrokenOffError):
            trial.pull()
        assert [path.read_bytes() for path in trial.part.parent.iterdir()] == [DATA[: max(HALF, sent)]]


def test_a_file_that_may_not_grow_keeps_what_fits(tmp_path: Path, server: Simulator) -> None:
    import resource
    import signal

    data = random.Random(7).randbytes(1 << 20)
    trial = Try(tmp_path, server, web.ranged(data), data)
    fits = (1 << 19) + 100
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (fits, limits[1]))
    try:
        with pytest.raises(UnavailableError, match="File too large"):
            trial.pull()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    kept = trial.part.read_bytes()
    assert 0 < len(kept) <= fits
    assert data.startswith(kept)
    trial.pull()
    assert trial.asked[-1][0] == f"bytes={len(kept)}-"


def test_a_connection_cut_at_any_chunk_boundary(tmp_path: Path, server: Simulator) -> None:
    data, piece = random.Random(8).randbytes(1 << 20), 1 << 16
    for cut in range(0, len(data), piece):
        answers = web.one_after_another(web.ranged(data, cut=cut), web.ranged(data))
        trial = Try(tmp_path / str(cut), server, answers, data)
        trial.pull()
        assert [asked for asked, _ in trial.asked] == [None, f"bytes={cut}-" if cut else None]
        assert server.served(trial.url) == len(data)


@PROPERTY
@given(st.integers(1, len(DATA)), st.data())
def test_a_poisoned_part_is_thrown_away_and_all_fetched_anew(
    tmp_path_factory: pytest.TempPathFactory, server: Simulator, kept: int, choice: st.DataObject
) -> None:
    poisoned = bytearray(DATA[:kept])
    poisoned[choice.draw(st.integers(0, kept - 1))] ^= 1
    trial = Try(tmp_path_factory.mktemp("poisoned"), server, web.ranged(DATA))
    trial.leave(bytes(poisoned), '"one"')
    trial.pull()
    assert trial.asked[-1] == (None, None)


@pytest.mark.parametrize("size", [True, False])
@pytest.mark.parametrize("part", [DATA + b"more", DATA + bytes(len(DATA)), bytes(len(DATA))])
def test_a_part_longer_than_the_file_or_as_long(tmp_path: Path, server: Simulator, part: bytes, size: bool) -> None:
    trial = Try(tmp_path, server, web.ranged(DATA))
    trial.leave(part)
    trial.pull(size=size)
    assert trial.asked[-1] == (None, None)
    assert server.served(trial.url) == len(DATA)


def test_a_part_that_is_whole_needs_no_server(tmp_path: Path, server: Simulator) -> None:
    trial = Try(tmp_path, server, web.status(404))
    trial.leave(DATA)
    assert trial.pull().digest == DIGEST
    assert trial.asked == []


def test_only_the_rest_is_fetched(tmp_path: Path, server: Simulator) -> None:
    trial = Try(tmp_path, server, web.ranged(DATA))
    trial.leave(DATA[:HALF], '"one"')
    trial.pull()
    assert trial.asked == [(f"bytes={HALF}-", '"one"')]
    assert server.served(trial.url) == len(DATA) - HALF


def test_the_validator_of_another_place_is_not_sent(tmp_path: Path, server: Simulator) -> None:
    trial = Try(tmp_path, server, web.ranged(DATA))
    trial.leave(DATA[:HALF])
    trial.part.with_suffix(".etag").write_text('"two"\nhttps://example.org/net', encoding="utf-8")
    trial.pull()
    assert trial.asked == [(f"bytes={HALF}-", None)]


@pytest.mark.parametrize("note", ["", '"one', 'W/"one"', '"one"\r\nX: y', "\xff" * 10])
def test_a_broken_note_of_the_validator_is_not_sent(tmp_path: Path, server: Simulator, note: str) -> None:
    trial = Try(tmp_path, server, web.ranged(DATA))
    trial.leave(DATA[:HALF])
    trial.part.with_suffix(".etag").write_text(f"{note}\n{trial.url}", encoding="latin-1", newline="")
    trial.pull()
    assert trial.asked == [(f"bytes={HALF}-", None)]


def test_a_server_that_ignores_ranges_starts_anew(tmp_path: Path, server: Simulator) -> None:
    trial = Try(tmp_path, server, web.whole(DATA))
    trial.leave(bytes(HALF))
    trial.pull()
    assert len(trial.asked) == 1
    assert server.served(trial.url) == len(DATA)


def test_a_file_that_changed_on_a_server_that_checks_comes_whole(tmp_path: Path, server: Simulator) -> None:
    trial = Try(tmp_path, server, web.ranged(DATA, etag='"two"'))
    trial.leave(bytes(HALF), '"one"')
    trial.pull()
    assert trial.asked == [(f"bytes={HALF}-", '"one"')]


@pytest.mark.parametrize(
    "bad",
    [
        web.ranged(DATA, etag='"two"', checks=False),
        web.ranged(DATA, headers={"Content-Range": f"bytes 0-{HALF - 1}/{len(DATA)}"}),
        web.ranged(DATA, headers={"Content-Range": f"bytes {HALF + 1}-{len(DATA)}/{len(DATA)}"}),
        web.ranged(DATA, headers={"Content-Range": "nonsense"}),
        web.ranged(DATA, headers={"Content-Range": f"bytes {HALF}-{len(DATA) - 1}/{len(DATA) + 1}"}),
        web.ranged(DATA, headers={"Content-Encoding": "gzip"}),
        web.status(416),
    ],
    ids=["changed", "from-zero", "off-by-one", "nonsense", "another-size", "compressed", "416"],
)
def test_an_unusable_part_is_asked_for_once_then_the_whole(tmp_path: Path, server: Simulator, bad: Answer) -> None:
    trial = Try(tmp_path, server, web.one_after_another(bad, web.ranged(DATA, etag='"two"')))
    trial.leave(DATA[:HALF], '"one"')
    trial.pull()
    assert trial.asked == [(f"bytes={HALF}-", '"one"'), (None, None)]


@pytest.mark.parametrize("bad", [web.status(503, **{"Retry-After": "0"}), web.status(429, **{"Retry-After": "0"})])
def test_a_server_that_is_busy_in_between(tmp_path: Path, server: Simulator, bad: Answer) -> None:
    cut = web.ranged(DATA, cut=HALF)
    trial = Try(tmp_path, server, web.one_after_another(cut, bad, bad, web.ranged(DATA)))
    trial.pull()
    assert [asked[0] for asked in trial.asked] == [None, *[f"bytes={HALF}-"] * 3]


def test_a_stall_is_left_and_resumed(tmp_path: Path, server: Simulator) -> None:
    stall = web.ranged(DATA, cut=HALF, gate=server.gate())
    trial = Try(tmp_path, server, web.one_after_another(stall, web.ranged(DATA)))
    trial.pull(silence=0.05)
    assert trial.asked == [(None, None), (f"bytes={HALF}-", '"one"')]


def test_a_truncated_file_that_says_so_is_refused(tmp_path: Path, server: Simulator) -> None:
    trial = Try(tmp_path, server, web.ranged(DATA[:-1]))
    with pytest.raises(MismatchError, match=f"expected {len(DATA)} bytes, found {len(DATA) - 1}"):
        trial.pull()
    assert not trial.part.exists()


def test_a_link_or_a_pipe_in_the_place_of_the_part_is_not_written_through(
    tmp_path: Path, server: Simulator
) -> None:
    trial = Try(tmp_path / "cache", server, web.ranged(DATA))
    trial.part.parent.mkdir(parents=True)
    (tmp_path / "mine").write_bytes(b"mine")
    trial.part.symlink_to(tmp_path / "mine")
    with pytest.raises(OSError, match="symbolic"):
        trial.pull()
    assert (tmp_path / "mine").read_bytes() == b"mine"


def test_a_folder_gives_the_rest(tmp_path: Path) -> None:
    blob = tmp_path / DIGEST.blob_path
    blob.parent.mkdir(parents=True)
    blob.write_bytes(DATA)
    mirror = FolderMirror(tmp_path)
    for start, expected in ((HALF, DATA[HALF:]), (len(DATA) + 1, DATA), (len(DATA), DATA), (0, DATA)):
        with mirror.open(DIGEST, Wanted(start)) as opened:
            assert b"".join(opened.chunks) == expected
            assert opened.start == (start if expected != DATA else 0)


class TestSeveralConnections:
    """A large file over connections that are slow one by one."""

    DATA = random.Random(6).randbytes((9 << 20) + 5)
    ALWAYS = Pace(after=0, below=float("inf"), least=1)

    def test_parts_come_in_order_and_only_once(self, tmp_path: Path, server: Simulator) -> None:
        trial = Try(tmp_path, server, web.ranged(self.DATA), self.DATA)
        trial.pull(pace=self.ALWAYS)
        ranges = [asked for asked, _ in trial.asked]
        assert ranges[0] is None
        assert len(ranges) >= 3
        assert {condition for _, condition in trial.asked[1:]} == {'"one"'}

    def test_they_are_open_at_the_same_time(self, tmp_path: Path, server: Simulator) -> None:
        gate = server.gate()
        slow = web.ranged(self.DATA, cut=10, gate=gate)

        def answer(exchange: web.Exchange, number: int) -> None:
            if number == 3:  # while the second request waits at the gate
                gate.open()
            (web.ranged(self.DATA) if number == 1 else slow)(exchange, number)

        Try(tmp_path, server, answer, self.DATA).pull(pace=self.ALWAYS)

    @pytest.mark.parametrize(
        "bad",
        [
            web.ranged(DATA, cut=1000),
            web.status(403),
            web.whole(DATA),
            web.ranged(DATA, etag='"two"', checks=False),
        ],
        ids=["cut", "refused", "ignored", "changed"],
    )
    def test_a_second_connection_that_fails_leads_back_to_one(
        self, tmp_path: Path, server: Simulator, bad: Answer
    ) -> None:
        good = web.ranged(self.DATA)
        answers = web.one_after_another(good, bad, bad, good)
        Try(tmp_path, server, answers, self.DATA).pull(pace=self.ALWAYS)


def test_a_refusal_in_between_keeps_the_part(tmp_path: Path, server: Simulator) -> None:
    trial = Try(tmp_path, server, web.one_after_another(web.ranged(DATA, cut=HALF), web.status(403)))
    with pytest.raises(UnavailableError, match="403"):
        trial.pull()
    assert trial.part.read_bytes() == DATA[:HALF]
