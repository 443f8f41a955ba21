from __future__ import annotations

import json
from pathlib import Path

import pytest

from registry.errors import RequestError, UnavailableError
from registry.report import render, require_place, write
from tests.unit.report.documents import document

PAGE = render(document(), (), [])


def test_an_earlier_report_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "report"
    require_place(folder)
    assert not folder.parent.exists()
    write(folder, PAGE, document(samples=1))
    write(folder, PAGE, document(samples=2))
    assert sorted(path.name for path in folder.iterdir()) == ["evaluation.json", "index.html"]
    assert json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))["samples"] == 2
    assert (folder / "index.html").read_text(encoding="utf-8") == PAGE


def test_a_report_that_is_only_half_there_is_made_whole(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(PAGE, encoding="utf-8")
    write(tmp_path, PAGE, document())
    assert (tmp_path / "evaluation.json").is_file()


@pytest.mark.parametrize("name", ["holiday.jpg", "index.html", "evaluation.json"])
def test_somebody_elses_folder_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(RequestError, match=f"found '{name}' in it"):
        write(tmp_path, PAGE, document())
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "mine")]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "report").write_text("mine")
    with pytest.raises(RequestError, match="expected a folder, found a file"):
        require_place(tmp_path / "report")
    with pytest.raises(RequestError):
        require_place(tmp_path / "report" / "below")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "evaluation.json").mkdir()
    with pytest.raises(UnavailableError, match=r"evaluation\.json: cannot be written"):
        write(tmp_path, PAGE, document())


def test_a_name_that_is_no_unicode_costs_nothing_but_itself(tmp_path: Path) -> None:
    bad = [{"image": "a\udcff", "reason": "is cut short"}]
    write(tmp_path, render(document(bad=bad), (), []) + "\udcff", document(bad=bad))
    assert json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))["bad"] == bad
    assert (tmp_path / "index.html").read_text(encoding="utf-8").endswith("?")
