import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.digest import Digest
from registry.manifest import ARTIFACT_TYPE, canonical
from registry.store.index import Version, meant_by
from registry.store.oci import tags
from tests.unit.strategies import PROPERTY

PART = st.from_regex(r"[a-z0-9][a-z0-9.-]{0,62}", fullmatch=True)
NAMES = st.builds("/".join, st.tuples(st.from_regex(r"[a-z0-9-]{1,32}", fullmatch=True), PART, PART))
VERSION = Version("acme/net/small", 3, Digest.of(b"manifest"), 8)
LONG = Version(f"acme/{'n' * 60}/{'v' * 60}", 3, Digest.of(b"manifest"), 8)


def manifest(title: str, kind: str = ARTIFACT_TYPE) -> bytes:
    annotations = {"org.opencontainers.image.title": title}
    return canonical({"schemaVersion": 2, "artifactType": kind, "annotations": annotations})


@PROPERTY
@given(NAMES, st.integers(1, 999_999_999))
def test_tag_and_manifest_give_the_version_back(name: str, number: int) -> None:
    data = manifest(name)
    version = Version(name, number, Digest.of(data), len(data))
    assert tags.looks_like_version(version.tag)
    assert tags.version_of(version.tag, data) == version


@PROPERTY
@given(NAMES, st.integers(1, 999_999_999))
def test_tags_fit_and_no_version_has_the_tag_of_a_mark(name: str, number: int) -> None:
    version = Version(name, number, VERSION.digest, 1)
    assert len(tags.mark_tag(version)) <= 128
    assert not tags.looks_like_version(tags.mark_tag(version))
    assert tags.mark_tag(version) != tags.mark_tag(replace(version, number=number + 1))


def test_a_whole_name_is_read_from_the_tag_whatever_the_title_says() -> None:
    version = tags.version_of("acme_net_small_v3", manifest("somebody else's"))
    assert version is not None
    assert (version.name, version.number) == ("acme/net/small", 3)


def test_a_cut_name_needs_its_own_title() -> None:
    assert len(f"{LONG.name}_v3") > 128
    found = tags.version_of(LONG.tag, manifest(LONG.name))
    assert found is not None
    assert found.name == LONG.name
    assert tags.version_of(LONG.tag, manifest("acme/net/other")) is None


@pytest.mark.parametrize(
    "tag", ["latest", "v1", "acme_net_v1", "acme_net_small_v0", "acme_net_small_v01", "a_b_c_d_v1", "A_b_c_v1", ""]
)
def test_tags_of_others_mean_no_version(tag: str) -> None:
    assert tags.version_of(tag, manifest("acme/net/small")) is None
    assert meant_by(tag) is None


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"3", b'{"artifactType":3}', b"[" * 100_000, manifest("x", "application/x")]
)
def test_manifests_of_others_are_no_versions(data: bytes) -> None:
    assert tags.version_of("acme_net_small_v1", data) is None


@pytest.mark.parametrize("version", [VERSION, LONG])
def test_a_mark_hides_and_another_shows_again(version: Version) -> None:
    hidden = replace(version, yanked="wrong labels, \u00e4")
    assert tags.marked(version, tags.mark(hidden)) == hidden
    assert tags.marked(hidden, tags.mark(version)) == version


def test_a_mark_is_an_artifact_that_says_everything_in_its_annotations() -> None:
    document = json.loads(tags.mark(replace(VERSION, yanked="why")))
    assert document["artifactType"] == tags.MARK_TYPE
    assert document["config"] == document["layers"][0]
    assert document["config"]["digest"] == str(Digest.of(b"{}"))


@pytest.mark.parametrize(
    "changes",
    [
        {"artifactType": "application/x"},
        {"annotations": {}},
        {"annotations": {"org.edge-model-zoo.subject": str(Digest.of(b"other"))}},
        {"annotations": 3},
    ],
)
def test_a_mark_of_something_else_changes_nothing(changes: dict[str, Any]) -> None:
    document = {**json.loads(tags.mark(replace(VERSION, yanked="why"))), **changes}
    assert tags.marked(VERSION, canonical(document)) == VERSION
