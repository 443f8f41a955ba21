import base64
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.digest import Digest
from registry.errors import MismatchError
from registry.signature import (
    MAX_BYTES,
    MAX_SIGNATURES,
    PAYLOAD_TYPE,
    Envelope,
    Signature,
    Statement,
    pre_authentication_encoding,
    sign,
)
from tests.unit.signing import NAME, STATEMENT, envelope, key

PUBLIC = (key().public,)


def parsed(data: bytes) -> Envelope:
    return Envelope.parse(data, "it")


def changed(**changes: Any) -> bytes:
    return json.dumps({**json.loads(envelope()), **changes}).encode()


def test_the_example_of_the_dsse_specification() -> None:
    found = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
    assert found == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_the_envelope_of_the_dsse_specification_is_read() -> None:
    value = "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="
    document = {
        "payload": "aGVsbG8gd29ybGQ=",
        "payloadType": "http://example.com/HelloWorld",
        "signatures": [{"sig": value}],
    }
    found = parsed(json.dumps(document).encode())
    assert (found.payload_type, found.payload) == ("http://example.com/HelloWorld", b"hello world")
    assert found.signatures == (Signature("", base64.b64decode(value)),)
    assert found.signers(PUBLIC) == {}  # it is of an ECDSA key


@given(st.text(), st.binary(), st.text(), st.binary())
@example("a", b"1 b", "a 1", b"b")
def test_no_two_contents_have_one_encoding(one: str, body: bytes, other: str, content: bytes) -> None:
    same = pre_authentication_encoding(one, body) == pre_authentication_encoding(other, content)
    assert same is ((one, body) == (other, content))


def test_what_is_signed_is_an_in_toto_statement_of_name_and_digest() -> None:
    document = json.loads(envelope())
    assert document["payloadType"] == "application/vnd.in-toto+json"
    statement = json.loads(base64.b64decode(document["payload"]))
    assert statement == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": NAME, "digest": {"sha256": STATEMENT.manifest.hex}}],
        "predicateType": "urn:edge-model-zoo:predicate:publication:1",
    }
    assert document["signatures"][0]["keyid"] == str(key().public.identifier)


def test_signing_again_gives_the_same_bytes_and_another_key_gives_others() -> None:
    assert sign(STATEMENT, key()).to_bytes() == envelope()
    assert envelope(name="other") != envelope()


@given(st.text(min_size=1), st.binary(min_size=32, max_size=32))
def test_what_is_signed_is_read_back(name: str, digest: bytes) -> None:
    statement = Statement(name, Digest(digest.hex()))
    found = parsed(sign(statement, key()).to_bytes())
    assert found.signers(PUBLIC) == {0: key().public}
    assert Statement.parse(found.payload, "it") == statement


