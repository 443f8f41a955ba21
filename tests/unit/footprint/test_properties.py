"""What holds for every graph."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from registry.footprint import plan
from registry.footprint.placement import first_fit, peak
from registry.footprint.steps import Program
from registry.inspect.graph import Graph, Operator
from tests.unit.footprint.graphs import Draft

Move = tuple[str, int, int]


def network(moves: list[Move], size: int) -> Graph:
    """A graph by a list of moves, each (kind, which earlier value it reads, channels or stride)."""
    draft = Draft()
    values = [draft.input(1, size, size, 4)]
    for kind, which, number in moves:
        source = values[-1 - which % len(values)]
        if kind == "conv":
            values.append(draft.conv(source, number * 4, kernel=3 if number % 2 else 1))
        elif kind == "depthwise":
            values.append(draft.depthwise(source, stride=1 + number % 2))
        elif kind == "add":
            peers = [value for value in values if draft.sizes(value) == draft.sizes(source)]
            values.append(draft.same("add", source, peers[number % len(peers)]))
        else:
            values.append(draft.same(kind, source))
    return draft.graph(values[-1])


KINDS = st.sampled_from(["conv", "depthwise", "add", "relu", "softmax"])
MOVES = st.lists(st.tuples(KINDS, st.integers(0, 3), st.integers(1, 5)), min_size=1, max_size=6)
SIZES = st.integers(2, 12)


@given(MOVES, SIZES)
def test_the_estimate_lies_between_the_bounds(moves: list[Move], size: int) -> None:
    footprint = plan(network(moves, size))
    assert 0 < footprint.lower_bytes <= footprint.estimate_bytes <= footprint.upper_bytes
    assert footprint.estimate_without_buffers_bytes <= footprint.estimate_bytes
    assert footprint.peak is not None
    assert footprint.peak.bytes == max(layer.bytes for layer in footprint.layers)


@given(MOVES, SIZES)
def test_more_pixels_never_need_less(moves: list[Move], size: int) -> None:
    small, large = plan(network(moves, size)), plan(network(moves, 2 * size))
    assert small.lower_bytes <= large.lower_bytes
    assert small.estimate_bytes <= large.estimate_bytes
    assert small.upper_bytes <= large.upper_bytes
    assert small.weights_bytes == large.weights_bytes


@given(MOVES, SIZES)
def test_the_upper_bound_holds_every_kernel(moves: list[Move], size: int) -> None:
    graph = network(moves, size)
    program, footprint = Program(graph, "apart"), plan(graph)
    for step in program.steps:
        assert sum(program.sizes[place] for place in {*step.reads, *step.writes}) <= footprint.upper_bytes


@given(MOVES, SIZES, st.randoms(use_true_random=False))
def test_the_order_in_which_tensors_stand_says_nothing(moves: list[Move], size: int, random: Random) -> None:
    graph = network(moves, size)
    order = list(range(len(graph.tensors)))
    random.shuffle(order)
    to = {old: new for new, old in enumerate(order)}

    def moved(operator: Operator) -> Operator:
        inputs, outputs = (tuple(to[number] for number in side) for side in (operator.inputs, operator.outputs))
        return replace(operator, inputs=inputs, outputs=outputs)

    shuffled = replace(
        graph,
        tensors=tuple(graph.tensors[old] for old in order),
        operators=tuple(moved(operator) for operator in graph.operators),
        inputs=tuple(to[number] for number in graph.inputs),
        outputs=tuple(to[number] for number in graph.outputs),
    )
    assert plan(shuffled) == plan(graph)


@given(MOVES, SIZES)
def test_the_best_placement_without_overlaps_lies_between_the_bounds(moves: list[Move], size: int) -> None:
    """Every best placement is what first fit makes of its places in the order of their offsets: try all orders."""
    graph = network(moves[:4], size)
    program, footprint = Program(graph, "apart"), plan(graph)
    sizes, lifetimes = program.sizes, program.lifetimes
    best = min(first_fit(order, sizes, lifetimes) for order in permutations(lifetimes))
    assert footprint.lower_bytes <= best <= footprint.upper_bytes
    assert peak(sizes, lifetimes) <= best
