import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import manifest
from registry.digest import Digest
from registry.errors import MismatchError
from registry.manifest import DOC_TYPE, LAYER_TYPES, WEIGHT_TYPE, Layer, Manifest, parse
from tests.unit import builders
from tests.unit.strategies import PROPERTY, json_values

WORDS = {"type": "string", "minLength": 1}
CONFIG_SCHEMA = {
    "type": "object",
    "required": ["descriptor", "config", "modelfs"],
    "additionalProperties": False,
    "properties": {
        "descriptor": {
            "additionalProperties": False,
            "properties": {
                **dict.fromkeys(("createdAt", "family", "name", "vendor", "version"), WORDS),
                "licenses": {"type": "array", "items": WORDS},
            },
        },
        "config": {
            "additionalProperties": False,
            "properties": dict.fromkeys(
                ("architecture", "format", "paramSize", "precision", "quantization"), WORDS
            ),
        },
        "modelfs": {
            "required": ["type", "diffIds"],
            "additionalProperties": False,
            "properties": {
                "type": {"const": "layers"},
                "diffIds": {"type": "array", "minItems": 1, "items": {"pattern": "^sha256:[0-9a-f]{64}$"}},
            },
        },
    },
}
"""What ModelPack's config schema has of the properties that a model for a board can fill."""

MODEL = Layer(WEIGHT_TYPE, Digest.of(b"model"), 5, "net.tflite")
CARD = Layer(DOC_TYPE, Digest.of(b"card"), 4, "net.card.yaml")
VARIANT = builders.one(footprints=[builders.footprint("parameters", 5000, unit="count")])

DIGESTS = st.binary(max_size=4).map(Digest.of)
TITLES = st.text(max_size=20).filter(manifest.plain_name)
LAYERS = st.builds(Layer, st.sampled_from(LAYER_TYPES), DIGESTS, st.integers(0, 1 << 50), TITLES)
ANNOTATIONS = st.dictionaries(st.text(max_size=5), st.text(st.characters(codec="utf-8"), max_size=5), max_size=3)
MANIFESTS = st.builds(
    Manifest,
    DIGESTS,
    st.integers(0, 1 << 50),
    st.lists(LAYERS, max_size=4).map(lambda layers: (MODEL, *layers)),
    ANNOTATIONS,
).filter(lambda one: len({layer.title.casefold() for layer in one.layers}) == len(one.layers))


def document() -> dict[str, Any]:
    whole, _config = manifest.build(VARIANT, [MODEL, CARD])
    value: dict[str, Any] = json.loads(whole.to_bytes())
    return value


def refusal(value: object) -> MismatchError:
    with pytest.raises(MismatchError) as caught:
        parse(value if isinstance(value, bytes) else json.dumps(value).encode(), "it")
    return caught.value


@PROPERTY
@given(MANIFESTS)
def test_what_is_written_is_read_back_and_written_the_same(whole: Manifest) -> None:
    data = whole.to_bytes()
    assert parse(data, "it") == whole
    assert parse(data, "it").to_bytes() == data


@PROPERTY
@given(st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()))
def test_anything_else_is_refused_and_never_a_bug(data: bytes) -> None:
    assert refusal(data).expected


@PROPERTY
@given(st.sampled_from(["config", "layers", "schemaVersion", "mediaType", "artifactType"]), json_values)
def test_a_property_of_another_kind_is_refused(key: str, value: object) -> None:
    assert refusal({**document(), key: value}).found


@PROPERTY
@given(st.text(max_size=6).filter(lambda key: key not in document()), json_values)
def test_a_property_that_is_not_known_changes_nothing(key: str, value: object) -> None:
    changed = json.dumps({**document(), key: value}).encode()
    assert parse(changed, "it") == parse(json.dumps(document()).encode(), "it")