@given(st.integers(0, len(envelope()) * 8 - 1))
def test_a_flipped_bit_never_changes_what_a_key_vouches_for(place: int) -> None:
    data = bytearray(envelope())
    data[place // 8] ^= 1 << place % 8
    try:
        found = parsed(bytes(data))
    except MismatchError:
        return
    whole = parsed(envelope())
    same = (found.payload_type, found.payload) == (whole.payload_type, whole.payload)
    same = same and [one.value for one in found.signatures] == [one.value for one in whole.signatures]
    assert bool(found.signers(PUBLIC)) is same  # what is said of keys, and names nobody reads, may change


@pytest.mark.parametrize("part", ["payload", "value"])
def test_each_bit_of_payload_and_signature_counts(part: str) -> None:
    whole = parsed(envelope())
    size = len(whole.payload if part == "payload" else whole.signatures[0].value)
    for place in range(size * 8):
        data = bytearray(whole.payload if part == "payload" else whole.signatures[0].value)
        data[place // 8] ^= 1 << place % 8
        signature = Signature("", bytes(data)) if part == "value" else whole.signatures[0]
        payload = bytes(data) if part == "payload" else whole.payload
        assert Envelope(whole.payload_type, payload, (signature,)).signers(PUBLIC) == {}


def test_another_payload_type_is_another_content() -> None:
    assert parsed(changed(payloadType="application/json")).signers(PUBLIC) == {}


def test_what_an_envelope_says_of_its_key_decides_nothing() -> None:
    value = json.loads(envelope())["signatures"][0]["sig"]
    for said in ({}, {"keyid": ""}, {"keyid": "acme-2026"}, {"keyid": str(key("other").public.identifier)}):
        found = parsed(changed(signatures=[{"sig": value, **said}]))
        assert found.signers(PUBLIC) == {0: key().public}
        assert found.signers([key("other").public]) == {}


def test_of_several_signatures_each_is_judged() -> None:
    mine, other = (parsed(envelope(name=name)).signatures[0] for name in ("acme", "other"))
    whole = Envelope(PAYLOAD_TYPE, STATEMENT.to_bytes(), (Signature("x", b"no"), other, mine))
    assert parsed(whole.to_bytes()).signers(PUBLIC) == {2: key().public}
    both = (key().public, key("other").public)
    assert parsed(whole.to_bytes()).signers(both) == {1: both[1], 2: both[0]}


def test_both_alphabets_of_base64_are_read() -> None:
    value = b"\xfb\xff\xfe" * 21 + b"\xff"
    for text in (base64.b64encode(value), base64.urlsafe_b64encode(value)):
        assert parsed(changed(signatures=[{"sig": text.decode()}])).signatures[0].value == value


ENOUGH = {"sig": base64.b64encode(bytes(64)).decode()}
WRONG: dict[str, bytes] = {
    "nothing": b"",
    "no-json": b"\xff",
    "list": b"[]",
    "cut-short": envelope()[:-1],
    "endless-nesting": b"[" * 50_000,
    "key-twice": envelope().replace(b'{"payload":', b'{"payload":"","payload":', 1),
    "key-twice-below": envelope().replace(b'{"keyid":', b'{"keyid":"","keyid":', 1),
    "huge": changed(more="x" * MAX_BYTES),
    "no-payload": changed(payload=None),
    "payload-no-text": changed(payload=5),
    "payload-no-base64": changed(payload="a b="),
    "payload-two-alphabets": changed(payload="+_aa"),
    "payload-without-padding": changed(payload="YWI"),
    "payload-of-two-spellings": changed(payload="YWJ="),
    "no-type": changed(payloadType=""),
    "no-signatures": changed(signatures=[]),
    "signatures-no-list": changed(signatures={}),
    "too-many-signatures": changed(signatures=[ENOUGH] * (MAX_SIGNATURES + 1)),
    "signature-no-object": changed(signatures=["x"]),
    "signature-empty": changed(signatures=[{"sig": ""}]),
    "signature-long": changed(signatures=[{"sig": base64.b64encode(bytes(1025)).decode()}]),
    "keyid-no-text": changed(signatures=[{**ENOUGH, "keyid": 5}]),
    "keyid-long": changed(signatures=[{**ENOUGH, "keyid": "x" * 257}]),
    "keyid-of-control-characters": changed(signatures=[{**ENOUGH, "keyid": "\x1b[2J"}]),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_envelope_of_another_form_is_refused(name: str) -> None:
    with pytest.raises(MismatchError, match=r"expected .*, found ") as caught:
        parsed(WRONG[name])
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()


@given(
    st.binary(max_size=300) | st.recursive(st.none() | st.text(), st.lists).map(lambda x: json.dumps(x).encode())
)
def test_whatever_comes_is_read_or_refused(data: bytes) -> None:
    with pytest.raises(MismatchError):
        parsed(data)


def statement(**changes: Any) -> bytes:
    return json.dumps({**json.loads(STATEMENT.to_bytes()), **changes}).encode()


SUBJECT = {"name": NAME, "digest": {"sha256": STATEMENT.manifest.hex}}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        statement(_type="https://in-toto.io/Statement/v0.1"),
        statement(predicateType="https://slsa.dev/provenance/v1"),
        statement(subject=[]),
        statement(subject=[SUBJECT, SUBJECT]),
        statement(subject=SUBJECT),
        statement(subject=[{**SUBJECT, "name": None}]),
        statement(subject=[{**SUBJECT, "digest": {"sha512": "0"}}]),
        statement(subject=[{**SUBJECT, "digest": {"sha256": "A" * 64}}]),
    ],
)
def test_a_statement_of_another_form_is_refused(data: bytes) -> None:
    with pytest.raises(MismatchError, match=r"expected .*, found "):
        Statement.parse(data, "it")


def test_what_a_statement_says_besides_hinders_nothing() -> None:
    found = Statement.parse(statement(predicate={}, subject=[{**SUBJECT, "uri": "x"}]), "it")
    assert found == STATEMENT
