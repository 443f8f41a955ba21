from typing import Any

import pytest

from registry.card import Variant
from registry.claims import Claim, judge
from registry.facts import Facts
from registry.footprint import plan
from registry.inspect.graph import Graph, Quantization
from tests.unit import builders
from tests.unit.inspect.graphs import Builder


def network(dtype: str = "float32", *, per_channel: bool = True, argmax: bool = False) -> Graph:
    """An image of 8x6 in, scores of 3 classes (or the class) out."""
    build = Builder(1, 8, 6, 3, dtype=dtype)
    scores = build.conv(build.inputs[0], 3, kernel=3, per_channel=per_channel)
    if argmax:
        build.add("argmax", [scores], (1, 8, 6), "int64", axis=3)
    return build.graph(metadata={"input.0.mean": "127.5", "input.0.std": "127.5", "input.0.content": "RGB image"})


def card(**changes: Any) -> Variant:
    """A card that says the truth of the network, with changes."""
    truth = {
        "format": "tflite",
        "quantization": {
            "scheme": "float32",
            "granularity": "none",
            "representation": "none",
            "method": "none",
        },
        "resolution": {"height": 8, "width": 6, "channels": 3},
        "tensors": {
            "inputs": [{"name": "t0", "shape": [1, 8, 6, 3], "dtype": "float32"}],
            "outputs": [{"shape": [1, 8, 6, 3], "dtype": "float32"}],
        },
        "preprocessing": {"mean": 127.5, "scale": 0.0078431373, "colour_mode": "RGB", "resize": "stretch"},
        "postprocessing": {"kind": "argmax"},
        "classes": {"count": 3},
        "compute": [
            {
                "name": "multiply-accumulates",
                "value": 8 * 6 * 3 * 27 / 1e9,
                "unit": "GMAC",
                "status": "claimed",
                "provenance": builders.PROVENANCE,
            }
        ],
    }
    return builders.one(**{**truth, **changes})


def claims(variant: Variant, graph: Graph) -> dict[str, Claim]:
    return {one.about: one for one in judge(variant, Facts(graph))}


def test_the_truth_is_confirmed_in_every_part_that_a_file_can_bear_out() -> None:
    graph = network()
    found = claims(card(), graph)
    assert {one.state for one in found.values()} == {"confirmed", "unchecked"}
    assert {about for about, one in found.items() if one.state == "unchecked"} == {"preprocessing.resize"}
    assert found["resolution.height"] == Claim("resolution.height", "confirmed", "8", "8")


INT8 = {"scheme": "int8", "granularity": "per-channel", "representation": "tflite", "method": "post-training"}


@pytest.mark.parametrize(
    ("change", "about", "stated", "found"),
    [
        ({"format": "onnx"}, "format", "onnx", "tflite"),
        ({"quantization": INT8}, "quantization.scheme", "int8", "float32"),
        ({"resolution": {"height": 416, "width": 6}}, "resolution.height", "416", "8"),
        ({"resolution": {"height": 8, "width": 6, "channels": 1}}, "resolution.channels", "1", "3"),
        ({"postprocessing": {"kind": "class-map"}}, "postprocessing.kind", "class-map", "argmax"),
        ({"classes": {"count": 21}}, "classes.count", "21", "3"),
        ({"preprocessing": {"mean": 0}}, "preprocessing.mean", "0", "127.5"),
        ({"preprocessing": {"colour_mode": "BGR"}}, "preprocessing.colour_mode", "BGR", "RGB"),
        (
            {"tensors": {"inputs": [{"shape": [1, 3, 8, 6], "dtype": "float32"}], "outputs": []}},
            "tensors.inputs[0].shape",
            "1x3x8x6",
            "1x8x6x3",
        ),
        (
            {"tensors": {"inputs": [{"shape": [1, 8, 6, 3], "dtype": "uint8"}], "outputs": []}},
            "tensors.inputs[0].dtype",
            "uint8",
            "float32",
        ),
        (
            {"tensors": {"inputs": [{"shape": [1, 8, 6, 3], "dtype": "float32", "scale": 0.5}], "outputs": []}},
            "tensors.inputs[0].scale",
            "0.5",
            "none",
        ),
    ],
)
def test_a_lie_is_contradicted_with_both_values(
    change: dict[str, Any], about: str, stated: str, found: str
) -> None:
    graph = network()
    claim = claims(card(**change), graph)[about]
    assert (claim.state, claim.stated, claim.found) == ("contradicted", stated, found)


def test_per_tensor_on_the_card_and_per_channel_in_the_file() -> None:
    graph = network("int8")
    variant = card(quantization={**INT8, "granularity": "per-tensor"})
    claim = claims(variant, graph)["quantization.granularity"]
    assert (claim.state, claim.found) == ("contradicted", "per-channel")
    assert claims(variant, network("int8", per_channel=False))["quantization.granularity"].state == "confirmed"


