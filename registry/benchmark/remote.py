"""Measuring on a device: the model is sent, timed by the device's own tool, and removed."""

from __future__ import annotations

import contextlib
import json
import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from registry.benchmark import benchmark_model, host, runner
from registry.benchmark.base import Memory, Model, Plan, Sample
from registry.benchmark.host import Host
from registry.benchmark.statistics import Distribution
from registry.device.base import Answer, Device
from registry.errors import MismatchError, RejectedError, RequestError, UnavailableError
from registry.progress import Progress
from registry.runtime.litert import DELEGATES

TOOL = "benchmark_model"
PLACES = ("/usr/bin/tensorflow-lite-*/examples", "/opt/tensorflow-lite/tools")
"""Folders where boards have the tool beside the PATH: NXP's BSP (the commands of its zoo's Performance tables),
TI's Processor SDK (its page on TensorFlow Lite)."""

_FIND = f"command -v {TOOL} && exit; for each in {' '.join(f'{place}/{TOOL}' for place in PLACES)}; do" + (
    ' test -x "$each" && echo "$each" && exit; done; exit 1'
)
_TELL = 'for each; do echo "=== $each"; cat "$each" 2>/dev/null; echo; done; echo "=== uname"; uname -srm'
_FOLDER = re.compile(r"(/\w[\w.-]*){2,}")
_MOST_SECONDS = 150
"""When `benchmark_model` ends a phase by itself (its option max_secs)."""


