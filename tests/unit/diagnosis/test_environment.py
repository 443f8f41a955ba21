from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from registry import __version__
from registry.diagnosis.environment import examine
from registry.diagnosis.finding import Finding
from tests.unit.diagnosis.distributions import install, install_own, installed

EXTRA = "; extra == 'eval'"


def examined(folder: Path, python: str = "3.11.7", code: Path | None = None) -> dict[str, Finding]:
    return {one.subject: one for one in examine(installed(folder), python, code or folder)}


def test_a_whole_installation(tmp_path: Path) -> None:
    install_own(tmp_path, "click>=8", f"numpy>=1.26{EXTRA}", extras=["eval", "all", "dev"])
    install(tmp_path, "click", "8.1", modules=["click"])
    install(tmp_path, "numpy", "2.0", modules=["numpy"])
    found = examined(tmp_path)
    assert list(found) == ["python", "zoo", "core", "extra eval"]
    assert {one.state for one in found.values()} == {"ok"}
    assert found["core"].found == "click 8.1"
    assert found["extra eval"].found == "numpy 2.0"


@pytest.mark.parametrize(("python", "state"), [("3.10.14", "fault"), ("3.11.0", "ok"), ("3.14.0rc1", "ok")])
def test_the_version_of_python(tmp_path: Path, python: str, state: str) -> None:
    install_own(tmp_path)
    found = examined(tmp_path, python)["python"]
    assert found.state == state
    assert python in found.found
    assert ">=3.11" in found.found


def test_a_library_that_was_never_installed(tmp_path: Path) -> None:
    found = examined(tmp_path)["zoo"]
    assert (found.state, found.command) == ("fault", "pip install edge-model-zoo")


def test_code_that_goes_before_the_installed_one(tmp_path: Path) -> None:
    install_own(tmp_path / "site")
    found = examined(tmp_path / "site", code=tmp_path / "checkout")["zoo"]
    assert found.state == "warning"
    assert str(tmp_path / "checkout") in found.found
    assert str(tmp_path / "site") in found.found


def test_an_editable_install_runs_from_elsewhere(tmp_path: Path) -> None:
    source = tmp_path / "a source"
    info = install_own(tmp_path / "site")
    record = f'{{"dir_info": {{"editable": true}}, "url": "{source.as_uri()}"}}'
    (info / "direct_url.json").write_text(record, encoding="utf-8")
    found = examined(tmp_path / "site", code=source)["zoo"]
    assert (found.state, found.found) == ("ok", f"{__version__} in {source}, editable")


@pytest.mark.parametrize("record", ["", "[]", "{", '{"url": 3, "dir_info": {}}', '{"url": "x"}'])
def test_a_damaged_record_of_an_editable_install(tmp_path: Path, record: str) -> None:
    (install_own(tmp_path) / "direct_url.json").write_text(record, encoding="utf-8")
    assert examined(tmp_path)["zoo"].state == "ok"


def test_metadata_of_another_version(tmp_path: Path) -> None:
    install_own(tmp_path, version="0.0.9")
    found = examined(tmp_path)["zoo"]
    assert (found.state, found.command) == ("warning", "pip install --force-reinstall edge-model-zoo")
    assert "0.0.9" in found.found


def test_a_part_of_the_core_is_missing(tmp_path: Path) -> None:
    install_own(tmp_path, "click>=8", "requests")
    install(tmp_path, "requests", "2.32", modules=["requests"])
    found = examined(tmp_path)["core"]
    assert (found.state, found.found, found.command) == ("fault", "click is missing", "pip install 'click>=8'")


def test_an_extra_that_nobody_asked_for_is_a_note(tmp_path: Path) -> None:
    install_own(tmp_path, f"numpy>=1.26{EXTRA}", f"onnxruntime{EXTRA}", extras=["eval"])
    install(tmp_path, "numpy", "1.20", modules=["numpy"])
    found = examined(tmp_path)["extra eval"]
    assert (found.state, found.command) == ("note", "pip install 'edge-model-zoo[eval]'")
    assert found.found == "numpy>=1.26 is needed, found 1.20; onnxruntime is missing"


@pytest.mark.parametrize("version", ["1.25.9", "not-a-version"])
def test_a_whole_extra_of_another_version_is_a_fault(tmp_path: Path, version: str) -> None:
    install_own(tmp_path, f"numpy>=1.26{EXTRA}", extras=["eval"])
    install(tmp_path, "numpy", version, modules=["numpy"])
    found = examined(tmp_path)["extra eval"]
    assert (found.state, found.command) == ("fault", "pip install 'numpy>=1.26'")


@pytest.mark.parametrize("lost", ["numpy", "numpy/__init__.py"])
def test_modules_that_are_gone_though_metadata_says_they_are_there(tmp_path: Path, lost: str) -> None:
    install_own(tmp_path, f"numpy>=1.26{EXTRA}", extras=["eval"])
    install(tmp_path, "numpy", "2.0", modules=["numpy"])
    path = tmp_path / lost
    path.unlink() if path.is_file() else shutil.rmtree(path)
    found = examined(tmp_path)["extra eval"]
    assert (found.state, found.command) == ("fault", "pip install --force-reinstall --no-deps 'numpy>=1.26'")
    assert "its modules are not there" in found.found


def test_each_kind_of_damage_of_the_core_has_its_command(tmp_path: Path) -> None:
    install_own(tmp_path, "click>=8", "requests", "tqdm")
    install(tmp_path, "click", "8.1", modules=["click"])
    shutil.rmtree(tmp_path / "click")
    install(tmp_path, "tqdm", modules=["tqdm"])
    found = examined(tmp_path)["core"]
    assert found.command == "pip install --force-reinstall --no-deps 'click>=8' && pip install 'requests'"


def test_a_broken_part_of_an_extra_that_nobody_asked_for(tmp_path: Path) -> None:
    install_own(tmp_path, f"numpy{EXTRA}", f"onnxruntime{EXTRA}", extras=["eval"])
    install(tmp_path, "numpy", modules=["numpy"])
    shutil.rmtree(tmp_path / "numpy")
    found = examined(tmp_path)["extra eval"]
    assert (found.state, found.command) == ("fault", "pip install --force-reinstall --no-deps 'numpy'")


def test_a_distribution_without_records_counts_as_whole(tmp_path: Path) -> None:
    install_own(tmp_path, f"numpy{EXTRA}", extras=["eval"])
    (install(tmp_path, "numpy") / "RECORD").unlink()
    assert examined(tmp_path)["extra eval"].state == "ok"
