"""What the packages for NXP's i.MX boards share: the package for `linux`, and a launcher that knows the NPU.

The commands are those of NXP's own figures: `benchmark_model` with `--graph`, `--num_threads` and
`--external_delegate_path` (NXP/eiq-model-zoo, commit 386e32f46cb78855834f7d859ab1592a74da7558,
tasks/vision/classification/visual-wake-word/README.md, which times i.MX 8M Plus and i.MX 93).
"""

from __future__ import annotations

from pathlib import Path

from registry.deployment import linux, shell
from registry.deployment.base import MODEL, SCRIPT, File, Instruction, Package, Subject, Toolbox
from registry.deployment.board import copying, cores

_SELFTEST = ("python3", "segment.py", "--selftest")


def plain(subject: Subject, toolbox: Toolbox, work: Path) -> Package:
    """The package for `linux`: model, and what segments a picture with the board's own TensorFlow Lite."""
    return linux.package(subject, toolbox, work)


def files(subject: Subject, runner: Package, npu_model: str, delegate: str) -> tuple[File, ...]:
    """Files that every package for these boards has.

    Args:
        subject: What is deployed.
        runner: The package for `linux`.
        npu_model: File that the NPU runs; empty where none does.
        delegate: Library through which TensorFlow Lite reaches the NPU.
    """
    settings = {
        "CPU_MODEL": model_of(runner),
        "NPU_MODEL": npu_model,
        "THREADS": str(cores(subject)),
        "DELEGATE": delegate,
    }
    on_npu = File(
        "segment_npu.py",
        Path(__file__).with_name("imx_segment.py"),
        SCRIPT,
        "Segments a picture on the NPU, by segment.py.",
    )
    launcher = shell.script("run.sh", "imx.sh", settings, "Times the model on CPU or NPU, or segments a picture.")
    return (launcher, *runner.files, *((on_npu,) if npu_model else ()))


def instructions(subject: Subject, runner: Package, *, npu: bool) -> tuple[Instruction, ...]:
    """How to use the package."""
    segmenting = ("PICTURE", "-o", "mask.png")
    tested = any(one.command == _SELFTEST for one in runner.instructions)
    testing = Instruction("See that the model computes what it should", ("./run.sh", "segment", "--selftest"))
    testing_npu = Instruction("See the same of the NPU", ("./run.sh", "segment-npu", "--selftest"))
    on_npu = (
        *((testing_npu,) if tested else ()),
        Instruction("Time it on the NPU", ("./run.sh", "npu")),
        Instruction("Segment a picture on the NPU", ("./run.sh", "segment-npu", *segmenting)),
    )
    return (
        *copying(f"/opt/{subject.name}", "."),
        *((testing,) if tested else ()),
        *(on_npu if npu else ()),
        Instruction("Time it on the CPU", ("./run.sh", "cpu", str(cores(subject)))),
        Instruction("Segment a picture on the CPU", ("./run.sh", "segment", *segmenting)),
    )


def model_of(package: Package) -> str:
    """Path of the model in a package."""
    return next(file.path for file in package.files if file.role == MODEL)