class OnDevice:
    """A device.

    Args:
        device: The way to it.
        tool: Path of `benchmark_model` on it; looked for when not given.
    """

    def __init__(self, device: Device, tool: str | None = None) -> None:
        self.name = device.name
        self._device = device
        self._tool = tool

    def measure(self, model: Model, plan: Plan, progress: Progress) -> Sample:
        """Run a model many times (see `Machine.measure`)."""
        if model.format not in ("tflite", "onnx"):
            raise RequestError(
                f"{model.path}: no runtime of a board runs {model.format} files, only tflite and onnx",
                hint="export it to one of these",
            )
        machine = self._describe()
        tool = self._found_tool() if model.format == "tflite" else None
        with self._sent(model) as path:
            progress.note(f"{self.name}: measuring with {tool or 'its own Python'}")
            if tool is not None:
                return self._by_tool(tool, path, plan, machine)
            return self._by_runner(path, model, plan, machine)

    def _found_tool(self) -> str | None:
        """Where the device has `benchmark_model`; None where it has not.

        Raises:
            UnavailableError: It was named, and is not there.
        """
        if self._tool is not None:
            if self._device.run(["test", "-x", self._tool]).code:
                raise UnavailableError(
                    f"{self.name}: expected {TOOL} at {self._tool}, found no program there",
                    hint="--benchmark-model takes its path on the device",
                )
            return self._tool
        answer = self._device.run(["sh", "-c", _FIND])
        return _line(answer) if answer.code == 0 else None

    def _by_tool(self, tool: str, path: str, plan: Plan, machine: Host) -> Sample:
        library = self._library(plan)
        command = [
            tool,
            *benchmark_model.options(path, plan.threads, plan.runs, plan.seconds, plan.warmup, library),
        ]
        if plan.seconds > _MOST_SECONDS:
            command.append(f"--max_secs={plan.seconds:g}")
        answer = self._device.run(command, seconds=4 * max(plan.seconds, _MOST_SECONDS))
        # where a build splits them, the summary stands on standard output
        text = answer.errors + "\n" + answer.output.decode("utf-8", "replace")
        report = benchmark_model.parse(text, f"{self.name}: {TOOL}")
        version = re.search(r"tensorflow-lite-([0-9]+(?:\.[0-9]+){1,3})/", tool)
        notes = [
            *machine.notes,
            *(["the delegate took only a part of the model"] if report.partly else []),
            f"ready after {report.initialisation:.4g} ms, and the first inference took {report.first:.4g} ms",
        ]
        return Sample(
            report.distribution,
            "TensorFlow Lite",
            version[1] if version else None,
            _shown(command, path),
            machine,
            None if report.memory is None else Memory(None, report.memory),
            tuple(notes),
        )

    def _library(self, plan: Plan) -> str | None:
        """The shared library of a delegate, by the name that people use or its path on the device.

        Raises:
            RequestError: It is neither.
        """
        if plan.delegate is None or plan.delegate.startswith("/"):
            return plan.delegate
        if plan.delegate not in DELEGATES:
            raise RequestError(
                f"unknown delegate {plan.delegate!r}",
                hint=f"one of: {', '.join(DELEGATES)}; or the path of its library on {self.name}",
            )
        return DELEGATES[plan.delegate]

    def _by_runner(self, path: str, model: Model, plan: Plan, machine: Host) -> Sample:
        script = posixpath.join(posixpath.dirname(path), "runner.py")
        self._device.put(Path(runner.__file__), script)
        request = {
            "path": path,
            "format": model.format,
            "threads": plan.threads,
            "delegate": self._library(plan) if model.format == "tflite" else plan.delegate,
            "warmup": plan.warmup,
            "runs": plan.runs,
            "seconds": plan.seconds,
        }
        command = ["python3", script]
        answer = self._device.run(command, data=json.dumps(request).encode(), seconds=24 * 3600)
        found = self._understood(answer, model)
        return Sample(
            Distribution.of(found["times"]),
            found["runtime"],
            found["version"] or None,
            _shown([*command, json.dumps(request)], path),
            machine,
            Memory(found["start"], found["peak"]) if found["peak"] else None,
            machine.notes,
        )

    def _understood(self, answer: Answer, model: Model) -> dict[str, Any]:
        """The runner's answer, which a device may have broken.

        Raises:
            RejectedError: The runtime does not take the model.
            UnavailableError: There is no Python, no runtime, or no answer.
        """
        wanted = (
            "onnxruntime" if model.format == "onnx" else f"{TOOL}, or Python with tflite_runtime or ai_edge_litert"
        )
        if answer.code == 127:
            raise UnavailableError(
                f"{self.name}: neither {TOOL} nor python3 is there, so nothing can run the model",
                hint=f"install {wanted} there, or name the tool with --benchmark-model PATH",
            )
        try:
            found: dict[str, Any] = json.loads(answer.output)
            if "refused" in found:
                raise RejectedError(f"{self.name}: the runtime does not take {model.name}: {found['refused']}")
            if "missing" in found:
                raise UnavailableError(
                    f"{self.name}: its Python has no runtime for {model.format} files: {found['missing']}",
                    hint=f"install {wanted} there, or name the tool with --benchmark-model PATH",
                )
            times = [float(one) for one in found["times"]]
            whole = {"runtime": str, "version": str, "start": int, "peak": int}
            if (
                min(times) > 0
                and max(times) < float("inf")
                and all(isinstance(found[name], kind) for name, kind in whole.items())
            ):
                return {**found, "times": times}
        except (ValueError, TypeError, KeyError):
            pass
        said = answer.errors.strip().rpartition("\n")[2][:300]
        raise UnavailableError(
            f"{self.name}: expected an answer of the runner, found exit code {answer.code}"
            + (f": {said}" if said else ""),
            hint="run `python3 -c 'import numpy'` there; the runner needs numpy and a runtime",
        )

    @contextlib.contextmanager
    def _sent(self, model: Model) -> Iterator[str]:
        """The model in a folder of its own on the device, proven there; removed in the end.

        Raises:
            MismatchError: Other bytes arrived.
            UnavailableError: There is no room, or no way to prove what arrived.
        """
        folder = _line(self._answered(["mktemp", "-d"], "make a temporary folder", "see to free space in its /tmp"))
        if not _FOLDER.fullmatch(folder):  # it is removed in the end
            raise UnavailableError(f"{self.name}: expected a folder of mktemp, found {folder[:100]!r}")
        try:
            path = f"{folder}/model.{model.format}"
            self._device.put(model.path, path)
            answer = self._answered(
                ["sha256sum", path], "hash the model", "install sha256sum there, which busybox has"
            )
            found = _line(answer).partition(" ")[0].removeprefix("\\")
            if found != model.digest.hex:
                raise MismatchError(
                    f"{self.name}: {model.name}",
                    expected=str(model.digest),
                    found=f"sha256:{found[:64]} on the device",
                    hint="send it again; if that stays, its storage or memory is broken",
                )
            yield path
        finally:
            with contextlib.suppress(UnavailableError):  # the error that led here matters more
                self._device.run(["rm", "-rf", folder])

    def _describe(self) -> Host:
        """What the device is, by what it says of itself."""
        answer = self._device.run(["sh", "-c", _TELL, "sh", *host.FILES.values()])
        names = {path: name for name, path in host.FILES.items()} | {"uname": host.SYSTEM}
        texts: dict[str, str] = {}
        for part in answer.output.decode("utf-8", "replace").split("=== ")[1:]:
            title, _, text = part.partition("\n")
            if title in names:
                texts.setdefault(names[title], text)
        return host.of_texts(texts)

    def _answered(self, command: Sequence[str], task: str, hint: str) -> Answer:
        answer = self._device.run(command)
        if answer.code or not _line(answer):
            said = answer.errors.strip().rpartition("\n")[2][:300] or f"exit code {answer.code}"
            raise UnavailableError(f"{self.name}: cannot {task}: {said}", hint=hint)
        return answer


def _line(answer: Answer) -> str:
    """The first line of what a command said."""
    return answer.output.decode("utf-8", "replace").strip().partition("\n")[0]


def _shown(command: Sequence[str], path: str) -> str:
    """A command as one line, without the temporary folder that no reader has."""
    return shlex.join(word.replace(posixpath.dirname(path) + "/", "") for word in command)[:2000]
