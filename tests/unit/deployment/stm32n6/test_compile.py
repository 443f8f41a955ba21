"""Every generated source compiles, and says what the model and its preparation say."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from registry.deployment import stm32n6
from registry.deployment.base import Subject
from registry.preparation import prepare
from registry.runtime.base import Port
from tests.unit.deployment.packages import NOTHING, written
from tests.unit.deployment.stm32n6.subjects import QDQ, SMALL_QDQ, TFLITE, stored, subject
from tests.unit.deployment.stm32n6.test_c_source import AWKWARD

FLAGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic")
HOST = ("gcc", *FLAGS)
CORTEX = ("arm-none-eabi-gcc", "-mcpu=cortex-m55", "-mthumb", *FLAGS)
PACKAGES = {"gcc": "gcc", "arm-none-eabi-gcc": "gcc-arm-none-eabi", "arm-none-eabi-nm": "binutils-arm-none-eabi"}
APPLICATION = """
MEMORY { RAM (xrw) : ORIGIN = 0x34000400, LENGTH = 1023K }
SECTIONS
{
  .text : { *(.text*) } > RAM
  .rodata : { *(.rodata*) } > RAM
  .data : { *(.data*) } > RAM
  .bss : { *(.bss*) } > RAM
}
"""
"""A linker script with one memory, as an application has it."""

READER = """
#include <stdio.h>
#include "app_config.h"
#include "network_data.h"
int main(void)
{
    static const float mean[] = NETWORK_PIXEL_MEAN, scale[] = NETWORK_PIXEL_SCALE;
    static const int shape[NETWORK_INPUT_RANK] = NETWORK_INPUT_SHAPE;
    static const int scores[NETWORK_OUTPUT_0_RANK] = NETWORK_OUTPUT_0_SHAPE;
    CLASSES_TABLE;
    fwrite(network_data, 1, NETWORK_DATA_SIZE, stdout);
    fwrite(network_data_sha256, 1, sizeof network_data_sha256, stdout);
    fwrite(network_input_table, 1, sizeof network_input_table, stdout);
    for (int i = 0; i < NB_CLASSES; i++) { fputs(classes_table[i], stdout); putchar(0); }
    printf("%d %d %d %d %d\\n", shape[1], shape[2], shape[3], scores[1], scores[3]);
    printf("%d %d %d %.9g %.9g\\n", NN_WIDTH, NN_HEIGHT, NN_BPP, (double)mean[0], (double)scale[0]);
    printf("%.9g %d %.9g %d\\n", (double)NETWORK_INPUT_SCALE, NETWORK_INPUT_ZERO_POINT,
           (double)NETWORK_OUTPUT_0_SCALE, NETWORK_OUTPUT_0_ZERO_POINT);
    return (int)((unsigned long)network_data % NETWORK_DATA_ALIGNMENT);
}
"""


def run(command: Sequence[str], folder: Path) -> bytes:
    """A compiler's output; skips where the compiler is not installed."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs the Debian package {PACKAGES.get(command[0], command[0])}")
    return subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout


def packaged(given: Subject, tmp_path: Path) -> Path:
    """The written package of a subject on a machine without tools."""
    for name in ("work", "out"):
        (tmp_path / name).mkdir()
    return written(stm32n6.package(given, NOTHING, tmp_path / "work"), tmp_path / "out")


def read_back(folder: Path) -> bytes:
    """What a program says that is built of the package's sources."""
    (folder / "reader.c").write_text(READER, encoding="ascii")
    run((*HOST, "-I", ".", "reader.c", "network_io.c", "network_data.c", "-o", "reader"), folder)
    return run((str(folder / "reader"),), folder)


@pytest.mark.parametrize("name", [TFLITE, SMALL_QDQ])
@pytest.mark.parametrize("compiler", [HOST, CORTEX], ids=["host", "cortex-m55"])
def test_every_source_compiles_alone(name: str, compiler: tuple[str, ...], tmp_path: Path) -> None:
    folder = packaged(subject(name), tmp_path)
    headers, sources = (sorted(path.name for path in folder.glob(pattern)) for pattern in ("*.h", "*.c"))
    assert headers == ["app_config.h", "network_data.h", "network_io.h"]
    assert sources == ["network_data.c", "network_io.c"]
    run((*compiler, "-I", ".", "-fsyntax-only", "-x", "c", *headers), folder)
    run((*compiler, "-I", ".", "-c", *sources), folder)


