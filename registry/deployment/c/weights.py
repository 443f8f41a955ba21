"""The constants of a network as C arrays."""

from __future__ import annotations

from collections.abc import Iterator

from registry.deployment.c.network import Network
from registry.deployment.c.program import ALIGNMENT, Constants
from registry.deployment.c.text import lines, real


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
