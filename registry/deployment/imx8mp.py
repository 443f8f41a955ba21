"""i.MX 8M Plus: the model as it is, run on the CPU or, through the VX delegate, on the NPU."""

from __future__ import annotations

from pathlib import Path

from registry.deployment import imx
from registry.deployment.base import Package, Subject, Toolbox
from registry.deployment.board import engine_warnings, runs_on_fastest

DELEGATE = "/usr/lib/libvx_delegate.so"
"""Where NXP's BSP has it (the source that `registry.deployment.imx` names)."""


def package(subject: Subject, toolbox: Toolbox, work: Path) -> Package:
    """See `Adapter.package`; no tool is needed: the delegate compiles on the board when it loads the model."""
    runner, npu = imx.plain(subject, toolbox, work), runs_on_fastest(subject)
    return Package(
        files=imx.files(subject, runner, imx.model_of(runner) if npu else "", DELEGATE),
        instructions=imx.instructions(subject, runner, npu=npu),
        warnings=(*engine_warnings(subject), *runner.warnings),
    )