def test_the_manifest_is_one_of_modelpack() -> None:
    whole = document()
    assert whole["schemaVersion"] == 2
    assert whole["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert whole["artifactType"] == "application/vnd.cncf.model.manifest.v1+json"
    assert whole["config"]["mediaType"] == "application/vnd.cncf.model.config.v1+json"
    assert [layer["mediaType"] for layer in whole["layers"]] == [
        "application/vnd.cncf.model.weight.v1.raw",
        "application/vnd.cncf.model.doc.v1.raw",
    ]
    assert whole["layers"][0]["annotations"]["org.opencontainers.image.title"] == "net.tflite"


def test_the_config_follows_its_schema_and_names_every_layer() -> None:
    whole, data = manifest.build(VARIANT, [MODEL, CARD])
    config = json.loads(data)
    jsonschema.validate(config, CONFIG_SCHEMA)
    assert (whole.config, whole.config_size) == (Digest.of(data), len(data))
    assert config["descriptor"]["name"] == "acme/net/small"
    assert (config["config"]["format"], config["config"]["paramSize"]) == ("tflite", "5000")
    assert config["modelfs"]["diffIds"] == [str(MODEL.digest), str(CARD.digest)]


def test_the_time_is_written_only_when_given() -> None:
    one, config = manifest.build(VARIANT, [MODEL])
    again, same = manifest.build(VARIANT, [MODEL])
    assert (one.to_bytes(), config) == (again.to_bytes(), same)
    assert b"created" not in one.to_bytes() + config
    dated, dated_config = manifest.build(VARIANT, [MODEL], "2026-01-02T03:04:05Z")
    assert dated.annotations["org.opencontainers.image.created"] == "2026-01-02T03:04:05Z"
    assert json.loads(dated_config)["descriptor"]["createdAt"] == "2026-01-02T03:04:05Z"


@pytest.mark.parametrize(
    "title",
    [
        "../net",
        "/etc/passwd",
        "a/b",
        "a\\b",
        "..",
        ".",
        "",
        "a\x00b",
        "a\nb",
        "a\u202eb",
        "c:net",
        "x" * 256,
        " net",
        7,
        None,
        "\ud800",
    ],
)
def test_a_title_that_is_no_plain_file_name_is_refused(title: object) -> None:
    changed = document()
    changed["layers"][1]["annotations"] = {"org.opencontainers.image.title": title}
    assert "layer 1" in str(refusal(changed)) or "annotation" in str(refusal(changed))


def test_a_file_path_stands_in_for_a_missing_title_and_is_held_to_the_same() -> None:
    changed = document()
    changed["layers"][1]["annotations"] = {"org.cncf.model.filepath": "notes.md"}
    assert parse(json.dumps(changed).encode(), "it").layers[1].title == "notes.md"
    changed["layers"][1]["annotations"] = {"org.cncf.model.filepath": "sub/notes.md"}
    assert refusal(changed).expected == "a plain file name"


@pytest.mark.parametrize("other", ["NET.TFLITE", "net.tflite"])
def test_two_files_of_one_name_are_refused(other: str) -> None:
    changed = document()
    changed["layers"][1]["annotations"] = {"org.opencontainers.image.title": other}
    assert refusal(changed).found == other


@pytest.mark.parametrize("size", [-1, True, 1.0, "5", None, 1 << 60, [5]])
def test_a_size_that_is_none_is_refused(size: object) -> None:
    changed = document()
    changed["layers"][0]["size"] = size
    assert "size of layer 0" in str(refusal(changed))


@pytest.mark.parametrize(
    "digest", ["sha256:" + "A" * 64, "a" * 64, "sha512:" + "a" * 128, "sha256:../../x", 5, None]
)
def test_a_digest_that_is_none_is_refused(digest: object) -> None:
    changed = document()
    changed["config"]["digest"] = digest
    assert "digest of config" in str(refusal(changed))


@pytest.mark.parametrize("kind", ["application/vnd.cncf.model.weight.v1.tar", "text/html", None, ["a"]])
def test_a_layer_that_is_no_raw_file_is_refused(kind: object) -> None:
    changed = document()
    changed["layers"][0]["mediaType"] = kind
    assert "mediaType of layer 0" in str(refusal(changed))


def test_a_manifest_without_a_model_is_refused() -> None:
    changed = document()
    del changed["layers"][0]
    assert (refusal(changed).expected, refusal(changed).found) == (f"one of {WEIGHT_TYPE}", "none")


def test_a_huge_manifest_is_refused_by_its_length_alone() -> None:
    error = refusal(b" " * (manifest.MAX_BYTES + 1))
    assert (error.expected, error.found) == ("at most 4194304 bytes", "4194305 bytes")


def test_too_many_layers_are_refused() -> None:
    changed = document()
    changed["layers"] *= 501
    assert refusal(changed).found == "1002 of them"


@pytest.mark.parametrize(
    "data",
    [
        b'{"schemaVersion":2,"schemaVersion":2}',
        b"[" * 100_000,
        b"\xff\xfe{}",
        b'{"schemaVersion":' + b"9" * 5000 + b"}",
        b"",
        b'{"x":NaN}',
        b'{"x":1e999}',
    ],
    ids=["duplicate key", "deep", "not UTF-8", "long number", "nothing", "no number", "infinite"],
)
def test_hostile_json_is_refused(data: bytes) -> None:
    assert refusal(data).found


def test_a_name_that_no_reader_would_take_is_not_written() -> None:
    with pytest.raises(MismatchError, match="plain file name"):
        Manifest(Digest.of(b""), 2, (Layer(WEIGHT_TYPE, Digest.of(b""), 0, "../x"),), {}).to_bytes()
