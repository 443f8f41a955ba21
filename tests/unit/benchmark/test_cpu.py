"""Measuring on this machine, in a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.bench import bench
from registry.benchmark import runner
from registry.benchmark.base import Memory, Plan
from registry.benchmark.child import shape_of
from registry.benchmark.cpu import ThisMachine
from registry.errors import RejectedError, UnavailableError
from registry.inspect import read
from registry.progress import Advance, Silent
from registry.runtime.base import Port
from tests.unit.onnx_models import brightness_classes

SHORT = Plan(runs=15, seconds=0.0, warmup=2)


class Heard(Silent):
    """Keeps what is reported."""

    def __init__(self) -> None:
        self.amounts: list[int] = []

    @contextlib.contextmanager
    def task(self, title: str, total: int | None, *, unit: str = "B", done: int = 0) -> Iterator[Advance]:
        assert (title, total, unit) == ("measuring", 100, "%")
        yield self.amounts.append


@pytest.fixture
def net(tmp_path: Path) -> Path:
    return brightness_classes(tmp_path / "a net.onnx")


def test_a_measurement_says_what_it_is_of(net: Path) -> None:
    heard = Heard()
    found = bench(net, net.name, read(net), ThisMachine(), SHORT, heard)
    document = found.to_document()
    assert document["runs"] == 15
    assert document["statistic"] == "p50"
    assert document["milliseconds"] == document["times"]["p50"] > 0
    assert document["runtime"]["name"] == "onnxruntime"
    assert document["command"] == "zoo bench 'a net.onnx' --threads 1 --warmup 2 --runs 15 --seconds 0"
    assert document["engine"] == "CPU"
    assert sum(heard.amounts) == 100


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc/self/status")
def test_memory_is_that_of_a_fresh_process(net: Path) -> None:
    ballast = bytearray(600 << 20)
    memory = bench(net, "net", read(net), ThisMachine(), SHORT, Silent()).sample.memory
    assert isinstance(memory, Memory)
    assert memory.start is not None
    assert 0 < memory.start < memory.peak < len(ballast)


def test_a_runtime_that_does_not_take_the_model_says_so(tmp_path: Path, net: Path) -> None:
    graph = read(net)
    net.write_bytes(net.read_bytes()[:-40])
    with pytest.raises(RejectedError, match="onnxruntime does not take it"):
        bench(net, "net", graph, ThisMachine(), SHORT, Silent())


def test_an_open_size_is_taken_from_the_card_or_refused(tmp_path: Path) -> None:
    net = brightness_classes(tmp_path / "open.onnx", height=None, width=None)
    with pytest.raises(RejectedError, match=r"its size is open \(1x3x\?x\?\)"):
        bench(net, "net", read(net), ThisMachine(), SHORT, Silent())
    plan = Plan(runs=15, seconds=0.0, warmup=2, size=(8, 16))
    assert bench(net, "net", read(net), ThisMachine(), plan, Silent()).sample.distribution.count == 15


def test_height_and_width_go_where_the_layout_has_them() -> None:
    assert shape_of(Port("image", (1, None, None, 3), "uint8"), (8, 16)) == [1, 8, 16, 3]
    assert shape_of(Port("image", (1, 3, None, 20), "uint8"), (8, 16)) == [1, 3, 8, 20]


@pytest.mark.parametrize(
    ("script", "kind", "told"),
    [
        ("kill -9 $$", UnavailableError, "was killed, as the system does when memory runs out"),
        ("kill -11 $$", RejectedError, f"signal {int(signal.SIGSEGV)}"),
        ("echo 'no such kernel' >&2; exit 3", RejectedError, "exit code 3.: no such kernel"),
    ],
)
def test_the_death_of_a_runtime_is_an_answer(
    net: Path, monkeypatch: pytest.MonkeyPatch, script: str, kind: type[Exception], told: str
) -> None:
    python = net.with_name("python")
    python.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    python.chmod(0o755)
    graph = read(net)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(kind, match=told):
        bench(net, "net", graph, ThisMachine(), SHORT, Silent())


def test_an_interrupt_ends_the_other_process(net: Path, tmp_path: Path) -> None:
    class Interrupting(Heard):
        @contextlib.contextmanager
        def task(self, title: str, total: int | None, *, unit: str = "B", done: int = 0) -> Iterator[Advance]:
            def advance(_amount: int) -> None:
                raise KeyboardInterrupt

            yield advance

    before = children()
    with pytest.raises(KeyboardInterrupt):
        bench(net, "net", read(net), ThisMachine(), Plan(runs=10**6, seconds=3600), Interrupting())
    assert children() == before


def children() -> set[str]:
    """Numbers of the processes that this one started, as Linux tells them."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children")
    return set(listed.read_text(encoding="ascii").split()) if listed.exists() else set()


def test_runs_and_seconds_are_both_reached() -> None:
    calls: list[int] = []
    found = runner.durations(lambda: calls.append(1), warmup=3, runs=20, seconds=0.0)
    assert (len(found), len(calls)) == (20, 23)
    told: list[tuple[int, float]] = []
    longer = runner.durations(lambda: sum(range(1000)), 0, 1, 0.01, lambda *state: told.append(state))
    assert len(longer) == len(told) > 1
    assert sum(longer) >= 10
    assert told[-1][0] == len(longer)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int64", "float16", "float32", "bool"])
def test_input_is_the_same_each_time_and_of_its_type(dtype: str) -> None:
    first, again = (runner.random_input((1, 40, 40, 3), dtype) for _ in range(2))
    assert str(first.dtype) == dtype
    assert (first == again).all()
    assert len({*first.ravel().tolist()}) > 1
