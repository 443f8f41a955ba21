"""Tags as an index: which tags mean versions, and how a tag says that a version is hidden. Pure: no I/O.

A registry has no index that could be swapped, and often no deletion; it has tags, each of which can be put. So the
tag of a version is its entry, and a second tag beside it says whether the version is hidden.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from registry.digest import Digest
from registry.manifest import ARTIFACT_TYPE, MANIFEST_TYPE, TITLE, canonical, descriptor
from registry.store.index import SUBJECT, YANKED, Version, meant_by

MARK_TYPE = "application/vnd.edge-model-zoo.yank.v1+json"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
EMPTY_BLOB = b"{}"
"""What a manifest refers to that says everything in its annotations, as the image specification 1.1 has it."""

_MAX_TAG = 128
_NUMBERED = re.compile(r".+_v[1-9][0-9]{0,8}")


def looks_like_version(tag: str) -> bool:
    """Whether a tag may be a version's; its manifest decides."""
    return _NUMBERED.fullmatch(tag) is not None


def version_of(tag: str, data: bytes) -> Version | None:
    """The version that a tag and its manifest mean; None where another tool put something of its own there."""
    document = _document(data)
    if document.get("artifactType") != ARTIFACT_TYPE:
        return None
    meant = meant_by(tag, str(_annotations(document).get(TITLE, "")))
    return Version(*meant, Digest.of(data), len(data)) if meant else None


def mark_tag(version: Version) -> str:
    """The tag that says whether a version is hidden."""
    tag, end = version.tag, ".yanked"
    if len(tag) + len(end) > _MAX_TAG:
        tag = f"{tag[: _MAX_TAG - 48]}_{Digest.of(tag.encode()).hex[:16]}"
    return tag + end


def mark(version: Version) -> bytes:
    """The manifest that says why a version is hidden, or that it is not."""
    empty = descriptor(EMPTY_TYPE, Digest.of(EMPTY_BLOB), len(EMPTY_BLOB))
    reason = {} if version.yanked is None else {YANKED: version.yanked}
    return canonical(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "artifactType": MARK_TYPE,
            "config": empty,
            "layers": [empty],
            "annotations": {SUBJECT: str(version.digest), **reason},
        }
    )


def marked(version: Version, data: bytes) -> Version:
    """The version as its mark says; unchanged by a mark of other content or of another tool."""
    document = _document(data)
    annotations = _annotations(document)
    if document.get("artifactType") != MARK_TYPE or annotations.get(SUBJECT) != str(version.digest):
        return version
    reason = annotations.get(YANKED)
    return replace(version, yanked=reason if isinstance(reason, str) else None)


def _document(data: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _annotations(document: Mapping[str, Any]) -> Mapping[str, Any]:
    annotations = document.get("annotations")
    return annotations if isinstance(annotations, dict) else {}
