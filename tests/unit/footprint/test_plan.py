"""Bounds and estimate, computed by hand for small graphs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from registry.footprint import plan
from registry.inspect.graph import Graph, Operator
from registry.inspect.tflite.reader import read
from tests.unit.footprint.graphs import Draft

SHARED = Path(__file__).resolve().parents[4] / "shared" / "inspect"


def pointwise() -> Graph:
    draft = Draft()
    return draft.graph(draft.conv(draft.input(1, 8, 8, 4), 8))


def test_groups_that_a_file_does_not_tell_count_as_one() -> None:
    graph = pointwise()
    (operator,) = graph.operators
    untold = replace(operator, attributes={**operator.attributes, "groups": None})
    assert plan(replace(graph, operators=(untold,))) == plan(graph)


def test_a_pointwise_convolution() -> None:
    """8x8: 256 bytes in, 512 out, twice as much, so compilers let the output run into the input.

    Output row r ends at (r + 1) * 64, input row r begins at r * 32, so the last row needs the greatest distance:
    8 * 64 - 7 * 32 = 288, and a pixel of 8. With the input above it: 296 + 256 = 552.
    """
    footprint = plan(pointwise())
    working = 4 * 4 + 10 * 8
    assert footprint.weights_bytes == 4 * 8 + 8 * 4
    assert footprint.lower_bytes == 512
    assert footprint.estimate_bytes == 552 + working
    assert footprint.upper_bytes == 256 + 512 + 2 * working
    assert (footprint.input_bytes, footprint.output_bytes) == (256, 512)
    assert footprint.estimate_without_buffers_bytes == working
    assert [(layer.operator, layer.type, layer.bytes) for layer in footprint.layers] == [(0, "conv2d", 648)]
    assert footprint.peak == footprint.layers[0]
    assert footprint.notes == ()


def test_a_wide_expansion_keeps_its_input() -> None:
    """4 to 32 channels: eight times the input, 256 + 2048 bytes side by side."""
    draft = Draft()
    footprint = plan(draft.graph(draft.conv(draft.input(1, 8, 8, 4), 32)))
    assert footprint.lower_bytes == 2048
    assert footprint.estimate_bytes == 256 + 2048 + 4 * 4 + 10 * 32


def test_a_strided_depthwise_convolution_writes_below_its_input() -> None:
    """16x16x8 to 8x8x8: two input rows are used up for each output row, so the first decides: 64, and a pixel."""
    draft = Draft()
    footprint = plan(draft.graph(draft.depthwise(draft.input(1, 16, 16, 8), stride=2)))
    working = 3 * 16 * 8 + 12 * 8
    assert footprint.lower_bytes == 2048
    assert footprint.estimate_bytes == 2048 + 72 + working


def test_a_skipped_connection_stays_alive() -> None:
    """The sum is written over one of its inputs: 2 * 256. Every tensor in its own place needs three."""
    draft = Draft()
    source = draft.conv(draft.input(1, 8, 8, 4), 4)
    other = draft.conv(source, 4)
    footprint = plan(draft.graph(draft.same("add", source, other)))
    assert footprint.lower_bytes == 512
    assert footprint.layers[2].live_bytes == 512
    assert footprint.upper_bytes == 3 * 256 + 2 * (4 * 4 + 10 * 4)


def test_an_input_that_is_read_again_is_never_written_over() -> None:
    draft = Draft()
    source = draft.input(1, 8, 8, 4)
    first = draft.same("square", source)
    footprint = plan(draft.graph(draft.same("add", first, source)))
    assert footprint.layers[0].live_bytes == 512


def test_an_output_that_is_read_again_is_never_written_over() -> None:
    draft = Draft()
    first = draft.same("square", draft.input(1, 8, 8, 4))
    footprint = plan(draft.graph(first, draft.same("square", first)))
    assert footprint.layers[1].live_bytes == 512
    assert footprint.output_bytes == 512


def test_a_fully_connected_layer_needs_all_it_reads() -> None:
    draft = Draft()
    weights = draft.constant(100, 200)
    footprint = plan(draft.graph(draft.add("fully-connected", (draft.input(1, 200), weights), (1, 100))))
    assert footprint.lower_bytes == 300
    assert footprint.estimate_bytes == 300 + 2 * 200 + 10 * 100


def test_concatenation_is_a_copy_but_might_be_none() -> None:
    """Branches of 256 and 512 bytes written to their places in the whole would need 768, copied 1536."""
    draft = Draft()
    source = draft.input(1, 8, 8, 4)
    left, right = draft.conv(source, 4), draft.conv(source, 8)
    footprint = plan(draft.graph(draft.add("concat", (left, right), (1, 8, 8, 12))))
    assert footprint.lower_bytes == 256 + 512
    assert footprint.estimate_bytes == 2 * (256 + 512)


def test_pooling_runs_inside_a_convolution() -> None:
    """The convolution's 16x16x8 are never whole: of 2048 bytes only the two rows of a window, 256.

    Output row r (64 bytes) is stored when input rows below 2r - 1 (32 bytes each) are used up; from the second row
    on that takes a distance of 2 * 64 - 32 = 96, and a pixel.
    """
    draft = Draft()
    rows = draft.conv(draft.input(1, 16, 16, 2), 8, kernel=3)
    window: dict[str, Any] = {"kernel": (2, 2), "strides": (2, 2), "padding": "valid"}
    footprint = plan(draft.graph(draft.add("max-pool2d", (rows,), (1, 8, 8, 8), **window)))
    column = 3 * 3 * 2
    working = 4 * column + 14 * 8 + 2 * column * 8 + 4 * 128 + 2 * 128
    assert len(footprint.layers) == 1
    assert footprint.layers[0].scratch_bytes == working
    assert footprint.lower_bytes == 512
    assert footprint.estimate_bytes == 512 + (96 + 8) + working
    assert footprint.upper_bytes >= 2048 + 512


def test_float_pooling_runs_apart_unless_its_window_is_square() -> None:
    draft = Draft()
    weights = draft.constant(8, 5, 1, 1, dtype="float32")
    source = draft.input(1, 24, 3, 1, dtype="float32")
    rows = draft.add("conv2d", (source, weights), (1, 20, 3, 8), "float32", kernel=(5, 1), padding="valid")
    pool: dict[str, Any] = {"kernel": (4, 1), "strides": (4, 1), "padding": "valid"}
    footprint = plan(draft.graph(draft.add("max-pool2d", (rows,), (1, 5, 3, 8), "float32", **pool)))
    assert len(footprint.layers) == 2
    assert footprint.lower_bytes == 5 * 3 * 8 * 4


def test_an_open_size_is_noted() -> None:
    draft = Draft()
    source = draft.input(None, None, 8, 4)
    footprint = plan(draft.graph(draft.add("relu", (source,), (None, None, 8, 4))))
    assert footprint.estimate_bytes == 0
    assert footprint.notes == ("2 tensors of unknown size count as nothing, first t0, t1",)


def test_hidden_graphs_are_noted() -> None:
    draft = Draft()
    footprint = plan(draft.graph(draft.same("while", draft.input(1, 4))))
    assert footprint.notes == ("memory inside while is not counted",)


def test_no_operators() -> None:
    draft = Draft()
    source = draft.input(1, 4)
    footprint = plan(draft.graph(source))
    assert footprint.peak is None
    assert (footprint.lower_bytes, footprint.estimate_bytes, footprint.upper_bytes) == (4, 4, 4)


@pytest.mark.parametrize("tool", ["7.3.0", "8.1.0"])
def test_a_published_network(tool: str) -> None:
    """Weights of the two tools' tables differ for the same bytes; 41.61 KiB cannot hold 213 000 parameters."""
    if not SHARED.is_dir():
        pytest.skip("needs the real files in ../shared/inspect")
    records = json.loads((SHARED / "provenance.json").read_text(encoding="utf-8"))
    record = next(record for record in records if record["file"].startswith(tool))
    footprint = plan(read(SHARED / record["file"]))
    assert footprint.lower_bytes <= record["published_activation_ram_kib"] * 1024 <= footprint.upper_bytes
    assert footprint.weights_bytes / 1024 == pytest.approx(213.93, rel=0.01)


