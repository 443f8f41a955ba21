"""`zoo eval` of 200 images against the runtime's bare invokes, and against a plain loop as anybody writes it."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.inspection import REAL
from benchmarks.measure import Command, FailedError, Spread, pairs, run
from benchmarks.report import Row, ratio_row
from benchmarks.setting import Setting

OVERHEAD = 1.15
PLAIN = 1.0
MANY_CLASSES = 1 / 1.2
QUANTIZED = "0470d2a782aa54eeeb99d32e7b6b3fb7722905c7c4f5d26bd957ec861366d48b"
_IMAGES = 200
_MOST_ROUNDS = 7
_PEERS = Path(__file__).with_name("evaluation_peers.py")


@dataclass(frozen=True)
class _Model:
    """A model, how its inputs are made, and what its plain loop may take of ours at most."""

    title: str
    path: Path
    options: tuple[str, ...]
    bound: float


def measure(setting: Setting) -> Iterator[Row]:
    """Rows for a quantized TFLite file with a class map and for an ONNX file with scores of 21 classes."""
    data = setting.work / "shapes-500"
    if not data.is_dir():
        setting.say("drawing 250 pictures")
        run(setting.ours("dataset", "make", "shapes", str(data), "--size", "500", "--count", "250"))
    network = setting.fresh("networks") / "classes-21.onnx"
    _peer("network", str(network))
    models = [_Model("21-class ONNX at 512", network, ("--as", "google/deeplabv3/257-float32"), MANY_CLASSES)]
    if (REAL / QUANTIZED).is_file():
        models.insert(0, _Model("dm 0.5 uint8 TFLite at 513", REAL / QUANTIZED, (), PLAIN))
    else:
        yield Row("`zoo eval` of dm 0.5 uint8 TFLite", skipped="needs ../shared/real")
    for model in models:
        yield from _rows(setting, model, data)


def _rows(setting: Setting, model: _Model, data: Path) -> Iterator[Row]:
    rounds = min(setting.rounds, _MOST_ROUNDS)
    for threads in ("1", "2"):
        ours = _ours(setting, model, data, threads, _IMAGES)
        setting.say(f"{model.title}, {threads} threads")
        name = f"`zoo eval` of {_IMAGES} images, {model.title}, {threads} thread{'s' * (threads > '1')}"
        yield _overhead(name, ours, ("invoke", str(model.path), str(data), threads), rounds)
        loop = setting.command(sys.executable, str(_PEERS), "loop", str(model.path), str(data), threads)
        yield ratio_row(f"{name} / plain loop", pairs(ours, loop, rounds), model.bound)
    yield _memory(setting, model, data)


def _ours(setting: Setting, model: _Model, data: Path, threads: str, images: int) -> Command:
    words = ("eval", str(model.path), "--data", str(data), "--split", "train", "--dataset", "pascal-voc-2012")
    asked = ("--limit", str(images), "--threads", threads, "--restart", "--format", "json")
    return setting.ours(*words, *asked, *model.options)


def _overhead(name: str, ours: Command, peer: tuple[str, ...], rounds: int) -> Row:
    """Whole process of ours over the seconds that the peer spends in the runtime alone."""
    run(ours)
    walls, invokes = [], []
    for _ in range(rounds):
        walls.append(run(ours).wall)
        invokes.append(float(_peer(*peer)))
    ratio = Spread.of([wall / invoke for wall, invoke in zip(walls, invokes, strict=True)])
    return Row(
        f"{name} / its bare invokes",
        f"{statistics.median(walls):.2f} s",
        f"{statistics.median(invokes):.2f} s",
        value=ratio.middle,
        bound=OVERHEAD,
        shown=f"{ratio.middle:.2f} ({ratio.least:.2f} to {ratio.greatest:.2f})",
        details={"seconds": walls, "invoke seconds": invokes},
    )


def _memory(setting: Setting, model: _Model, data: Path) -> Row:
    """Peak memory of all images over that of a quarter of them."""
    few, many = (run(_ours(setting, model, data, "1", images)).peak for images in (_IMAGES // 4, _IMAGES))
    return Row(
        f"memory of {_IMAGES} images / of {_IMAGES // 4}, {model.title}",
        f"{many / 1e6:.0f} MB",
        f"{few / 1e6:.0f} MB",
        value=many / few,
        bound=1.1,
        shown=f"{many / few:.2f}",
        details={"bytes": [many, few]},
    )


def _peer(*arguments: str) -> str:
    result = subprocess.run(
        (sys.executable, str(_PEERS), *arguments), capture_output=True, text=True, check=False, timeout=600
    )
    if result.returncode:
        raise FailedError(result.stderr)
    return result.stdout
