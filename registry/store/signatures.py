"""Signatures in a store: attached to a manifest, and collected again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from registry.attachment import EMPTY, SIGNATURE_TYPE, Attachment
from registry.digest import Digest
from registry.errors import MismatchError
from registry.signature import MAX_BYTES
from registry.store.base import NotHeldError
from registry.store.index import Referrer
from registry.store.writable import ReadableStore, Store

MOST = 64
"""Signatures of one manifest that are read; a store with more is being misused."""


@dataclass(frozen=True)
class Collected:
    """The signatures of a manifest.

    Attributes:
        envelopes: Those that could be read.
        damaged: Why each of the others could not.
    """

    envelopes: tuple[bytes, ...]
    damaged: tuple[str, ...]


def attach(store: Store, attachment: Attachment, envelope: bytes) -> None:
    """Put an envelope into a store and its manifest beside it. Doing it again changes nothing.

    Raises:
        UnavailableError: The store cannot be written.
    """
    for blob in (EMPTY, envelope):
        digest = Digest.of(blob)
        if store.holding(digest) is None:
            store.put(digest, [blob], f"signature of {attachment.subject}")
    store.attach(attachment.subject, attachment.to_bytes(), SIGNATURE_TYPE)


def collect(store: ReadableStore, subject: Digest) -> Collected:
    """Read the signatures of a manifest. What is damaged is told, and hinders none of the others.

    Raises:
        UnavailableError: The store did not answer.
    """
    ours = [one for one in store.referrers(subject) if one.artifact_type == SIGNATURE_TYPE]
    envelopes, damaged = [], []
    for referrer in ours[:MOST]:
        try:
            envelopes.append(_envelope(store, referrer))
        except (MismatchError, NotHeldError) as error:
            damaged.append(error.message)
    if len(ours) > MOST:
        damaged.append(f"expected at most {MOST} signatures, found {len(ours)}: the rest was not read")
    return Collected(tuple(envelopes), tuple(damaged))


def _envelope(store: ReadableStore, referrer: Referrer) -> bytes:
    what = f"signature {referrer.digest} in {store.address}"
    attachment = Attachment.parse(store.manifest(referrer.digest), what)
    if attachment.subject != referrer.subject:
        raise MismatchError(f"{what}: subject", expected=str(referrer.subject), found=str(attachment.subject))
    with store.open(attachment.envelope) as opened:
        return _bounded(opened.chunks, attachment.envelope, what)


def _bounded(chunks: Iterable[bytes], digest: Digest, what: str) -> bytes:
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > MAX_BYTES:
            raise MismatchError(what, expected=f"at most {MAX_BYTES} bytes", found=f"at least {len(data)} bytes")
    if (found := Digest.of(bytes(data))) != digest:
        raise MismatchError(what, expected=str(digest), found=str(found))
    return bytes(data)
