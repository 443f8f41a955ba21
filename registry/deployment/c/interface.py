"""What an application sees of a network in C: sizes, scales, labels, pixels, and the function that runs it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from registry.deployment.c.fixed_point import float32
from registry.deployment.c.network import Network
from registry.deployment.c.program import ALIGNMENT
from registry.deployment.c.text import comment, lines, literal, real
from registry.runtime.base import Port


def header(network: Network) -> str:
    """`<prefix>.h`: all that an application needs."""
    macro, subject = network.macro, network.subject
    return "\n".join(
        [
            f"/* {comment(subject.name)}: a network in C99. Generated; change the model, not this file. */",
            f"#ifndef {macro}_H",
            f"#define {macro}_H",
            "",
            "#include <stddef.h>",
            "#include <stdint.h>",
            "",
            f"#define {macro}_NAME {literal(subject.name)}",
            f"#define {macro}_MODEL {literal(subject.variant.full_name if subject.variant else subject.name)}",
            "/* SHA-256 of the model file that this was generated from. */",
            f"#define {macro}_MODEL_SHA256 {literal(subject.digest.hex)}",
            "",
            "/* Working memory that the caller gives, and what its address is a multiple of. */",
            f"#define {macro}_ARENA_BYTES {max(network.arena.bytes, 1)}u",
            f"#define {macro}_ARENA_ALIGNMENT {ALIGNMENT}u",
            "",
            *_port_lines(network, "input"),
            *_port_lines(network, "output"),
            *_preparation(network),
            *([f"#define {macro}_CLASSES {len(subject.labels)}"] if subject.labels else []),
            "",
            "#ifdef __cplusplus",
            'extern "C" {',
            "#endif",
            "",
            "/* What an input stores for a pixel's byte, by channel. */",
            f"extern {_pixel_array(network)};",
            "",
            *(
                ["/* Names of the classes, UTF-8. */", f"extern {_label_array(network)};", ""]
                if subject.labels
                else []
            ),
            "/* Runs the network. Returns 0, or 1 without a result where the arena is missing or not aligned. */",
            f"{network.signature};",
            "",
            "#ifdef __cplusplus",
            "}",
            "#endif",
            "",
            "#endif",
            "",
        ]
    )


def definitions(network: Network) -> Iterator[str]:
    """The arrays that the header declares."""
    yield from _label_lines(network)
    yield from _pixel_lines(network)


def _port_lines(network: Network, side: str) -> Iterator[str]:
    """Sizes and scale of the inputs or outputs."""
    for name, number in network.ports(side):
        tensor, shape = network.source.tensor(number), network.source.shape(number)
        macro = f"{network.macro}_{name.upper()}"
        yield f"/* {side} {comment(tensor.name)}: {tensor.dtype}, {' x '.join(map(str, shape))} */"
        yield f"typedef {network.c_type(number)} {network.prefix}_{name}_t;"
        yield f"#define {macro}_VALUES {math.prod(shape)}u"
        if len(shape) == 4:
            for word, size in zip(("HEIGHT", "WIDTH", "CHANNELS"), shape[1:], strict=True):
                yield f"#define {macro}_{word} {size}"
        if tensor.quantization is not None and tensor.dtype in ("int8", "uint8"):
            yield "/* real number = SCALE * (stored - ZERO_POINT) */"
            yield f"#define {macro}_SCALE {real(tensor.quantization.scales[0])}"
            yield f"#define {macro}_ZERO_POINT ({tensor.quantization.zero_points[0]})"
        yield ""


def _preparation(network: Network) -> Iterator[str]:
    """How a pixel becomes an input."""
    how, macro = network.subject.preparation, network.macro
    yield "/* An input's real number is (pixel - mean) * scale, by channel, in this order of colours. */"
    yield f"#define {macro}_COLOUR {literal(how.colour)}"
    yield f"#define {macro}_PIXEL_MEAN {{{', '.join(map(real, how.mean))}}}"
    yield f"#define {macro}_PIXEL_SCALE {{{', '.join(map(real, how.scale))}}}"
    yield f"#define {macro}_RESIZE {literal(f'{how.resize}, {how.interpolation}')}"


def _pixel_array(network: Network) -> str:
    name, number = network.ports("input")[0]
    channels = len(network.subject.preparation.mean)
    return f"const {network.c_type(number)} {network.prefix}_{name}_of_pixel[{channels}][256]"


def _pixel_lines(network: Network) -> Iterator[str]:
    """What the input stores for each byte of a pixel, so that an application needs no arithmetic for it."""
    how, port = network.subject.preparation, network.subject.inputs[0]
    yield f"{_pixel_array(network)} = {{"
    for mean, scale in zip(how.mean, how.scale, strict=True):
        reals = ((byte - mean) * scale for byte in range(256))
        yield "    {"
        yield from lines((_stored(port, one) for one in reals), "        ")
        yield "    },"
    yield "};"


def _stored(port: Port, value: float) -> str:
    """A real number as an input stores it, rounded and limited as `Port.stored` does."""
    if port.dtype == "float32":
        return real(float32(value))
    least, most = {"int8": (-128, 127), "uint8": (0, 255)}.get(port.dtype, (-(1 << 31), (1 << 31) - 1))
    steps = value if port.scale is None else round(value / port.scale) + port.zero_point
    return str(min(max(int(steps), least), most))


def _label_array(network: Network) -> str:
    return f"const char *const {network.prefix}_labels[{network.macro}_CLASSES]"


def _label_lines(network: Network) -> Iterator[str]:
    if network.subject.labels:
        yield f"{_label_array(network)} = {{"
        yield from (f"    {literal(label)}," for label in network.subject.labels)
        yield "};"
