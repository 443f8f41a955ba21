from typing import Any

import pytest

from registry.facts import Facts
from registry.fit import Fit, fit
from registry.footprint import plan
from registry.inspect.graph import Graph, Operator
from registry.target import Target
from tests.unit import builders
from tests.unit.inspect.graphs import Builder

KIB = 1024


def network(dtype: str = "int8", *, per_channel: bool = True, **changes: Any) -> Graph:
    build = Builder(1, 32, 32, 3, dtype=dtype)
    data = build.conv(build.inputs[0], 8, kernel=3, stride=2, per_channel=per_channel)
    build.conv(data, 16, kernel=3, per_channel=per_channel)
    return build.graph(**changes)


def board(ram: int | None = 64 * KIB, external: int = 0, flash: int = 64 * KIB, **changes: Any) -> Target:
    """An NPU that takes int8 per-tensor, and a CPU that takes int8 and float."""
    memories: list[dict[str, Any]] = [
        {"name": "sram", "kind": "internal-ram", "size": ram},
        {"name": "psram", "kind": "external-ram", "size": external},
        {"name": "flash", "kind": "internal-flash", "size": flash},
    ]
    engines = [{"name": "npu", "title": "NPU"}, {"name": "cpu", "title": "CPU"}]
    accepts = [
        {**builders.rule("npu", ["tflite"], ["int8"]), "granularities": ["per-tensor"]},
        builders.rule("cpu", ["tflite"], ["int8", "float32"]),
    ]
    known = [one for one in memories if one["size"]] if ram is not None else []
    return Target.from_document(
        builders.target(**{"engines": engines, "accepts": accepts, "memories": known, **changes})
    )


def judged(graph: Graph, target: Target, **changes: Any) -> Fit:
    return fit(Facts(graph), plan(graph), target, **changes)


def test_what_fits_says_the_engine_and_the_numbers() -> None:
    found = judged(network(per_channel=False), board())
    assert (found.verdict, found.engine, found.reasons, found.notes) == ("yes", "npu", (), ())
    assert found.memory.source == "estimated"
    assert found.memory.least <= found.memory.ram <= found.memory.most
    assert {pool.name: used for pool, used in found.placement.used} == {
        "sram": found.memory.ram,
        "flash": found.memory.flash,
    }


def test_what_the_faster_engine_refuses_is_told() -> None:
    found = judged(network(), board())
    assert (found.verdict, found.engine) == ("yes", "cpu")
    assert found.notes == ("runs on the cpu, not on the npu: it takes per-tensor, found per-channel",)


def test_a_scheme_that_nobody_takes() -> None:
    found = judged(network("uint8", per_channel=False), board())
    assert (found.verdict, found.engine) == ("no", None)
    assert found.reasons == ("board takes no tflite uint8 per-tensor file",)
    assert "npu: it takes int8, found uint8" in found.notes


