"""Packages as files, and their networks as shared libraries that a test calls."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from registry.deployment.base import Package, Subject
from registry.deployment.c import package
from registry.deployment.c.text import identifier
from registry.resources import packaged
from tests.unit.deployment.c.subjects import subject
from tests.unit.deployment.packages import NOTHING, written

STRICT = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")
needs_gcc = pytest.mark.skipif(not shutil.which("gcc"), reason="needs the Debian package gcc")
needs_make = pytest.mark.skipif(
    not (shutil.which("gcc") and shutil.which("make")), reason="needs the Debian packages gcc and make"
)
needs_arm = pytest.mark.skipif(
    not shutil.which("arm-none-eabi-gcc"), reason="needs the Debian package gcc-arm-none-eabi"
)
needs_qemu = pytest.mark.skipif(
    not shutil.which("qemu-system-arm"), reason="needs the Debian package qemu-system-arm"
)


def packed(what: Subject, folder: Path) -> Package:
    """The package of a subject, without tools."""
    return package(what, NOTHING, folder)


def make(folder: Path, *words: str) -> str:
    """Run `make` with all warnings as errors; what it prints."""
    command = ["make", "-s", *words, f"WARNINGS={' '.join(STRICT[1:])}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


_NUMBERS = count()
TEMPORARY = TemporaryDirectory(prefix="zoo-kernels-")


@cache
def _kernels() -> Path:
    """All kernels, compiled once."""
    folder = Path(TEMPORARY.name)
    sources = sorted(Path(packaged("deployment", "c", "kernels")).glob("*.c"))
    subprocess.run(["gcc", *STRICT, "-O2", "-fPIC", "-c", *map(str, sources)], cwd=folder, check=True)
    subprocess.run(["ar", "rcs", "kernels.a", *(f"{one.stem}.o" for one in sources)], cwd=folder, check=True)
    return folder / "kernels.a"


def run_c(model: bytes, inputs: Sequence[Any], folder: Path) -> Any:
    """Generate, compile and run a model of one output."""
    path = folder / "net.tflite"
    path.write_bytes(model)
    what = subject(path, "net")
    found = packed(what, folder)
    place = written(found, folder)
    prefix = identifier("net")
    sources = [f"{prefix}_network.c", f"{prefix}_weights.c"]
    library = f"net{next(_NUMBERS)}.so"  # a loader gives what it has when it meets a name again
    command = ["gcc", *STRICT, "-O0", "-fPIC", "-shared", "-I.", *sources, str(_kernels()), "-lm", "-o", library]
    subprocess.run(command, cwd=place, check=True)
    run = ctypes.CDLL(str(place / library))[f"{prefix}_run"]
    (port,) = what.outputs
    output: Any = np.empty([size or 1 for size in port.shape], port.dtype)
    arena: Any = np.empty(int(found.readings[0].value) + 32, np.uint8)
    start = arena.ctypes.data + -arena.ctypes.data % 16
    given = [np.ascontiguousarray(one) for one in inputs]
    pointers = [ctypes.c_void_p(one.ctypes.data) for one in (*given, output)]
    assert run(*pointers, ctypes.c_void_p(start)) == 0
    assert run(*pointers, ctypes.c_void_p(start + 1)) == 1
    return output


def run_reference(model: bytes, inputs: Sequence[Any], resolver: str = "BUILTIN_REF") -> Any:
    """Run a model by LiteRT's reference kernels."""
    from ai_edge_litert import interpreter as litert

    engine = litert.Interpreter(
        model_content=model, experimental_op_resolver_type=litert.OpResolverType[resolver], num_threads=1
    )
    engine.allocate_tensors()
    for details, values in zip(engine.get_input_details(), inputs, strict=True):
        engine.set_tensor(details["index"], values)
    engine.invoke()
    return engine.get_tensor(engine.get_output_details()[0]["index"])
