"""The OCI manifest of a variant, as the CNCF ModelPack specification has it: written to fixed bytes, read strictly.

Same inputs give the same bytes and so the same digest: there is no clock and no order by chance.
Sources: OCI image specification 1.1 (manifest, descriptor), ModelPack model-spec (media types, config schema).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from registry import golden
from registry.card import Variant
from registry.digest import Digest
from registry.errors import MismatchError, RequestError

MAX_BYTES = 4 << 20
"""Largest manifest that is read; registries take no larger one either."""

MAX_LAYERS = 1000
MAX_BLOB_BYTES = 1 << 50

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
ARTIFACT_TYPE = "application/vnd.cncf.model.manifest.v1+json"
CONFIG_TYPE = "application/vnd.cncf.model.config.v1+json"
WEIGHT_TYPE = "application/vnd.cncf.model.weight.v1.raw"
DATASET_TYPE = "application/vnd.cncf.model.dataset.v1.raw"
WEIGHT_CONFIG_TYPE = "application/vnd.cncf.model.weight.config.v1.raw"
DOC_TYPE = "application/vnd.cncf.model.doc.v1.raw"
LAYER_TYPES = (
    WEIGHT_TYPE,
    WEIGHT_CONFIG_TYPE,
    DOC_TYPE,
    "application/vnd.cncf.model.code.v1.raw",
    DATASET_TYPE,
)
"""Kinds of layers that are read: single files as they are. Archives are refused."""

TITLE = "org.opencontainers.image.title"
LICENCES = "org.opencontainers.image.licenses"
CREATED = "org.opencontainers.image.created"
FILE_PATH = "org.cncf.model.filepath"

_TYPE_OF_ROLE = {
    "model": WEIGHT_TYPE,
    "configuration": WEIGHT_CONFIG_TYPE,
    **dict.fromkeys(golden.ROLES, DATASET_TYPE),
}


@dataclass(frozen=True)
class Layer:
    """A file of a variant.

    Attributes:
        media_type: One of `LAYER_TYPES`.
        digest: What its bytes hash to.
        size: Bytes.
        title: Its plain file name.
    """

    media_type: str
    digest: Digest
    size: int
    title: str

    @classmethod
    def of_role(cls, role: str, digest: Digest, size: int, title: str) -> Layer:
        """The layer of an artifact with this role; documents where nothing else is known."""
        return cls(_TYPE_OF_ROLE.get(role, DOC_TYPE), digest, size, title)

    def to_json(self) -> dict[str, Any]:
        """As an OCI descriptor."""
        titles = {FILE_PATH: self.title, TITLE: self.title}
        return {**descriptor(self.media_type, self.digest, self.size), "annotations": titles}


@dataclass(frozen=True)
class Manifest:
    """A variant's files, its config and what is said of it.

    Attributes:
        config: Digest of the config blob.
        config_size: Bytes of the config blob.
        layers: Its files.
        annotations: What is said of the whole.
    """

    config: Digest
    config_size: int
    layers: tuple[Layer, ...]
    annotations: Mapping[str, str]

    def to_bytes(self) -> bytes:
        """The manifest, always in the same bytes.

        Raises:
            MismatchError: It would not be read back, for instance because of a file's name.
        """
        data = canonical(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST_TYPE,
                "artifactType": ARTIFACT_TYPE,
                "config": descriptor(CONFIG_TYPE, self.config, self.config_size),
                "layers": [layer.to_json() for layer in self.layers],
                "annotations": dict(sorted(self.annotations.items())),
            }
        )
        parse(data, "the new manifest")
        return data


def canonical(value: Any) -> bytes:
    """JSON without spaces, in ASCII: whatever JSON can say has bytes then, half a surrogate pair too."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def descriptor(media_type: str, digest: Digest, size: int) -> dict[str, Any]:
    """An OCI content descriptor."""
    return {"mediaType": media_type, "digest": str(digest), "size": size}


