"""The verb behind `zoo sign`: published manifests are signed, and the signatures travel with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from registry import manifest, signature
from registry.attachment import Attachment
from registry.digest import Digest
from registry.errors import MismatchError
from registry.keys import PrivateKey
from registry.signature import Statement
from registry.store import signatures
from registry.store.index import Version
from registry.store.writable import Store


@dataclass(frozen=True)
class Signed:
    """What came of one version.

    Attributes:
        version: The version.
        attachment: Digest of the signature's own manifest.
        new: Whether this key had not signed it before.
    """

    version: Version
    attachment: Digest
    new: bool


def sign(
    store: Store, versions: Iterable[Version], key: PrivateKey, *, dry_run: bool = False
) -> tuple[Signed, ...]:
    """Sign the manifests of versions. A signature that is there already is left as it is.

    Args:
        store: Where the versions are, and where the signatures go.
        versions: What is signed.
        key: Who signs.
        dry_run: Whether to read and prove everything but write nothing.

    Raises:
        MismatchError: A manifest is damaged, or is that of another variant.
        UnavailableError: The store cannot be reached or written.
    """
    # all are read before anything is written, so that a damaged one leaves no half of the work
    prepared = [(version, *_envelope(store, version, key)) for version in versions]
    signed = []
    for version, attachment, envelope in prepared:
        digest = Digest.of(attachment.to_bytes())
        new = digest not in {one.digest for one in store.referrers(version.digest)}
        if not dry_run:
            signatures.attach(store, attachment, envelope)
        signed.append(Signed(version, digest, new))
    return tuple(signed)


def _envelope(store: Store, version: Version, key: PrivateKey) -> tuple[Attachment, bytes]:
    data = store.manifest(version.digest)
    what = f"manifest of {version.name} version {version.number} in {store.address}"
    title = manifest.parse(data, what).annotations.get(manifest.TITLE)
    if title != version.name:
        raise MismatchError(
            f"{what}: {manifest.TITLE}",
            expected=version.name,
            found=ascii(title)[:120],
            hint="nothing was signed; the store's index and the manifest disagree: see who changed it",
        )
    envelope = signature.sign(Statement(version.name, version.digest), key).to_bytes()
    return Attachment(version.digest, len(data), Digest.of(envelope), len(envelope)), envelope
