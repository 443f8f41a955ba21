"""Publishers against collectors, in every order: whatever the index names is there afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.collect import collect
from registry.digest import Digest
from registry.errors import UnavailableError
from registry.manifest import canonical, descriptor
from registry.progress import Silent
from registry.reach import Descriptor, reach
from registry.store import collecting
from registry.store.collecting import COLLECTING, GENERATION, begin, commit, end, generation_of, mark_of
from registry.store.index import EMPTY, Index
from registry.store.layout import LayoutStore
from registry.store.writable import Store, change_index, current_index
from tests.unit.interleave import Actor, MemoryStore, Stepped, every_order, play

OLD = b"a blob that somebody once published"
MANIFEST = canonical({"schemaVersion": 2, "layers": [descriptor("x/y", Digest.of(OLD), len(OLD))]})
NAME = "acme/net/small"


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mark is looked at three times; the scheduler lets somebody else act in between."""
    monkeypatch.setattr(collecting, "PATIENCE_SECONDS", 2.0)


def bring(store: Store) -> None:
    for data in (OLD, MANIFEST):
        if store.holding(Digest.of(data)) is None:
            store.put(Digest.of(data), [data], "it")


def add(index: Index) -> Index:
    return index.with_manifest(NAME, Digest.of(MANIFEST), len(MANIFEST))[0]


def publisher(store: Stepped) -> Callable[[], object]:
    return lambda: commit(store, lambda: bring(store), add, pause=store.pause)


def collector(store: Stepped, *, take_over: bool = False) -> Callable[[], object]:
    return lambda: collect(store, 0, Silent(), take_over=take_over, pause=store.pause)


def assert_whole(store: Store) -> None:
    """Every blob that the index reaches is there."""
    for entry in current_index(store).entries:
        for item in reach(Descriptor.of_entry(entry), store.manifest):
            assert store.holding(item.digest) == item.size


def loses(store: Store) -> bool:
    return any(
        store.holding(Digest.of(data)) is None for data in (OLD, MANIFEST) if current_index(store).versions()
    )


def test_no_order_of_a_publisher_and_a_collector_loses_a_blob() -> None:
    outcomes: set[str] = set()

    def run(choose: Callable[[int], int]) -> None:
        store = MemoryStore(EMPTY, OLD)
        stepped = Stepped(store)
        actors = [Actor(publisher(stepped)), Actor(collector(stepped))]
        play(actors, choose)
        assert [actor.error for actor in actors] == [None, None]
        assert [one.name for one in current_index(store).versions()] == [NAME]
        assert_whole(store)
        assert mark_of(current_index(store)) is None
        outcomes.add(generation_of(current_index(store)))

    assert every_order(run) > 500
    assert outcomes == {"0", "1"}  # with nothing to collect there is no collection


def test_without_the_protocol_the_same_orders_do_lose_blobs() -> None:
    lost: set[bool] = set()

    def run(choose: Callable[[int], int]) -> bool:
        store = MemoryStore(EMPTY, OLD)
        stepped = Stepped(store)

        def careless() -> None:
            bring(stepped)
            change_index(stepped, add)

        play([Actor(careless), Actor(collector(stepped))], choose)
        lost.add(loses(store))
        return len(lost) == 2

    every_order(run)
    assert lost == {True, False}


@pytest.mark.parametrize("steps", range(4, 8))
def test_a_collector_that_is_killed_anywhere_loses_nothing_and_is_taken_over(
    steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "TAKE_OVER_SECONDS", -60.0)

    def run(choose: Callable[[int], int]) -> None:
        store = MemoryStore(EMPTY, OLD)
        stepped = Stepped(store)
        first = Actor(publisher(stepped))
        play([first, Actor(collector(stepped))], choose, (None, steps))
        assert_whole(store)
        if first.error:
            assert isinstance(first.error, UnavailableError)
            assert "--take-over" in str(first.error.hint)
        collect(store, 0, Silent(), take_over=True, pause=stepped.pause)
        assert_whole(store)
        commit(store, lambda: bring(store), add)
        assert [one.name for one in current_index(store).versions()] == [NAME]
        assert_whole(store)

    every_order(run)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=60))
