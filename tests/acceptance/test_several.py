"""A variant of many files: they come at the same time; report, errors and end do not depend on the race."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from registry.digest import Digest
from registry.together import AT_ONCE
from tests import simulator as web
from tests.acceptance.test_terminal import on_terminal
from tests.acceptance.world import (
    INTERRUPTIBLE,
    Cards,
    Zoo,
    assert_says,
    file_source,
    files_below,
    model_bytes,
    without_colour,
)
from tests.simulator import Answer, Simulator
from tests.unit import builders

FILES = [model_bytes(30_000 + number, seed=number) for number in range(12)]
NAMES = [f"part{number:02}.tflite" for number in range(len(FILES))]


def publish(
    cards: Cards, simulator: Simulator, answer: Callable[[int], Answer] | None = None, files: list[bytes] = FILES
) -> list[str]:
    """A card of one variant with all files; their addresses."""
    urls = [
        simulator.route(f"/{number}", answer(number) if answer else web.ranged(data))
        for number, data in enumerate(files)
    ]
    artifacts = [
        builders.artifact(
            file=NAMES[number],
            role="configuration" if number else "model",
            size=len(data),
            sha256=Digest.of(data).hex,
            sources=[file_source(urls[number])],
        )
        for number, data in enumerate(files)
    ]
    cards.card(builders.variant("net", artifacts=artifacts, classes={"count": 3, "dataset": "shapes"}))
    return urls


def outputs(zoo: Zoo) -> list[bytes]:
    return [(zoo.work / "out" / name).read_bytes() for name in NAMES]


def test_they_come_at_the_same_time_and_are_told_in_order(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    gate = simulator.gate()
    publish(cards, simulator, lambda number: web.ranged(FILES[number], cut=10, gate=gate))
    process = zoo.start("pull", "net", "-o", "out", "--format", "json")
    for _ in range(AT_ONCE):  # all of these are waiting before any of them has ended
        gate.expect(lambda: process.poll() is None)
    gate.open()
    result = zoo.finish(process)
    assert result.code == 0, result
    assert outputs(zoo) == FILES
    assert [item["file"] for item in zoo.lock()["pulls"][0]["artifacts"]] == NAMES
    assert simulator.connections <= AT_ONCE
    assert files_below(zoo.cache / "incoming") == []


def test_only_what_is_missing_comes(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    urls = publish(cards, simulator)
    assert zoo("pull", "net", "-o", "out").code == 0
    for data in FILES[3:6]:
        (zoo.cache / Digest.of(data).blob_path).unlink()
    assert zoo("pull", "net", "-o", "again").code == 0
    assert [simulator.count(url) for url in urls] == [2 if number in (3, 4, 5) else 1 for number in range(12)]


def test_files_with_the_same_bytes_are_one_transfer(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    urls = publish(cards, simulator, files=[FILES[0], FILES[1], FILES[0], FILES[1]])
    result = zoo("pull", "net", "-o", "out")
    assert result.code == 0, result
    assert [simulator.count(url) for url in urls] == [1, 1, 0, 0]
    assert "waiting for another process" not in result.err
    assert len(files_below(zoo.work / "out")) >= 4


def test_the_error_is_that_of_the_first_file_on_the_card(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    gate = simulator.gate()

    def answer(number: int) -> Answer:
        if number == 1:  # fails last
            return web.held(FILES[2][: len(FILES[1])], 10, gate)
        return web.status(403) if number == 2 else web.ranged(FILES[number])

    urls = publish(cards, simulator, answer)
    process = zoo.start("pull", "net", "-o", "out")
    gate.expect(lambda: process.poll() is None)
    while not simulator.count(urls[2]):
        assert process.poll() is None
    gate.open()
    result = zoo.finish(process)
    assert result.code == 1, result
    assert_says(result, NAMES[1], str(Digest.of(FILES[1])))
    assert NAMES[2] not in result.err
    assert files_below(zoo.work) == []


def test_after_an_error_the_parts_of_the_others_serve_the_next_pull(
    zoo: Zoo, cards: Cards, simulator: Simulator
) -> None:
    gate, half = simulator.gate(), 1 << 20
    files = [FILES[0], model_bytes(2 * half, seed=99)]

    def refused(exchange: web.Exchange, number: int) -> None:
        incoming = zoo.cache / "incoming"
        while not any(path.stat().st_size >= half for path in files_below(incoming) if path.suffix == ".part"):
            assert not gate.opened, "the second file never came"
        web.status(403)(exchange, number)

    held = web.one_after_another(web.ranged(files[1], cut=half, gate=gate), web.ranged(files[1]))
    publish(cards, simulator, lambda number: held if number else refused, files)
    result = zoo("pull", "net", "-o", "out")
    assert result.code == 3, result
    assert_says(result, NAMES[0], "403")
    gate.open()
    simulator.route("/0", web.ranged(files[0]))
    assert zoo("pull", "net", "-o", "out").code == 0
    assert f"bytes={half}-" in [headers.get("Range") for headers in simulator.headers]
    assert (zoo.work / "out" / NAMES[1]).read_bytes() == files[1]


def test_an_interrupt_ends_them_all_and_keeps_the_parts(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    gate = simulator.gate()
    publish(cards, simulator, lambda number: web.ranged(FILES[number], cut=20_000, gate=gate))
    assert zoo("list").code == 0
    process = zoo.start("pull", "net", starter=INTERRUPTIBLE)
    for _ in range(AT_ONCE):
        gate.expect(lambda: process.poll() is None)
    parts = zoo.cache / "incoming"
    while sum(path.stat().st_size for path in files_below(parts) if path.suffix == ".part") < AT_ONCE * 20_000:
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    result = zoo.finish(process)  # although every server is silent: the gate is still closed
    assert result.code == 130, result
    assert_says(result, "interrupted")
    assert zoo.leftovers() == []
    gate.open()
    assert zoo("pull", "net", "-o", "out").code == 0
    assert outputs(zoo) == FILES
    assert any("Range" in headers for headers in simulator.headers)


def test_a_terminal_shows_one_bar_for_all(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    def answer(number: int) -> Answer:
        return web.status(404) if number == 5 else web.ranged(FILES[number])

    publish(cards, simulator, answer)
    mirror = zoo.folder / "mirror" / "blobs" / "sha256"
    mirror.mkdir(parents=True)
    (mirror / Digest.of(FILES[5]).hex).write_bytes(FILES[6][: len(FILES[5])])
    shown = on_terminal(zoo, "pull", "net", "--mirror", str(mirror.parents[1]), columns=100, on="stderr")
    bars = {line for line in without_colour(shown).replace("\r", "\n").splitlines() if "files:" in line}
    assert bars
    assert all(line.startswith("12 files:") and len(line) <= 100 for line in bars)
    lines = without_colour(shown).replace("\r", "\n").splitlines()
    assert [line for line in lines if "trying the next place" in line and "files:" not in line]


def test_a_repair_fetches_several_at_once(zoo: Zoo, cards: Cards, simulator: Simulator) -> None:
    publish(cards, simulator)
    assert zoo("pull", "net", "-o", "out").code == 0
    for data in FILES:
        (zoo.cache / Digest.of(data).blob_path).unlink()
    for name in NAMES:
        (zoo.work / "out" / name).unlink()
    gate = simulator.gate()
    for number, data in enumerate(FILES):
        simulator.route(f"/{number}", web.ranged(data, cut=10, gate=gate))
    process = zoo.start("repair", "--format", "json")
    for _ in range(AT_ONCE):
        gate.expect(lambda: process.poll() is None)
    gate.open()
    result = zoo.finish(process)
    assert result.code == 0, result
    assert outputs(zoo) == FILES
    mended = [item["path"] for item in result.json()["mended"]]
    assert [path for path in mended if path.endswith("tflite")] == sorted(
        path for path in mended if path.endswith("tflite")
    )