def test_a_graph_of_very_many_tensors_is_planned_all_the_same() -> None:
    """Each in a place of its own for ever, once there are too many to place."""
    draft = Draft()
    source = draft.input(1, 10)
    outputs = [draft.same("exp", source) for _ in range(3000)]
    footprint = plan(draft.graph(*outputs))
    assert footprint.lower_bytes == 10 * 3000, "the last writes over the input"
    assert footprint.upper_bytes == 10 * 3001


def test_odd_attributes_of_broken_files_are_planned_all_the_same() -> None:
    """Found by breaking files: a kernel of unknown size, a permutation of dimensions that are not there."""
    draft = Draft()
    source = draft.input(1, 4, 4, 2)
    weights = draft.tensor((2, None, 1, 2), constant=True)
    value = draft.add("conv2d", (source, weights), (1, 4, 4, 2), kernel=(None, 1), strides=(1, 1), padding="same")
    output = draft.add("transpose", (value,), (1, 2, 4, 4), permutation=(0, 3, 1, 9))
    footprint = plan(draft.graph(output))
    assert [layer.type for layer in footprint.layers] == ["conv2d", "transpose"]
    assert footprint.lower_bytes == 32


def test_what_gives_nothing_is_not_run() -> None:
    draft = Draft()
    source = draft.input(1, 4, 4, 2)
    draft.operators.append(Operator("conv2d", "CONV_2D", (source, draft.constant(2, 1, 1, 2)), ()))
    footprint = plan(draft.graph(draft.same("softmax", source)))
    assert [layer.type for layer in footprint.layers] == ["softmax"]
    assert footprint.weights_bytes == 0
