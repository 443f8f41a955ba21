import itertools

from hypothesis import given

from registry.target import Target
from tests.unit.builders import Plain, rule, target
from tests.unit.strategies import FORMATS, GRANULARITIES, PROPERTY, REPRESENTATIONS, SCHEMES, targets

FILES = list(itertools.product(FORMATS, SCHEMES, GRANULARITIES, REPRESENTATIONS))


@PROPERTY
@given(targets())
def test_a_file_runs_on_the_first_engine_whose_rule_takes_it(document: Plain) -> None:
    found = Target.from_document(document)
    order = [engine["name"] for engine in document["engines"]]
    for file in FILES:
        taking = {
            item["engine"]
            for item in document["accepts"]
            if file[0] in item["formats"]
            and file[1] in item["schemes"]
            and file[2] in item.get("granularities", GRANULARITIES)
            and file[3] in item.get("representations", REPRESENTATIONS)
        }
        engine = found.engine_for(*file)
        assert (engine is None) == (not taking)
        if engine is not None:
            assert engine in taking
            faster = order[: order.index(engine)] if engine in order else order
            assert taking.isdisjoint(faster)


def test_a_rule_without_granularities_takes_any() -> None:
    open_rule = Target.from_document(target(accepts=[rule("npu", ["onnx"], ["int8"])]))
    assert open_rule.engine_for("onnx", "int8", "per-channel", "qdq") == "npu"
    narrow = Target.from_document(target(accepts=[rule("npu", ["onnx"], ["int8"], granularities=["per-tensor"])]))
    assert narrow.engine_for("onnx", "int8", "per-channel", "qdq") is None
