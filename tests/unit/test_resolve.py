import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import figures
from registry.card import Variant
from registry.constraints import Constraints
from registry.resolve import Candidate, Resolution, resolve
from registry.settings import PREFERENCES
from registry.support import support_of
from registry.target import Target
from registry.violation import violation
from tests.unit import builders, strategies
from tests.unit.builders import artifact, card, footprint, latency, metric, target, variant, variants_of
from tests.unit.strategies import PROPERTY

BOARD = Target.from_document(target())
ANY_TARGET = st.none() | strategies.targets().map(Target.from_document)
QUESTIONS = (
    strategies.catalogues,
    ANY_TARGET,
    st.just(Constraints()) | strategies.constraints(),
    st.sampled_from(PREFERENCES),
    st.booleans(),
)


def flat(cards: tuple[builders.Plain, ...]) -> list[Variant]:
    return [item for document in cards for item in variants_of(document)]


def names(candidates: tuple[Candidate, ...]) -> list[str]:
    return [candidate.variant.full_name for candidate in candidates]


def fetchable(item: Variant, allow_unpinned: bool) -> bool:
    """Whether its publisher gives it away and its bytes can be asked for."""
    addressed = all(any(source.kind == "file" for source in file.sources) for file in item.files)
    return item.availability != "reference-only" and (
        item.pinned or (allow_unpinned and bool(item.files) and addressed)
    )


@PROPERTY
@given(*QUESTIONS, st.randoms(use_true_random=False))
def test_the_order_is_total_and_that_of_the_input_does_not_matter(
    cards: tuple[builders.Plain, ...], on: Target | None, wanted: Constraints, prefer: str, allow: bool, rnd: Any
) -> None:
    found = flat(cards)
    shuffled = found[:]
    rnd.shuffle(shuffled)
    one_way = resolve(found, on, wanted, prefer, allow_unpinned=allow)
    other_way = resolve(shuffled, on, wanted, prefer, allow_unpinned=allow)
    assert one_way == other_way
    assert sorted(names(one_way.candidates)) == sorted(item.full_name for item in found)


@PROPERTY
@given(*QUESTIONS)
def test_the_chosen_one_satisfies_all_that_was_asked(
    cards: tuple[builders.Plain, ...], on: Target | None, wanted: Constraints, prefer: str, allow: bool
) -> None:
    resolution = resolve(flat(cards), on, wanted, prefer, allow_unpinned=allow)
    allowed = [
        item
        for item in flat(cards)
        if violation(item, wanted, on) is None
        and (on is None or support_of(item, on).level)
        and fetchable(item, allow)
    ]
    assert (resolution.chosen is None) == (not allowed)
    if resolution.chosen is not None:
        assert resolution.chosen.full_name in [item.full_name for item in allowed]
        assert resolution.chosen.pinned or allow


@PROPERTY
@given(*QUESTIONS)
def test_every_candidate_but_the_chosen_one_has_a_reason(
    cards: tuple[builders.Plain, ...], on: Target | None, wanted: Constraints, prefer: str, allow: bool
) -> None:
    resolution = resolve(flat(cards), on, wanted, prefer, allow_unpinned=allow)
    chosen = resolution.chosen.full_name if resolution.chosen else None
    for candidate in resolution.candidates:
        assert bool(candidate.reason) == (candidate.variant.full_name != chosen)
        assert "\n" not in candidate.reason
        refused = violation(candidate.variant, wanted, on) or (
            on is not None and support_of(candidate.variant, on).level is None
        )
        assert candidate.eligible == (not refused)
    eligible = [candidate.eligible for candidate in resolution.candidates]
    assert eligible == sorted(eligible, reverse=True), "the eligible ones come first"


@PROPERTY
@given(*QUESTIONS)
def test_nothing_that_could_be_pulled_is_better_than_the_chosen_one(
    cards: tuple[builders.Plain, ...], on: Target | None, wanted: Constraints, prefer: str, allow: bool
) -> None:
    resolution = resolve(flat(cards), on, wanted, prefer, allow_unpinned=allow)
    chosen = next((item for item in resolution.candidates if item.variant is resolution.chosen), None)
    if chosen is None:
        return
    for candidate in resolution.candidates:
        if not candidate.eligible or not fetchable(candidate.variant, allow):
            continue
        assert standing(candidate, prefer) >= standing(chosen, prefer)


def standing(candidate: Candidate, prefer: str) -> tuple[int, bool, float]:
    """Level of support, then whether the figure is known, then the figure: less is better."""
    level = candidate.support.rank[0] if candidate.support else 0
    value = candidate.value
    return level, value is None, 0 if value is None else -value if prefer == "accuracy" else value


