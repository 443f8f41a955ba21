import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import reach as reaching
from registry.digest import Digest
from registry.errors import MismatchError
from registry.manifest import MANIFEST_TYPE, canonical, descriptor
from registry.reach import Descriptor, links, reach
from registry.store.base import NotHeldError
from registry.store.index import INDEX_TYPE


class Held:
    """Manifests by digest."""

    def __init__(self) -> None:
        self.data: dict[Digest, bytes] = {}

    def add(self, document: object, media_type: str = MANIFEST_TYPE) -> Descriptor:
        data = canonical(document)
        self.data[Digest.of(data)] = data
        return Descriptor(Digest.of(data), len(data), media_type)

    def __call__(self, digest: Digest) -> bytes:
        if digest not in self.data:
            raise NotHeldError(str(digest))
        return self.data[digest]


def blob(name: str) -> dict[str, object]:
    return descriptor("a/b", Digest.of(name.encode()), len(name))


def plain(one: Descriptor) -> dict[str, object]:
    return descriptor(one.media_type, one.digest, one.size)


def test_a_manifest_comes_after_all_that_it_names_and_each_once() -> None:
    held = Held()
    inner = held.add({"config": blob("config"), "layers": [blob("one"), blob("shared")]})
    other = held.add({"layers": [blob("shared"), blob("one")], "annotations": {"x": "y"}})
    outer = held.add({"manifests": [plain(inner), plain(other), plain(inner)]}, INDEX_TYPE)
    found = [item.digest for item in reach(outer, held)]
    names = [Digest.of(name.encode()) for name in ("config", "one", "shared")]
    assert found == [*names, inner.digest, other.digest, outer.digest]


def test_what_is_a_layer_here_may_be_a_manifest_there() -> None:
    held = Held()
    inner = held.add({"layers": [blob("deep")]})
    outer = held.add({"layers": [plain(inner)], "manifests": [plain(inner)]}, INDEX_TYPE)
    assert Digest.of(b"deep") in {item.digest for item in reach(outer, held)}


def test_a_subject_is_reached_where_it_is() -> None:
    held = Held()
    subject = held.add({"layers": [blob("of the subject")]})
    root = held.add({"subject": plain(subject), "layers": []})
    assert Digest.of(b"of the subject") in {item.digest for item in reach(root, held)}
    del held.data[subject.digest]
    assert [item.digest for item in reach(root, held)] == [root.digest]


def test_a_nested_manifest_that_is_missing_is_told() -> None:
    held = Held()
    inner = held.add({"layers": []})
    outer = held.add({"manifests": [plain(inner)]}, INDEX_TYPE)
    del held.data[inner.digest]
    with pytest.raises(NotHeldError):
        list(reach(outer, held))


@pytest.mark.parametrize(
    ("document", "media_type", "said"),
    [
        ({}, "a/future", "a kind of manifest that is known, found 'a/future'"),
        ({}, "", "found 'none stated'"),
        ([], MANIFEST_TYPE, "a JSON object"),
        ({"layers": {}}, MANIFEST_TYPE, "layers: expected a list"),
        ({"layers": [{"digest": "sha512:00"}]}, MANIFEST_TYPE, "digest of layer 0"),
        ({"config": 7}, MANIFEST_TYPE, "config: expected a JSON object"),
        ({"manifests": [{"digest": "sha256:" + "0" * 64, "size": -1}]}, INDEX_TYPE, "size of manifest 0"),
    ],
)
def test_what_is_not_understood_is_refused(document: object, media_type: str, said: str) -> None:
    held = Held()
    root = held.add(document, media_type)
    with pytest.raises(MismatchError, match=said):
        list(reach(root, held))


def test_another_size_than_promised_is_refused() -> None:
    held = Held()
    root = held.add({})
    with pytest.raises(MismatchError, match="expected 3 bytes, found 2 bytes"):
        list(reach(Descriptor(root.digest, 3, MANIFEST_TYPE), held))


def test_a_walk_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    held = Held()
    root = held.add({"layers": [blob("x")]})
    for _level in range(reaching.MAX_DEPTH + 1):
        root = held.add({"manifests": [plain(root)]}, INDEX_TYPE)
    with pytest.raises(MismatchError, match="levels of manifests: expected at most 8, found 9"):
        list(reach(root, held))
    wide = held.add({"layers": [blob(str(number)) for number in range(30)]})
    monkeypatch.setattr(reaching, "MAX_DIGESTS", 20)
    with pytest.raises(MismatchError, match="digests: expected at most 20, found 21"):
        list(reach(wide, held))
    monkeypatch.setattr(reaching, "MAX_MANIFEST_BYTES", 100)
    with pytest.raises(MismatchError, match="bytes of manifests: expected at most 100"):
        list(reach(wide, held))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["config", "layers", "manifests", "subject", "digest", "size"]), inner)
    ),
)


@given(JSON | st.binary(max_size=60))
def test_any_manifest_is_understood_or_refused(value: object) -> None:
    data = value if isinstance(value, bytes) else canonical(value)
    try:
        found = links(data, "it")
    except MismatchError:
        return
    assert all(isinstance(one.digest, Digest) for one in (*found.blobs, *found.manifests))
