"""The C files of a network: its header, its constants, and the calls of its kernels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from registry.deployment.base import Subject
from registry.deployment.c.program import (
    ALIGNMENT,
    Arena,
    Argument,
    Call,
    Constants,
    Place,
    Program,
    Scratch,
    Structure,
)
from registry.deployment.c.source import C_TYPES, Source
from registry.deployment.c.text import comment, lines, literal, real


@dataclass(frozen=True)
class Network:
    """What the files of a network are written from.

    Attributes:
        prefix: Of all its names, and name of its files.
        subject: What is deployed.
        source: The model file.
        program: Its calls.
        arena: Where its values lie.
    """

    prefix: str
    subject: Subject
    source: Source
    program: Program
    arena: Arena

    @property
    def macro(self) -> str:
        """The prefix of macros."""
        return self.prefix.upper()

    def ports(self, side: str) -> list[tuple[str, int]]:
        """Names and tensors of the `input` or `output` parameters."""
        numbers = self.program.inputs if side == "input" else self.program.outputs
        names = [side] if len(numbers) == 1 else [f"{side}_{one}" for one in range(len(numbers))]
        return list(zip(names, numbers, strict=True))

    def c_type(self, number: int) -> str:
        """Type of a tensor's values in C."""
        return C_TYPES[self.source.tensor(number).dtype]

    @property
    def signature(self) -> str:
        """The function that runs it."""
        inputs = [f"const {self.c_type(number)} *{name}" for name, number in self.ports("input")]
        outputs = [f"{self.c_type(number)} *{name}" for name, number in self.ports("output")]
        return f"int {self.prefix}_run({', '.join([*inputs, *outputs])}, void *arena)"


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
            *_label_declaration(network),
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
            yield f"/* real number = {macro}_SCALE * (stored - {macro}_ZERO_POINT) */"
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
    port = network.subject.inputs[0]
    if port.scale is not None and port.dtype in ("uint8", "int8"):
        less = port.zero_point if port.dtype == "uint8" else port.zero_point + 128
        if all(abs(scale / port.scale - 1) < 1e-3 for scale in how.scale) and all(
            abs(mean - less) <= 0.5 for mean in how.mean
        ):
            yield f"/* So the pixel's byte is stored{' less 128' if port.dtype == 'int8' else ' as it is'}. */"


def _label_declaration(network: Network) -> list[str]:
    if not network.subject.labels:
        return []
    array = f"extern const char *const {network.prefix}_labels[{network.macro}_CLASSES];"
    return ["/* Names of the classes, UTF-8. */", array, ""]


def constants_header(network: Network) -> str:
    """`<prefix>_weights.h`, for the network alone."""
    macro = f"{network.macro}_WEIGHTS_H"
    declared = [f"extern {_declared(network, number, one)};" for number, one in _constants(network)]
    return "\n".join(
        [f"#ifndef {macro}", f"#define {macro}", "", "#include <stdint.h>", "", *declared, "", "#endif", ""]
    )


def constants(network: Network) -> str:
    """`<prefix>_weights.c`: constants, each placed as a macro says."""
    macro = f"{network.macro}_WEIGHTS_PLACEMENT"
    written = [
        f'#include "{network.prefix}_weights.h"',
        "",
        "/* Where constants lie. To move them, compile with for example",
        f" * -D'{macro}=__attribute__((section(\".octoflash\"), aligned(16)))' */",
        f"#ifndef {macro}",
        "#ifdef __GNUC__",
        f"#define {macro} __attribute__((aligned({ALIGNMENT})))",
        "#else",
        f"#define {macro}",
        "#endif",
        "#endif",
        "",
    ]
    for number, one in _constants(network):
        written += [f"{macro} {_declared(network, number, one)} = {{", *lines(_words(one)), "};", ""]
    return "\n".join(written)


def _constants(network: Network) -> Iterator[tuple[int, Constants]]:
    """Constants with the numbers of their calls."""
    for number, call in enumerate(network.program.calls):
        yield from ((number, one) for one in call.arguments if isinstance(one, Constants))


def _declared(network: Network, number: int, one: Constants) -> str:
    return f"const {one.c_type} {network.prefix}_{one.role}_{number}[{len(one.values)}]"


def _words(one: Constants) -> Iterator[str]:
    return (real(value) if one.c_type == "float" else str(value) for value in one.values)


def network_source(network: Network) -> str:
    """`<prefix>_network.c`: parameters and calls."""
    prefix, macro, calls = network.prefix, network.macro, network.program.calls
    parameters = [
        _structure_line(number, one)
        for number, call in enumerate(calls)
        for one in call.arguments
        if isinstance(one, Structure)
    ]
    labels = [f"{literal(label)}," for label in network.subject.labels]
    names = [
        f"const char *const {prefix}_labels[{macro}_CLASSES] = {{",
        *(f"    {one}" for one in labels),
        "};",
        "",
    ]
    return "\n".join(
        [
            f'#include "{prefix}.h"',
            "",
            '#include "kernels/kernels.h"',
            f'#include "{prefix}_weights.h"',
            "",
            *(names if labels else []),
            *parameters,
            "",
            network.signature,
            "{",
            *(["    unsigned char *const memory = arena;"] if network.arena.bytes else []),
            f"    if (arena == NULL || (uintptr_t)arena % {macro}_ARENA_ALIGNMENT != 0) {{",
            "        return 1;",
            "    }",
            *(line for number, call in enumerate(calls) for line in _call_lines(network, number, call)),
            "    return 0;",
            "}",
            "",
        ]
    )


def _structure_line(number: int, one: Structure) -> str:
    words = [f".{name} = {_initial(value)}" for name, value in one.fields.items()]
    body = "\n".join(lines(words))
    return f"static const {one.c_type} {_structure_name(number, one)} = {{\n{body}\n}};"


def _structure_name(number: int, one: Structure) -> str:
    return f"{one.c_type.removeprefix('zoo_')}_{number}"


def _initial(value: float | Sequence[int]) -> str:
    if isinstance(value, float):
        return real(value)
    return str(value) if isinstance(value, int) else f"{{{', '.join(map(str, value))}}}"


def _call_lines(network: Network, number: int, call: Call) -> Iterator[str]:
    operator = network.source.graph.operators[call.operator]
    name = network.source.tensor(call.places[-1]).name.rpartition(";")[2]
    yield f"    /* {call.operator} {comment(operator.native)}: {comment(name)} */"
    words = [_argument(network, number, one) for one in call.arguments]
    yield f"    zoo_{call.kernel}("
    *most, last = lines(words, "        ")
    yield from most
    yield f"{last.removesuffix(',')});"


def _argument(network: Network, number: int, one: Argument) -> str:
    match one:
        case Structure():
            return f"&{_structure_name(number, one)}"
        case Constants():
            return f"{network.prefix}_{one.role}_{number}"
        case Scratch():
            return f"({one.c_type} *)(memory + {network.arena.offsets[-1 - number]})"
        case Place():
            return _place(network, one.number)
        case float():
            return real(one)
        case int():
            return str(one)


def _place(network: Network, number: int) -> str:
    root = network.program.root(number)
    for name, port in (*network.ports("input"), *network.ports("output")):
        if root == port:
            return name
    return f"({network.c_type(root)} *)(memory + {network.arena.offsets[root]})"