@PROPERTY
@given(*QUESTIONS)
def test_accuracies_are_compared_under_one_set_of_conditions_only(
    cards: tuple[builders.Plain, ...], on: Target | None, wanted: Constraints, prefer: str, allow: bool
) -> None:
    resolution = resolve(flat(cards), on, wanted, prefer, allow_unpinned=allow)
    assert prefer == "accuracy" or resolution.compared is None
    if prefer != "accuracy":
        return
    for candidate in resolution.candidates:
        own = figures.own_metrics(candidate.variant)
        if candidate.eligible:
            assert candidate.value == (own.get(resolution.compared) if resolution.compared else None)
    if resolution.compared:
        assert resolution.compared.metric == "mean-iou"
        assert wanted.dataset in (None, resolution.compared.dataset)


@PROPERTY
@given(*QUESTIONS)
def test_a_reason_is_true(
    cards: tuple[builders.Plain, ...], on: Target | None, wanted: Constraints, prefer: str, allow: bool
) -> None:
    resolution = resolve(flat(cards), on, wanted, prefer, allow_unpinned=allow)
    for candidate in resolution.candidates:
        if "tell them apart" in candidate.reason:
            assert resolution.chosen is not None
            size, best = figures.size_bytes(candidate.variant), figures.size_bytes(resolution.chosen)
            assert best is not None
            assert size is None or size > best
        if "unpinned" in candidate.reason:
            assert not candidate.variant.pinned
            assert not allow
        if "unavailable" in candidate.reason:
            assert candidate.variant.availability == "unavailable"
        if "equal to" in candidate.reason:
            assert resolution.chosen is not None
            assert resolution.chosen.full_name < candidate.variant.full_name


@PROPERTY
@given(*QUESTIONS[:4])
def test_allowing_what_is_unpinned_only_adds_choices(
    cards: tuple[builders.Plain, ...], on: Target | None, wanted: Constraints, prefer: str
) -> None:
    strict = resolve(flat(cards), on, wanted, prefer)
    free = resolve(flat(cards), on, wanted, prefer, allow_unpinned=True)
    assert names(strict.candidates) == names(free.candidates)
    assert strict.unpinned == (strict.chosen is None and free.chosen is not None)
    assert not free.unpinned
    if strict.chosen is not None:
        assert free.chosen is not None


def chosen_of(
    *items: builders.Plain, prefer: str = "accuracy", on: Target | None = BOARD, **asked: Any
) -> str | None:
    found = resolution_of(*items, prefer=prefer, on=on, **asked)
    return found.chosen.name if found.chosen else None


def resolution_of(
    *items: builders.Plain, prefer: str = "accuracy", on: Target | None = BOARD, allow: bool = False, **asked: Any
) -> Resolution:
    return resolve(variants_of(card(*items)), on, Constraints(**asked), prefer, allow_unpinned=allow)


def test_support_comes_before_the_preference() -> None:
    slow = variant("slow", latencies=[latency(50)], metrics=[metric(0.5)])
    good = variant("good", metrics=[metric(0.9)])
    found = resolution_of(slow, good)
    assert found.chosen is not None
    assert found.chosen.name == "slow"
    assert found.candidates[1].reason == "compatible support; acme/net/slow is measured"


@pytest.mark.parametrize(
    ("prefer", "winner"), [("accuracy", "a"), ("latency", "b"), ("ram", "c"), ("flash", "d"), ("size", "e")]
)
def test_each_preference_looks_at_its_own_figure(prefer: str, winner: str) -> None:
    def item(name: str) -> builders.Plain:
        better = {figure: name == best for figure, best in zip(PREFERENCES, "abcde", strict=True)}
        return variant(
            name,
            metrics=[metric(0.9 if better["accuracy"] else 0.5)],
            latencies=[latency(1 if better["latency"] else 2)],
            footprints=[
                footprint("internal-ram", 1 if better["ram"] else 2),
                footprint("weights-flash", 1 if better["flash"] else 2),
            ],
            artifacts=[artifact(size=1 if better["size"] else 2)],
        )

    assert chosen_of(*map(item, "abcde"), prefer=prefer) == winner


def test_an_unknown_figure_comes_after_any_known_one() -> None:
    known, unknown = variant("z", latencies=[latency(900)]), variant("a", latencies=[latency(None)])
    found = resolution_of(unknown, known, prefer="latency")
    assert [item.variant.name for item in found.candidates] == ["z", "a"]
    assert found.candidates[1].reason == "latency unknown; that of acme/net/z is known"


