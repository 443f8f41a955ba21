"""Golden vectors as values, and the rules of their bounds."""

from __future__ import annotations

from registry import manifest
from registry.digest import Digest
from registry.golden import ITEM_BYTES, ROLES, GoldenTensor, Tolerance, Vector
from registry.manifest import DATASET_TYPE, DOC_TYPE, WEIGHT_TYPE, Layer
from registry.schema import load_schema
from tests.unit import builders

OUTPUT = {"file": "o.bin", "shape": [1, 2, 2, 3], "dtype": "int8", "layout": "NHWC", "scale": 0.5, "zero_point": 3}
VECTOR = {
    "name": "bird",
    "input": {"file": "i.bin", "shape": [1, 4], "dtype": "float32"},
    "output": OUTPUT,
    "tolerance": {"steps": 2},
}


def test_a_vector_is_what_the_card_says() -> None:
    vector = Vector.from_document(VECTOR)
    assert vector.output == GoldenTensor("o.bin", 0, (1, 2, 2, 3), "int8", "NHWC", 0.5, 3)
    assert (vector.input.size, vector.output.size) == (16, 12)
    assert vector.tolerance == Tolerance(steps=2)
    assert vector.output.to_document() == {**OUTPUT, "number": 0}
    assert vector.tolerance.to_document() == {"steps": 2}


def test_the_axis_of_classes_needs_a_layout_of_as_many_axes() -> None:
    assert Vector.from_document(VECTOR).output.class_axis == 3
    assert GoldenTensor("o", 0, (1, 3, 2, 2), "int8", "NCHW").class_axis == 1
    assert GoldenTensor("o", 0, (1, 2, 2), "int64", "NHW").class_axis is None
    assert GoldenTensor("o", 0, (1, 2, 2), "int64", "NC").class_axis is None


def test_every_type_that_a_card_may_name_has_a_size() -> None:
    tensor = load_schema("model-card")["$defs"]["golden"]["properties"]["output"]
    assert set(tensor["properties"]["dtype"]["enum"]) == set(ITEM_BYTES)


def test_a_variant_has_its_vectors_apart_from_what_it_needs_to_run() -> None:
    roles = ("model", "labels", *ROLES)
    artifacts = [builders.artifact(file=f"{role}.bin", role=role) for role in roles]
    found = builders.one(artifacts=artifacts, golden=[VECTOR])
    assert [item.role for item in found.files] == ["model", "labels"]
    assert [item.role for item in found.golden_files] == list(ROLES)
    assert [vector.name for vector in found.golden] == ["bird"]
    assert builders.one().golden == ()


def test_vectors_are_published_as_data() -> None:
    digest = Digest.of(b"")
    types = {role: Layer.of_role(role, digest, 0, "x").media_type for role in ("model", "labels", *ROLES)}
    assert types == {"model": WEIGHT_TYPE, "labels": DOC_TYPE, **dict.fromkeys(ROLES, DATASET_TYPE)}
    assert DATASET_TYPE in manifest.LAYER_TYPES
