"""What the C files of a network are written from: its names, its calls and its memory."""

from __future__ import annotations

from dataclasses import dataclass

from registry.deployment.base import Subject
from registry.deployment.c.program import Arena, Program
from registry.deployment.c.source import C_TYPES, Source


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
