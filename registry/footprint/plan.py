"""How much memory a graph needs on a device, from the graph alone."""

from __future__ import annotations

from dataclasses import dataclass

from registry.footprint.kernels import least_together, scratch, together
from registry.footprint.placement import by_first_use, by_size, first_fit
from registry.footprint.steps import HIDING, Program
from registry.footprint.weights import weights_bytes
from registry.inspect.graph import Graph

SPREAD_OF_SCRATCH = 2
"""Times the estimated scratch that the upper bound allows: versions of one compiler differ by as much."""

MANY_PLACES = 2000
"""Above so many tensors nothing is placed: the upper bound is the sum of all of them."""


@dataclass(frozen=True)
class Layer:
    """Memory while one kernel runs.

    Attributes:
        operator: Index of the operator that leads it, in the graph.
        name: Of that operator; its type and index where it has none.
        type: Common name of its type.
        live_bytes: Tensors that are needed while it runs, overlaps taken off.
        scratch_bytes: Working space of the kernel.
    """

    operator: int
    name: str
    type: str
    live_bytes: int
    scratch_bytes: int

    @property
    def bytes(self) -> int:
        """Tensors and working space together."""
        return self.live_bytes + self.scratch_bytes


@dataclass(frozen=True)
class Footprint:
    """Flash for weights and RAM for activations.

    Attributes:
        weights_bytes: Constants that kernels calculate with: exact.
        lower_bytes: Activations, no less with one layer after the other: every kernel writes where it has read as
            far as its mathematics allows, and needs no working space.
        estimate_bytes: Activations as a mature compiler for microcontrollers places them, working space included.
        upper_bytes: Activations, no more: every tensor in a place of its own while it lives, gaps of a simple
            allocator and twice the working space included.
        estimate_without_buffers_bytes: The estimate when the application brings buffers for input and output
            itself, as some published tables count.
        input_bytes: Of all inputs.
        output_bytes: Of all outputs.
        layers: Memory over time, in order of execution.
        peak: The layer that needs most, None for a graph without operators.
        notes: What could not be known.
    """

    weights_bytes: int
    lower_bytes: int
    estimate_bytes: int
    upper_bytes: int
    estimate_without_buffers_bytes: int
    input_bytes: int
    output_bytes: int
    layers: tuple[Layer, ...]
    peak: Layer | None
    notes: tuple[str, ...]


def plan(graph: Graph) -> Footprint:
    """Weights and activations of a graph, its operators run in the order in which they stand.

    Input and output buffers count as activations, which is what STM32Cube.AI reports from version 8 on (its options
    `--allocate-inputs` and `--allocate-outputs` are the default) and in the tables of ST's model zoo.
    """
    merged = Program(graph, "usual")
    plain = Program(graph, "apart")
    layers = _layers(merged, frozenset())
    outside = _layers(merged, frozenset(merged.inputs + merged.outputs))
    inputs, outputs = _total(merged, merged.inputs), _total(merged, merged.outputs)
    peak = max(layers, key=lambda layer: layer.bytes, default=None)
    lower = _lower(Program(graph, "inside"), inputs, outputs)
    estimate = max(peak.bytes if peak else 0, lower)
    return Footprint(
        weights_bytes=weights_bytes(plain),
        lower_bytes=lower,
        estimate_bytes=estimate,
        upper_bytes=max(_upper(plain), estimate),
        estimate_without_buffers_bytes=max((layer.bytes for layer in outside), default=0),
        input_bytes=inputs,
        output_bytes=outputs,
        layers=layers,
        peak=peak,
        notes=_notes(merged),
    )


def _layers(program: Program, outside: frozenset[int]) -> tuple[Layer, ...]:
    """Memory by step; places in `outside` lie elsewhere."""
    sizes = {place: size for place, size in program.sizes.items() if place not in outside}
    layers = []
    for number, (step, alive) in enumerate(zip(program.steps, program.alive(sizes), strict=True)):
        dying = tuple(place for place in _dying(program, number) if place not in outside)
        apart = sum(sizes.get(place, 0) for place in dying + step.writes)
        overlapping = together(program, step, dying) if outside.isdisjoint(step.writes) else apart
        operator = program.first(step)
        name = operator.name or f"{operator.type} {step.operator}"
        live = alive - apart + overlapping
        layers.append(Layer(step.operator, name, operator.type, live, scratch(program, step)))
    return tuple(layers)


def _dying(program: Program, number: int) -> tuple[int, ...]:
    """Places that a step reads and nothing needs after it."""
    step = program.steps[number]
    return tuple(
        place
        for place in step.reads
        if program.lifetimes[place][1] == number and place not in step.writes and place not in program.kept
    )


def _total(program: Program, places: tuple[int, ...]) -> int:
    return sum(program.sizes.get(place, 0) for place in places)


def _lower(program: Program, inputs: int, outputs: int) -> int:
    needs = [inputs, outputs]
    for number, (step, alive) in enumerate(zip(program.steps, program.alive(program.sizes), strict=True)):
        dying = _dying(program, number)
        needs.append(alive - _total(program, dying + step.writes) + least_together(program, step, dying))
    return max(needs)


def _upper(program: Program) -> int:
    sizes, lifetimes = program.sizes, program.lifetimes
    working = SPREAD_OF_SCRATCH * max((scratch(program, step) for step in program.steps), default=0)
    if len(lifetimes) > MANY_PLACES:
        return sum(sizes.values()) + working
    orders = (by_size(sizes, lifetimes), by_first_use(sizes, lifetimes))
    return max(first_fit(order, sizes, lifetimes) for order in orders) + working


def _notes(program: Program) -> tuple[str, ...]:
    used = {number for operator in program.graph.operators for number in (*operator.inputs, *operator.outputs)}
    open_ones = [number for number in sorted(used - {-1}) if program.tensor(number).bytes is None]
    notes = []
    if open_ones:
        names = ", ".join(program.tensor(number).name or f"tensor {number}" for number in open_ones[:3])
        notes.append(f"{len(open_ones)} tensors of unknown size count as nothing, first {names}")
    hidden = sorted({operator.type for operator in program.graph.operators} & HIDING)
    if hidden:
        notes.append(f"memory inside {', '.join(hidden)} is not counted")
    return tuple(notes)
