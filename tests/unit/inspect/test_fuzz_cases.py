"""Files that a reader once failed on, or that were made so that it might; none may fail (see tests/fuzz)."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from registry.errors import RejectedError
from tests.fuzz.formats import CASES, FORMATS, Format
from tests.fuzz.mutate import BLIND, mutate
from tests.fuzz.run import Trial, minimised

KEPT = [path for path in sorted(CASES.glob("*/*")) if path.is_file()]


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_a_kept_case_is_read_or_refused(path: Path, tmp_path: Path) -> None:
    trial = Trial(FORMATS[path.parent.name], tmp_path / "trial")
    assert trial(path.read_bytes(), measured=True) is None


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Trial:
    """A reader with the three ways to fail that the fuzzer must see."""

    def read(path: Path) -> Any:
        data = path.read_bytes()
        if b"bug" in data:
            raise KeyError("bug")
        if b"big" in data:
            return bytes(50 << 20)
        while b"hang" in data:
            pass
        if b"bad" in data:
            raise RejectedError("bad")
        return None

    module = ModuleType("reader_of_a_test")
    module.__dict__["read"] = read
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr("tests.fuzz.run.SECONDS", 0.01)
    return Trial(Format("x", module.__name__, "", ()), tmp_path / "trial")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a bug", "KeyError at "),
        (b"big", "memory above 32 times the size"),
        (b"hang", "no answer in 0.01 s"),
        (b"bad", None),
        (b"fine", None),
    ],
)
def test_the_fuzzer_sees_what_fails(reader: Trial, data: bytes, expected: str | None) -> None:
    assert reader(data, measured=True) == expected


def test_a_failing_file_is_made_small(reader: Trial) -> None:
    assert minimised(reader, b"much before " * 50 + b"bug" + b" and after" * 50, "KeyError at ") == b"bug"


def test_mutations_change_files_and_repeat_with_their_seed() -> None:
    pool = [bytes(range(256)), b"PK" * 90]
    one = [mutate(pool[0], random.Random(seed), pool, BLIND) for seed in range(200)]
    assert one == [mutate(pool[0], random.Random(seed), pool, BLIND) for seed in range(200)]
    assert sum(data != pool[0] for data in one) > 190
    assert all(one)
