"""Where values lie in the arena."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from registry.deployment.c.lowering import lower
from registry.deployment.c.program import ALIGNMENT, Arena, Program, arena
from registry.deployment.c.source import BYTES, Source
from registry.footprint.placement import Lifetime, by_first_use, by_size, first_fit, offsets, peak
from tests.unit.deployment.c.subjects import reference
from tests.unit.strategies import PROPERTY

places = st.lists(st.tuples(st.integers(1, 9), st.tuples(st.integers(0, 9), st.integers(0, 5))), max_size=12)


def _apart(one: range, other: range) -> bool:
    return one.stop <= other.start or other.stop <= one.start


@PROPERTY
@given(places)
def test_places_that_live_together_never_overlap(found: list[tuple[int, tuple[int, int]]]) -> None:
    sizes = {number: size for number, (size, _life) in enumerate(found)}
    lives: dict[int, Lifetime] = {
        number: (first, first + steps) for number, (_size, (first, steps)) in enumerate(found)
    }
    for order in (by_size(sizes, lives), by_first_use(sizes, lives)):
        starts = offsets(order, sizes, lives)
        ranges = {number: range(start, start + sizes[number]) for number, start in starts.items()}
        for one, other in combinations(lives, 2):
            together = lives[one][0] <= lives[other][1] and lives[other][0] <= lives[one][1]
            assert not together or _apart(ranges[one], ranges[other])
        assert first_fit(order, sizes, lives) == max((one.stop for one in ranges.values()), default=0)
        assert first_fit(order, sizes, lives) >= peak(sizes, lives)


def _planned(name: str) -> tuple[Source, Program, Arena]:
    subject = reference(name)
    source = Source(subject.facts.graph, subject.path)
    program = lower(source)
    return source, program, arena(program, source)


def test_no_call_of_the_reference_network_writes_what_another_still_needs() -> None:
    """Each call is followed by what it touches: its places are apart from all that is alive."""
    source, program, found = _planned("256-int8-per-channel")
    lives = program.lifetimes()
    sizes = {
        place: source.elements(place) * BYTES[source.tensor(place).dtype]
        if place >= 0
        else program.calls[-1 - place].scratch
        for place in lives
    }
    for step in range(len(program.calls)):
        alive = [place for place, (first, last) in lives.items() if first <= step <= last]
        ranges = [range(found.offsets[place], found.offsets[place] + sizes[place]) for place in alive]
        assert all(_apart(one, other) for one, other in combinations(ranges, 2))
        assert all(one.stop <= found.bytes and one.start % ALIGNMENT == 0 for one in ranges)


def test_the_arena_needs_no_more_than_what_lives_at_its_peak() -> None:
    source, program, found = _planned("128-int8-per-channel")
    lives = program.lifetimes()
    sizes = {place: source.elements(place) if place >= 0 else program.calls[-1 - place].scratch for place in lives}
    assert found.bytes <= 1.01 * peak(sizes, lives) + ALIGNMENT * len(sizes)


def test_inputs_and_outputs_lie_in_the_callers_memory(tmp_path: Path) -> None:
    source, program, found = _planned("128-int8-per-channel")
    assert not {*source.graph.inputs, *source.graph.outputs} & set(found.offsets)
    assert program.inputs == source.graph.inputs
