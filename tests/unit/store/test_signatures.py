from pathlib import Path

import pytest

from registry.attachment import EMPTY, SIGNATURE_TYPE, Attachment
from registry.digest import Digest
from registry.store import signatures
from registry.store.index import Referrer
from registry.store.layout import LayoutStore
from registry.store.writable import change_index
from tests.unit.signing import MANIFEST, STATEMENT, envelope

SUBJECT = STATEMENT.manifest


@pytest.fixture
def store(tmp_path: Path) -> LayoutStore:
    made = LayoutStore(tmp_path / "store")
    made.prepare()
    made.put_manifest(MANIFEST, "it")
    return made


def attachment(data: bytes, subject: Digest = SUBJECT) -> Attachment:
    return Attachment(subject, len(MANIFEST), Digest.of(data), len(data))


def attach(store: LayoutStore, data: bytes) -> None:
    signatures.attach(store, attachment(data), data)


def test_what_is_attached_is_collected_once_however_often(store: LayoutStore) -> None:
    for data in (envelope(), envelope(name="other"), envelope()):
        attach(store, data)
    found = signatures.collect(store, SUBJECT)
    assert found.envelopes == (envelope(), envelope(name="other"))
    assert found.damaged == ()
    assert signatures.collect(store, Digest.of(b"other")).envelopes == ()


def test_other_referrers_are_none_of_ours(store: LayoutStore) -> None:
    store.attach(SUBJECT, b'{"a":"bill of materials"}', "application/spdx+json")
    assert signatures.collect(store, SUBJECT) == signatures.Collected((), ())


@pytest.mark.parametrize(
    "fault", ["lost-envelope", "flipped-envelope", "huge-envelope", "lost-manifest", "garbage"]
)
def test_one_damaged_signature_hinders_no_other(store: LayoutStore, fault: str) -> None:
    attach(store, envelope())
    attach(store, envelope(name="other"))
    manifest = Digest.of(attachment(envelope()).to_bytes())
    path = store.folder / (manifest if fault == "lost-manifest" else Digest.of(envelope())).blob_path
    path.unlink()
    if fault == "flipped-envelope":
        path.write_bytes(envelope()[:-1] + b" ")
    if fault == "huge-envelope":
        path.write_bytes(bytes(1 << 20))
    if fault == "garbage":
        path.write_bytes(envelope())
        referrer = Referrer(SUBJECT, store.put_manifest(b"garbage", "it"), len(b"garbage"), SIGNATURE_TYPE)
        change_index(store, lambda index: index.with_referrer(referrer))
    found = signatures.collect(store, SUBJECT)
    assert envelope(name="other") in found.envelopes
    assert len(found.damaged) == 1


def test_the_manifest_of_a_signature_says_itself_what_it_signs(store: LayoutStore) -> None:
    data = envelope()
    for blob in (data, EMPTY):
        store.put(Digest.of(blob), [blob], "it")
    store.attach(SUBJECT, attachment(data, Digest.of(b"other")).to_bytes(), SIGNATURE_TYPE)
    found = signatures.collect(store, SUBJECT)
    assert found.envelopes == ()
    assert str(Digest.of(b"other")) in found.damaged[0]


def test_no_more_are_read_than_a_manifest_can_need(store: LayoutStore) -> None:
    for number in range(signatures.MOST + 1):
        attach(store, b"%d" % number)
    found = signatures.collect(store, SUBJECT)
    assert len(found.envelopes) == signatures.MOST
    assert "at most 64 signatures, found 65" in found.damaged[0]
