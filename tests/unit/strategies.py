"""Random documents and questions for the property tests; small alphabets, so that they meet often."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from registry.constraints import Constraints
from tests.unit import builders
from tests.unit.builders import Plain

PROPERTY = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
"""The same examples in every run, and no judgement by the clock."""

FORMATS = ("tflite", "onnx", "unknown")
SCHEMES = ("float32", "int8", "unknown")
GRANULARITIES = ("none", "per-channel", "unknown")
REPRESENTATIONS = ("none", "qdq", "tflite")
DATASETS = ("shapes", "streets")
BOARDS = ("board", "stick")
LICENCES = ("Apache-2.0", "MIT", "unknown")
METRICS = ("mean-iou", "pixel-accuracy")
FRACTIONS = (0.0, 0.25, 0.5, 0.75, 1.0)

json_scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**17), 10**17),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
)
json_values = st.recursive(
    json_scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A value, or None."""
    return st.none() | strategy


@st.composite
def metrics(draw: st.DrawFn) -> Plain:
    """A metric under one of few conditions."""
    return builders.metric(
        draw(maybe(st.sampled_from(FRACTIONS))),
        name=draw(st.sampled_from(METRICS)),
        dataset=draw(st.sampled_from(DATASETS)),
        split=draw(st.sampled_from(("val", "test"))),
        protocol=draw(st.sampled_from(("voc", "unstated"))),
        precision=draw(st.sampled_from(SCHEMES)),
    )


@st.composite
def footprints(draw: st.DrawFn) -> Plain:
    """A footprint on one of few targets, or on none."""
    name = draw(st.sampled_from(("internal-ram", "external-ram", "activation-ram", "weights-flash", "file-size")))
    figure = builders.footprint(
        name, draw(maybe(st.integers(0, 4))), unit=draw(st.sampled_from(("B", "KiB"))), target=draw(boards)
    )
    return figure if draw(st.booleans()) else {key: value for key, value in figure.items() if key != "target"}


@st.composite
def latencies(draw: st.DrawFn) -> Plain:
    """A time on one of few targets."""
    return builders.latency(draw(maybe(st.sampled_from((1.0, 2.5, 4.0)))), target=draw(boards))


boards = st.sampled_from(BOARDS)


@st.composite
def supports(draw: st.DrawFn) -> Plain:
    """What a publisher declares of a target."""
    word = draw(st.sampled_from(("declared", "unsupported")))
    return {"target": draw(boards), "support": word, "provenance": builders.PROVENANCE}


@st.composite
def artifacts(draw: st.DrawFn) -> list[Plain]:
    """No file, or a model file: pinned or not, with an address or not."""
    if draw(st.integers(0, 4)) == 0:
        return []
    pinned = draw(st.booleans())
    size = draw(st.integers(1, 4))
    kinds = draw(st.lists(st.sampled_from(("file", "page")), max_size=2))
    sources = [{"url": "https://example.org/net", "kind": kind, "checked": "derived"} for kind in kinds]
    stated: Plain = {"size": size, "sha256": "b" * 64} if pinned else {"sha256": "unpinned"}
    if not pinned:
        stated["size"] = draw(maybe(st.just(size)))
    return [builders.artifact(sources=sources, **stated)]


@st.composite
def variants(draw: st.DrawFn, name: str) -> Plain:
    """A variant that its schema accepts."""
    quantization = {
        "scheme": draw(st.sampled_from(SCHEMES)),
        "granularity": draw(st.sampled_from(GRANULARITIES)),
        "representation": draw(st.sampled_from(REPRESENTATIONS)),
        "method": "unknown",
    }
    sides = maybe(st.sampled_from((64, 96)))
    optional: Plain = {
        "classes": {"count": draw(st.sampled_from((3, 21)))},
        "training": {"dataset": draw(st.sampled_from(DATASETS))},
        "licence": {"weights": draw(st.sampled_from(LICENCES))},
    }
    kept = {key: value for key, value in optional.items() if draw(st.booleans())}
    return builders.variant(
        name,
        availability=draw(st.sampled_from(("available", "available", "unavailable", "reference-only"))),
        format=draw(st.sampled_from(FORMATS)),
        quantization=quantization,
        resolution={"height": draw(sides), "width": draw(sides)},
        artifacts=draw(artifacts()),
        targets=draw(st.lists(supports(), max_size=2)),
        metrics=draw(st.lists(metrics(), max_size=3)),
        footprints=draw(st.lists(footprints(), max_size=3)),
        latencies=draw(st.lists(latencies(), max_size=2)),
        **kept,
    )


@st.composite
def cards(draw: st.DrawFn, publisher: str = "acme", model: str = "net") -> Plain:
    """A card of up to three variants."""
    count = draw(st.integers(1, 3))
    items = [draw(variants(f"v{number}")) for number in range(count)]
    return builders.card(*items, publisher=publisher, model=model)


catalogues = st.tuples(cards("acme", "net"), cards("zeta", "net"))
"""Two cards: two publishers of one model."""


@st.composite
def rules(draw: st.DrawFn) -> Plain:
    """What an engine takes."""

    def some(choices: tuple[str, ...]) -> list[str]:
        return draw(st.lists(st.sampled_from(choices), min_size=1, max_size=2, unique=True))

    optional = {"granularities": some(GRANULARITIES), "representations": some(REPRESENTATIONS)}
    kept = {key: value for key, value in optional.items() if draw(st.booleans())}
    return builders.rule(draw(st.sampled_from(("npu", "gpu", "cpu"))), some(FORMATS), some(SCHEMES), **kept)


@st.composite
def targets(draw: st.DrawFn, name: str = "board") -> Plain:
    """A target with up to three rules."""
    engines = draw(st.permutations(("npu", "gpu", "cpu")))
    named = [{"name": engine, "title": engine} for engine in engines[: draw(st.integers(0, 3))]]
    return builders.target(name, engines=named, accepts=draw(st.lists(rules(), max_size=3)))


@st.composite
def constraints(draw: st.DrawFn) -> Constraints:
    """A question of at most four conditions, so that some variants answer it."""
    choices: dict[str, st.SearchStrategy[Any]] = {
        "publisher": st.sampled_from(("acme", "zeta")),
        "format": st.sampled_from(FORMATS),
        "scheme": st.sampled_from(SCHEMES),
        "granularity": st.sampled_from(GRANULARITIES),
        "height": st.sampled_from((64, 96)),
        "width": st.sampled_from((64, 96)),
        "dataset": st.sampled_from(DATASETS),
        "classes": st.sampled_from((3, 21)),
        "licences": st.lists(st.sampled_from(LICENCES), max_size=2).map(tuple),
        "metrics": st.dictionaries(st.sampled_from(METRICS), st.sampled_from(FRACTIONS), max_size=2),
        "max_ram": st.sampled_from((0.0, 2.0, 2048.0, 1e9)),
        "max_flash": st.sampled_from((0.0, 2.0, 2048.0, 1e9)),
        "max_latency": st.sampled_from((0.5, 2.5, 10.0)),
    }
    asked = draw(st.lists(st.sampled_from(sorted(choices)), max_size=4, unique=True))
    return Constraints(**{name: draw(choices[name]) for name in asked})
