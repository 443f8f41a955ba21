"""The schema files themselves: valid, versioned, described at every depth, their examples true."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from registry.consistency import find_documents
from registry.resources import data_folder
from registry.schema import KINDS, load_schema
from registry.validate import validate

FOLDER = Path(data_folder("schemas"))
CARDS = Path(data_folder("cards"))
LISTS = ("oneOf", "anyOf", "allOf", "prefixItems")
SINGLES = ("items", "additionalProperties", "propertyNames", "not", "if", "then", "else", "contains")


def subschemas(schema: Any, pointer: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every subschema with its JSON pointer, the schema itself first."""
    if not isinstance(schema, dict):
        return
    yield pointer, schema
    for word in ("properties", "patternProperties", "$defs", "dependentSchemas"):
        for name, inner in schema.get(word, {}).items():
            yield from subschemas(inner, f"{pointer}/{word}/{name}")
    for word in LISTS:
        for number, inner in enumerate(schema.get(word, ())):
            yield from subschemas(inner, f"{pointer}/{word}/{number}")
    for word in SINGLES:
        yield from subschemas(schema.get(word), f"{pointer}/{word}")


def referred(schema: dict[str, Any], reference: str) -> dict[str, Any]:
    found: Any = schema
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    assert isinstance(found, dict)
    return found


def test_every_file_is_of_a_known_kind() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"{kind}.json" for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
class TestSchema:
    def test_is_valid_and_names_its_draft_and_version(self, kind: str) -> None:
        schema = load_schema(kind)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        Draft202012Validator.check_schema(schema)
        version = schema["properties"]["schema"]["const"].removeprefix(f"{kind}/")
        assert version.isdecimal()
        assert schema["$id"].endswith(f":{kind}:{version}")

    def test_every_property_has_a_description(self, kind: str) -> None:
        schema = load_schema(kind)
        # branches of a choice only narrow properties that are described where they are defined
        bare = [
            f"{pointer}/properties/{name}"
            for pointer, part in subschemas(schema)
            if not {"oneOf", "anyOf", "allOf"} & set(pointer.split("/"))
            for name, inner in part.get("properties", {}).items()
            if not (inner.get("description") or referred(schema, inner.get("$ref", "#/$defs")).get("description"))
        ]
        assert bare == []
        assert schema["description"]

    def test_objects_with_properties_refuse_others(self, kind: str) -> None:
        open_ = [
            pointer
            for pointer, part in subschemas(load_schema(kind))
            if part.get("type") == "object"
            and "properties" in part
            and part.get("additionalProperties") is not False
        ]
        assert open_ == []

    def test_objects_without_fixed_properties_bound_their_values(self, kind: str) -> None:
        free = [
            pointer
            for pointer, part in subschemas(load_schema(kind))
            if part.get("type") == "object"
            and "properties" not in part
            and not isinstance(part.get("additionalProperties"), dict)
        ]
        assert free == []

    def test_examples_are_examples_of_what_they_stand_in(self, kind: str) -> None:
        schema = load_schema(kind)
        examples = [
            (pointer, part, item) for pointer, part in subschemas(schema) for item in part.get("examples", ())
        ]
        assert any(not pointer for pointer, _, _ in examples), "a whole document is shown"
        for pointer, part, item in examples:
            # references inside the part lead to the definitions of the whole
            alone = Draft202012Validator({"$defs": schema.get("$defs", {}), **part})
            assert [f"{pointer}: {error.message}" for error in alone.iter_errors(item)] == []

    def test_references_lead_somewhere(self, kind: str) -> None:
        schema = load_schema(kind)
        for _, part in subschemas(schema):
            if "$ref" in part:
                assert part["$ref"].startswith("#/")
                assert referred(schema, part["$ref"])

    def test_whole_examples_pass_as_documents(self, kind: str, tmp_path: Path) -> None:
        for number, example in enumerate(load_schema(kind)["examples"]):
            name = f"{example.get('model') or example.get('name') or number}.yaml"
            folder = example.get("publisher") or {"target": "targets", "dataset": "datasets"}.get(kind, "locks")
            path = tmp_path / str(number) / folder / name
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(example), encoding="utf-8")
            verdicts = list(validate([path], [CARDS]))
            assert [
                str(item) for verdict in verdicts for item in verdict.problems if item.severity == "error"
            ] == []


def test_the_shipped_cards_have_no_errors() -> None:
    roots = [CARDS]
    documents = find_documents(roots)
    verdicts = list(validate(documents, roots))
    assert {verdict.file for verdict in verdicts} == {str(path) for path in documents}
    assert [str(item) for verdict in verdicts for item in verdict.problems if item.severity == "error"] == []
