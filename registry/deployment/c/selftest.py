"""Golden vectors as C: what the self-test of a package feeds to its network and compares."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Iterator

from registry.deployment.base import GoldenBytes
from registry.deployment.c.network import Network
from registry.deployment.c.source import C_TYPES
from registry.deployment.c.text import comment, lines, literal, real
from registry.errors import RejectedError
from registry.golden import GoldenTensor, Tolerance

_CODES = {"int8": "b", "uint8": "B", "int32": "i", "float32": "f"}
_TYPES = {"int8": "ZOO_INT8", "uint8": "ZOO_UINT8", "int32": "ZOO_INT32", "float32": "ZOO_FLOAT"}


def vectors(network: Network) -> str:
    """`selftest_vectors.c`: all golden vectors of a network with one input.

    Raises:
        RejectedError: A vector is not of this model.
    """
    golden = network.subject.golden
    prefix, macro = network.prefix, network.macro
    written = [
        '#include "selftest.h"',
        f'#include "{prefix}.h"',
        "",
        "#ifdef __GNUC__",
        f"#define ALIGNED __attribute__((aligned({macro}_ARENA_ALIGNMENT)))",
        "#else",
        "#define ALIGNED",
        "#endif",
        "",
        f"static unsigned char arena[{macro}_ARENA_BYTES] ALIGNED;",
    ]
    names = [name for name, _number in network.ports("output")]
    written += [f"static {prefix}_{name}_t {name}[{macro}_{name.upper()}_VALUES];" for name in names]
    for place, one in enumerate(golden):
        written += ["", *_arrays(network, place, one), "", *_runner(network, place, one, names)]
    items = [line for place, one in enumerate(golden) for line in _item(network, place, one)]
    written += ["", "const zoo_golden zoo_golden_vectors[] = {", *items, "};", ""]
    written += ["const size_t zoo_golden_count = sizeof zoo_golden_vectors / sizeof *zoo_golden_vectors;", ""]
    return "\n".join(written)


def _arrays(network: Network, place: int, one: GoldenBytes) -> Iterator[str]:
    sides = (("given", one.vector.input, one.input), ("expected", one.vector.output, one.output))
    for name, tensor, data in sides:
        _require_port(network, tensor, "input" if name == "given" else "output")
        values = _values(tensor, data)
        words = map(real, values) if tensor.dtype == "float32" else map(str, values)
        yield f"static const {C_TYPES[tensor.dtype]} {name}_{place}[{len(values)}] = {{"
        yield from lines(words)
        yield "};"


def _require_port(network: Network, tensor: GoldenTensor, side: str) -> None:
    """A vector's side has the shape and type of the tensor that it names.

    Raises:
        RejectedError: It has not.
    """
    ports = network.ports(side)
    number = ports[tensor.number][1] if 0 <= tensor.number < len(ports) else None
    found = (network.source.shape(number), network.source.tensor(number).dtype) if number is not None else None
    if found != (tensor.shape, tensor.dtype):
        raise RejectedError(
            f"{tensor.file}: expected {side} {tensor.number} of the model, {tensor.dtype} {tensor.shape},"
            f" found {found}",
            hint="the golden vector belongs to another model",
        )


def _values(tensor: GoldenTensor, data: bytes) -> array[int] | array[float]:
    if len(data) != tensor.size:
        raise RejectedError(f"{tensor.file}: expected {tensor.size} bytes, found {len(data)}")
    values = array(_CODES[tensor.dtype], data)
    if sys.byteorder == "big":
        values.byteswap()
    if tensor.dtype == "float32" and not all(map(math.isfinite, values)):
        raise RejectedError(f"{tensor.file}: expected numbers, found NaN or infinity")
    return values


def _runner(network: Network, place: int, one: GoldenBytes, names: list[str]) -> Iterator[str]:
    yield f"static int run_{place}(const void *given, const void **found)"
    yield "{"
    yield f"    *found = {names[one.vector.output.number]};"
    yield f"    return {network.prefix}_run(given, {', '.join(names)}, arena);"
    yield "}"


def _item(network: Network, place: int, one: GoldenBytes) -> Iterator[str]:
    """One element of the list of vectors."""
    tensor = one.vector.output
    rows, columns, channels = _places(tensor)
    kept = math.prod(tensor.kept_shape)
    classes = tensor.class_axis is not None and tensor.shape[tensor.class_axis] == channels
    greatest, differing, other = _bounds(one.vector.tolerance, tensor, kept, kept // channels if classes else 0)
    yield "    {"
    yield f"        .name = {literal(comment(one.vector.name))},"
    yield f"        .input = given_{place}, .expected = expected_{place},"
    yield f"        .run = run_{place}, .type = {_TYPES[tensor.dtype]},"
    yield f"        .rows = {rows}, .columns = {columns}, .channels = {channels}, .every = {tensor.every},"
    yield f"        .has_classes = {int(classes)}, .greatest = {greatest!r},"
    yield f"        .differing = {differing}, .other_class = {other},"
    yield "    },"


def _places(tensor: GoldenTensor) -> tuple[int, int, int]:
    """Rows, columns and values of each place; one place where it is no image.

    Raises:
        RejectedError: The file has only some pixels of an image whose channels are not last.
    """
    if len(tensor.shape) == len(tensor.layout) and tensor.layout in ("NHWC", "NHW") and tensor.shape[0] == 1:
        return tensor.shape[1], tensor.shape[2], math.prod(tensor.shape[3:])
    if tensor.kept_shape != tensor.shape:
        raise RejectedError(f"{tensor.file}: expected layout NHWC or NHW, found {tensor.layout or 'none'}")
    return 1, 1, math.prod(tensor.shape)


def _bounds(tolerance: Tolerance, tensor: GoldenTensor, values: int, places: int) -> tuple[float, int, int]:
    """Greatest difference as stored, values and places that may differ."""
    greatest = [3.4e38]
    if tensor.dtype == "float32":
        greatest += [tolerance.absolute] if tolerance.absolute is not None else []
    else:
        greatest += [float(tolerance.steps)] if tolerance.steps is not None else []
        if tolerance.absolute is not None and tensor.scale:
            greatest.append(tolerance.absolute / tensor.scale)
    return min(greatest), _most(tolerance.differing, values), _most(tolerance.best_class, places)


def _most(share: float | None, count: int) -> int:
    """The most of `count` that are no more than a share of it."""
    return count if share is None else min(math.floor(share * count), count)
