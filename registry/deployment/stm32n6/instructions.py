"""How to compile, build, sign and flash, step by step.

Sources: README and `Model/generate-n6-model_STM32N6570-DK.sh` of ST's application for semantic segmentation on
STM32N6 (as it goes with ST Edge AI Core 2.1): order, addresses of boot loader and application, signing, external
loader. Addresses of weights and model are those of the package's own memory pools.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from registry.deployment.base import Instruction
from registry.deployment.stm32n6.memory_pools import Pool
from registry.deployment.stm32n6.network_data import SECTION, Region
from registry.deployment.stm32n6.stedgeai import OUTPUT

APPLICATION = "STM32N6-GettingStarted-SemanticSegmentation"
_APPLICATION_ADDRESS = "0x70100000"
_LOADER = "MX66UW1G45G_STM32N6570-DK.stldr"
_BUILT = "Application/STM32N6570-DK/build/Application/STM32N6570-DK/Project"
_OBJCOPY = "arm-none-eabi-objcopy"
_PROGRAMMER = ("STM32_Programmer_CLI", "-c", "port=SWD", "mode=HOTPLUG", "-el", _LOADER, "-hardRst", "-w")


def instructions(
    compile_command: Sequence[str], compiled: bool, flash: Pool, region: Region
) -> tuple[Instruction, ...]:
    """All steps.

    Args:
        compile_command: Of `stedgeai`.
        compiled: Whether it has been run already.
        flash: Where the weights lie.
        region: Where the model file lies.
    """
    first = [] if compiled else [_host("compile the model for the NPU, in the package's folder", *compile_command)]
    return (*first, *_build(flash, region), *_flash(region))


def _build(flash: Pool, region: Region) -> Iterator[Instruction]:
    yield _host(
        "turn the weights into a file that knows its address",
        *_hex(f"{OUTPUT}/network_atonbuf.{flash.block}.raw", flash.address, "weights.hex"),
    )
    yield _host(
        "the same for the model file, which only firmware that reads network_data needs",
        *_hex("network_data.bin", region.address, "network_data.hex"),
    )
    yield _host(
        f"in ST's {APPLICATION}: replace Application/STM32N6570-DK/Inc/app_config.h by the package's, add"
        " network_io.h and network_io.c, and replace the contents of Model/STM32N6570-DK by the .c and .h files of"
        f" {OUTPUT}; the runtime library has to be of the same version of ST Edge AI Core"
    )
    yield _host("build it, in the application's folder", "make", "-C", "Application/STM32N6570-DK", "-j8")
    yield _host(
        "only where network_data.c is linked in with network_data.ld: leave its section out of the image",
        *(_OBJCOPY, "-O", "binary", "--remove-section", SECTION, f"{_BUILT}.elf", f"{_BUILT}.bin"),
    )
    yield _host(
        "give the image the header that the boot ROM asks for",
        *("STM32_SigningTool_CLI", "-bin", f"{_BUILT}.bin", "-nk", "-t", "ssbl", "-hv", "2.3"),
        *("-o", f"{_BUILT}_sign.bin"),
    )


def _flash(region: Region) -> Iterator[Instruction]:
    yield Instruction("set both boot switches to the right (development mode) and connect CN6 by USB-C")
    yield _host(
        f"flash the first-stage boot loader of the application; {_LOADER} is in bin/ExternalLoader of"
        " STM32CubeProgrammer, give its whole path here and below",
        *(*_PROGRAMMER, "Binary/ai_fsbl.hex"),
    )
    yield _host("flash the weights", *_PROGRAMMER, "weights.hex")
    yield _host(
        f"flash the model file to 0x{region.address:08X}, where firmware reads network_data",
        *(*_PROGRAMMER, "network_data.hex"),
    )
    yield _host("flash the application", *_PROGRAMMER, f"{_BUILT}_sign.bin", _APPLICATION_ADDRESS)
    yield Instruction("set both boot switches to the left (boot from flash) and power the board off and on")


def _host(title: str, *command: str) -> Instruction:
    return Instruction(title, command, "host")


def _hex(source: str, address: int, result: str) -> tuple[str, ...]:
    return (_OBJCOPY, "-I", "binary", source, "--change-addresses", f"0x{address:08x}", "-O", "ihex", result)
