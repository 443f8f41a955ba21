"""`zoo inspect` of a 3 MB TFLite file against start-up, and of a 100 MB ONNX file against reading it once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import pairs
from benchmarks.report import Row, ratio_row
from benchmarks.setting import Setting

BOUND = 3.0
ONCE = 2.0
REAL = Path(__file__).resolve().parents[2] / "shared" / "real" / "blobs" / "sha256"
FLOAT = "9711334db2b01d5894feb8ed0f5cb3e97d125b8d229f8d8692f625801818f5ef"

_SIDE = 1024


def measure(setting: Setting) -> Iterator[Row]:
    """Two ratios."""
    if (REAL / FLOAT).is_file():
        pair = pairs(setting.ours("inspect", str(REAL / FLOAT)), setting.ours("--version"), setting.rounds)
        yield ratio_row("`zoo inspect` of 2.8 MB TFLite / `zoo --version`", pair, BOUND)
    else:
        yield Row("`zoo inspect` of 2.8 MB TFLite", skipped="needs ../shared/real")
    layers = 25 if setting.cards >= 1000 else 2
    path = setting.fresh("inspection") / "large.onnx"
    size = write_onnx(path, layers)
    name = f"`zoo inspect` of {size / 1e6:.0f} MB ONNX"
    if shutil.which("sha256sum"):
        ours = setting.ours("inspect", str(path))
        pair = pairs(ours, setting.command("sha256sum", str(path)), min(setting.rounds, 7))
        yield ratio_row(f"{name} / `sha256sum`", pair, ONCE)


def write_onnx(path: Path, layers: int) -> int:
    """A chain of matrix products of 1024 by 1024 floats, 4 MiB of weights each. Returns its bytes."""
    weights = bytes(_SIDE * _SIDE * 4)
    graph = b""
    for number in range(layers):
        names = _text(1, f"x{number}") + _text(1, f"w{number}") + _text(2, f"x{number + 1}")
        graph += _bytes(1, names + _text(4, "MatMul"))
        dims = _number(1, _SIDE) * 2
        graph += _bytes(5, dims + _number(2, 1) + _text(8, f"w{number}") + _bytes(9, weights))
    graph += _bytes(11, _value("x0")) + _bytes(12, _value(f"x{layers}"))
    path.write_bytes(_number(1, 8) + _bytes(7, graph) + _bytes(8, _number(2, 17)))
    return path.stat().st_size


def _value(name: str) -> bytes:
    shape = _bytes(1, _number(1, 1)) + _bytes(1, _number(1, _SIDE))
    return _text(1, name) + _bytes(2, _bytes(1, _number(1, 1) + _bytes(2, shape)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])
