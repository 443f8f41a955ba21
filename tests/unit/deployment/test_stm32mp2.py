from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from registry.deployment import stm32mp2
from registry.deployment.base import Subject
from registry.deployment.toolbox import Machine
from registry.errors import RejectedError
from tests.unit.deployment.packages import HOSTILE, NOTHING, contents, program, written
from tests.unit.family import subject

TARGET = "stm32mp2"
NAME = "deeplabv3-shapes-256-int8-per-tensor"
RECORDING = 'for word in "$@"; do printf "%s\\n" "$word" >> "$RECORD"; done'


@pytest.fixture
def made() -> Subject:
    return subject("256-int8-per-tensor", TARGET)


def launched(folder: Path, place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the launcher from elsewhere, where `python3` records its arguments."""
    programs = program(place / "bin" / "python3", RECORDING).parent
    environment = {"PATH": f"{programs}:/usr/bin:/bin", "RECORD": str(place / "record")}
    launcher = folder / "Application" / "launch.sh"
    return subprocess.run([launcher, *words], cwd="/", env=environment, capture_output=True, text=True, check=False)


def installed(made: Subject, place: Path) -> Path:
    """The package on a board that has X-LINUX-AI's application."""
    folder = written(stm32mp2.package(made, NOTHING, place), place / "semantic segmentation")
    application = place / "application.py"
    application.touch()
    configuration = folder / "Application" / "config.sh"
    changed = configuration.read_text().replace(stm32mp2.APPLICATION, str(application))
    configuration.write_text(changed)
    return folder


def arguments(place: Path) -> dict[str, str]:
    """What the application got, by option."""
    words = (place / "record").read_text().splitlines()
    assert words[0] == str(place / "application.py")
    return dict(zip(words[1::2], words[2::2], strict=True))


def test_the_application_gets_model_labels_camera_and_normalization(made: Subject, tmp_path: Path) -> None:
    folder = installed(made, tmp_path)
    done = launched(folder, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert arguments(tmp_path) == {
        "-m": str(folder / "Resources" / f"{NAME}.tflite"),
        "-l": str(folder / "Resources" / f"{NAME}.labels.txt"),
        "--framerate": "30",
        "--frame_width": "640",
        "--frame_height": "480",
        "--input_mean": "127.5",
        "--input_std": "127.5",
    }


def test_a_compiled_model_goes_before_the_plain_one(made: Subject, tmp_path: Path) -> None:
    folder = installed(made, tmp_path)
    (folder / "Resources" / f"{NAME}.nb").touch()
    assert launched(folder, tmp_path).returncode == 0
    assert arguments(tmp_path)["-m"].endswith(f"/Resources/{NAME}.nb")


def test_another_model_and_labels_can_be_named(made: Subject, tmp_path: Path) -> None:
    folder = installed(made, tmp_path)
    assert launched(folder, tmp_path, "my model.nb", "$(touch hacked).txt").returncode == 0
    found = arguments(tmp_path)
    assert (found["-m"], found["-l"]) == ("my model.nb", "$(touch hacked).txt")


def test_a_board_without_the_application_is_told_what_to_install(made: Subject, tmp_path: Path) -> None:
    folder = written(stm32mp2.package(made, NOTHING, tmp_path), tmp_path / "package")
    done = launched(folder, tmp_path)
    assert done.returncode == 3
    assert f"{stm32mp2.APPLICATION}: expected the segmentation application" in done.stderr
    assert "stai-mpu-semantic-segmentation-python" in done.stderr


def test_hostile_labels_stay_in_their_file(made: Subject, tmp_path: Path) -> None:
    folder = installed(replace(made, labels=HOSTILE), tmp_path)
    assert launched(folder, tmp_path).returncode == 0
    labels = (folder / "Resources" / f"{NAME}.labels.txt").read_text().split("\n")
    assert len(labels) == len(HOSTILE) + 1
    assert not list(tmp_path.rglob("hacked"))


def test_the_npu_takes_per_tensor_and_gets_a_command(made: Subject, tmp_path: Path) -> None:
    package = stm32mp2.package(made, NOTHING, tmp_path)
    assert package.warnings == ()
    assert package.instructions[0].command == (
        *("stedgeai", "generate", "--model", f"Resources/{NAME}.tflite", "--target", "stm32mp25"),
    )
    assert [(one.name, one.found) for one in package.tools] == [("stedgeai", False)]
    compiler = program(tmp_path / "bin" / "stedgeai", "exit 0").parent
    assert stm32mp2.package(made, Machine([compiler]), tmp_path).tools[0].found


def test_the_npu_refuses_per_channel_and_the_alternative_is_named(tmp_path: Path) -> None:
    package = stm32mp2.package(subject("256-int8-per-channel", TARGET), NOTHING, tmp_path)
    assert package.warnings == (
        "The npu of STM32MP2 refuses tflite int8 per-channel files; this one runs on the gpu.",
        "zoo/deeplabv3-shapes/256-int8-per-tensor is a variant of the same family that the npu takes.",
    )
    assert package.tools == ()
    assert not any("stedgeai" in one.command for one in package.instructions)


def test_an_onnx_model_keeps_its_ending(tmp_path: Path) -> None:
    package = stm32mp2.package(subject("256-int8-qdq", TARGET), NOTHING, tmp_path)
    assert "Resources/deeplabv3-shapes-256-int8-qdq.onnx" in contents(package)


def test_the_files_go_where_the_vendor_has_them(made: Subject, tmp_path: Path) -> None:
    copying = stm32mp2.package(made, NOTHING, tmp_path).instructions[2].command
    assert copying == (*("scp", "-r", "Application", "Resources", "root@BOARD:/usr/local/semantic-segmentation/"),)


def test_another_way_with_pictures_is_told(made: Subject, tmp_path: Path) -> None:
    how = replace(made.preparation, resize="pad", colour="BGR", mean=(1.0, 2.0, 3.0))
    found = stm32mp2.package(replace(made, preparation=how), NOTHING, tmp_path).warnings
    assert [one.split(",")[0] for one in found] == [
        "The model wants pictures resized by pad",
        "The model wants BGR pictures",
        "Each channel has a mean or scale of its own",
    ]


def test_a_scale_of_nothing_is_refused(made: Subject, tmp_path: Path) -> None:
    how = replace(made.preparation, scale=(0.0, 0.0, 0.0))
    with pytest.raises(RejectedError, match="scale of pixels that is not 0"):
        stm32mp2.package(replace(made, preparation=how), NOTHING, tmp_path)
