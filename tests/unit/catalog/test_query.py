"""The index and the rules in Python must never disagree: `zoo list` and `zoo pull` ask the same questions."""

import itertools
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import figures
from registry.card import Variant
from registry.catalog import Catalog, Filter, Row
from registry.catalog.query import SORTS
from registry.constraints import Constraints
from registry.errors import RequestError
from registry.support import support_of
from registry.target import Target
from registry.violation import figure_on, violation
from tests.unit import builders, strategies
from tests.unit.builders import Plain, artifact, card, footprint, latency, metric, target, variant, variants_of
from tests.unit.strategies import PROPERTY

TARGETS = st.tuples(strategies.targets("board"), strategies.targets("stick"))
ASKED = st.sampled_from((None, *strategies.BOARDS))


@contextmanager
def catalog_of(cards: tuple[Plain, ...], targets: tuple[Plain, ...] = ()) -> Iterator[Catalog]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "cards")
        root.mkdir()
        for document in cards:
            builders.write_card(root, document)
        for document in targets:
            builders.write_target(root, document)
        with closing(Catalog.open([str(root)], str(Path(folder, "index")))) as catalog:
            assert catalog.problems() == []
            yield catalog


def variants(cards: tuple[Plain, ...]) -> dict[str, Variant]:
    return {item.full_name: item for document in cards for item in variants_of(document)}


def assert_agreement(
    cards: tuple[Plain, ...], targets: tuple[Plain, ...], questions: list[tuple[str | None, Constraints]]
) -> None:
    """Each question gets the same answer from the index as from the rules."""
    known = variants(cards)
    boards = {document["name"]: Target.from_document(document) for document in targets}
    with catalog_of(cards, targets) as catalog:
        for asked, wanted in questions:
            on = boards[asked] if asked else None
            accepted = {
                name: support_of(item, on).level if on else None
                for name, item in known.items()
                if violation(item, wanted, on) is None and (on is None or support_of(item, on).level)
            }
            rows = catalog.select(Filter(wanted, target=asked))
            assert {row.full_name: row.level for row in rows} == accepted, (asked, wanted)


@PROPERTY
@given(strategies.catalogues, TARGETS, st.lists(st.tuples(ASKED, strategies.constraints()), min_size=3, max_size=3))
def test_the_index_selects_what_the_rules_accept(
    cards: tuple[Plain, ...], targets: tuple[Plain, ...], questions: list[tuple[str | None, Constraints]]
) -> None:
    assert_agreement(cards, targets, questions)


