"""The calls of a network's kernels as C."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from registry.deployment.c.interface import definitions
from registry.deployment.c.network import Network
from registry.deployment.c.program import Argument, Call, Constants, Place, Scratch, Structure
from registry.deployment.c.text import comment, lines, real


def network_source(network: Network) -> str:
    """`<prefix>_network.c`: parameters and calls."""
    prefix, macro, calls = network.prefix, network.macro, network.program.calls
    parameters = [
        _structure_line(number, one)
        for number, call in enumerate(calls)
        for one in call.arguments
        if isinstance(one, Structure)
    ]
    return "\n".join(
        [
            f'#include "{prefix}.h"',
            "",
            '#include "kernels/kernels.h"',
            f'#include "{prefix}_weights.h"',
            "",
            *definitions(network),
            "",
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
