import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.digest import Digest
from registry.errors import MismatchError, RejectedError, RequestError
from registry.manifest import MANIFEST_TYPE
from registry.store.index import EMPTY, NAME, SUBJECT, TAG, VERSION, Index, Referrer, Version
from tests.unit.strategies import PROPERTY, json_values

PART = st.from_regex(r"[a-b][a-b.-]{0,2}", fullmatch=True)
NAMES = st.tuples(st.sampled_from(["acme", "other"]), PART, PART).map("/".join)
PUBLISHED = st.lists(st.tuples(NAMES, st.integers(0, 3)), max_size=12)
FOREIGN = {
    "mediaType": "application/x",
    "digest": f"sha256:{'b' * 64}",
    "size": 3,
    "annotations": {TAG: "latest", "half": "\ud800"},
}


def index_of(published: list[tuple[str, int]]) -> Index:
    index = Index()
    for name, content in published:
        index, _version = index.with_manifest(name, Digest.of(bytes([content])), 1)
    return index


def one_entry(**annotations: Any) -> bytes:
    entry = {**Version("acme/net/small", 1, Digest.of(b""), 0).to_json()}
    entry["annotations"] = {**entry["annotations"], **annotations}
    return json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()


@PROPERTY
@given(PUBLISHED)
def test_what_is_written_is_read_back(published: list[tuple[str, int]]) -> None:
    index = index_of(published)
    assert Index.parse(index.to_bytes(), "it") == index


@PROPERTY
@given(PUBLISHED)
def test_versions_count_from_one_and_publishing_again_changes_nothing(published: list[tuple[str, int]]) -> None:
    index = index_of(published)
    for name in {name for name, _content in published}:
        versions = index.versions(name)
        assert [one.number for one in versions] == list(range(1, len(versions) + 1))
        contents = dict.fromkeys(content for other, content in published if other == name)
        assert [one.digest for one in versions] == [Digest.of(bytes([content])) for content in contents]
    for name, content in published:
        assert index.with_manifest(name, Digest.of(bytes([content])), 1)[0] is index


@PROPERTY
@given(PUBLISHED)
def test_a_tag_means_one_version_and_is_one_that_registries_take(published: list[tuple[str, int]]) -> None:
    versions = index_of(published).versions()
    assert len({one.tag for one in versions}) == len(versions)
    assert all(one.tag.replace("_", "").replace(".", "").replace("-", "").isalnum() for one in versions)


@PROPERTY
@given(st.binary(max_size=40) | json_values.map(lambda value: json.dumps(value).encode()))
def test_anything_else_is_refused_and_never_a_bug(data: bytes) -> None:
    with pytest.raises(MismatchError):
        Index.parse(data, "it")


def test_entries_and_properties_of_others_stay_as_they_are() -> None:
    data = json.dumps({"schemaVersion": 2, "manifests": [FOREIGN], "annotations": {"a": "b"}}).encode()
    index, version = Index.parse(data, "it").with_manifest("acme/net/small", Digest.of(b""), 1)
    written = json.loads(index.to_bytes())
    assert written["manifests"][0] == FOREIGN
    assert written["annotations"] == {"a": "b"}
    assert version.number == 1
    assert index.versions() == (version,)


def test_a_published_version_never_changes() -> None:
    index, version = Index().with_manifest("acme/net/small", Digest.of(b"old"), 3)
    with pytest.raises(RejectedError, match="never changes") as caught:
        index.with_version(Version(version.name, 1, Digest.of(b"new"), 3))
    assert str(Digest.of(b"new")) in str(caught.value)
    with pytest.raises(RequestError, match="no version 2"):
        index.with_version(Version(version.name, 2, Digest.of(b"new"), 3))


def test_what_was_yanked_is_not_published_again() -> None:
    index, version = Index().with_manifest("acme/net/small", Digest.of(b"old"), 3)
    hidden = index.with_version(Version(version.name, 1, version.digest, 3, "wrong labels"))
    assert Index.parse(hidden.to_bytes(), "it") == hidden
    with pytest.raises(RejectedError, match="wrong labels"):
        hidden.with_manifest("acme/net/small", Digest.of(b"old"), 3)
    assert hidden.with_manifest("acme/net/small", Digest.of(b"new"), 3)[1].number == 2


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("net", ["acme/net/large", "acme/net/small", "other/net/small"]),
        ("acme/net", ["acme/net/large", "acme/net/small"]),
        ("net/small", ["acme/net/small", "other/net/small"]),
        ("ACME/net/small", ["acme/net/small"]),
        ("ne", []),
        ("", []),
    ],
)
def test_a_name_means_whole_parts(name: str, found: list[str]) -> None:
    published = [("acme/net/small", 1), ("acme/net/large", 1), ("other/net/small", 1), ("acme/net/small", 2)]
    assert list(index_of(published).matching(name)) == found


