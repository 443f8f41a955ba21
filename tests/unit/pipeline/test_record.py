"""Which steps of an earlier run need not be done again."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.digest import Digest
from registry.errors import UnavailableError
from registry.pipeline import record
from registry.pipeline.plan import Source, Step

STEP = Step(1, "train", "1-train", {"data": Source(name="halves")}, ("model",), Digest.of(b"how"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run whose only step is done."""
    model = tmp_path / "1-train" / "model.keras"
    model.parent.mkdir()
    model.write_bytes(b"weights")
    key = STEP.key({"data": "d"}).hex
    made = record.made(tmp_path, {"model": model})
    done = record.Done(STEP.to_json(), key, {"data": "d"}, made, "fine", record.PASSED, "", 5, 1.5, {"mean": 1})
    written = record.write(tmp_path, {"name": "net"}, [done])
    assert written["steps"] == record.earlier(tmp_path)
    return tmp_path


def reused(folder: Path, **inputs: str) -> record.Done | None:
    return record.reusable(folder, record.earlier(folder), 1, STEP.key(inputs))


def test_a_step_with_the_same_inputs_and_files_is_taken_as_it_is(folder: Path) -> None:
    found = reused(folder, data="d")
    assert found is not None
    assert (found.verdict, found.figures, found.preprocessing) == (record.REUSED, "fine", {"mean": 1})
    assert found.outputs["model"] == {"file": "1-train/model.keras", "sha256": Digest.of(b"weights").hex}


def test_other_inputs_or_other_files_are_not(folder: Path) -> None:
    assert reused(folder, data="other") is None
    assert record.reusable(folder, record.earlier(folder), 2, STEP.key({"data": "d"})) is None
    (folder / "1-train" / "model.keras").write_bytes(b"changed")
    assert reused(folder, data="d") is None
    (folder / "1-train" / "model.keras").unlink()
    assert reused(folder, data="d") is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"schema": "other/1", "steps": []}', '{"schema": "pipeline-run/1"}']
)
def test_a_record_that_is_none_is_as_good_as_no_record(folder: Path, text: str) -> None:
    (folder / record.FILE).write_text(text)
    assert record.earlier(folder) == []
    assert reused(folder, data="d") is None


def test_a_failed_step_is_done_again(folder: Path) -> None:
    path = folder / record.FILE
    path.write_text(path.read_text().replace('"passed"', '"failed"'))
    assert reused(folder, data="d") is None


def test_a_file_where_a_folder_is_needed(folder: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be written"):
        record.save(folder / record.FILE / "new.json", {})
