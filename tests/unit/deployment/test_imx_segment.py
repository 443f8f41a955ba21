"""Segmenting on the NPU, run as a program beside the program that it uses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from registry.deployment import imx8mp
from tests.unit.deployment.packages import NOTHING, program, written
from tests.unit.family import subject

NAME = "deeplabv3-shapes-256-int8-per-tensor"
LIBRARY = "libm.so.6"
"""Stands for the delegate: a library that can be loaded here."""

INTERPRETER = """
import numpy
class Interpreter:
    def __init__(self, model_path, num_threads, experimental_delegates=()):
        print(model_path, num_threads, *experimental_delegates)
    def allocate_tensors(self):
        pass
    def get_input_details(self):
        return [{"index": 0, "shape": (1, 256, 256, 3)}]
    def get_output_details(self):
        return [{"index": 1}]
    def set_tensor(self, index, stored):
        print(index, stored.shape, stored.dtype)
    def invoke(self):
        pass
    def get_tensor(self, index):
        return numpy.eye(9, dtype=numpy.int8)[numpy.full((1, 256, 256), 4)]
def load_delegate(library):
    return "delegate of " + library
"""
"""Stands for LiteRT: tells what it was asked for, and finds squares everywhere."""

OF_TENSORFLOW = INTERPRETER.replace("def load", "class experimental:\n  @staticmethod\n  def load")


def install(runtime: str, folder: Path) -> None:
    """A runtime beside the program, where Python looks first."""
    place = folder / "ai_edge_litert"
    place.mkdir(exist_ok=True)
    (place / "__init__.py").touch()
    (place / "interpreter.py").write_text(runtime)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A written package with a runtime that tells what it was asked for."""
    made = imx8mp.package(subject("256-int8-per-tensor", "imx8mp"), NOTHING, tmp_path)
    folder = written(made, tmp_path / "package")
    install(INTERPRETER, folder)
    Image.new("RGB", (40, 30)).save(folder / "my picture.png")
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
    done = run(package, "segment-npu", "my picture.png", "-o", "mask.png")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"{NAME}.tflite 1 delegate of {LIBRARY}",
        "0 (1, 256, 256, 3) uint8",
        "100.00%    4  square",
    ]
    with Image.open(package / "mask.png") as mask:
        assert (mask.size, mask.getextrema()) == ((40, 30), (4, 4))


def test_tensorflow_has_its_delegates_elsewhere(package: Path) -> None:
    install(OF_TENSORFLOW, package)
    done = run(package, "segment-npu", "my picture.png")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"delegate of {LIBRARY}" in done.stdout


def test_a_delegate_that_cannot_be_loaded_is_told(package: Path) -> None:
    (package / "run.sh").write_text((package / "run.sh").read_text().replace(LIBRARY, imx8mp.DELEGATE))
    done = run(package, "segment-npu", "my picture.png")
    assert done.returncode == 1
    assert done.stderr.startswith(f"{imx8mp.DELEGATE}: cannot be loaded: ")
    assert "Traceback" not in done.stderr


def test_too_few_words_tell_the_use(package: Path) -> None:
    done = run(package, "segment-npu")
    assert done.returncode == 1
    assert done.stderr == "usage: segment_npu.py LIBRARY MODEL PICTURE ...\n"


def test_without_a_delegate_the_plain_program_runs(package: Path) -> None:
    done = run(package, "segment", "my picture.png")
    assert (done.returncode, done.stderr) == (0, "")
    first, *_more, last = done.stdout.splitlines()
    assert (first, last) == (f"{package / NAME}.tflite 1", "100.00%    4  square")
