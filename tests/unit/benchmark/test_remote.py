"""Measuring on a device: a fake `benchmark_model`, a real Python runtime, and everything that goes wrong."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from registry.bench import Measurement, bench
from registry.benchmark.base import Plan
from registry.benchmark.remote import OnDevice
from registry.device.base import Answer
from registry.errors import MismatchError, RejectedError, RequestError, UnavailableError
from registry.inspect import read
from registry.progress import Silent
from tests.unit.benchmark.devices import LocalDevice
from tests.unit.family import model_file
from tests.unit.onnx_models import brightness_classes

TFLITE = model_file("128-int8-per-channel")

TOOL = """
test -s "${1#--graph=}" || { echo "Failed to open file"; exit 1; }
echo "Options: $*"
echo "count=1 curr=900"
echo "count=50 first=977 curr=964 min=911 max=1112 avg=971 std=39"
echo "Inference timings in us: Init: 6418, First inference: 1041, Warmup (avg): 1041, Inference (avg): 971.5"
echo "Memory footprint delta from the start of the tool (MB): init=6.1 overall=10.5"
"""


@pytest.fixture
def device(tmp_path: Path) -> LocalDevice:
    return LocalDevice(tmp_path)


@pytest.fixture
def net(tmp_path: Path) -> Path:
    return brightness_classes(tmp_path / "net.onnx")


def measured(device: LocalDevice, path: Path = TFLITE, tool: str | None = None, **plan: object) -> Measurement:
    """A measurement of few and short runs."""
    whole = {"runs": 12, "seconds": 0.0, "warmup": 1} | plan
    graph = read(path, "onnx" if path.suffix == ".onnx" else "tflite")
    return bench(path, "acme/net/small", graph, OnDevice(device, tool), Plan(**whole), Silent())  # type: ignore[arg-type]


def with_python(device: LocalDevice, *options: str) -> None:
    """Give the device this Python."""
    device.install("python3", f'exec "{sys.executable}" {" ".join(options)} "$@"')


def test_the_boards_own_tool_measures_and_nothing_is_left(device: LocalDevice) -> None:
    tool = device.install("benchmark_model", TOOL)
    found = measured(device, threads=4, delegate="vx")
    assert found.sample.distribution.to_document() == {
        "mean": 0.9715,
        "minimum": 0.911,
        "maximum": 1.112,
        "standard_deviation": 0.039,
    }
    assert found.sample.command == (
        f"{tool} --graph=model.tflite --num_threads=4 --warmup_runs=1 --num_runs=12 --min_secs=0"
        " --external_delegate_path=libvx_delegate.so"
    )
    assert found.plan.engine == "vx delegate"
    assert found.sample.memory is not None
    assert found.sample.memory.start is None
    assert found.machine == "root@board"
    assert found.sample.notes[-1] == "ready after 6.418 ms, and the first inference took 1.041 ms"
    assert device.left == []


def test_the_version_is_that_of_the_folder(device: LocalDevice, tmp_path: Path) -> None:
    folder = tmp_path / "tensorflow-lite-2.10.0/it's a board"
    folder.mkdir(parents=True)
    tool = folder / "benchmark_model"
    tool.write_text(f"#!/bin/sh\n{TOOL}", encoding="utf-8")
    tool.chmod(0o755)
    found = measured(device, tool=str(tool)).sample
    assert found.tool == {"name": "TensorFlow Lite", "version": "2.10.0"}
    assert found.command.startswith("'")


def test_a_tool_that_is_not_there_is_told(device: LocalDevice) -> None:
    with pytest.raises(UnavailableError, match="expected benchmark_model at /opt/none, found no program"):
        measured(device, tool="/opt/none")


def test_a_tool_that_fails_leaves_nothing(device: LocalDevice) -> None:
    device.install("benchmark_model", "echo 'Illegal instruction' >&2; exit 132")
    with pytest.raises(UnavailableError, match=r"root@board: benchmark_model: .* found 'Illegal instruction'"):
        measured(device)
    assert device.left == []


def test_a_delegate_that_takes_nothing_gives_no_figure(device: LocalDevice) -> None:
    said = "Though EXTERNAL delegate is explicitly applied, the model graph will not be executed by the delegate."
    device.install("benchmark_model", f"echo '{said}'\n{TOOL}")
    with pytest.raises(RejectedError, match="the delegate did not take the model"):
        measured(device, delegate="/usr/lib/libvx_delegate.so")
    assert device.left == []


def test_an_unknown_delegate_is_told(device: LocalDevice) -> None:
    device.install("benchmark_model", TOOL)
    with pytest.raises(RequestError, match="unknown delegate 'vax'") as caught:
        measured(device, delegate="vax")
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("one of: vx, ")


@pytest.mark.parametrize("kind", ["onnx", "tflite"])
def test_without_the_tool_its_python_measures(device: LocalDevice, net: Path, kind: str) -> None:
    with_python(device)
    found = measured(device, net if kind == "onnx" else TFLITE)
    assert found.sample.runtime == {"onnx": "onnxruntime", "tflite": "litert"}[kind]
    assert found.sample.version
    assert found.sample.distribution.count == 12
    assert found.sample.memory is not None
    assert found.sample.memory.start is not None
    assert found.sample.memory.peak >= found.sample.memory.start > 0
    assert found.sample.command.startswith("python3 runner.py ")
    assert device.left == []


def test_a_provider_that_is_not_there_is_no_cpu(device: LocalDevice, net: Path) -> None:
    with_python(device, "-W ignore")
    with pytest.raises(RejectedError, match="no execution provider VSINPUExecutionProvider"):
        measured(device, net, delegate="VSINPUExecutionProvider")


def test_a_device_without_python_and_tool_says_so(device: LocalDevice) -> None:
    with pytest.raises(UnavailableError, match="neither benchmark_model nor python3 is there"):
        measured(device)
    assert device.left == []


def test_a_python_without_runtime_says_so(device: LocalDevice) -> None:
    with_python(device, "-I", "-S")
    with pytest.raises(UnavailableError, match="its Python has no runtime for tflite files: neither"):
        measured(device)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "[]",
        "7",
        '{"times": []}',
        '{"times": [NaN], "runtime": "x", "version": "", "start": 1, "peak": 1}',
        "{}",
    ],
)
def test_an_answer_that_is_none_is_told(device: LocalDevice, net: Path, answer: str) -> None:
    device.install("python3", f"echo '{answer}'; echo 'Segmentation fault' >&2; exit 139")
    with pytest.raises(
        UnavailableError, match="expected an answer of the runner, found exit code 139: Segmentation"
    ):
        measured(device, net)
    assert device.left == []


def test_other_bytes_on_the_device_are_not_measured(device: LocalDevice) -> None:
    device.install("benchmark_model", "exit 9")
    (device.programs / "sha256sum").unlink()
    device.install("sha256sum", f'echo "{"0" * 64}  $1"')
    with pytest.raises(MismatchError, match="on the device"):
        measured(device)
    assert device.left == []


def test_a_device_that_cannot_hash_is_not_believed(device: LocalDevice) -> None:
    (device.programs / "sha256sum").unlink()
    with pytest.raises(UnavailableError, match="cannot hash the model"):
        measured(device)
    assert device.left == []


@pytest.mark.parametrize("folder", ["/", "", "tmp", "/tmp/../etc", "/tmp", "/tmp/a b"])
def test_nothing_but_a_folder_of_mktemp_is_ever_removed(device: LocalDevice, folder: str) -> None:
    (device.programs / "mktemp").unlink()
    device.install("mktemp", f"echo '{folder}'")
    with pytest.raises(UnavailableError, match=r"mktemp|temporary folder"):
        measured(device)
    assert not any(command[0] == "rm" for command in device.commands)


@pytest.mark.parametrize("lost_after", range(7))
def test_a_lost_connection_is_told_wherever_it_is_lost(tmp_path: Path, lost_after: int) -> None:
    device = LocalDevice(tmp_path, lost_after)
    device.install("benchmark_model", TOOL)
    if lost_after == 6:  # all that is left is to remove the model
        assert measured(device).sample.distribution.count == 50
        return
    with pytest.raises(UnavailableError, match="the connection was lost"):
        measured(device)


def test_a_format_that_no_board_runs_is_refused(device: LocalDevice, net: Path) -> None:
    class Keras:
        format = "keras"
        findings = ()

    with pytest.raises(RequestError, match="no runtime of a board runs keras files"):
        bench(net, "net", Keras(), OnDevice(device), Plan(), Silent())  # type: ignore[arg-type]
    assert device.commands == []


def test_a_device_that_describes_itself_strangely_is_still_measured(device: LocalDevice) -> None:
    class Strange(LocalDevice):
        def run(self, command: Sequence[str], *, data: bytes = b"", seconds: float = 600) -> Answer:
            answer = super().run(command, data=data, seconds=seconds)
            if "/proc/cpuinfo" in command:
                return Answer(0, b"=== \xff\n=== /proc/cpuinfo\n\x00model name: \x1b[2J\n=== uname\n", "")
            return answer

    strange = Strange.__new__(Strange)
    strange.__dict__ = device.__dict__
    device.install("benchmark_model", TOOL)
    assert measured(strange).sample.host.processor.isprintable()
