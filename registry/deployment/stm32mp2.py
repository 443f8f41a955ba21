"""STM32MP2: folders as X-LINUX-AI's segmentation application has them, with a launcher and its configuration.

The application itself has ST's own licence (SLA0044) and comes with X-LINUX-AI. Where it lies, its package and its
arguments: https://github.com/STMicroelectronics/meta-st-x-linux-ai, recipes-samples/semantic-segmentation
(stai_mpu_semantic_segmentation.py at commit 1acad968b80ab13e83f78c7257afa7dbde8c1736, launcher at 0e907fe6).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from registry.deployment.base import CONFIGURATION, SCRIPT, File, Instruction, Package, Subject, Tool, Toolbox
from registry.deployment.board import copying, engine_warnings, labels_file, model_file, runs_on_fastest
from registry.deployment.shell import assignments
from registry.errors import RejectedError

FOLDER = "/usr/local/semantic-segmentation"
APPLICATION = "/usr/local/x-linux-ai/semantic-segmentation/stai_mpu_semantic_segmentation.py"
CAMERA = {"FRAMERATE": "30", "FRAME_WIDTH": "640", "FRAME_HEIGHT": "480"}
"""Frames a second, and pixels."""

COMPILER = "stedgeai"


def package(subject: Subject, toolbox: Toolbox, work: Path) -> Package:
    """See `Adapter.package`; the compiled `.nb` file is for whoever has ST Edge AI Core, which is closed.

    Raises:
        RejectedError: No standard deviation of pixels can be given to the application.
    """
    del work
    model, labels = model_file(subject, "Resources/"), labels_file(subject, "Resources/")
    launch = Path(__file__).with_name("stm32mp2.sh")
    npu = runs_on_fastest(subject)
    return Package(
        files=(
            model,
            labels,
            File("Application/config.sh", _configuration(subject, model, labels), CONFIGURATION),
            File("Application/launch.sh", launch, SCRIPT, "Segments what the camera sees.", executable=True),
        ),
        instructions=_instructions(model, npu=npu),
        tools=(_compiler(toolbox),) if npu else (),
        warnings=(*engine_warnings(subject), *_differences(subject)),
    )


def compile_command(model: str) -> tuple[str, ...]:
    """The command that makes an `.nb` file, which alone runs on the NPU.

    Source: ST Edge AI Core for STM32MPU series,
    https://stedgeai-dc.st.com/assets/embedded-docs/stm32mpu_command_line_interface.html, and ST's wiki, ST Edge AI:
    Guide for STM32MPU.
    """
    return (COMPILER, "generate", "--model", model, "--target", "stm32mp25")


def _configuration(subject: Subject, model: File, labels: File) -> bytes:
    """What the launcher gives to the application: files by name, camera, mean and standard deviation of pixels."""
    preparation = subject.preparation
    if not preparation.scale[0]:
        raise RejectedError(f"{subject.name}: expected a scale of pixels that is not 0, found 0")
    settings = {
        "APPLICATION": APPLICATION,
        "MODEL": Path(model.path).name,
        "LABELS": Path(labels.path).name,
        **CAMERA,
        "INPUT_MEAN": f"{preparation.mean[0]:.9g}",
        "INPUT_STD": f"{1 / preparation.scale[0]:.9g}",
    }
    return assignments(settings).encode()


def _instructions(model: File, *, npu: bool) -> tuple[Instruction, ...]:
    compiling = Instruction(
        "Compile for the NPU, and put the .nb file that it writes into Resources",
        compile_command(model.path),
        "host",
    )
    return (
        *((compiling,) if npu else ()),
        *copying(FOLDER, "Application", "Resources"),
        Instruction(
            "Segment what the camera sees, as the user whose screen it is, as ST's launcher does",
            ("su", "-l", "weston", "-c", f"{FOLDER}/Application/launch.sh"),
        ),
    )


def _compiler(toolbox: Toolbox) -> Tool:
    found = toolbox.find(COMPILER) is not None
    return Tool(COMPILER, None, "ST Edge AI Core: makes the .nb file that runs on the NPU", found)


def _differences(subject: Subject) -> Iterator[str]:
    """How the application's way with a picture differs from the one that the model wants."""
    how = subject.preparation
    if how.resize not in ("stretch", "none"):
        yield f"The model wants pictures resized by {how.resize}, X-LINUX-AI's application stretches them."
    if how.colour != "RGB":
        yield f"The model wants {how.colour} pictures, X-LINUX-AI's application gives RGB."
    if len(set(how.mean)) > 1 or len(set(how.scale)) > 1:
        yield "Each channel has a mean or scale of its own, X-LINUX-AI's application takes one: that of the first."
