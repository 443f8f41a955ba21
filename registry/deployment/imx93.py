"""i.MX 93: beside the model itself one compiled for its NPU, an Ethos-U65 of 256 multipliers, by Vela."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from registry.deployment import imx, vela
from registry.deployment.base import MODEL, REPORT, File, Instruction, Package, Subject, Tool, Toolbox
from registry.deployment.board import engine_warnings, runs_on_fastest
from registry.errors import ZooError

DELEGATE = "/usr/lib/libethosu_delegate.so"
"""Where NXP's BSP has it (the source that `registry.deployment.imx` names)."""

_USE = "compiles the model for the Ethos-U65 NPU"


def package(subject: Subject, toolbox: Toolbox, work: Path) -> Package:
    """See `Adapter.package`; without Vela the package is complete but for the compiled file.

    Raises:
        RejectedError: Inspection found danger in the file, or its bytes are not the inspected ones any more.
    """
    runner, npu = imx.plain(subject, toolbox, work), runs_on_fastest(subject)
    compiled, tools, warnings = _compiled(subject, imx.model_of(runner), toolbox, work) if npu else (None, (), ())
    target = f"{subject.name}_vela.tflite"
    made = _files(subject, target, compiled) if compiled else ()
    return Package(
        files=(*imx.files(subject, runner, target if npu else "", DELEGATE), *made),
        instructions=(
            *(_by_hand(imx.model_of(runner)) if npu and not compiled else ()),
            *imx.instructions(subject, runner, npu=npu),
        ),
        tools=tools,
        readings=compiled.readings if compiled else (),
        warnings=(*engine_warnings(subject), *warnings, *runner.warnings),
    )


def _files(subject: Subject, target: str, compiled: vela.Compiled) -> tuple[File, ...]:
    report = f"{subject.name}_vela.csv"
    return (
        File(target, compiled.model, MODEL, "The model for the NPU."),
        File(report, compiled.report, REPORT, "Vela's report."),
    )


def _by_hand(model: str) -> tuple[Instruction, ...]:
    return (Instruction("Compile for the NPU, in this folder", vela.command(model), "host"),)


def _compiled(
    subject: Subject, plain: str, toolbox: Toolbox, work: Path
) -> tuple[vela.Compiled | None, tuple[Tool, ...], tuple[str, ...]]:
    """What Vela made of the model, or a warning that says what is missing."""
    path = toolbox.find(vela.COMMAND)
    if path is None:
        missing = (
            f"{vela.TOOL} is not installed, so {subject.name}_vela.tflite, which the NPU needs, is missing:"
            f" pip install 'edge-model-zoo[vela]' and deploy again, or {shlex.join(vela.command(plain))}."
        )
        return None, (Tool(vela.TOOL, None, _USE, found=False),), (missing,)
    model = vela.inspected_copy(subject, work)
    tool = Tool(vela.TOOL, None, _USE, found=True)
    try:
        tool = replace(tool, version=vela.version_of(path, toolbox, work))
        compiled = vela.compile_model(subject, model, path, toolbox, work)
    except ZooError as error:
        return None, (tool,), (f"It is not compiled for the NPU: {error.message}.",)
    return compiled, (tool,), tuple(_remarks(compiled))


def _remarks(compiled: vela.Compiled) -> Iterator[str]:
    """What a user of the compiled file must know."""
    yield (
        "Times and cycles are Vela's estimate for Ethos_U65_High_End, not measured; NXP's BSP has a Vela and a"
        " driver of its own, and this file was never tried on a board."
    )
    if compiled.on_cpu:
        names = ", ".join(f"{count} {native}" for native, count in sorted(compiled.on_cpu.items()))
        yield f"Vela leaves {names} to the CPU."
