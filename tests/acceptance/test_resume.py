"""Pulls that are killed and started again, and many at once: what goes over the wire."""

from __future__ import annotations

import os
import signal

import pytest

from registry.digest import Digest
from tests import simulator as web
from tests.acceptance.world import Cards, Zoo, assert_says, files_below, model_bytes, pinned, unpinned
from tests.simulator import Simulator

DATA = model_bytes(3 << 20)
SENT = 2 << 20


def killed_in_the_middle(zoo: Zoo, gate: web.Gate, *arguments: str) -> int:
    """Bytes that a pull had written when it was killed without warning."""
    process = zoo.start("pull", "net", *arguments)
    gate.expect(lambda: process.poll() is None)
    while sum(path.stat().st_size for path in files_below(zoo.cache / "incoming") if path.suffix == ".part") < SENT:
        assert process.poll() is None, "the command ended first"
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert zoo.blobs() == []
    assert files_below(zoo.work) == []
    return SENT


@pytest.mark.parametrize("etag", ['"one"', None])
def test_after_a_kill_only_the_rest_is_fetched(
    zoo: Zoo, cards: Cards, simulator: Simulator, etag: str | None
) -> None:
    gate = simulator.gate()
    held = web.ranged(DATA, etag=etag, cut=SENT, gate=gate)
    url = simulator.route("/net", web.one_after_another(held, web.ranged(DATA, etag=etag)))
    cards.card(pinned("net", DATA, url))
    have = killed_in_the_middle(zoo, gate)
    result = zoo("pull", "net", "-o", "out")
    assert result.code == 0, result
    assert (zoo.work / "out" / "net.tflite").read_bytes() == DATA
    assert simulator.headers[-1]["Range"] == f"bytes={have}-"
    assert simulator.headers[-1].get("If-Range") == etag
    assert simulator.served(url) == len(DATA)
    assert files_below(zoo.cache / "incoming") == []


def test_after_a_kill_a_mirror_folder_gives_the_rest(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    gate = simulator.gate()
    cards.card(pinned("net", DATA, simulator.route("/net", web.ranged(DATA, cut=SENT, gate=gate))))
    killed_in_the_middle(zoo, gate)
    blob = zoo.folder / "mirror" / Digest.of(DATA).blob_path
    blob.parent.mkdir(parents=True)
    blob.write_bytes(bytes(SENT) + DATA[SENT:])  # nobody asks for the first bytes again
    result = zoo("pull", "net", "--offline", "--mirror", zoo.folder / "mirror", "-o", "out")
    assert result.code == 0, result
    assert (zoo.work / "out" / "net.tflite").read_bytes() == DATA


def test_what_was_kept_is_never_believed(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    url = simulator.route("/net", web.ranged(DATA))
    cards.card(pinned("net", DATA, url))
    incoming = zoo.cache / "incoming"
    incoming.mkdir(parents=True)
    (incoming / f"{Digest.of(DATA).hex}.part").write_bytes(bytes(SENT))
    result = zoo("pull", "net", "-o", "out")
    assert result.code == 0, result
    assert (zoo.work / "out" / "net.tflite").read_bytes() == DATA
    assert [one.get("Range") for one in simulator.headers] == [f"bytes={SENT}-", None]


def test_an_unpinned_file_is_never_resumed(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    gate = simulator.gate()
    held = web.ranged(DATA, cut=SENT, gate=gate)
    url = simulator.route("/net", web.one_after_another(held, web.ranged(DATA)))
    cards.card(unpinned("net", url))
    killed_in_the_middle(zoo, gate, "--allow-unpinned")
    assert zoo("pull", "net", "--allow-unpinned").code == 0
    assert "Range" not in simulator.headers[-1]
    assert simulator.served(url) == SENT + len(DATA)


def test_eight_pulls_at_once_make_one_transfer(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    gate = simulator.gate()
    url = simulator.route("/net", web.ranged(DATA, cut=SENT, gate=gate))
    cards.card(pinned("net", DATA, url))
    assert zoo("list").code == 0
    running = [zoo.start("pull", "net", "-o", f"out{number}") for number in range(8)]
    gate.expect(lambda: all(process.poll() is None for process in running))
    gate.open()
    results = [zoo.finish(process) for process in running]
    assert [result.code for result in results] == [0] * 8, "\n".join(map(str, results))
    assert {(zoo.work / f"out{number}" / "net.tflite").read_bytes() for number in range(8)} == {DATA}
    assert simulator.count(url) == 1
    assert files_below(zoo.cache / "incoming") == []


def test_a_connection_that_breaks_is_resumed_within_one_pull(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    url = simulator.route("/net", web.one_after_another(web.ranged(DATA, cut=SENT), web.ranged(DATA)))
    cards.card(pinned("net", DATA, url))
    result = zoo("pull", "net", "-o", "out")
    assert result.code == 0, result
    assert (zoo.work / "out" / "net.tflite").read_bytes() == DATA
    assert simulator.served(url) == len(DATA)


def test_a_pull_that_failed_says_so_and_the_next_one_goes_on(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    broken = web.one_after_another(web.ranged(DATA, cut=SENT), web.status(403), web.ranged(DATA))
    url = simulator.route("/net", broken)
    cards.card(pinned("net", DATA, url))
    result = zoo("pull", "net")
    assert result.code == 3, result
    assert_says(result, url, "403")
    assert zoo.leftovers() == []
    assert zoo("pull", "net").code == 0
    assert simulator.served(url) == len(DATA)
