"""Bytes of constants that a compiler stores for the device."""

from __future__ import annotations

from collections.abc import Iterator

from registry.footprint.kinds import AFFINE, CONVOLUTIONS, is_padded
from registry.footprint.steps import Program, Step
from registry.inspect.graph import Operator, Tensor

_SHAPES = """
    reshape squeeze unsqueeze pad transpose tile broadcast slice strided-slice split mean sum reduce-max reduce-min
    reduce-prod resize-bilinear resize-nearest upsample argmax argmin topk quantize dequantize fake-quantize clip
    space-to-batch batch-to-space dropout cast non-max-suppression global-average-pool global-max-pool
    """

SHAPING = frozenset(_SHAPES.split())
"""Operators whose constants say how to move or count, not what to calculate with: they end up in code."""

CARRIES = frozenset({"dequantize", "identity", "reshape", "transpose", "squeeze", "unsqueeze", "cast"})
"""Operators on a constant that change how it is written down, not how much there is to store."""


def weights_bytes(program: Program) -> int:
    """Bytes of all constants that kernels calculate with, each once.

    Quantized weights count as they are quantized; a batch normalization beside a convolution counts as the bias
    that it becomes, one that stands alone as a factor and a term for each channel.
    """
    stored: dict[int, int] = {}
    for step in program.steps:
        alone = [program.first(step)]
        inside = [program.graph.operators[number] for number in step.merged]
        alone += [operator for operator in inside if operator.type not in AFFINE]
        numbers = [number for operator in alone for number in _constants(program, operator)]
        stored.update(_stored(program, number) for number in numbers)
        stored.update(_normalized(program, step))
    return sum(stored.values())


def _constants(program: Program, operator: Operator) -> Iterator[int]:
    fixed = [number for number in operator.inputs if number >= 0 and program.is_fixed(number)]
    if operator.type == "batch-norm":
        yield from () if _runs_into_convolution(program, operator) else fixed[:2]
    elif operator.type not in SHAPING:
        yield from fixed


def _runs_into_convolution(program: Program, operator: Operator) -> bool:
    """Whether a normalization's only reader is a convolution without padding, which takes over its numbers."""
    readers = program.readers_of(operator.outputs[0]) if operator.outputs else []
    if len(readers) != 1 or readers[0].type not in CONVOLUTIONS:
        return False
    return not is_padded(readers[0])


def _stored(program: Program, number: int) -> tuple[int, int]:
    """The tensor that a constant comes from, and its bytes as the device needs them."""
    seen = {number}
    while True:
        maker = program.maker_of(number)
        if program.tensor(number).constant or maker is None or maker.type not in CARRIES or not maker.inputs:
            return number, _bytes(program.tensor(number))
        if maker.inputs[0] in seen or maker.inputs[0] < 0:
            return number, _bytes(program.tensor(number))
        number = maker.inputs[0]
        seen.add(number)


def _bytes(tensor: Tensor) -> int:
    size = tensor.bytes
    return tensor.stored_bytes if size is None else size


def _normalized(program: Program, step: Step) -> dict[int, int]:
    """A bias that a convolution without one gets from what is merged into it: a normalization or terms."""
    operator = program.first(step)
    if operator.type not in CONVOLUTIONS or any(number >= 0 for number in operator.inputs[2:]):
        return {}
    for number in step.merged:
        merged = program.graph.operators[number]
        constants = [number for number in merged.inputs if number >= 0 and program.is_fixed(number)]
        if merged.type in ("batch-norm", "add", "sub") and constants:
            return {constants[0]: _bytes(program.tensor(constants[0]))}
    return {}
