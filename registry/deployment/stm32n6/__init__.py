"""The package for STM32N6: C that configures ST's application, memory pools, and the compiler's command.

Everything but the NPU's own code is made here; that code only `stedgeai` makes. Where it is installed it is run and
its report is read; where it is not, the package says the command and is complete otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from registry.deployment.base import (
    CONFIGURATION,
    DATA,
    MODEL,
    REPORT,
    SOURCE,
    File,
    Package,
    Subject,
    Tool,
    Toolbox,
)
from registry.deployment.stm32n6 import app_config, memory_pools, network_data, network_io, stedgeai
from registry.deployment.stm32n6.instructions import APPLICATION, instructions
from registry.deployment.stm32n6.tensors import Input, Output, input_of, output_of
from registry.errors import RejectedError, UnavailableError
from registry.files import place, unreadable

POOL_FILE = "stm32n6.mpool"
_ENDINGS = {"tflite": ".tflite", "onnx": ".onnx"}
_OTHER_TOOLS = (
    ("arm-none-eabi-gcc", "builds the application"),
    ("STM32_SigningTool_CLI", "signs the application's image"),
    ("STM32_Programmer_CLI", "flashes boot loader, weights and application"),
)


def package(subject: Subject, toolbox: Toolbox, work: Path) -> Package:
    """The package of a model; see `registry.deployment.base.Adapter`.

    Raises:
        RejectedError: Its format, input or outputs are not what the NPU's application takes, or it does not fit.
        UnavailableError: `stedgeai` is installed and fails, or the disk is full.
    """
    ending = _ENDINGS.get(subject.facts.graph.format)
    if ending is None:
        raise RejectedError(
            f"{subject.name}: expected a TFLite or ONNX file, found {subject.facts.graph.format}",
            hint="choose a variant in one of these formats",
        )
    image, scores = input_of(subject), output_of(subject)
    pools = memory_pools.pools_of(subject.target)
    flash = memory_pools.flash_of(pools)
    size = _bytes_of(subject.path)
    region = network_data.region_of(flash, size, subject.fit.memory.flash)
    model = f"model/{subject.name}{ending}"
    command = stedgeai.command(model, image, scores)
    compiler_files = (
        File(model, subject.path, MODEL, "the model as it is published"),
        File(
            POOL_FILE, memory_pools.pool_file(pools, region.size), CONFIGURATION, "memories of the NPU's compiler"
        ),
        File(stedgeai.PROFILE_FILE, memory_pools.profile_file(POOL_FILE), CONFIGURATION, "profile of the compiler"),
    )
    compiled = stedgeai.compiled(
        command, toolbox, _laid_out(compiler_files, work), {pool.name: pool.kind for pool in pools}
    )
    return Package(
        files=(
            *compiler_files,
            *_sources(subject, image, scores, region, size),
            File("network_data.bin", subject.path, DATA, "the model's bytes, for network_data.c or the flash"),
            File("memory.txt", memory_pools.report(subject, pools, region.size).encode(), REPORT, "memory plan"),
            *compiled.files,
        ),
        instructions=instructions(command, bool(compiled.files), flash, region),
        tools=(compiled.tool, *_tools(toolbox)),
        readings=compiled.readings,
        warnings=(
            *_warnings(subject, image, scores, compiled.tool, command),
            *compiled.warnings,
            *compiled.unlike("input", image.port),
            *compiled.unlike("output", scores.port),
        ),
    )


def _sources(
    subject: Subject, image: Input, scores: Output, region: network_data.Region, size: int
) -> Iterator[File]:
    """The generated C."""
    texts = {
        "app_config.h": (app_config.header_text(subject, image, scores), "configuration of ST's application"),
        "network_io.h": (network_io.header_text(subject, image, scores), "input, outputs and post-processing"),
        "network_io.c": (network_io.source_text(image), "from a pixel to what the input stores"),
        "network_data.h": (network_data.header_text(subject, region, size), "the model file in flash"),
        "network_data.c": (network_data.source_text(subject), "the same; includes network_data.bin"),
        "network_data.ld": (network_data.linker_text(region), "where the linker places it"),
    }
    yield from (File(path, text.encode(), SOURCE, note) for path, (text, note) in texts.items())


def _bytes_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise unreadable(path, error) from None


def _laid_out(files: tuple[File, ...], work: Path) -> Path:
    """The folder in which the compiler runs: its files as they lie in the package.

    The model is copied: a link would let the tool write into the cache.
    """
    try:
        for file in files:
            path = work / file.path
            if isinstance(file.content, Path):
                place(file.content, path, link=False)
            else:
                path.write_bytes(file.content)
    except OSError as error:
        raise UnavailableError(f"{work}: cannot be written: {error.strerror or error}") from None
    return work


def _tools(toolbox: Toolbox) -> Iterator[Tool]:
    for name, use in _OTHER_TOOLS:
        yield Tool(name, None, use, found=toolbox.find(name) is not None)


def _warnings(
    subject: Subject, image: Input, scores: Output, tool: Tool, command: tuple[str, ...]
) -> Iterator[str]:
    """What a user must know before using the package."""
    yield from subject.fit.notes
    if not tool.found:
        yield f"{tool.name} is not installed here, so the NPU's code is not in the package: {' '.join(command)}"
    yield f"the application itself is ST's ({APPLICATION}) and is not in the package"
    if image.furthest > 1:
        yield (
            f"pixels do not go in as they are: stored values lie up to {image.furthest} steps from them, so"
            " network_input_table has to be applied, or accuracy suffers"
        )
    yield from app_config.unlike(subject.preparation)
    yield from (f"not stated, so assumed: {one}" for one in subject.preparation.assumed)
    if len(subject.labels) != scores.classes:
        yield f"expected names of {scores.classes} classes, found {len(subject.labels)}"
    if scores.kind == "class-map":
        yield "the network gives class ids, which ST's application does not read: write POSTPROCESS_CUSTOM for it"
    if scores.size != image.size[:2]:
        yield "the output is smaller than the input, and ST's application does not enlarge it"