@pytest.mark.parametrize(
    "changes",
    [
        {NAME: "../../etc"},
        {NAME: "acme/net"},
        {NAME: "acme/net/small\n"},
        {VERSION: "0"},
        {VERSION: "one"},
        {VERSION: "\u0661"},
        {VERSION: None},
        {TAG: "other_net_small_v1"},
    ],
)
def test_an_entry_that_lies_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(MismatchError):
        Index.parse(one_entry(**changes), "it")


def test_two_contents_of_one_version_are_refused() -> None:
    entries = [Version("acme/net/small", 1, Digest.of(data), 1).to_json() for data in (b"a", b"b")]
    data = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
    with pytest.raises(MismatchError, match="version 1 of acme/net/small twice"):
        Index.parse(data, "it")


def test_the_empty_index_is_one_of_oci() -> None:
    assert json.loads(EMPTY) == {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [],
    }


@PROPERTY
@given(NAMES, NAMES, st.integers(1, 999_999_999))
def test_a_tag_is_one_that_registries_take_and_means_one_version(one: str, other: str, number: int) -> None:
    tag = Version(one, number, Digest.of(b""), 0).tag
    assert re.fullmatch(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}", tag)
    assert (tag == Version(other, number, Digest.of(b""), 0).tag) == (one == other)


def test_the_tag_of_a_very_long_name_is_cut_and_still_its_own() -> None:
    long = f"acme/{'m' * 64}/{'v' * 63}"
    tags = {Version(f"{long}{end}", 1, Digest.of(b""), 0).tag for end in "ab"}
    assert len(tags) == 2
    assert {len(tag) <= 128 for tag in tags} == {True}


def test_what_refers_to_a_manifest_is_listed_once_and_read_back() -> None:
    subject, digest = Digest.of(b"subject"), Digest.of(b"signature")
    referrer = Referrer(subject, digest, 9, "application/x")
    index = index_of([("acme/net/small", 1)]).with_referrer(referrer).with_referrer(referrer)
    again = Index.parse(index.to_bytes(), "it")
    assert again == index
    assert again.referrers(subject) == (referrer,)
    assert again.referrers(digest) == ()
    assert len(again.versions()) == 1


@pytest.mark.parametrize(
    "change", [{"artifactType": None}, {"artifactType": 3}, {"annotations": {SUBJECT: "sha256:x"}}]
)
def test_a_referrer_that_does_not_say_what_it_is_is_refused(change: dict[str, Any]) -> None:
    entry = {**Referrer(Digest.of(b"a"), Digest.of(b"b"), 1, "application/x").to_json(), **change}
    with pytest.raises(MismatchError, match="entry 0"):
        Index.parse(json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode(), "it")


def tagged_only(media_type: str, tag: str) -> bytes:
    """What another tool leaves of an entry when it copies a manifest: its tag."""
    entry = {"mediaType": media_type, "digest": str(Digest.of(b"")), "size": 0, "annotations": {TAG: tag}}
    return json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()


def test_a_tag_alone_says_which_version_it_is() -> None:
    index = Index.parse(tagged_only(MANIFEST_TYPE, "acme_net_small_v2"), "it")
    assert index.versions() == (Version("acme/net/small", 2, Digest.of(b""), 0),)


@pytest.mark.parametrize(
    ("media_type", "tag"),
    [
        (MANIFEST_TYPE, "latest"),
        (MANIFEST_TYPE, "acme_net_v1"),
        (MANIFEST_TYPE, "acme_net_small_v0"),
        ("application/vnd.docker.distribution.manifest.v2+json", "acme_net_small_v1"),
    ],
)
def test_a_tag_of_another_tool_stays_as_it_is(media_type: str, tag: str) -> None:
    data = tagged_only(media_type, tag)
    index = Index.parse(data, "it")
    assert index.versions() == ()
    assert json.loads(index.to_bytes())["manifests"] == json.loads(data)["manifests"]