@pytest.mark.parametrize(
    ("scale", "state"), [(0.5, "confirmed"), (0.5000001, "confirmed"), (0.501, "contradicted")]
)
def test_a_scale_is_the_same_within_single_precision(scale: float, state: str) -> None:
    graph = network("int8")
    stated = {"shape": [1, 8, 6, 3], "dtype": "int8", "scale": scale, "zero_point": 3}
    found = claims(card(tensors={"inputs": [stated], "outputs": []}), graph)
    assert found["tensors.inputs[0].scale"].state == state
    assert found["tensors.inputs[0].zero_point"].state == "confirmed"


def test_the_class_of_each_pixel_is_told_from_the_scores_before_it() -> None:
    graph = network(argmax=True)
    found = claims(card(postprocessing={"kind": "class-map"}), graph)
    assert found["postprocessing.kind"].state == "confirmed"
    assert found["classes.count"].state == "confirmed"


@pytest.mark.parametrize(("factor", "state"), [(1.04, "confirmed"), (1.2, "contradicted"), (2.0, "contradicted")])
def test_a_figure_of_work_is_the_same_when_rounded(factor: float, state: str) -> None:
    graph = network()
    figure = {
        "name": "multiply-accumulates",
        "value": factor * 8 * 6 * 3 * 27 / 1e9,
        "unit": "GMAC",
        "status": "claimed",
        "provenance": builders.PROVENANCE,
    }
    assert claims(card(compute=[figure]), graph)["compute.multiply-accumulates"].state == state


def test_what_a_file_cannot_say_is_not_checked_and_says_why() -> None:
    graph = network("int8")
    found = claims(card(quantization=INT8, metrics=[builders.metric(0.7)]), graph)
    for about in ("quantization.method", "metrics"):
        assert found[about].state == "unchecked"
        assert found[about].reason


def test_unknown_on_the_card_claims_nothing() -> None:
    graph = network()
    unknown = {"scheme": "unknown", "granularity": "unknown", "representation": "unknown", "method": "unknown"}
    variant = card(quantization=unknown, resolution={"height": None, "width": None}, preprocessing={})
    found = claims(variant, graph)
    assert not [about for about in found if about.startswith(("quantization", "resolution", "preprocessing"))]


def test_a_quantized_input_says_its_own_normalisation() -> None:
    build = Builder(1, 8, 6, 3, dtype="uint8")
    build.conv(build.inputs[0], 3)
    build.tensors[0] = type(build.tensors[0])(
        "t0", (1, 8, 6, 3), "uint8", quantization=Quantization((1 / 128,), (128,))
    )
    graph = build.graph()
    found = claims(card(preprocessing={"mean": 128, "scale": 0.0078125}), graph)
    assert (found["preprocessing.mean"].state, found["preprocessing.scale"].state) == ("confirmed", "confirmed")
    near = claims(card(preprocessing={"mean": 127.5, "scale": 0.0077}), graph)  # as a calibration may find it
    assert (near["preprocessing.mean"].state, near["preprocessing.scale"].state) == ("unchecked", "unchecked")
    wrong = claims(card(preprocessing={"mean": 100, "scale": 0.0039}), graph)
    assert (wrong["preprocessing.mean"].state, wrong["preprocessing.scale"].state) == (
        "contradicted",
        "contradicted",
    )


@pytest.mark.parametrize(
    ("factor", "state"), [(1.0, "confirmed"), (1.015, "confirmed"), (1.06, "unchecked"), (2.7, "contradicted")]
)
def test_published_weights_of_another_file_are_seen(factor: float, state: str) -> None:
    graph = network()
    figure = builders.footprint("weights-flash", factor * plan(graph).weights_bytes / 1024)
    claim = claims(card(footprints=[figure]), graph)["footprints.weights-flash on board"]
    assert claim.state == state
    assert claim.reason


def test_published_activations_lie_between_the_bounds() -> None:
    graph = network()
    least, most = plan(graph).lower_bytes / 1024, plan(graph).upper_bytes / 1024
    for value, state in (((least + most) / 2, "confirmed"), (most * 2, "unchecked"), (least / 2, "unchecked")):
        figure = builders.footprint("activation-ram", value)
        assert claims(card(footprints=[figure]), graph)["footprints.activation-ram on board"].state == state


def test_a_figure_of_another_precision_is_not_this_files() -> None:
    graph = network()
    figure = builders.footprint("weights-flash", 1000.0, precision="int8")
    assert "footprints.weights-flash on board" not in claims(card(footprints=[figure]), graph)


def test_weights_of_nothing_in_a_network_without_weights_are_the_same() -> None:
    build = Builder(1, 8, 6, 3)
    build.add("relu", [build.inputs[0]], (1, 8, 6, 3))
    figure = builders.footprint("weights-flash", 0.0)
    assert (
        claims(card(footprints=[figure]), build.graph())["footprints.weights-flash on board"].state == "confirmed"
    )
