from pathlib import Path
from typing import Any

from registry.compare import Change, Model, compare
from registry.facts import Facts
from registry.footprint import plan
from registry.inspect.graph import Extent, Graph
from tests.unit import builders
from tests.unit.inspect.graphs import Builder


def network(size: int = 8, channels: int = 4, **changes: Any) -> Graph:
    build = Builder(1, size, size, 3)
    build.conv(build.inputs[0], channels, kernel=3)
    build.tensors = [
        type(one)(one.name, one.shape, one.dtype, True, Extent(number, 1), one.stored_bytes)
        if one.constant
        else one
        for number, one in enumerate(build.tensors)
    ]
    return build.graph(**changes)


def model(
    tmp_path: Path, file: str, graph: Graph, data: bytes = b"abcdef", document: builders.Plain | None = None
) -> Model:
    path = tmp_path / file
    path.write_bytes(data)
    return Model(path, Facts(graph), plan(graph), document or {})


def abouts(changes: list[Change]) -> set[tuple[str, str]]:
    return {(change.part, change.about) for change in changes}


def test_a_model_does_not_differ_from_its_copy(tmp_path: Path) -> None:
    card = builders.variant(metrics=[builders.metric(0.5)])
    one = model(tmp_path, "one", network(), document=card)
    assert compare(one, model(tmp_path, "other", network(), document=card)) == []


def test_another_size_and_width_are_told_where_they_show(tmp_path: Path) -> None:
    one, other = model(tmp_path, "one", network()), model(tmp_path, "other", network(16, 8))
    found = abouts(compare(one, other))
    assert {
        ("tensors", "input 0"),
        ("tensors", "output 0"),
        ("operators", "MACs"),
        ("weights", "parameters"),
    } <= found
    assert ("quantization", "scheme") not in found


def test_weights_are_compared_byte_by_byte(tmp_path: Path) -> None:
    one, other = model(tmp_path, "one", network()), model(tmp_path, "other", network(), b"aXcdef")
    changes = compare(one, other)
    assert {part for part, _about in abouts(changes)} == {"weights"}
    assert changes[0].one == "1 of 2 the same, 1 changed"
    assert len(changes) == 2


def test_cards_are_compared_figure_by_figure_without_their_sources(tmp_path: Path) -> None:
    left = builders.variant(metrics=[builders.metric(0.5)], preprocessing={"mean": 0, "scale": 1})
    right = builders.variant(
        metrics=[builders.metric(0.6, provenance={"source": "elsewhere"})],
        preprocessing={"mean": 127.5, "scale": 1},
    )
    changes = compare(
        model(tmp_path, "one", network(), document=left), model(tmp_path, "other", network(), document=right)
    )
    told = {(change.about, change.one, change.other) for change in changes}
    assert ("preprocessing.mean", "0", "127.5") in told
    assert ("metrics mean-iou shapes val voc float32.value", "0.5", "0.6") in told
    assert len(changes) == 2


def test_metadata_and_versions_belong_to_the_file(tmp_path: Path) -> None:
    one = model(tmp_path, "one", network(versions={"schema": 3}, metadata={"author": "a"}))
    other = model(tmp_path, "other", network(versions={"schema": 4}))
    assert {(change.about, change.one, change.other) for change in compare(one, other)} == {
        ("version of schema", "3", "4"),
        ("author", "a", ""),
    }
