from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from registry.deployment import imx8mp
from registry.deployment.base import Package
from tests.unit.deployment.packages import NOTHING, contents, program, written
from tests.unit.family import model_file, subject

NAME = "deeplabv3-shapes-256-int8-per-channel"
RECORDING = 'for word in "$@"; do printf "%s\\n" "$word" >> "$RECORD"; done'


def packaged(variant: str) -> Package:
    return imx8mp.package(subject(variant, "imx8mp"), NOTHING, Path("/nowhere"))


def run(
    folder: Path, *words: str, path: Path | None = None, shell: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run the launcher from another folder, with the programs of one folder before those of the system."""
    search = f"{path}:/usr/bin:/bin" if path else "/usr/bin:/bin"
    return subprocess.run(
        [*shell, folder / "run.sh", *words],
        cwd="/",
        env={"PATH": search, "RECORD": str(folder / "record")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """A folder of programs like the board's, whose `benchmark_model` records its arguments."""
    return program(tmp_path / "bin" / "benchmark_model", RECORDING).parent


@pytest.mark.parametrize(
    ("words", "recorded"),
    [
        (["cpu"], [f"--graph={NAME}.tflite", "--num_threads=4"]),
        (["cpu", "1"], [f"--graph={NAME}.tflite", "--num_threads=1"]),
        (["npu"], [f"--graph={NAME}.tflite", "--external_delegate_path=/usr/lib/libvx_delegate.so"]),
    ],
)
def test_the_launcher_runs_the_boards_own_benchmark(
    board: Path, tmp_path: Path, words: list[str], recorded: list[str]
) -> None:
    folder = written(packaged("256-int8-per-channel"), tmp_path / "a folder with 'quotes'")
    done = run(folder, *words, path=board)
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "record").read_text().splitlines() == recorded


@pytest.mark.skipif(not shutil.which("busybox"), reason="needs the Debian package busybox")
def test_the_shell_of_a_small_board_is_enough(board: Path, tmp_path: Path) -> None:
    folder = written(packaged("256-int8-per-channel"), tmp_path / "package")
    done = run(folder, "npu", path=board, shell=("busybox", "sh"))
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "record").read_text().startswith(f"--graph={NAME}.tflite\n")


def test_further_words_go_to_the_runner_as_they_are(tmp_path: Path) -> None:
    folder = written(packaged("256-int8-per-channel"), tmp_path / "package")
    (folder / "segment.py").write_text("import sys\nfor word in sys.argv: print(word)\n")
    done = run(folder, "segment", "my picture $(touch hacked).jpg", "-o", "mask.png")
    assert done.stdout.splitlines() == ["segment.py", "my picture $(touch hacked).jpg", "-o", "mask.png"]
    assert not list(tmp_path.rglob("hacked"))


def test_a_missing_benchmark_is_told(tmp_path: Path) -> None:
    done = run(written(packaged("256-int8-per-channel"), tmp_path), "cpu")
    assert done.returncode == 3
    assert "benchmark_model: expected on PATH" in done.stderr


@pytest.mark.parametrize("words", [[], ["fast"], ["--help"]])
def test_the_launcher_tells_its_use(tmp_path: Path, words: list[str]) -> None:
    done = run(written(packaged("256-int8-per-channel"), tmp_path), *words)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ./run.sh cpu [THREADS]")


def test_a_float_model_is_not_offered_to_the_npu(board: Path, tmp_path: Path) -> None:
    package = packaged("256-float32")
    assert package.warnings[0] == "The npu of i.MX 8M Plus refuses tflite float32 files; this one runs on the cpu."
    assert not any("npu" in one.command for one in package.instructions)
    folder = written(package, tmp_path / "package")
    done = run(folder, "npu", path=board)
    assert done.returncode == 1
    assert "npu: this package has no file that runs there" in done.stderr
    assert not (folder / "record").exists()
    assert run(folder, "cpu", path=board).returncode == 0


def test_the_package_holds_the_very_model_and_tells_where_it_goes() -> None:
    package = packaged("256-int8-per-channel")
    files = contents(package)
    assert files[f"{NAME}.tflite"] == model_file("256-int8-per-channel").read_bytes()
    assert len(files) == len(package.files)
    assert any(f"root@BOARD:/opt/{NAME}/" in one.command for one in package.instructions)
    assert package.warnings == ()