def build(variant: Variant, layers: Iterable[Layer], created: str | None = None) -> tuple[Manifest, bytes]:
    """Manifest and config blob of a variant.

    Args:
        variant: The variant.
        layers: Its files.
        created: RFC 3339 time to write down; None writes none, so that the bytes depend on nothing else.
    """
    files = tuple(layers)
    config = canonical(config_document(variant, files, created))
    annotations = {TITLE: variant.full_name}
    if variant.weights_licence != "unknown":
        annotations[LICENCES] = variant.weights_licence
    if created is not None:
        annotations[CREATED] = created
    return Manifest(Digest.of(config), len(config), files, annotations), config


def config_document(variant: Variant, layers: Iterable[Layer], created: str | None) -> dict[str, Any]:
    """A variant as ModelPack's config schema says it; properties that nobody has stated are left out."""
    descriptor_ = {
        "createdAt": created,
        "vendor": variant.publisher,
        "family": variant.family,
        "name": variant.full_name,
        "licenses": None if variant.weights_licence == "unknown" else [variant.weights_licence],
    }
    parameters = (figure.value for figure in variant.footprints if figure.name == "parameters" and figure.value)
    size = next(parameters, None)
    words = (variant.scheme, variant.granularity, variant.representation)
    config = {
        "architecture": variant.family,
        "format": variant.format,
        "paramSize": None if size is None else f"{size:.0f}",
        "precision": variant.scheme,
        "quantization": " ".join(word for word in words if word not in ("none", "unknown")),
    }
    return {
        "descriptor": _stated(descriptor_),
        "config": _stated(config),
        # a raw file is its own uncompressed form, so its diff id is its digest
        "modelfs": {"type": "layers", "diffIds": [str(layer.digest) for layer in layers]},
    }


def _stated(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if value}


def parse(data: bytes, subject: str) -> Manifest:
    """Read a manifest that anybody may have written.

    Properties that the specifications may add later are ignored, as they ask.

    Args:
        data: The manifest's bytes.
        subject: What it is, for messages.

    Raises:
        MismatchError: It is not the manifest of a model; says what was expected and what was found.
    """
    if len(data) > MAX_BYTES:
        raise MismatchError(subject, expected=f"at most {MAX_BYTES} bytes", found=f"{len(data)} bytes", hint=_HINT)
    read = Reader(subject, _HINT)
    document = read.mapping(read.json(data), "the manifest")
    read.constant(document, "schemaVersion", 2)
    read.constant(document, "mediaType", MANIFEST_TYPE)
    read.constant(document, "artifactType", ARTIFACT_TYPE)
    config = read.mapping(document.get("config"), "config")
    read.constant(config, "mediaType", CONFIG_TYPE, of="config ")
    layers = document.get("layers")
    if not isinstance(layers, list) or not 1 <= len(layers) <= MAX_LAYERS:
        found = f"{len(layers)} of them" if isinstance(layers, list) else read.shown(layers)
        raise read.wrong("layers", f"a list of 1 to {MAX_LAYERS} layers", found)
    files = tuple(_layer(read, item, f"layer {number}") for number, item in enumerate(layers))
    if not any(layer.media_type == WEIGHT_TYPE for layer in files):
        raise read.wrong("layers", f"one of {WEIGHT_TYPE}", "none")
    seen: set[str] = set()
    for layer in files:
        if layer.title.casefold() in seen:
            raise read.wrong("layers", "titles that differ, whatever the case of the letters", layer.title)
        seen.add(layer.title.casefold())
    annotations = read.annotations(document)
    return Manifest(read.digest(config, "config"), read.size(config, "config"), files, annotations)


_HINT = "nothing of it was used; ask who published it, or pull from another store"