def test_activations_that_spill_and_activations_that_do_not_fit() -> None:
    graph = network()
    need = plan(graph).estimate_bytes
    spilled = judged(graph, board(ram=need // 2, external=need))
    assert spilled.verdict == "yes"
    assert spilled.placement.spill == need - need // 2
    assert any("spill into external RAM" in note for note in spilled.notes)
    small = judged(graph, board(ram=KIB))
    assert small.verdict == "no"
    assert small.reasons[0].startswith("ram: needs")
    assert small.reasons[0].endswith("(estimated)")


def test_bounds_that_decide_otherwise_are_told() -> None:
    graph = network()
    found = plan(graph)
    assert found.lower_bytes < found.estimate_bytes < found.upper_bytes
    above = judged(graph, board(ram=found.estimate_bytes))
    assert above.verdict == "yes"
    assert any("upper bound" in note for note in above.notes)
    below = judged(graph, board(ram=found.estimate_bytes - 1))
    assert below.verdict == "no"
    assert any("lower bound" in note for note in below.notes) == (found.lower_bytes < found.estimate_bytes)


def test_unknown_memories_give_no_verdict() -> None:
    found = judged(network(), board(ram=None))
    assert found.verdict == "unknown"
    assert found.reasons == ("board's ram is not known; board's flash is not known",)


def test_published_figures_of_the_target_go_before_estimates() -> None:
    figures = [builders.footprint("activation-ram", 9.0), builders.footprint("weights-flash", 3.0)]
    variant = builders.one(footprints=figures)
    found = judged(network(), board(), variant=variant)
    assert (found.memory.source, found.memory.ram, found.memory.flash) == ("published", 9 * KIB, 3 * KIB)
    elsewhere = judged(network(), board(name="other"), variant=variant)
    assert elsewhere.memory.source == "estimated"


def test_operators_of_nobodys_toolchain() -> None:
    build = Builder(1, 8, 8, 3, dtype="int8")
    data = build.conv(build.inputs[0], 4)
    output = build.value((1, 8, 8, 4), "int8")
    build.operators.append(Operator("other", "MyCustomOp", (data,), (output,), custom=True))
    found = judged(build.graph(output), board())
    assert found.verdict == "no"
    assert found.reasons == ("operators that only special code can run: MyCustomOp",)


@pytest.mark.parametrize(
    ("needed", "verdict"), [("2.9.0", "yes"), ("2.10.0", "yes"), ("2.14.0", "no"), ("", "yes")]
)
def test_a_file_of_a_later_runtime(needed: str, verdict: str) -> None:
    target = board(runtimes=[{"name": "tflite-runtime", "most": "2.10.0"}])
    found = judged(network(metadata={"min_runtime_version": needed}), target)
    assert found.verdict == verdict
    assert bool(found.reasons) == (verdict == "no")


@pytest.mark.parametrize(("opset", "verdict"), [(6, "no"), (7, "yes"), (20, "yes"), (21, "no")])
def test_an_opset_outside_the_toolchains_range(opset: int, verdict: str) -> None:
    target = board(runtimes=[{"name": "onnx-opset", "least": "7", "most": "20"}])
    assert judged(network(versions={"ai.onnx": opset}), target).verdict == verdict


def test_operators_that_the_engine_lacks_are_told_with_where_they_run() -> None:
    table = {
        "takes": ["conv2d"],
        "limits": [{"types": ["softmax"], "note": "Software."}],
        "otherwise": "cpu",
        "provenance": {"document": "a table"},
    }
    engines = [{"name": "npu", "title": "NPU", "operators": [table]}, {"name": "cpu", "title": "CPU"}]
    build = Builder(1, 8, 8, 3, dtype="int8")
    data = build.conv(build.inputs[0], 4, per_channel=False)
    for _number in range(2):
        data = build.add("softmax", [data], (1, 8, 8, 4), "int8", axis=3)
    build.add("relu", [data], (1, 8, 8, 4), "int8")
    found = judged(build.graph(), board(engines=engines))
    assert found.verdict == "yes"
    assert found.notes == (
        "2 SOFTMAX run on the cpu: Software.",
        "1 RELU run on the cpu: not among the operators that a table lists",
    )


def test_a_board_with_an_operating_system_holds_the_weights_in_its_ram() -> None:
    memories = [{"name": "ddr", "kind": "external-ram", "size": 1 << 20}]
    found = judged(network(per_channel=False), board(memories=memories))
    assert (found.verdict, found.placement.spill) == ("yes", 0)
    ((pool, used),) = found.placement.used
    assert (pool.name, used) == ("ddr", found.memory.ram + found.memory.flash)


def test_a_segmentation_network_on_a_target_whose_vendor_excludes_it() -> None:
    build = Builder(1, 8, 8, 3, dtype="int8")
    scores = build.conv(build.inputs[0], 4, per_channel=False)
    plain = judged(build.graph(), board(segmentation="unsupported"))
    assert plain.verdict == "yes"
    build.add("argmax", [scores], (1, 8, 8), "int64", axis=3)
    found = judged(build.graph(), board(segmentation="unsupported"))
    assert found.reasons == ("its vendor does not support semantic-segmentation on board",)


def test_a_target_whose_toolchain_nobody_has_written_down_gives_no_verdict() -> None:
    found = judged(network(), board(accepts=[], engines=[]))
    assert (found.verdict, found.engine) == ("unknown", None)
    assert found.reasons == ("what the toolchain of board takes is not in our sources",)


def test_memory_of_one_board_only_is_told() -> None:
    memories = [
        {"name": "sram", "kind": "internal-ram", "size": 1024},
        {"name": "sdram", "kind": "external-ram", "size": 1 << 20, "board": "BOARD-A"},
        {"name": "flash", "kind": "internal-flash", "size": 1 << 20},
    ]
    found = judged(network(per_channel=False), board(memories=memories))
    assert "sdram: on BOARD-A only" in found.notes
