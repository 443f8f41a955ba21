"""`zoo check` of a hundred changed variants with cached files, and of none, beyond `zoo check --help`."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from benchmarks.measure import pairs
from benchmarks.report import Row, added_row
from benchmarks.setting import Setting

CHANGED, UNCHANGED = 2.0, 0.5
"""Seconds beyond start-up."""

_FAMILY = Path(__file__).parents[1] / "cards"
_VARIANTS = 100


def measure(setting: Setting) -> Iterator[Row]:
    """A row for everything changed, one for nothing; whole processes, by the clock."""
    folder = setting.fresh("judged")
    count = _write(folder / "cards")
    for words in (("init", "--quiet"), ("commit", "--quiet", "--allow-empty", "--message", "empty")):
        _git(folder, *words)
    ours = ("check", "cards", "--offline", "--rerun", "never", "--against")
    empty = setting.ours(*ours, "HEAD", folder=folder)
    start = setting.ours("check", "--help", folder=folder)
    yield added_row(f"judging {count} changed variants", pairs(empty, start, 3), CHANGED, "s")
    _git(folder, "add", ".")
    _git(folder, "commit", "--quiet", "--message", "cards")
    yield added_row("judging nothing changed", pairs(empty, start, 3), UNCHANGED, "s")


def _write(root: Path) -> int:
    """Cards of the reference family's variants, each with files of its own; returns how many variants."""
    family = yaml.safe_load((_FAMILY / "zoo" / "deeplabv3-shapes.yaml").read_text(encoding="utf-8"))
    blobs, written = root / "blobs" / "sha256", 0
    blobs.mkdir(parents=True)
    (root / "bench").mkdir()
    while written < _VARIANTS:
        name = f"net-{written}"
        variants = family["variants"][: _VARIANTS - written]
        card = {**family, "publisher": "bench", "model": name, "variants": variants}
        for variant in variants:
            card = _with_own_files(card, variant, name, blobs)
        text = yaml.safe_dump(card, sort_keys=False, width=110)
        (root / "bench" / f"{name}.yaml").write_text(text, encoding="utf-8")
        written += len(variants)
    return written


def _with_own_files(card: dict[str, Any], variant: dict[str, Any], name: str, blobs: Path) -> dict[str, Any]:
    """The card with another model file of a variant, and its lineage record and figures of that file."""
    digests: dict[str, str] = {}
    sizes: dict[str, int] = {}
    for item in variant["artifacts"]:
        data = (_FAMILY / "blobs" / "sha256" / item["sha256"]).read_bytes()
        if item["role"] == "model":
            mark = name.encode()
            # a model's documentation, as ONNX's ModelProto has it; the other formats read nothing behind their end
            data += b"\x32" + bytes([len(mark)]) + mark if variant["format"] == "onnx" else mark
        if item["role"] == "lineage":
            data = _replaced(data.decode(), digests).encode()
        digests[item["sha256"]] = hashlib.sha256(data).hexdigest()
        sizes[digests[item["sha256"]]] = len(data)
        (blobs / digests[item["sha256"]]).write_bytes(data)
    own = yaml.safe_load(_replaced(yaml.safe_dump(variant), digests))
    for item in own["artifacts"]:
        item["size"] = sizes[item["sha256"]]
    return {**card, "variants": [own if one["name"] == own["name"] else one for one in card["variants"]]}


def _replaced(text: str, digests: dict[str, str]) -> str:
    for old, new in digests.items():
        text = text.replace(old, new)
    return text


def _git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost")
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True)
