from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from registry import inspect
from registry.deployment import imx93, linux
from registry.deployment.toolbox import Machine
from registry.errors import RejectedError
from registry.facts import Facts
from registry.inspect.graph import Finding
from tests.unit.deployment.packages import NOTHING, PYTHON, Recording, contents, program, written
from tests.unit.family import subject

MACHINE = Machine([PYTHON])
needs_vela = pytest.mark.skipif(MACHINE.find("vela") is None, reason="needs the extra vela (ethos-u-vela)")

TARGET = "imx93"
NAME = "deeplabv3-shapes-256-int8-per-channel"


@needs_vela
@pytest.mark.parametrize("variant", ["256-int8-per-channel", "256-int8-per-tensor"])
def test_the_compiled_model_keeps_its_ends_and_its_report_is_read(variant: str, tmp_path: Path) -> None:
    made = subject(variant, TARGET)
    work = tmp_path / "work"
    work.mkdir()
    package = imx93.package(made, MACHINE, work)
    folder = written(package, tmp_path / "package")
    graph, before = inspect.read(folder / f"{made.name}_vela.tflite"), made.facts.graph
    assert [one.native for one in graph.operators] == ["ethos-u", "RESIZE_BILINEAR"]
    for ends, wanted in ((graph.inputs, before.inputs), (graph.outputs, before.outputs)):
        (tensor,), (original,) = [graph.tensors[one] for one in ends], [before.tensors[one] for one in wanted]
        assert (tensor.shape, tensor.dtype) == (original.shape, original.dtype)
        assert tensor.quantization == original.quantization
    found = {one.name: one.value for one in package.readings}
    assert 0 < found["internal-ram"] <= 384 * 1024
    assert (found["npu-operators"], found["cpu-operators"]) == (len(before.operators) - 1, 1)
    assert 0 < found["estimated-npu-cycles"] <= found["estimated-cycles"]
    assert "Vela leaves 1 RESIZE_BILINEAR to the CPU." in package.warnings
    assert [(one.name, one.found) for one in package.tools] == [("ethos-u-vela", True)]


@needs_vela
def test_the_same_model_gives_the_same_package(tmp_path: Path) -> None:
    found = []
    for name in ("one", "another"):
        (tmp_path / name).mkdir()
        package = imx93.package(subject("128-int8-per-channel", TARGET), MACHINE, tmp_path / name)
        found.append((contents(package), package.readings, package.warnings, package.instructions))
    assert found[0] == found[1]
    assert str(tmp_path).encode() not in b"".join(found[0][0].values())


def test_without_vela_the_package_is_complete_but_for_one_file(tmp_path: Path) -> None:
    made = subject("256-int8-per-channel", TARGET)
    package, plain = imx93.package(made, NOTHING, tmp_path), linux.package(made, NOTHING, tmp_path)
    assert f"{NAME}_vela.tflite" not in contents(package)
    assert {f"{NAME}.tflite", "segment.py", "config.json"} < set(contents(plain))
    assert {*contents(plain), "segment_npu.py", "run.sh"} == set(contents(package))
    assert [(one.name, one.version, one.found) for one in package.tools] == [("ethos-u-vela", None, False)]
    (missing,) = package.warnings
    command = package.instructions[0].command
    assert command[0] == "vela"
    assert command[-1] == f"./{NAME}.tflite"
    assert " ".join(command) in missing
    assert "pip install 'edge-model-zoo[vela]'" in missing


@needs_vela
def test_the_command_for_people_makes_the_file_that_the_launcher_wants(tmp_path: Path) -> None:
    package = imx93.package(subject("128-int8-per-channel", TARGET), NOTHING, tmp_path)
    folder = written(package, tmp_path / "package")
    vela = MACHINE.find("vela")
    assert vela is not None
    subprocess.run([vela, *package.instructions[0].command[1:]], cwd=folder, check=True, capture_output=True)
    board = program(tmp_path / "bin" / "benchmark_model", 'echo "$@"').parent
    environment = {"PATH": f"{board}:/usr/bin:/bin"}
    done = subprocess.run([folder / "run.sh", "npu"], env=environment, capture_output=True, text=True, check=True)
    graph = "--graph=deeplabv3-shapes-128-int8-per-channel_vela.tflite"
    assert done.stdout == f"{graph} --external_delegate_path=/usr/lib/libethosu_delegate.so\n"


def test_a_vela_that_fails_leaves_a_package_and_its_reason(tmp_path: Path) -> None:
    path = program(
        tmp_path / "bin" / "vela",
        'if [ "$1" = --version ]; then echo 5.2.0; exit; fi; echo "Error: out of luck" >&2; exit 1',
    )
    package = imx93.package(subject("256-int8-per-tensor", TARGET), Machine([path.parent]), tmp_path)
    (reason,) = package.warnings
    assert reason.startswith("It is not compiled for the NPU: vela made no compiled file of")
    assert reason.endswith("Error: out of luck.")
    assert package.readings == ()
    assert package.instructions[0].command[0] == "vela"


def test_a_vela_that_cannot_be_started_leaves_a_package(tmp_path: Path) -> None:
    path = program(tmp_path / "bin" / "vela", "")
    path.write_text("#!/there/is/no/such/shell\n")
    package = imx93.package(subject("256-int8-per-tensor", TARGET), Machine([path.parent]), tmp_path)
    assert package.warnings[0].startswith("It is not compiled for the NPU: ")
    assert package.tools[0].version is None


def test_a_dangerous_file_is_refused_before_any_command(tmp_path: Path) -> None:
    made = subject("256-int8-per-tensor", TARGET)
    fear = Finding("danger", "tflite-size", "tensor 3", "it claims more bytes than there are")
    graph = replace(made.facts.graph, findings=(fear,))
    tools = Recording([program(tmp_path / "bin" / "vela", "exit 0").parent])
    with pytest.raises(RejectedError, match="it may do harm"):
        imx93.package(replace(made, facts=Facts(graph)), tools, tmp_path)
    assert tools.ran == []


def test_a_float_model_is_not_compiled(tmp_path: Path) -> None:
    tools = Recording([program(tmp_path / "bin" / "vela", "exit 0").parent])
    package = imx93.package(subject("256-float32", TARGET), tools, tmp_path)
    assert (tools.ran, package.tools, package.readings) == ([], (), ())
    assert package.warnings[0] == "The npu of i.MX 93 refuses tflite float32 files; this one runs on the cpu."
    assert not any(word == "npu" for one in package.instructions for word in one.command)