def _layer(read: Reader, item: object, what: str) -> Layer:
    layer = read.mapping(item, what)
    media_type = layer.get("mediaType")
    if media_type not in LAYER_TYPES:
        expected = "a raw file of a model: " + ", ".join(LAYER_TYPES)
        raise read.wrong(f"mediaType of {what}", expected, read.shown(media_type))
    annotations = read.annotations(layer)
    title = annotations.get(TITLE) or annotations.get(FILE_PATH)
    if title is None or not plain_name(title):
        raise read.wrong(f"title of {what}", "a plain file name", read.shown(title))
    return Layer(str(media_type), read.digest(layer, what), read.size(layer, what), title)


def plain_name(title: str) -> bool:
    """Whether a title is a file name and nothing more: no folder, no drive, nothing that cannot be seen."""
    return (
        title.isprintable()
        and title not in ("", ".", "..")
        and not any(letter in title for letter in "/\\:")
        and title.strip() == title
        and len(title.encode()) <= 255
    )


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"the number {text[:40]} is too large")
    return value


class Reader:
    """Takes plain JSON apart, and names what is wrong with it.

    Args:
        subject: What is read, for messages.
        hint: What to do about it.
    """

    def __init__(self, subject: str, hint: str) -> None:
        self._subject = subject
        self._hint = hint

    def wrong(self, what: str, expected: str, found: str) -> MismatchError:
        """The error for a value that is not what it must be."""
        return MismatchError(f"{self._subject}: {what}", expected=expected, found=found, hint=self._hint)

    @staticmethod
    def shown(value: object) -> str:
        """A value for a message: short, and safe on a terminal."""
        return "nothing" if value is None else ascii(value)[:120]

    def json(self, data: bytes) -> object:
        """Parsed JSON whose keys stand once each."""
        try:
            value: object = json.loads(
                data.decode("utf-8"),
                object_pairs_hook=self._unique,
                parse_constant=_no_number,
                parse_float=_finite,
            )
        except (ValueError, RecursionError) as error:
            raise self.wrong("content", "JSON in UTF-8", self.shown(str(error) or "too deep")) from None
        return value

    def _unique(self, pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _value in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise self.wrong("content", "each key once", f"{self.shown(twice)} twice")
        return found

    def mapping(self, value: object, what: str) -> dict[str, object]:
        """A JSON object."""
        if not isinstance(value, dict):
            raise self.wrong(what, "a JSON object", self.shown(value))
        return value

    def constant(self, document: Mapping[str, object], key: str, expected: str | int, of: str = "") -> None:
        """A property that can have one value only."""
        found = document.get(key)
        if type(found) is not type(expected) or found != expected:
            raise self.wrong(f"{of}{key}", str(expected), self.shown(found))

    def digest(self, document: Mapping[str, object], what: str) -> Digest:
        """The property `digest`, of SHA-256."""
        found = document.get("digest")
        try:
            if isinstance(found, str) and found.startswith("sha256:"):
                return Digest(found.removeprefix("sha256:"))
        except RequestError:
            pass
        raise self.wrong(f"digest of {what}", "sha256: and 64 hexadecimal digits", self.shown(found))

    def size(self, document: Mapping[str, object], what: str) -> int:
        """The property `size`, in bytes."""
        found = document.get("size")
        if type(found) is not int or not 0 <= found <= MAX_BLOB_BYTES:
            raise self.wrong(f"size of {what}", f"a number from 0 to {MAX_BLOB_BYTES}", self.shown(found))
        return found

    def text(self, document: Mapping[str, object], key: str, what: str) -> str:
        """A property that is words."""
        found = document.get(key)
        if not isinstance(found, str) or not found:
            raise self.wrong(f"{key} of {what}", "a string", self.shown(found))
        return found

    def annotations(self, document: Mapping[str, object]) -> dict[str, str]:
        """The property `annotations`: words by name; empty when absent."""
        found = self.mapping(document.get("annotations", {}), "annotations")
        texts = {name: value for name, value in found.items() if isinstance(value, str)}
        if len(texts) < len(found):
            name = next(name for name in found if name not in texts)
            raise self.wrong(f"annotation {self.shown(name)}", "a string", self.shown(found[name]))
        return texts
