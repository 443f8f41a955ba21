from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.digest import Digest
from registry.errors import RejectedError
from registry.lineage import File, Metric, Record
from registry.lineage.record import SCHEMA, inner_path
from tests.unit.lineage.records import record
from tests.unit.strategies import PROPERTY

TEXTS = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
METRICS = st.lists(st.builds(Metric, st.text(max_size=8), NUMBER, st.integers(0, 9)), max_size=3)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@PROPERTY
@given(TEXTS, TEXTS, METRICS)
def test_a_record_survives_its_document(
    params: dict[str, str], tags: dict[str, str], metrics: list[Metric]
) -> None:
    made = record(params=params, tags=tags, metrics=tuple(metrics), files=(File("a/b", Digest.of(b""), 0),))
    read = Record.from_json(json.loads(json.dumps(made.to_json())), "it")
    assert read == made
    assert read.digest == made.digest


def test_the_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert record(params={"a": "1", "b": "2"}).digest == record(params={"b": "2", "a": "1"}).digest
    assert record(params={"a": "1"}).digest != record(params={"a": "2"}).digest


@PROPERTY
@given(st.sampled_from(sorted(record().to_json())), JSON)
def test_a_damaged_document_is_rejected_or_read(key: str, value: Any) -> None:
    document = record().to_json() | {key: value}
    refused = None
    try:
        Record.from_json(document, "it")
    except RejectedError as error:
        refused = error
    assert refused is None or refused.message.startswith("it: ")


@pytest.mark.parametrize("document", [None, [], {}, {"schema": "lineage-record/2"}])
def test_another_document_is_named(document: Any) -> None:
    with pytest.raises(RejectedError, match=SCHEMA):
        Record.from_json(document, "it")


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../../x", "a\\b", "a\0"])
def test_a_path_that_leaves_its_folder_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not a path inside"):
        inner_path(path)
    with pytest.raises(RejectedError):
        Record.from_json(record().to_json() | {"files": [{"path": path, "sha256": "0" * 64, "size": 1}]}, "it")
