from hypothesis import given
from hypothesis import strategies as st

from registry.capacity import exceeded, place, pools_of
from registry.target import Target
from tests.unit import builders
from tests.unit.strategies import PROPERTY

KINDS = ("internal-ram", "external-ram", "internal-flash", "external-flash")
MEMORIES = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 1000)), max_size=6)


def target(*memories: tuple[str, int]) -> Target:
    listed = [{"name": f"m{number}", "kind": kind, "size": size} for number, (kind, size) in enumerate(memories)]
    return Target.from_document(builders.target(memories=listed))


@PROPERTY
@given(MEMORIES, st.integers(0, 3000), st.integers(0, 3000))
def test_nothing_is_placed_twice_or_lost(memories: list[tuple[str, int]], ram: int, flash: int) -> None:
    board = target(*memories)
    placed = place(board, ram, flash)
    if {kind for kind, _size in memories} == {"external-ram"}:  # an operating system, which loads the weights
        ram, flash = ram + flash, 0
    assert all(used <= pool.size for pool, used in placed.used)
    sizes = {what: [size for kind, size in memories if kind.endswith(what)] for what in ("ram", "flash")}
    if placed.fits:
        for what, need in (("ram", ram), ("flash", flash)):
            assert sum(used for pool, used in placed.used if pool.kind.endswith(what)) == need
    known = all(sizes[what] or not need for what, need in (("ram", ram), ("flash", flash)))
    too_much = [what for what, need in (("ram", ram), ("flash", flash)) if sizes[what] and need > sum(sizes[what])]
    assert (placed.fits is False) == bool(too_much)
    assert (placed.fits is None) == (not too_much and not known)


def test_internal_memory_fills_first_and_what_spills_is_said() -> None:
    board = target(("external-ram", 100), ("internal-ram", 10), ("internal-ram", 20), ("external-flash", 50))
    placed = place(board, 45, 50)
    assert placed.fits is True
    used = [(pool.kind, pool.size, size) for pool, size in placed.used]
    assert used == [
        ("internal-ram", 20, 20),
        ("internal-ram", 10, 10),
        ("external-ram", 100, 15),
        ("external-flash", 50, 50),
    ]
    assert placed.spill == 15


def test_what_does_not_fit_is_told_with_numbers_and_pools() -> None:
    placed = place(target(("internal-ram", 2048), ("internal-flash", 4096)), 4096, 1)
    assert placed.fits is False
    assert placed.reason == "ram: needs 4 KiB, board has 2 KiB (m0 2 KiB)"


def test_an_unknown_need_is_not_taken_to_fit() -> None:
    placed = place(target(("internal-ram", 10), ("internal-flash", 10)), None, 5)
    assert (placed.fits, placed.reason) == (None, "the ram is not known")
    assert pools_of(target()) == ()


def test_published_figures_are_held_against_all_memory_of_their_kind() -> None:
    board = target(("internal-ram", 10), ("external-ram", 20), ("internal-flash", 5))
    assert exceeded(board, 30, 5) == ""
    assert exceeded(board, 31, None) == "needs 31 B of RAM, board has 30 B"
    assert exceeded(board, None, 6) == "needs 6 B of flash, board has 5 B"
    assert exceeded(target(), 10**9, 10**9) == ""
