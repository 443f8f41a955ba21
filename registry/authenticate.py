"""The verb behind `zoo verify --signature`: who signed a published version, and is the store's content that one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from registry import manifest
from registry.digest import Digest
from registry.errors import MismatchError
from registry.progress import Progress
from registry.store import signatures
from registry.store.base import NotHeldError
from registry.store.index import Version
from registry.store.writable import ReadableStore
from registry.trust import Trust, Verdict, judge


@dataclass(frozen=True)
class Authenticated:
    """What is known of one version.

    Attributes:
        version: The version.
        verdict: Who signed it; None where its manifest is missing or damaged.
        faults: What the store holds in place of the promised bytes; empty when every blob is right.
    """

    version: Version
    verdict: Verdict | None
    faults: tuple[str, ...]

    @property
    def trusted(self) -> bool:
        """Whether somebody trusted signed it and every blob is right."""
        return self.verdict is not None and self.verdict.trusted and not self.faults


def authenticate(store: ReadableStore, version: Version, trust: Trust, progress: Progress) -> Authenticated:
    """Judge the signatures of a version and hash everything that its manifest names.

    Args:
        store: Where it is.
        version: What is asked about.
        trust: Whose signature counts.
        progress: Hears the bytes.

    Raises:
        UnavailableError: The store did not answer.
    """
    what = f"manifest of {version.name} version {version.number}"
    try:
        data = store.manifest(version.digest)
        parsed = manifest.parse(data, what)
    except (MismatchError, NotHeldError) as error:
        return Authenticated(version, None, (error.message,))
    collected = signatures.collect(store, version.digest)
    verdict = judge(version.name, data, collected.envelopes, trust, damaged=collected.damaged)
    blobs = [(f"config of {version.name}", parsed.config, parsed.config_size)]
    blobs += [(layer.title, layer.digest, layer.size) for layer in parsed.layers]
    faults = [_fault(store, *blob, progress) for blob in blobs]
    return Authenticated(version, verdict, tuple(fault for fault in faults if fault))


def _fault(store: ReadableStore, title: str, digest: Digest, size: int, progress: Progress) -> str | None:
    """Why a blob is not the promised one; None when it is."""
    hasher, read = hashlib.sha256(), 0
    try:
        with store.open(digest) as opened, progress.task(title, opened.size) as advance:
            for chunk in opened.chunks:
                hasher.update(chunk)
                advance(len(chunk))
                read += len(chunk)
                if read > size:  # whatever follows, it is another file
                    return f"{title}: expected {size} bytes, found at least {read}"
    except NotHeldError as error:
        return f"{title}: missing: {error.message}"
    found = Digest(hasher.hexdigest())
    return None if found == digest else f"{title}: expected {digest}, found {found}"
