"""`network_io.h` and `network_io.c`: what an application has to know of the compiled network's tensors."""

from __future__ import annotations

from registry.deployment.base import Subject
from registry.deployment.stm32n6.c_source import comment, define, header, integers, real, reals, rows, string
from registry.deployment.stm32n6.tensors import Input, Output, elements
from registry.golden import ITEM_BYTES
from registry.runtime.base import Port

_C_TYPES = {
    "float32": "float",
    "float16": "uint16_t",
    "bool": "uint8_t",
    **{name: f"{name}_t" for name in ("int8", "uint8", "int16", "int32", "int64")},
}
"""By element type; `void` for any other, which an application has to look into itself."""
_ALIGNMENT = 32
"""Bytes of a line of the Cortex-M55's data cache (Arm Cortex-M55 Technical Reference Manual)."""


def header_text(subject: Subject, image: Input, scores: Output) -> str:
    """`network_io.h`: shapes, layouts, types, scales and zero points; mean and scale of the preprocessing."""
    how = subject.preparation
    height, width, channels = image.size
    tables = len(_tables(image))
    return header(
        "NETWORK_IO_H",
        f"Input and outputs of {subject.name} as compiled for the NPU",
        "#include <stdint.h>",
        "",
        *_tensor("NETWORK_INPUT", image.port, "NHWC"),
        define("NETWORK_INPUT_HEIGHT", height),
        define("NETWORK_INPUT_WIDTH", width),
        define("NETWORK_INPUT_CHANNELS", channels),
        "",
        "/* real input = (pixel - mean) * scale, for each channel in the order of NETWORK_INPUT_COLOUR */",
        define("NETWORK_INPUT_COLOUR", string(how.colour)),
        define("NETWORK_INPUT_RESIZE", string(how.resize)),
        define("NETWORK_INPUT_INTERPOLATION", string(how.interpolation)),
        define("NETWORK_PIXEL_MEAN", reals(how.mean)),
        define("NETWORK_PIXEL_SCALE", reals(how.scale)),
        "",
        "/* stored input = network_input_table[channel % NETWORK_INPUT_TABLES][pixel] */",
        define("NETWORK_INPUT_TABLES", tables, "one for all channels" if tables == 1 else "one for each channel"),
        define("NETWORK_INPUT_FURTHEST", image.furthest, "steps from pixel to stored value; 0: bytes as they are"),
        f"extern const uint8_t network_input_table[NETWORK_INPUT_TABLES][{len(image.table)}];",
        "",
        define("NETWORK_OUTPUTS", len(subject.outputs)),
        *(line for number in range(len(subject.outputs)) for line in _output(subject, scores, number)),
        *_reading(image, scores),
    )


def source_text(image: Input) -> str:
    """`network_io.c`: the table from a pixel to what is stored."""
    tables = ",\n".join("    {\n" + rows(table, " " * 8) + "\n    }" for table in _tables(image))
    size = len(image.table)
    return (
        '#include "network_io.h"\n\n'
        f"const uint8_t network_input_table[NETWORK_INPUT_TABLES][{size}]\n"
        f"    __attribute__((aligned({_ALIGNMENT}))) = {{\n{tables}\n}};\n"
    )


def _tables(image: Input) -> list[list[int]]:
    """One table where all channels share it, else one for each."""
    tables = [[int(value) for value in column] for column in image.table.T]
    return tables[:1] if all(table == tables[0] for table in tables) else tables


def _output(subject: Subject, scores: Output, number: int) -> list[str]:
    """An output: the one with the classes as compiled, the others as the file has them."""
    layout = "NHW" if scores.kind == "class-map" else "NHWC"
    name = f"NETWORK_OUTPUT_{number}"
    if number == scores.number:
        return [*_tensor(name, scores.port, layout), ""]
    return [*_tensor(name, subject.outputs[number], ""), ""]


def _tensor(prefix: str, port: Port, layout: str) -> list[str]:
    lines = [
        define(f"{prefix}_NAME", string(port.name)),
        define(f"{prefix}_TYPE", _C_TYPES.get(port.dtype, "void"), port.dtype),
        define(f"{prefix}_RANK", len(port.shape)),
        define(f"{prefix}_SHAPE", integers(size or 1 for size in port.shape)),
        define(f"{prefix}_BYTES", f"{elements(port) * ITEM_BYTES.get(port.dtype, 4)}u"),
    ]
    if layout:
        lines.append(define(f"{prefix}_LAYOUT", string(layout)))
    if port.scale is not None:
        lines.append("/* real = scale * (stored - zero point) */")
        lines.append(define(f"{prefix}_SCALE", real(port.scale)))
        lines.append(define(f"{prefix}_ZERO_POINT", f"({port.zero_point})"))
    return lines


def _reading(image: Input, scores: Output) -> list[str]:
    """How classes are read from the output that has them."""
    height, width = scores.size
    stride = max(1, round(image.size[0] / height))
    ids = scores.kind == "class-map"
    upsampled = (height, width) != image.size[:2]
    about = (
        "class ids" if ids else "the class of a pixel is the index of its largest score, the lowest of equal ones"
    )
    return [
        f"/* {comment(about)} */",
        define("NETWORK_CLASS_OUTPUT", scores.number, "which output has the classes"),
        define("NETWORK_CLASSES", scores.classes),
        define("NETWORK_CLASS_HEIGHT", height),
        define("NETWORK_CLASS_WIDTH", width),
        define("NETWORK_POSTPROCESS_ARGMAX", int(not ids), "0: the network has taken it"),
        define("NETWORK_POSTPROCESS_STRIDE", stride, "pixels of the input for one of the output"),
        define(
            "NETWORK_POSTPROCESS_UPSAMPLE",
            int(upsampled),
            "0: none is left to do" if not upsampled else "1: nearest, of ids" if ids else "1: bilinear, of scores",
        ),
    ]