class Crowd:
    """A catalogue in which every variant has most properties, and questions that most of them answer.

    What Hypothesis makes is sparse and shrinks well; this is dense and finds what needs many things at once.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        names = [("acme", "net"), ("acme", "other"), ("zeta", "net")]
        self.cards = tuple(card(*self.variants(12), publisher=publisher, model=model) for publisher, model in names)
        self.targets = tuple(target(name, accepts=self.rules()) for name in strategies.BOARDS)

    def one(self, choices: Sequence[Any]) -> Any:
        return self.random.choice(choices)

    def some(self, choices: Sequence[Any], least: int = 0) -> list[Any]:
        return self.random.sample(choices, self.random.randint(least, len(choices)))

    def rules(self) -> list[Plain]:
        formats, schemes = ["tflite", "onnx"], ["float32", "int8"]
        return [builders.rule(engine, self.some(formats, 1), self.some(schemes, 1)) for engine in ("npu", "cpu")]

    def variants(self, count: int) -> list[Plain]:
        return [self.variant(f"v{number}") for number in range(count)]

    def variant(self, name: str) -> Plain:
        scheme = self.one(("float32", "int8"))
        granularity = "none" if scheme == "float32" else self.one(("per-tensor", "per-channel"))
        figures_ = [
            footprint(kind, self.one((1, 2, 3)), unit="B", target=board)
            for kind in ("internal-ram", "external-ram", "activation-ram", "weights-flash")
            for board in self.some(strategies.BOARDS)
        ]
        metrics = [
            metric(self.one(strategies.FRACTIONS), name=kind, dataset=dataset, precision=self.one((scheme, "int8")))
            for kind in strategies.METRICS
            for dataset in strategies.DATASETS
            for _ in range(self.one((0, 1, 1, 2)))
        ]
        return variant(
            name,
            format=self.one(("tflite", "onnx")),
            quantization={**builders.FLOAT, "scheme": scheme, "granularity": granularity},
            resolution={"height": self.one((64, 96, None)), "width": self.one((64, 96, None))},
            classes={"count": self.one((3, 21))},
            training={"dataset": self.one(strategies.DATASETS)},
            licence={"weights": self.one(strategies.LICENCES)},
            metrics=metrics,
            footprints=figures_,
            latencies=[latency(self.one((1, 2, 3)), target=board) for board in self.some(strategies.BOARDS)],
            targets=[
                {
                    "target": board,
                    "support": self.one(("declared", "unsupported")),
                    "provenance": builders.PROVENANCE,
                }
                for board in self.some(strategies.BOARDS)
            ],
        )

    def question(self) -> tuple[str | None, Constraints]:
        choices: dict[str, Any] = {
            "publisher": self.one(("acme", "zeta")),
            "format": self.one(("tflite", "onnx")),
            "scheme": self.one(("float32", "int8")),
            "granularity": self.one(("none", "per-tensor", "per-channel")),
            "height": self.one((64, 96)),
            "width": self.one((64, 96)),
            "dataset": self.one(strategies.DATASETS),
            "classes": self.one((3, 21)),
            "licences": tuple(self.some(strategies.LICENCES)),
            "metrics": {kind: self.one(strategies.FRACTIONS) for kind in self.some(strategies.METRICS)},
            "max_ram": self.one((1, 2, 3, 4)),
            "max_flash": self.one((1, 2, 3)),
            "max_latency": self.one((1, 2, 3)),
        }
        asked = self.random.sample(sorted(choices), self.one((0, 1, 1, 2, 2, 3)))
        return self.one((None, *strategies.BOARDS)), Constraints(**{name: choices[name] for name in asked})


@pytest.mark.parametrize("seed", range(8))
def test_the_index_selects_what_the_rules_accept_in_a_crowd(seed: int) -> None:
    crowd = Crowd(seed)
    questions = [crowd.question() for _ in range(150)]
    assert_agreement(crowd.cards, crowd.targets, questions)
    answered = [
        wanted
        for asked, wanted in questions
        if asked is None and any(violation(item, wanted, None) is None for item in variants(crowd.cards).values())
    ]
    assert len(answered) > 10, "most questions must have an answer for this to prove anything"


@PROPERTY
@given(strategies.catalogues, TARGETS, ASKED)
def test_a_row_says_what_the_figures_say(
    cards: tuple[Plain, ...], targets: tuple[Plain, ...], asked: str | None
) -> None:
    on = {document["name"]: Target.from_document(document) for document in targets}.get(asked or "")
    with catalog_of(cards, targets) as catalog:
        for row in catalog.select(Filter(Constraints(), target=asked), documents=True):
            item = variants(cards)[row.full_name]
            assert row.level == (support_of(item, on).level if on else None)
            assert (row.format, row.scheme, row.granularity) == (item.format, item.scheme, item.granularity)
            assert (row.height, row.width, row.classes) == (item.height, item.width, item.classes)
            assert (row.availability, row.licence, row.pinned) == (
                item.availability,
                item.weights_licence,
                item.pinned,
            )
            assert row.size == figures.size_bytes(item)
            assert row.latency == figure_on(item, on, figures.latency_ms)
            assert row.ram == figure_on(item, on, figures.ram_bytes)
            assert row.flash == figure_on(item, on, figures.flash_bytes)
            own = {str(key): value for key, value in figures.own_metrics(item).items() if key.metric == "mean-iou"}
            assert (row.conditions is None) == (not own)
            if row.conditions:
                assert own[row.conditions] == row.accuracy
            assert catalog.variants([row.full_name]) == [item]
            assert row.document


@PROPERTY
@given(strategies.catalogues, TARGETS, ASKED, st.sampled_from(SORTS), st.booleans(), st.integers(1, 3))
def test_an_order_is_by_its_figure_with_the_unknown_last(
    cards: tuple[Plain, ...], targets: tuple[Plain, ...], asked: str | None, sort: str, down: bool, limit: int
) -> None:
    with catalog_of(cards, targets) as catalog:
        filter_ = Filter(Constraints(), target=asked, sort=sort, reverse=down)
        rows = list(catalog.select(filter_))
        assert {row.full_name for row in rows} == {
            row.full_name for row in catalog.select(Filter(Constraints(), target=asked))
        }
        assert list(catalog.select(filter_._replace(limit=limit))) == rows[:limit]
    known = [value for row in rows if (value := value_of(row, sort)) is not None]
    assert [value_of(row, sort) is None for row in rows] == [False] * len(known) + [True] * (len(rows) - len(known))
    if sort == "accuracy":
        groups = itertools.groupby(rows[: len(known)], key=lambda row: row.conditions)
        parts = [(conditions, [row.accuracy for row in group]) for conditions, group in groups]
        assert len({conditions for conditions, _ in parts}) == len(parts), "one set of conditions stays together"
        for _, values in parts:
            assert values == sorted(values, key=lambda value: value or 0, reverse=not down)
    else:
        assert known == sorted(known, reverse=down)


def value_of(row: Row, sort: str) -> float | str | None:
    values: dict[str, float | str | None] = {
        "name": row.full_name,
        "accuracy": row.accuracy,
        "latency": row.latency,
        "ram": row.ram,
        "flash": row.flash,
        "size": row.size,
        "resolution": row.height * row.width if row.height and row.width else None,
    }
    return values[sort]


BOTH = (card(variant("a"), variant("b", availability="unavailable", artifacts=[])), card(publisher="zeta"))


def selected(filter_: Filter, cards: tuple[Plain, ...] = BOTH) -> list[str]:
    with catalog_of(cards, (target(),)) as catalog:
        return [row.full_name for row in catalog.select(filter_)]


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        (Filter(Constraints(), availability="unavailable"), ["acme/net/b"]),
        (Filter(Constraints(), pinned=True), ["acme/net/a", "zeta/net/small"]),
        (Filter(Constraints(), pinned=False), ["acme/net/b"]),
        (Filter(Constraints(), task="object-detection"), []),
        (Filter(Constraints(), name="net"), ["acme/net/a", "acme/net/b", "zeta/net/small"]),
        (Filter(Constraints(), name="zeta/net"), ["zeta/net/small"]),
        (Filter(Constraints(), name="me/net"), ["acme/net/a", "acme/net/b"]),
        (Filter(Constraints(), name="ACME/net/B", sort="latency", reverse=True), ["acme/net/b"]),
        (Filter(Constraints(publisher="zeta"), name="acme/net/a"), []),
        (Filter(Constraints(), reverse=True), ["zeta/net/small", "acme/net/b", "acme/net/a"]),
        (Filter(Constraints(), target="BOARD", limit=1), ["acme/net/a"]),
    ],
)
def test_what_only_a_list_asks(filter_: Filter, expected: list[str]) -> None:
    assert selected(filter_) == expected


def test_an_unknown_target_is_refused_with_a_near_one() -> None:
    with pytest.raises(RequestError, match="unknown target 'bord'") as caught:
        selected(Filter(Constraints(), target="bord"))
    assert caught.value.hint == "did you mean board?"


@pytest.mark.parametrize("text", ["'", '"; DROP TABLE variants; --', "%", "\0", "é"])
def test_what_was_asked_is_never_taken_for_a_statement(text: str) -> None:
    asked = Constraints(publisher=text, format=text, licences=(text,), dataset=text, metrics={text: 0.5})
    assert selected(Filter(asked, task=text)) == []


@pytest.mark.parametrize("name", ["classes", "height", "width"])
@pytest.mark.parametrize("number", [2**63, -(10**30)])
def test_a_number_beyond_any_column_selects_nothing(name: str, number: int) -> None:
    asked: dict[str, Any] = {name: number}
    assert selected(Filter(Constraints(**asked))) == []


@pytest.mark.parametrize("name", ["publisher", "format", "scheme", "granularity", "dataset"])
def test_an_empty_word_means_the_same_to_the_index_and_the_rules(name: str) -> None:
    empty: dict[str, Any] = {name: ""}
    asked = Constraints(**empty)
    accepted = [full_name for full_name, item in variants(BOTH).items() if violation(item, asked, None) is None]
    assert selected(Filter(asked)) == sorted(accepted)


@pytest.mark.parametrize("name", ["gone", "'", "%", "a%net", "\0", ""])
def test_a_name_that_means_nothing_is_refused(name: str) -> None:
    with pytest.raises(RequestError, match="unknown model"):
        selected(Filter(Constraints(), name=name))


def test_more_rows_than_are_read_at_a_time_keep_their_order() -> None:
    many = tuple(
        card(*(variant(f"v{n:03}", latencies=[latency((n * 7) % 600 + 1)]) for n in range(600)), model=model)
        for model in ("net", "other")
    )
    with catalog_of(many) as catalog:
        names = [row.full_name for row in catalog.select(Filter(Constraints()))]
        assert names == sorted(variants(many))
        times = [row.latency for row in catalog.select(Filter(Constraints(), sort="latency"))]
        assert times == sorted(float(n % 600 + 1) for n in range(1200))


def test_a_row_has_figures_of_the_target_or_the_best_of_all() -> None:
    own = variant(
        latencies=[latency(5), latency(3, target="stick")],
        footprints=[footprint("internal-ram", 1), footprint("internal-ram", 2, target="stick")],
        metrics=[metric(0.5)],
        artifacts=[artifact(size=7)],
    )
    with catalog_of((card(own),), (target(), target("stick"))) as catalog:
        (best,) = catalog.select(Filter(Constraints()))
        (there,) = catalog.select(Filter(Constraints(), target="board"))
    assert (best.latency, best.ram, best.size, best.accuracy) == (3, 1024, 7, 0.5)
    assert (there.latency, there.ram, there.level) == (5, 1024, "measured")
    assert best.conditions == "mean-iou on shapes val, protocol voc"