def test_two_publishers_and_two_collectors_on_a_real_folder(choices: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = LayoutStore(Path(folder))
        store.prepare()
        store.put(Digest.of(OLD), [OLD], "it")
        stepped, waiting = Stepped(store), iter(choices)
        actors = [Actor(publisher(stepped)), Actor(publisher(stepped))]
        actors += [Actor(collector(stepped)), Actor(collector(stepped))]
        play(actors, lambda number: next(waiting, 0) % number)
        for actor in actors:
            assert actor.error is None or isinstance(actor.error, UnavailableError)
        assert_whole(store)
        if not any(actor.error for actor in actors[:2]):
            assert current_index(store).versions() != ()


def test_a_mark_says_when_and_who_and_leaves_with_the_generation_raised() -> None:
    store = MemoryStore(EMPTY)
    mark, index = begin(store)
    assert mark_of(index) is not None
    assert str(mark_of(index)) == str(mark)
    end(store, mark)
    assert mark_of(current_index(store)) is None
    assert generation_of(current_index(store)) == "1"


def marked(text: str, generation: str = "7") -> MemoryStore:
    return MemoryStore(Index((), (("annotations", {COLLECTING: text, GENERATION: generation}),)).to_bytes())


def test_a_young_mark_is_respected_even_when_told_to_take_over() -> None:
    store = marked(f"{datetime.now(UTC).isoformat()} somebody")
    for take_over in (False, True):
        with pytest.raises(UnavailableError, match="its garbage is being collected"):
            begin(store, take_over=take_over)


@pytest.mark.parametrize("text", ["2020-01-01T00:00:00Z somebody", "2020-01-01T00:00:00+00:00"])
def test_an_old_mark_is_taken_over(text: str) -> None:
    store = marked(text)
    mark, _index = begin(store)
    end(store, mark)
    assert mark_of(current_index(store)) is None
    assert generation_of(current_index(store)) == "8"


@pytest.mark.parametrize("text", ["", "nonsense", "9999999-01-01 x", "\x1b[2J"])
def test_a_mark_that_cannot_be_read_is_taken_over_by_request_only(text: str) -> None:
    store = marked(text)
    with pytest.raises(UnavailableError, match="since an unknown time"):
        begin(store)
    assert begin(store, take_over=True)[0].started is not None


def test_a_publisher_does_not_wait_for_one_that_is_long_dead() -> None:
    def never(_seconds: float) -> None:
        raise AssertionError("waited")

    with pytest.raises(UnavailableError, match="since 2020-01-01T00:00:00Z") as caught:
        commit(marked("2020-01-01T00:00:00Z somebody"), lambda: None, add, pause=never)
    assert "zoo gc --store memory --take-over" in str(caught.value.hint)


@pytest.mark.parametrize("generation", ["x", "-1", "9" * 40, ""])
def test_a_strange_generation_still_moves(generation: str) -> None:
    store = MemoryStore(Index((), (("annotations", {GENERATION: generation}),)).to_bytes())
    mark, _index = begin(store)
    end(store, mark)
    assert generation_of(current_index(store)) != generation


def test_one_who_was_taken_over_leaves_the_other_mark() -> None:
    store = MemoryStore(EMPTY)
    first, _index = begin(store)
    change_index(
        store, lambda index: Index(index.entries, current_index(marked("2020-01-01T00:00:00Z other")).extra)
    )
    end(store, first)
    assert mark_of(current_index(store)) is not None
    assert generation_of(current_index(store)) == "8"


def test_other_annotations_of_the_index_stay() -> None:
    store = MemoryStore(Index((), (("annotations", {"mine": "stays"}), ("x", [1]))).to_bytes())
    mark, _index = begin(store)
    end(store, mark)
    assert dict(current_index(store).extra) == {"annotations": {"mine": "stays", GENERATION: "1"}, "x": [1]}


def test_a_referrer_is_not_attached_without_its_blobs() -> None:
    store = MemoryStore(EMPTY)
    with pytest.raises(UnavailableError, match="is not in memory"):
        store.attach(Digest.of(b"subject"), MANIFEST, "x/y")
    assert current_index(store).entries == ()
    store.put(Digest.of(OLD), [OLD], "it")
    assert store.attach(Digest.of(b"subject"), MANIFEST, "x/y") in current_index(store).entries
