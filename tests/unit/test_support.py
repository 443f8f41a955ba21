from hypothesis import given

from registry.support import support_of
from registry.target import Target
from tests.unit.builders import PROVENANCE, Plain, artifact, latency, one, target, variants_of
from tests.unit.strategies import PROPERTY, cards, targets

BOARD = Target.from_document(target())


def declared(word: str) -> Plain:
    return {"target": "board", "support": word, "provenance": PROVENANCE}


def test_measured_before_declared_before_compatible() -> None:
    assert support_of(one(latencies=[latency(1)], targets=[declared("declared")]), BOARD).level == "measured"
    assert support_of(one(targets=[declared("declared")]), BOARD).level == "declared"
    assert support_of(one(), BOARD).level == "compatible"


def test_a_time_on_the_target_proves_more_than_any_rule_or_statement() -> None:
    found = support_of(one(format="onnx", latencies=[latency(1)], targets=[declared("unsupported")]), BOARD)
    assert (found.level, found.engine, found.reason) == ("measured", None, "")


def test_a_declaration_does_not_overrule_what_the_toolchain_takes() -> None:
    found = support_of(one(format="onnx", targets=[declared("declared")]), BOARD)
    assert found.level is None
    assert found.reason == "board takes no onnx float32 file"


def test_unsupported_by_declaration() -> None:
    found = support_of(one(targets=[declared("unsupported")]), BOARD)
    assert (found.level, found.reason) == (None, "its publisher declares board unsupported")


def test_a_time_on_another_target_proves_nothing() -> None:
    assert support_of(one(latencies=[latency(1, target="stick")]), BOARD).level == "compatible"


@PROPERTY
@given(cards(), targets())
def test_there_is_a_level_or_a_reason(card: Plain, document: Plain) -> None:
    board = Target.from_document(document)
    ranks = {}
    for item in variants_of(card):
        found = support_of(item, board)
        assert bool(found.level) != bool(found.reason)
        ranks[found.level] = found.rank[0]
    order = [level for level in ("measured", "declared", "compatible", None) if level in ranks]
    assert [ranks[level] for level in order] == sorted(ranks.values())


def test_accelerators_rank_before_the_cpu() -> None:
    rules = [{"engine": engine, "formats": [kind], "schemes": ["float32"], "provenance": {"document": "d"}}
             for engine, kind in (("npu", "onnx"), ("cpu", "tflite"))]  # fmt: skip
    both = Target.from_document(target(accepts=rules))
    fast = support_of(one(format="onnx", artifacts=[artifact(file="net.onnx")]), both)
    assert fast.rank < support_of(one(), both).rank