@pytest.mark.parametrize("name", [TFLITE, QDQ])
def test_a_program_reads_back_what_the_model_and_its_card_say(name: str, tmp_path: Path) -> None:
    given = subject(name)
    said = read_back(packaged(given, tmp_path))
    model = given.path.read_bytes()
    assert said.startswith(model + bytes.fromhex(given.digest.hex))
    rest = said[len(model) + 32 :]
    ramp = np.repeat(np.arange(256, dtype=np.uint8).reshape(256, 1, 1), 3, axis=2)
    image, scores = stored(name)
    port = Port("image", (1, 256, 1, 3), "uint8", *image)
    wanted, _view = prepare(ramp, replace(given.preparation, width=1), port)
    assert rest[:256] == wanted[0, :, 0, 0].tobytes()
    *names, numbers = rest[256:].split(b"\0")
    assert tuple(one.decode() for one in names) == given.labels
    sizes, pixels, scales = numbers.decode().splitlines()
    assert sizes == "256 256 3 256 9"
    assert pixels == "256 256 3 127.5 0.00784313772"
    assert scales == " ".join(f"{np.float32(scale):.9g} {zero_point}" for scale, zero_point in (image, scores))


def test_the_table_of_an_int8_input_is_the_runtimes_128_further(tmp_path: Path) -> None:
    port = Port("image", (1, 256, 256, 3), "int8", 0.0125, -7)
    given = replace(subject(), inputs=(port,))
    said = read_back(packaged(given, tmp_path))
    table = np.frombuffer(said[given.path.stat().st_size + 32 :][:256], np.uint8)
    ramp = np.repeat(np.arange(256, dtype=np.uint8).reshape(256, 1, 1), 3, axis=2)
    wanted, _view = prepare(ramp, replace(given.preparation, width=1), port)
    assert (table.astype(int) - 128 == wanted[0, :, 0, 0]).all()


def test_each_channel_has_its_own_table_where_they_differ(tmp_path: Path) -> None:
    how = replace(subject().preparation, mean=(0.0, 100.0, 127.5), scale=(0.01, 0.005, 0.0078))
    said = read_back(packaged(replace(subject(), preparation=how), tmp_path))
    tables = np.frombuffer(said[subject().path.stat().st_size + 32 :][: 3 * 256], np.uint8).reshape(3, 256)
    ramp = np.repeat(np.arange(256, dtype=np.uint8).reshape(256, 1, 1), 3, axis=2)
    wanted, _view = prepare(ramp, replace(how, width=1), subject().inputs[0])
    assert (wanted[0, :, 0, :] == tables.T).all()


@pytest.mark.parametrize("compiler", [HOST, CORTEX], ids=["host", "cortex-m55"])
def test_no_name_breaks_the_code(compiler: tuple[str, ...], tmp_path: Path) -> None:
    ports = tuple(replace(port, name=AWKWARD[4] + AWKWARD[2] + AWKWARD[3]) for port in subject().outputs)
    given = replace(subject(), labels=AWKWARD[:9], outputs=ports)
    folder = packaged(given, tmp_path)
    use = "#include \"app_config.h\"\nint main(void) { CLASSES_TABLE; return classes_table[0][0] != 'a'; }\n"
    (folder / "use.c").write_text(use, encoding="ascii")
    run((*compiler, "-trigraphs", "-I", ".", "-c", "use.c", "-o", "use.o"), folder)
    assert all(byte < 128 for byte in (folder / "app_config.h").read_bytes())


def test_the_linker_places_the_model_at_its_address(tmp_path: Path) -> None:
    folder = packaged(subject(), tmp_path)
    (folder / "main.c").write_text('#include "network_data.h"\nint main(void) { return network_data[4]; }\n')
    (folder / "application.ld").write_text(APPLICATION, encoding="ascii")
    run((*CORTEX, "-c", "main.c", "-o", "main.o"), folder)
    run((*CORTEX, "-c", "network_data.c", "-o", "network_data.o"), folder)
    linking = (
        "-nostdlib",
        "-Wl,--entry=main",
        *("-T", "application.ld", "-T", "network_data.ld", "main.o", "network_data.o", "-o", "a.elf"),
    )
    run((*CORTEX[:3], *linking), folder)
    symbols = run(("arm-none-eabi-nm", "a.elf"), folder).decode()
    size = -(-subject().path.stat().st_size // 65536) * 65536
    assert f"{0x78000000 - size:08x} R network_data\n" in symbols
    run(
        ("arm-none-eabi-objcopy", "-O", "binary", "--only-section", ".network_data", "a.elf", "section.bin"), folder
    )
    assert (folder / "section.bin").read_bytes() == subject().path.read_bytes()
    run(("arm-none-eabi-objcopy", "-O", "binary", "--remove-section", ".network_data", "a.elf", "app.bin"), folder)
    assert (folder / "app.bin").stat().st_size < 1024
