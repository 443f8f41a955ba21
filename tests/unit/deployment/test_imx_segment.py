"""Segmenting on the NPU, run as a program beside the program that it uses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from registry.deployment import imx8mp
from tests.unit.deployment.board_subjects import NOTHING, linux, program, subject, target, written

__all__ = ["linux"]
pytestmark = pytest.mark.usefixtures("linux")

NAME = "zoo-deeplabv3-shapes-256-int8-per-tensor"
LIBRARY = "libm.so.6"
"""Stands for the delegate: a library that can be loaded here."""

INTERPRETER = """
class Interpreter:
    def __init__(self, model_path, num_threads, experimental_delegates):
        print(model_path, num_threads, *experimental_delegates)
def load_delegate(library):
    return "delegate of " + library
"""
OF_TENSORFLOW = INTERPRETER.replace("def load", "class experimental:\n  @staticmethod\n  def load")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A written package with a runtime that tells what it was asked for."""
    made = imx8mp.package(subject("256-int8-per-tensor", target("imx8mp")), NOTHING, tmp_path)
    folder = written(made, tmp_path / "package")
    (folder / "an_interpreter.py").write_text(INTERPRETER)
    (folder / "run.sh").write_text((folder / "run.sh").read_text().replace(imx8mp.DELEGATE, LIBRARY))
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the launcher where `python3` is this one."""
    python = program(folder.parent / "bin" / "python3", f'exec "{sys.executable}" "$@"').parent
    return subprocess.run(
        [folder / "run.sh", *words],
        env={"PATH": f"{python}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_interpreter_gets_the_delegate_and_its_file(package: Path) -> None:
    done = run(package, "segment-npu", "my picture.jpg", "-o", "mask.png")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"{NAME}.tflite 1 delegate of {LIBRARY}",
        "segment my picture.jpg -o mask.png",
    ]


def test_tensorflow_has_its_delegates_elsewhere(package: Path) -> None:
    (package / "an_interpreter.py").write_text(OF_TENSORFLOW)
    done = run(package, "segment-npu", "picture.jpg")
    assert f"delegate of {LIBRARY}" in done.stdout


def test_a_delegate_that_cannot_be_loaded_is_told(package: Path) -> None:
    (package / "run.sh").write_text((package / "run.sh").read_text().replace(LIBRARY, imx8mp.DELEGATE))
    done = run(package, "segment-npu", "picture.jpg")
    assert done.returncode == 1
    assert done.stderr.startswith(f"{imx8mp.DELEGATE}: cannot be loaded: ")
    assert "Traceback" not in done.stderr


def test_too_few_words_tell_the_use(package: Path) -> None:
    done = run(package, "segment-npu")
    assert done.returncode == 1
    assert done.stderr == "usage: segment_npu.py LIBRARY MODEL PICTURE ...\n"


def test_without_a_delegate_the_plain_program_runs(package: Path) -> None:
    done = run(package, "segment", "picture.jpg")
    assert done.stdout == "segment picture.jpg\n"