def test_an_accuracy_on_another_dataset_protocol_or_split_does_not_win() -> None:
    common = [variant(name, metrics=[metric(value)]) for name, value in (("a", 0.6), ("b", 0.7))]
    for change in ({"dataset": "streets"}, {"protocol": "per-image"}, {"split": "test"}):
        assert chosen_of(*common, variant("c", metrics=[metric(0.99, **change)])) == "b"


def test_unstated_protocols_of_two_publishers_are_not_compared() -> None:
    def by(publisher: str, value: float, count: int) -> list[Variant]:
        items = [variant(f"v{n}", metrics=[metric(value, protocol="unstated")]) for n in range(count)]
        return variants_of(card(*items, publisher=publisher))

    found = resolve([*by("acme", 0.5, 2), *by("zeta", 0.9, 1)], None, Constraints(), "accuracy")
    assert found.compared is not None
    assert found.compared.publisher == "acme"
    assert found.chosen is not None
    assert found.chosen.publisher == "acme"


def test_the_dataset_that_was_asked_for_is_the_one_compared_on() -> None:
    many = [variant(f"v{n}", metrics=[metric(0.9), metric(n / 10, dataset="streets")]) for n in range(3)]
    found = resolution_of(*many, dataset="streets")
    assert found.compared is not None
    assert found.compared.dataset == "streets"
    assert found.chosen is not None
    assert found.chosen.name == "v2"


def test_an_unpinned_variant_is_listed_explained_and_not_chosen() -> None:
    found = resolution_of(variant(artifacts=[artifact(sha256="unpinned", size=None)]))
    assert (found.chosen, found.unpinned) == (None, True)
    assert found.candidates[0].reason.startswith("unpinned: ")
    allowed = resolution_of(variant(artifacts=[artifact(sha256="unpinned", size=None)]), allow=True)
    assert allowed.chosen is not None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"availability": "reference-only"}, "listed by its publisher for reference only"),
        ({"availability": "unavailable", "artifacts": []}, "its publisher marks it unavailable"),
        ({"artifacts": []}, "no address gives its file"),
        ({"artifacts": [artifact(sha256="unpinned", sources=[])]}, "no address gives its file"),
    ],
)
def test_what_cannot_be_pulled_at_all_says_why(changes: dict[str, Any], reason: str) -> None:
    found = resolution_of(variant(**changes), allow=True)
    assert (found.chosen, found.unpinned) == (None, False)
    assert found.candidates[0].reason == reason


def test_what_is_equal_in_all_else_is_chosen_by_size_then_by_name() -> None:
    pair = {"z": 1, "a": 2, "b": 1}
    items = [variant(name, artifacts=[artifact(size=size)]) for name, size in pair.items()]
    found = resolution_of(*items)
    assert [item.variant.name for item in found.candidates] == ["b", "z", "a"]
    assert found.candidates[1].reason == "equal to acme/net/b, which comes first by name"


def test_what_lost_by_availability_is_not_said_to_have_lost_by_its_size() -> None:
    small = {"availability": "unavailable", "artifacts": [artifact(size=1)]}
    found = resolution_of(variant("a", artifacts=[artifact(size=2)]), variant("b", **small))
    assert found.chosen is not None
    assert found.chosen.name == "a"
    assert "unavailable" in found.candidates[1].reason


def test_no_variants_at_all() -> None:
    assert resolve([], BOARD, Constraints(), "size") == Resolution(None, (), unpinned=False, compared=None)


def test_every_order_of_three_gives_the_same_verdict() -> None:
    items = variants_of(card(*(variant(name, latencies=[latency(3)]) for name in "abc")))
    verdicts = [resolve(order, BOARD, Constraints(), "latency") for order in itertools.permutations(items)]
    assert all(verdict == verdicts[0] for verdict in verdicts)


def test_what_is_for_bring_up_comes_last_whatever_its_figures() -> None:
    """It is chosen only where nothing else can be verified, and says what was passed over."""
    toy = card(variant("toy", metrics=[metric(0.99)]), publisher="zoo", purpose="bring-up")
    real = card(variant("real", metrics=[metric(0.5)]), publisher="acme")
    lost = card(
        variant("lost", artifacts=[artifact(sha256="unpinned", size=None)]), publisher="acme", model="other"
    )
    found = resolve([*variants_of(toy), *variants_of(real)], None, Constraints(), "accuracy")
    assert found.chosen is not None
    assert found.chosen.name == "real"
    assert found.candidates[1].reason == "for bring-up and tests only; acme/net/real is for deployment"
    assert found.passed_over == ()
    alone = resolve([*variants_of(toy), *variants_of(lost)], None, Constraints(), "accuracy")
    assert alone.chosen is not None
    assert alone.chosen.name == "toy"
    assert names(alone.passed_over) == ["acme/other/lost"]
