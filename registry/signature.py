"""Signatures of manifests: an in-toto Statement in a DSSE envelope, signed with Ed25519. Pure: no I/O.

The statement names the manifest's digest, which covers the card, the config and every artifact by their digests,
and the variant's full name, so that a signature for one name is none for another.
Sources: DSSE 1.0 (protocol, envelope), in-toto attestation framework 1 (statement), RFC 8032 (Ed25519).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass

from registry.digest import Digest
from registry.keys import PrivateKey, PublicKey
from registry.manifest import Reader, canonical

MAX_BYTES = 64 << 10
"""Largest envelope that is read; ours take less than 1 KiB."""

MAX_SIGNATURES = 16
MAX_SIGNATURE_BYTES = 1024

ENVELOPE_TYPE = "application/vnd.dsse.envelope.v1+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:edge-model-zoo:predicate:publication:1"
"""The signer stands behind these bytes under this name; there is nothing more to say, so there is no predicate."""

_HINT = "this signature was not counted; ask the publisher, or get it from another store"


@dataclass(frozen=True)
class Statement:
    """What is signed.

    Attributes:
        name: Full name of the variant, without a version.
        manifest: Digest of its manifest.
    """

    name: str
    manifest: Digest

    def to_bytes(self) -> bytes:
        """The statement, always in the same bytes."""
        subject = {"name": self.name, "digest": {"sha256": self.manifest.hex}}
        return canonical({"_type": STATEMENT_TYPE, "subject": [subject], "predicateType": PREDICATE_TYPE})

    @classmethod
    def parse(cls, data: bytes, what: str) -> Statement:
        """Read a statement.

        Raises:
            MismatchError: It is none of ours; says what was expected and what was found.
        """
        read = Reader(what, _HINT)
        document = read.mapping(read.json(data), "the statement")
        read.constant(document, "_type", STATEMENT_TYPE)
        read.constant(document, "predicateType", PREDICATE_TYPE)
        subjects = document.get("subject")
        if not isinstance(subjects, list) or len(subjects) != 1:
            raise read.wrong("subject", "a list of one", read.shown(subjects))
        subject = read.mapping(subjects[0], "subject")
        digests = read.mapping(subject.get("digest"), "digest of subject")
        found = read.text(digests, "sha256", "digest of subject")
        return cls(read.text(subject, "name", "subject"), read.digest({"digest": f"sha256:{found}"}, "subject"))


@dataclass(frozen=True)
class Signature:
    """One signature of an envelope.

    Attributes:
        key: What it says of the key that made it; a hint that nobody vouches for. Empty when it says nothing.
        value: The signature itself.
    """

    key: str
    value: bytes


@dataclass(frozen=True)
class Envelope:
    """A payload with its signatures.

    Attributes:
        payload_type: What the payload is.
        payload: The signed bytes.
        signatures: At least one.
    """

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]

    def to_bytes(self) -> bytes:
        """The envelope, always in the same bytes."""
        signatures = [{"keyid": one.key, "sig": _encoded(one.value)} for one in self.signatures]
        return canonical(
            {"payload": _encoded(self.payload), "payloadType": self.payload_type, "signatures": signatures}
        )

    @classmethod
    def parse(cls, data: bytes, what: str) -> Envelope:
        """Read an envelope that anybody may have written.

        Raises:
            MismatchError: It is no DSSE envelope, or too large.
        """
        read = Reader(what, _HINT)
        if len(data) > MAX_BYTES:
            raise read.wrong("length", f"at most {MAX_BYTES} bytes", f"{len(data)} bytes")
        document = read.mapping(read.json(data), "the envelope")
        listed = document.get("signatures")
        if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_SIGNATURES:
            found = f"{len(listed)} of them" if isinstance(listed, list) else read.shown(listed)
            raise read.wrong("signatures", f"a list of 1 to {MAX_SIGNATURES}", found)
        items = [read.mapping(item, "a signature") for item in listed]
        signatures = tuple(Signature(_key(read, item), _decoded(read, item, "sig")) for item in items)
        if longest := [one for one in signatures if not 0 < len(one.value) <= MAX_SIGNATURE_BYTES]:
            raise read.wrong("sig", f"1 to {MAX_SIGNATURE_BYTES} bytes", f"{len(longest[0].value)} bytes")
        payload = _decoded(read, document, "payload")
        return cls(read.text(document, "payloadType", "the envelope"), payload, signatures)

    def signers(self, keys: Iterable[PublicKey]) -> dict[int, PublicKey]:
        """Which of the keys made which signature, by its place in `signatures`.

        The key that a signature says it is of is tried first and alone; where there is none of this name, all are:
        what an envelope says of keys decides nothing.
        """
        message = pre_authentication_encoding(self.payload_type, self.payload)
        known = tuple(keys)
        found: dict[int, PublicKey] = {}
        for place, one in enumerate(self.signatures):
            named = [key for key in known if str(key.identifier) == one.key]
            made = next((key for key in named or known if key.verifies(one.value, message)), None)
            if made is not None:
                found[place] = made
        return found


def sign(statement: Statement, key: PrivateKey) -> Envelope:
    """A statement in an envelope with one signature; the same statement and key give the same bytes."""
    payload = statement.to_bytes()
    value = key.sign(pre_authentication_encoding(PAYLOAD_TYPE, payload))
    return Envelope(PAYLOAD_TYPE, payload, (Signature(str(key.public.identifier), value),))


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: payload and type, each with its length, so that neither can pass for the other."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(read: Reader, document: dict[str, object], key: str) -> bytes:
    """Base64 of the standard or the URL-safe alphabet, as the specification has it; one spelling for each value."""
    text = read.text(document, key, "the envelope")
    standard = text.replace("-", "+").replace("_", "/") if not {"+", "/"} & set(text) else text
    try:
        data = base64.b64decode(standard, validate=True)
        if _encoded(data) == standard:
            return data
    except (ValueError, binascii.Error):
        pass
    raise read.wrong(key, "base64", read.shown(text[:60]))


def _key(read: Reader, item: dict[str, object]) -> str:
    key = item.get("keyid", "")
    if not isinstance(key, str) or len(key) > 256 or not key.isprintable():
        raise read.wrong("keyid", "a line of at most 256 letters", read.shown(key))
    return key
