"""A repository of a real registry as a store: blobs, tags as index, races, referrers."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from registry.digest import Digest
from registry.errors import MismatchError, RejectedError, UnavailableError
from registry.manifest import ARTIFACT_TYPE, MANIFEST_TYPE, canonical, descriptor
from registry.store.base import WHOLE, NotHeldError, UnusablePartError, Wanted
from registry.store.index import Index, Referrer, Version
from registry.store.oci.address import Address
from registry.store.oci.logins import Logins
from registry.store.oci.store import RegistryStore
from registry.store.writable import change_index, current_index
from tests.oci_registry import Answer, Front, Request

pytestmark = pytest.mark.server

OpenStore = Callable[..., RegistryStore]
DATA = b"some bytes"
DIGEST = Digest.of(DATA)
NAME = "acme/net/small"
NOBODY = Logins({"HOME": "/nowhere"})


def put_manifest(store: RegistryStore, title: str = NAME, content: bytes = DATA, **changes: object) -> bytes:
    """A manifest of one blob, with its blob."""
    digest = Digest.of(content)
    store.put(digest, [content], "it")
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "artifactType": ARTIFACT_TYPE,
        "config": descriptor("application/json", digest, len(content)),
        "layers": [descriptor("application/octet-stream", digest, len(content))],
        "annotations": {"org.opencontainers.image.title": title},
        **changes,
    }
    data = canonical(document)
    store.put_manifest(data, "it")
    return data


def publish(store: RegistryStore, name: str = NAME, content: bytes = DATA) -> Version:
    """What `zoo publish` does with the store."""
    data = put_manifest(store, name, content)
    made: list[Version] = []

    def change(index: Index) -> Index:
        after, version = index.with_manifest(name, Digest.of(data), len(data))
        made[:] = [version]
        return after

    change_index(store, change)
    return made[0]


def versions(store: RegistryStore) -> list[tuple[str, int, Digest]]:
    return [(one.name, one.number, one.digest) for one in current_index(store).versions()]


def read(store: RegistryStore, digest: Digest, wanted: Wanted = WHOLE) -> bytes:
    with store.open(digest, wanted) as opened:
        return b"".join(opened.chunks)


def put_tag(store: RegistryStore, tag: str, data: bytes) -> None:
    """Move a tag, as any tool may."""
    headers = {"Content-Type": MANIFEST_TYPE}
    with store._client.ask("PUT", f"manifests/{tag}", 201, actions="pull,push", data=data, headers=headers):
        pass


def test_a_repository_that_is_not_there_yet_is_an_empty_store(store: RegistryStore) -> None:
    assert current_index(store) == Index()
    assert store.holding(DIGEST) is None
    with pytest.raises(NotHeldError):
        read(store, DIGEST)
    with pytest.raises(NotHeldError):
        store.manifest(DIGEST)


def test_blobs_and_manifests_are_held_and_read(store: RegistryStore) -> None:
    data = put_manifest(store)
    manifest = Digest.of(data)
    assert store.holding(DIGEST) == len(DATA)
    assert store.holding(manifest) == len(data)
    assert read(store, DIGEST) == DATA
    assert read(store, manifest) == data
    assert store.manifest(manifest) == data


def test_a_part_is_read(store: RegistryStore) -> None:
    put_manifest(store)
    with store.open(DIGEST) as whole:
        etag = whole.etag
    assert etag is not None
    assert read(store, DIGEST, Wanted(2, 6, etag)) == DATA[2:6]
    with pytest.raises(UnusablePartError):
        read(store, DIGEST, Wanted(99))


def test_versions_are_tags_that_anybody_may_read(store: RegistryStore, open_store: OpenStore) -> None:
    first = publish(store)
    second = publish(store, content=b"other")
    assert (first.number, second.number) == (1, 2)
    again = open_store()
    assert versions(again) == [(NAME, 1, first.digest), (NAME, 2, second.digest)]
    assert store._manifests.tags() == {"acme_net_small_v1", "acme_net_small_v2"}
    assert publish(again) == first


def test_a_very_long_name_is_read_back(store: RegistryStore, open_store: OpenStore) -> None:
    name = f"acme/{'n' * 60}/{'v' * 64}"
    version = publish(store, name)
    assert versions(open_store()) == [(name, 1, version.digest)]
    change_index(store, lambda index: index.with_version(replace(version, yanked="why")))
    assert current_index(open_store()).versions()[0].yanked == "why"


def test_tags_of_others_are_left_out_and_stay(store: RegistryStore) -> None:
    foreign = put_manifest(store, artifactType="application/vnd.example.thing")
    for tag in ("latest", "my_own_app_v1", "sha256-abc"):
        put_tag(store, tag, foreign)
    version = publish(store)
    assert versions(store) == [(NAME, 1, version.digest)]
    assert {"latest", "my_own_app_v1", "sha256-abc"} < store._manifests.tags()


def test_a_version_is_hidden_and_shown_again(store: RegistryStore, open_store: OpenStore) -> None:
    version = publish(store)
    hidden = replace(version, yanked="wrong labels")
    change_index(store, lambda index: index.with_version(hidden))
    assert current_index(open_store()).versions() == (hidden,)
    with pytest.raises(RejectedError, match="which was yanked: wrong labels"):
        publish(open_store())
    change_index(store, lambda index: index.with_version(version))
    assert current_index(open_store()).versions() == (version,)


def test_an_index_that_was_not_read_is_not_swapped(store: RegistryStore) -> None:
    held = store.read_index()
    assert not store.swap_index(None, held.data)
    assert not store.swap_index("another", held.data)
    assert store.swap_index(held.token, held.data)


def test_a_version_never_changes(store: RegistryStore) -> None:
    version = publish(store)
    other = Digest.of(put_manifest(store, content=b"other"))
    held = store.read_index()
    with pytest.raises(RejectedError, match="never changes") as caught:
        store.swap_index(held.token, Index((replace(version, digest=other),)).to_bytes())
    assert str(version.digest) in caught.value.message
    assert str(other) in caught.value.message
    assert versions(store) == [(NAME, 1, version.digest)]


def test_a_tag_that_somebody_moved_is_refused(store: RegistryStore) -> None:
    version = publish(store)
    other = put_manifest(store, content=b"other")
    held = store.read_index()
    put_tag(store, version.tag, other)
    with pytest.raises(RejectedError, match="never changes") as caught:
        store.swap_index(held.token, Index((replace(version, yanked="why"),)).to_bytes())
    assert str(version.digest) in caught.value.message
    assert str(Digest.of(other)) in caught.value.message
    assert store._manifests.tags() == {version.tag}


def test_a_publisher_who_came_between_keeps_the_number(store: RegistryStore, open_store: OpenStore) -> None:
    came: list[Version] = []
    data = put_manifest(store, content=b"mine")

    def mine(index: Index) -> Index:
        if not came:
            came.append(publish(open_store(), content=b"theirs"))
        return index.with_manifest(NAME, Digest.of(data), len(data))[0]

    change_index(store, mine)
    assert versions(store) == [(NAME, 1, came[0].digest), (NAME, 2, Digest.of(data))]


def once(method: str, path: str, act: Callable[[Request], Answer | None]) -> Callable[[Request], Answer | None]:
    """A rule for the first request of this kind."""
    done: list[bool] = []

    def rule(request: Request) -> Answer | None:
        if done or request.method != method or not request.path.endswith(path):
            return None
        done.append(True)
        return act(request)

    return rule


def test_a_tag_that_was_overwritten_at_once_is_published_under_the_next_number(
    front: Front, store: RegistryStore
) -> None:
    theirs = put_manifest(store, content=b"theirs")

    def overwrite(request: Request) -> Answer:
        answer = front.pass_on(request)
        front.pass_on(Request("PUT", request.path, {"Content-Type": MANIFEST_TYPE}, theirs))
        return answer

    front.rules.append(once("PUT", "/manifests/acme_net_small_v1", overwrite))
    mine = publish(store, content=b"mine")
    assert versions(store) == [(NAME, 1, Digest.of(theirs)), (NAME, 2, mine.digest)]


def test_where_tags_never_change_the_later_of_two_takes_the_next_number(front: Front, store: RegistryStore) -> None:
    """The race that reading back cannot see, in a registry with immutable tags: there it cannot be lost."""
    theirs = put_manifest(store, content=b"theirs")

    def too_late(request: Request) -> Answer:
        front.pass_on(Request("PUT", request.path, {"Content-Type": MANIFEST_TYPE}, theirs))
        return Answer(412, {}, b'{"errors":[{"code":"PRECONDITION"}]}')

    front.rules.append(once("PUT", "/manifests/acme_net_small_v1", too_late))
    mine = publish(store, content=b"mine")
    assert versions(store) == [(NAME, 1, Digest.of(theirs)), (NAME, 2, mine.digest)]


def test_a_tag_that_is_refused_for_another_reason_is_told(front: Front, store: RegistryStore) -> None:
    front.rules.append(once("PUT", "/manifests/acme_net_small_v1", lambda _request: Answer(403)))
    with pytest.raises(UnavailableError, match="HTTP 403"):
        publish(store)
    assert versions(store) == []


def test_publishers_of_different_content_at_once_lose_no_manifest(open_store: OpenStore) -> None:
    contents = [f"content {number}".encode() for number in range(8)]
    stores = [open_store() for _content in contents]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda store, content: publish(store, content=content), stores, contents))
    store = open_store()
    for version in made:
        assert Digest.of(store.manifest(version.digest)) == version.digest
    listed = versions(store)
    assert {digest for _name, _number, digest in listed} <= {version.digest for version in made}
    assert [number for _name, number, _digest in listed] == list(range(1, len(listed) + 1))


def test_publishers_of_different_variants_at_once_lose_nothing(open_store: OpenStore) -> None:
    names = [f"acme/net/v{number}" for number in range(8)]
    stores = [open_store() for _name in names]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(publish, stores, names))
    assert versions(open_store()) == [(one.name, 1, one.digest) for one in made]


def test_a_blob_that_the_registry_does_not_see_for_a_moment_is_waited_for(
    front: Front, store: RegistryStore
) -> None:
    unknown = Answer(400, {}, b'{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}')
    front.rules.append(once("PUT", "/manifests/acme_net_small_v1", lambda _request: unknown))
    version = publish(store)
    assert versions(store) == [(NAME, 1, version.digest)]


def test_a_blob_that_another_publisher_puts_meanwhile_is_held(front: Front, open_store: OpenStore) -> None:
    def meanwhile(request: Request) -> None:
        with Front(front.registry) as other:
            theirs = RegistryStore(
                Address(other.host, request.path.split("/v2/")[1].split("/manifests/")[0]), NOBODY
            )
            theirs.put(DIGEST, [DATA], "it")

    front.rules.append(once("HEAD", f"/manifests/{DIGEST}", meanwhile))
    assert open_store().holding(DIGEST) == len(DATA)


def paged(front: Front, size: int) -> Callable[[Request], Answer | None]:
    """Pages of tags, which docker-registry 2.8 does not make itself."""

    def rule(request: Request) -> Answer | None:
        path, _, query = request.path.partition("?")
        if not path.endswith("/tags/list"):
            return None
        tags = sorted(json.loads(front.pass_on(Request("GET", path, {}, b"")).body)["tags"])
        start = int(query.partition("last=")[2] or 0)
        body = json.dumps({"name": "x", "tags": tags[start : start + size]}).encode()
        more = start + size < len(tags)
        link = {"Link": f'<{path}?n={size}&last={start + size}>; rel="next"'} if more else {}
        return Answer(200, link, body)

    return rule


def test_tags_are_listed_page_by_page(front: Front, store: RegistryStore, open_store: OpenStore) -> None:
    made = [publish(store, f"acme/net/v{number}") for number in range(5)]
    front.rules.append(paged(front, 2))
    assert versions(open_store()) == [(one.name, 1, one.digest) for one in made]


def test_a_list_of_tags_without_end_is_given_up(
    front: Front, store: RegistryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.store.oci.manifests._MAX_PAGES", 5)
    body = b'{"tags":["a"]}'
    front.rules.append(lambda request: Answer(200, {"Link": f'<{request.path}>; rel="next"'}, body))
    with pytest.raises(UnavailableError, match="has no end"):
        store.read_index()
    assert len(front.seen) == 5


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"tags":"x"}', b'{"tags":[1]}', b'{"tags":{}}'])
def test_what_is_no_list_of_tags_is_told(front: Front, store: RegistryStore, body: bytes) -> None:
    front.rules.append(lambda _request: Answer(200, {}, body))
    with pytest.raises(UnavailableError, match="expected a list of tags"):
        store.read_index()


def test_a_server_that_is_no_registry_is_told(front: Front, store: RegistryStore) -> None:
    front.rules.append(lambda _request: Answer(404, {}, b"<html>not here</html>"))
    with pytest.raises(UnavailableError, match="HTTP 404") as caught:
        store.read_index()
    assert "is an OCI registry" in str(caught.value.hint)


@pytest.mark.parametrize("stated", [True, False])
def test_a_huge_manifest_is_refused_unread(front: Front, store: RegistryStore, stated: bool) -> None:
    version = publish(store)
    huge = Answer(200, {}, bytes(6 << 20), length=200 << 20, cut_after=6 << 20)
    if not stated:
        huge = Answer(200, {"Content-Encoding": "identity"}, bytes(6 << 20))
    front.rules.append(lambda request: huge if request.method == "GET" and "/manifests/" in request.path else None)
    with pytest.raises(MismatchError, match="at most 4194304 bytes"):
        store.manifest(version.digest)
    with pytest.raises(MismatchError, match="at most 4194304 bytes"):
        store.read_index()


def test_a_manifest_with_other_bytes_is_refused(front: Front, store: RegistryStore) -> None:
    version = publish(store)
    front.rules.append(lambda request: Answer(200, {}, b"{}") if request.method == "GET" else None)
    with pytest.raises(MismatchError) as caught:
        store.manifest(version.digest)
    assert (caught.value.expected, caught.value.found) == (str(version.digest), str(Digest.of(b"{}")))


def signature(store: RegistryStore, subject: Digest, content: bytes) -> bytes:
    return put_manifest(
        store,
        content=content,
        artifactType="application/vnd.example.signature",
        subject=descriptor(MANIFEST_TYPE, subject, 1),
    )


def attach(store: RegistryStore, subject: Digest, content: bytes) -> Referrer:
    return store.attach(subject, signature(store, subject, content), "application/vnd.example.signature")


def test_referrers_stand_under_a_tag_where_the_registry_lists_none(
    store: RegistryStore, open_store: OpenStore
) -> None:
    version = publish(store)
    assert store.referrers(version.digest) == ()
    made = [attach(store, version.digest, content) for content in (b"one", b"two")]
    assert attach(store, version.digest, b"one") == made[0]
    assert open_store().referrers(version.digest) == tuple(made)
    assert f"sha256-{version.digest.hex}" in store._manifests.tags()
    assert versions(store) == [(NAME, 1, version.digest)]


def test_a_list_of_referrers_that_another_replaced_is_put_again(front: Front, store: RegistryStore) -> None:
    version = publish(store)
    path = f"/manifests/sha256-{version.digest.hex}"

    def replaced(request: Request) -> Answer:
        empty = {**json.loads(request.body), "manifests": []}
        return front.pass_on(replace(request, headers=_typed(request), body=canonical(empty)))

    front.rules.append(once("PUT", path, replaced))
    made = attach(store, version.digest, b"one")
    assert store.referrers(version.digest) == (made,)


def _typed(request: Request) -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name.lower() == "content-type"}


def test_referrers_by_the_api_where_the_registry_has_it(front: Front, store: RegistryStore) -> None:
    version = publish(store)
    index = "application/vnd.oci.image.index.v1+json"
    listed: list[dict[str, object]] = []

    def api(request: Request) -> Answer | None:
        if "/referrers/" in request.path:
            body = canonical({"schemaVersion": 2, "mediaType": index, "manifests": listed})
            return Answer(200, {"Content-Type": index}, body)
        if request.method == "PUT" and b'"subject"' in request.body:
            answer = front.pass_on(request)
            answer.headers["OCI-Subject"] = str(version.digest)
            entry = descriptor(MANIFEST_TYPE, Digest.of(request.body), len(request.body))
            listed[:] = [{**entry, "artifactType": "application/vnd.example.signature"}, {**entry}]
            return answer
        return None

    front.rules.append(api)
    made = attach(store, version.digest, b"one")
    assert store.referrers(version.digest) == (made,)
    assert not any("/manifests/sha256-" in request.path for request in front.seen)


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b"x", b'{"manifests":[3]}', b'{"manifests":[{"artifactType":"x"}]}']
)
def test_a_list_of_referrers_that_is_none_is_refused(front: Front, store: RegistryStore, body: bytes) -> None:
    index = {"Content-Type": "application/vnd.oci.image.index.v1+json"}
    front.rules.append(lambda _request: Answer(200, index, body))
    with pytest.raises(MismatchError, match="referrers"):
        store.referrers(DIGEST)
