"""The package of target `c`: a network as C99 sources without dependencies, for bare metal and everything else.

All kernels are source, weights are constant arrays, and memory is an arena whose size is known when it is compiled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from registry.deployment.base import (
    CONFIGURATION,
    DATA,
    GOLDEN,
    SOURCE,
    File,
    Instruction,
    Package,
    Reading,
    Subject,
    Tool,
    Toolbox,
)
from registry.deployment.c.calls import network_source
from registry.deployment.c.fixed_point import FLOAT_MOST
from registry.deployment.c.interface import header
from registry.deployment.c.lowering import lower
from registry.deployment.c.network import Network
from registry.deployment.c.program import arena
from registry.deployment.c.selftest import vectors
from registry.deployment.c.source import Source
from registry.deployment.c.text import identifier
from registry.deployment.c.weights import constants, constants_header
from registry.errors import RejectedError, UnavailableError
from registry.resources import packaged

MOST_WEIGHT_BYTES = 64 << 20
"""Bytes of weights above which no C text is written: compilers take minutes for it."""

CPUS = ("cortex-m55", "cortex-m7")
"""Processors that the package is compiled for, where their compiler is here."""

CROSS = "arm-none-eabi-"


def package(subject: Subject, toolbox: Toolbox, work: Path) -> Package:
    """The C package of a model (see `base.Adapter`)."""
    _require_takeable(subject)
    source = Source(subject.facts.graph, subject.path)
    program = lower(source)
    network = Network(identifier(subject.name), subject, source, program, arena(program, source))
    tested = bool(subject.golden) and len(program.inputs) == 1
    files = tuple(_files(network, tested=tested))
    tools, readings = _measured(files, toolbox, work)
    memory = Reading("internal-ram", network.arena.bytes, "bytes", f"arena of {network.arena.bytes} bytes", "zoo")
    return Package(
        files=files,
        instructions=tuple(_instructions(network, tested=tested)),
        tools=tools,
        readings=(memory, *readings),
        warnings=tuple(_warnings(tested=tested)),
    )


def _require_takeable(subject: Subject) -> None:
    """See that it is a TensorFlow Lite file that is not too large as text, and that pixels become numbers.

    Raises:
        RejectedError: It is not.
    """
    graph, size = subject.facts.graph, subject.footprint.weights_bytes
    if graph.format != "tflite":
        raise RejectedError(
            f"{subject.path.name}: expected a TensorFlow Lite file, found {graph.format}",
            hint="choose a variant of format tflite",
        )
    if size > MOST_WEIGHT_BYTES:
        raise RejectedError(
            f"{subject.path.name}: expected at most {MOST_WEIGHT_BYTES} bytes of weights, found {size}",
            hint="a model this large is not for C source; deploy it to `linux`",
        )
    how = subject.preparation
    if not all(abs(one) <= FLOAT_MOST for one in (*how.mean, *how.scale)):
        raise RejectedError(
            f"{subject.path.name}: expected mean and scale of a pixel as 32-bit floats, found others"
        )


def _files(network: Network, *, tested: bool) -> Iterator[File]:
    prefix = network.prefix
    yield File(f"{prefix}.h", header(network).encode(), SOURCE, "what an application includes")
    yield File(f"{prefix}_network.c", network_source(network).encode(), SOURCE, "the calls of the kernels")
    yield File(f"{prefix}_weights.h", constants_header(network).encode(), SOURCE)
    yield File(f"{prefix}_weights.c", constants(network).encode(), DATA, "weights as constant arrays")
    for name in ("kernels.h", *(f"{kernel}.c" for kernel in network.program.kernels)):
        yield File(f"kernels/{name}", Path(packaged("deployment", "c", "kernels", name)), SOURCE)
    makefile = _frame("Makefile").read_text().replace("@NAME@", prefix)
    yield File("Makefile", makefile.encode(), CONFIGURATION, "builds the library and the self-test")
    if tested:
        yield File("selftest_vectors.c", vectors(network).encode(), GOLDEN, "golden vectors")
        for name in ("selftest.h", "selftest.c", "selftest_main.c", "qemu/start.c"):
            yield File(name, _frame(name), SOURCE)
        for name in ("sections", *CPUS):
            yield File(f"qemu/{name}.ld", _frame(f"qemu/{name}.ld"), CONFIGURATION)


def _frame(name: str) -> Path:
    return Path(packaged("deployment", "c", "frame", name))


def _instructions(network: Network, *, tested: bool) -> Iterator[Instruction]:
    cross = (f"CROSS={CROSS}", "CPU=cortex-m55")
    if tested:
        yield Instruction("Run the self-test on this machine", ("make", "check"), "host")
        yield Instruction("Run it on an emulated Cortex-M55", ("make", "qemu", *cross), "host")
    yield Instruction("Build the library for Cortex-M55", ("make", *cross), "host")
    yield Instruction(
        f"In the application: include {network.prefix}.h, give {network.prefix}_run() an input, an output and"
        f" {network.arena.bytes} bytes of aligned memory"
    )


def _warnings(*, tested: bool) -> Iterator[str]:
    yield "integer kernels follow TensorFlow Lite's reference; LiteRT's faster ones may differ from it by a step"
    if not tested:
        yield "the variant has no golden vector for one input, so the package has no self-test"


def _measured(
    files: tuple[File, ...], toolbox: Toolbox, work: Path
) -> tuple[tuple[Tool, ...], tuple[Reading, ...]]:
    """Bytes of the library on each processor, where its compiler is here."""
    command = f"{CROSS}gcc"
    if not all(map(toolbox.find, (command, f"{CROSS}size", "make"))):
        return (Tool(command, None, "compiles the package for Cortex-M", found=False),), ()
    for file in files:
        path = work / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content if isinstance(file.content, bytes) else file.content.read_bytes())
    version = toolbox.run((command, "-dumpfullversion"), work).output.strip()
    readings = [one for cpu in CPUS for one in _sizes(cpu, toolbox, work)]
    return (Tool(command, version or None, "compiles the package for Cortex-M", found=True),), tuple(readings)


def _sizes(cpu: str, toolbox: Toolbox, work: Path) -> Iterator[Reading]:
    """The total that `size` prints, by section."""
    done = toolbox.run(("make", "size", f"CROSS={CROSS}", f"CPU={cpu}"), work)
    total = re.search(r"^\s*(\d+)\s+(\d+)\s+(\d+)\s+\d+\s+[0-9a-f]+\s+\(TOTALS\)\s*$", done.output, re.MULTILINE)
    if done.code or total is None:
        raise UnavailableError(
            f"the package does not compile for {cpu}: {done.errors.strip()[:500]}",
            hint="see that the Debian packages gcc-arm-none-eabi and libnewlib-arm-none-eabi are whole",
        )
    for name, size in zip(("text", "data", "bss"), total.groups(), strict=True):
        yield Reading(f"{name} ({cpu})", int(size), "bytes", " ".join(total.group().split()), f"{CROSS}size")
