"""The model's own bytes for the board: `network_data.bin`, `.h`, `.c` and a linker fragment `network_data.ld`.

The NPU does not read them: it reads what `stedgeai` makes of them. They are there for an interpreter on the
Cortex-M55, and so that firmware can say, by the digest, which model it runs.

Why `.incbin` and no array: a model of 2 MB is 9 MB of C, which a compiler takes seconds and hundreds of megabytes
for; the assembler copies the file as it is. GCC and Clang have it (armclang too); for other compilers `objcopy -I
binary`, or programming the file at its address, gives the same bytes.

They lie in the section `.network_data`, aligned to a cache line, at the end of the external flash. The NPU's memory
pool ends before them, so that weights and model cannot overlap.
"""

from __future__ import annotations

from dataclasses import dataclass

from registry.deployment.base import Subject
from registry.deployment.stm32n6.c_source import comment, define, header, integers, string
from registry.deployment.stm32n6.memory_pools import Pool
from registry.errors import RejectedError
from registry.units import format_bytes

SECTION = ".network_data"
ALIGNMENT = 32
"""Bytes of a line of the Cortex-M55's data cache, and of a burst of the NPU's cache at least."""

SECTOR = 1 << 16
"""Bytes that the board's flash (MX66UW1G45G) erases at once, by its largest sector."""


@dataclass(frozen=True)
class Region:
    """Where the bytes lie.

    Attributes:
        address: First byte.
        size: Bytes that are kept for them, whole sectors.
    """

    address: int
    size: int


def region_of(flash: Pool, model_bytes: int, weights_bytes: int) -> Region:
    """The last sectors of the flash, as many as the model needs.

    Args:
        flash: The pool that the weights lie in.
        model_bytes: Of the model file.
        weights_bytes: Of the weights, which lie at the flash's beginning.

    Raises:
        RejectedError: Both do not fit.
    """
    size = -(-model_bytes // SECTOR) * SECTOR
    if size + weights_bytes > flash.size:
        raise RejectedError(
            f"{flash.name}: expected room for weights of {format_bytes(weights_bytes)} and the model file of"
            f" {format_bytes(model_bytes)}, found {format_bytes(flash.size)}",
            hint="choose a smaller variant",
        )
    return Region(flash.address + flash.size - size, size)


def header_text(subject: Subject, region: Region, size: int) -> str:
    """`network_data.h`."""
    return header(
        "NETWORK_DATA_H",
        f"The model file of {subject.name}, {size} bytes, {subject.digest}",
        "#include <stdint.h>",
        "",
        define("NETWORK_DATA_SIZE", f"{size}u", "bytes"),
        define("NETWORK_DATA_ALIGNMENT", ALIGNMENT),
        define("NETWORK_DATA_ADDRESS", f"0x{region.address:08X}u", "where network_data.ld places it"),
        define("NETWORK_DATA_SHA256", string(subject.digest.hex)),
        "",
        "extern const uint8_t network_data[NETWORK_DATA_SIZE];",
        "extern const uint8_t network_data_sha256[32];",
    )


def source_text(subject: Subject) -> str:
    """`network_data.c`; the folder of `network_data.bin` has to be an include folder (`-I`) of its compilation."""
    digest = integers(bytes.fromhex(subject.digest.hex))
    return f"""/* {comment(f"{subject.name}, {subject.digest}")} */
#include "network_data.h"

__asm__(
    ".pushsection {SECTION}, \\"a\\", %progbits\\n"
    ".balign {ALIGNMENT}\\n"
    ".global network_data\\n"
    ".type network_data, %object\\n"
    "network_data:\\n"
    ".incbin \\"network_data.bin\\"\\n"
    ".size network_data, . - network_data\\n"
    ".popsection\\n");

const uint8_t network_data_sha256[32] = {digest};
"""


def linker_text(region: Region) -> str:
    """`network_data.ld`: a further `-T` behind the application's own script, or an INCLUDE at its end."""
    return f"""/* Places {SECTION} at the end of the external flash: a further -T, or INCLUDE it. */
MEMORY
{{
  NETWORK_DATA (r) : ORIGIN = 0x{region.address:08X}, LENGTH = {region.size}
}}
SECTIONS
{{
  {SECTION} : ALIGN({ALIGNMENT})
  {{
    KEEP(*({SECTION}))
  }} > NETWORK_DATA
}}
"""
