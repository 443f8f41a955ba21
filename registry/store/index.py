"""The index of a store: which manifest is which version of which variant. Pure: no I/O.

An entry of ours has the tag `publisher_model_variant_vN` (no name has an underscore, so the tag means one variant
only; registries and `skopeo` take it) and annotations with the full name and the version. Entries of other tools
are kept as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from registry.digest import Digest
from registry.errors import RejectedError, RequestError
from registry.manifest import ARTIFACT_TYPE, MANIFEST_TYPE, Reader, canonical, descriptor

MAX_BYTES = 64 << 20
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"

TAG = "org.opencontainers.image.ref.name"
NAME = "org.edge-model-zoo.name"
VERSION = "org.edge-model-zoo.version"
YANKED = "org.edge-model-zoo.yanked"
SUBJECT = "org.edge-model-zoo.subject"
"""Digest of the manifest that an entry says something of: a folder has no referrers API to ask."""

_MAX_TAG = 128
"""Longest tag that the OCI distribution specification allows."""

_FULL_NAME = re.compile(r"[a-z0-9-]{1,32}(/[a-z0-9.-]{1,64}){2}")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True)
class Version:
    """A published manifest.

    Attributes:
        name: Full name of the variant.
        number: From 1; a later one is a newer one.
        digest: Of the manifest.
        size: Bytes of the manifest.
        yanked: Why it is hidden, or None.
    """

    name: str
    number: int
    digest: Digest
    size: int
    yanked: str | None = None

    @property
    def tag(self) -> str:
        """The reference that OCI tools take."""
        return version_tag(self.name, self.number)

    def to_json(self) -> dict[str, Any]:
        """As the index has it."""
        annotations = {NAME: self.name, VERSION: str(self.number), TAG: self.tag}
        if self.yanked is not None:
            annotations[YANKED] = self.yanked
        entry = descriptor(MANIFEST_TYPE, self.digest, self.size)
        return {**entry, "artifactType": ARTIFACT_TYPE, "annotations": annotations}


def version_tag(name: str, number: int) -> str:
    """The tag of a version. A very long name is cut, and its own digest keeps it apart."""
    whole, end = name.replace("/", "_"), f"_v{number}"
    if len(whole) + len(end) > _MAX_TAG:
        whole = f"{whole[: _MAX_TAG - 32]}_{Digest.of(name.encode()).hex[:16]}"
    return whole + end


def meant_by(tag: str, title: str = "") -> tuple[str, int] | None:
    """Full name and number that a tag means; None for a tag of another tool.

    Args:
        tag: The tag.
        title: Title of its manifest, where a name that was cut in the tag stands whole.
    """
    words, _, number = tag.rpartition("_v")
    if not _NUMBER.fullmatch(number):
        return None
    for name in (title, words.replace("_", "/")):
        if _FULL_NAME.fullmatch(name) and version_tag(name, int(number)) == tag:
            return name, int(number)
    return None


@dataclass(frozen=True)
class Referrer:
    """A manifest that says something of another one.

    Attributes:
        subject: The other one.
        digest: Of the manifest itself.
        size: Bytes of the manifest itself.
        artifact_type: What it says, as a media type.
    """

    subject: Digest
    digest: Digest
    size: int
    artifact_type: str

    def to_json(self) -> dict[str, Any]:
        """As the index has it."""
        entry = descriptor(MANIFEST_TYPE, self.digest, self.size)
        return {**entry, "artifactType": self.artifact_type, "annotations": {SUBJECT: str(self.subject)}}


@dataclass(frozen=True)
class Index:
    """All entries of an index.

    Attributes:
        entries: Ours as `Version` and `Referrer`, those of other tools as they stand there.
        extra: Further properties of the index itself.
    """

    entries: tuple[Entry, ...] = ()
    extra: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def parse(cls, data: bytes, subject: str) -> Index:
        """Read an index that anybody may have written.

        Raises:
            MismatchError: It is no OCI index, or says two things of one version.
        """
        read = Reader(subject, _HINT)
        if len(data) > MAX_BYTES:
            raise read.wrong("length", f"at most {MAX_BYTES} bytes", f"{len(data)} bytes")
        document = read.mapping(read.json(data), "content")
        read.constant(document, "schemaVersion", 2)
        listed = document.get("manifests")
        if not isinstance(listed, list):
            raise read.wrong("manifests", "a list", read.shown(listed))
        entries = tuple(_entry(read, item, f"entry {number}") for number, item in enumerate(listed))
        seen: set[tuple[str, int]] = set()
        for one in entries:
            if isinstance(one, Version):
                if (one.name, one.number) in seen:
                    raise read.wrong("manifests", "each version once", f"version {one.number} of {one.name} twice")
                seen.add((one.name, one.number))
        known = ("schemaVersion", "mediaType", "manifests")
        return cls(entries, tuple((key, value) for key, value in document.items() if key not in known))

    def to_bytes(self) -> bytes:
        """The index as JSON, always in the same bytes."""
        entries = [entry if isinstance(entry, Mapping) else entry.to_json() for entry in self.entries]
        document = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries, **dict(self.extra)}
        return canonical(document)

    def versions(self, name: str | None = None) -> tuple[Version, ...]:
        """Versions of a variant, or of all, by name and number."""
        ours = (entry for entry in self.entries if isinstance(entry, Version))
        return tuple(
            sorted((one for one in ours if name in (None, one.name)), key=lambda one: (one.name, one.number))
        )

    def referrers(self, subject: Digest) -> tuple[Referrer, ...]:
        """What says something of a manifest, in the order it came."""
        ours = (entry for entry in self.entries if isinstance(entry, Referrer))
        return tuple(one for one in ours if one.subject == subject)

    def with_referrer(self, referrer: Referrer) -> Index:
        """The same with one more; unchanged where it is there already."""
        return self if referrer in self.entries else Index((*self.entries, referrer), self.extra)

    def matching(self, name: str) -> tuple[str, ...]:
        """Full names of which `name` is a part: `model`, `publisher/model`, `model/variant`, ..."""
        wanted = name.strip("/").lower()
        names = dict.fromkeys(version.name for version in self.versions())
        return tuple(one for one in names if f"/{wanted}/" in f"/{one}/")

    def with_manifest(
        self, name: str, digest: Digest, size: int, address: str = "ADDRESS"
    ) -> tuple[Index, Version]:
        """The same with a manifest as the next version; unchanged where it is published already.

        Args:
            name: Full name of the variant.
            digest: Of the manifest.
            size: Bytes of the manifest.
            address: The store, for messages.

        Raises:
            RejectedError: Just this content was published and then yanked.
        """
        present = self.versions(name)
        for version in present:
            if version.digest == digest:
                if version.yanked is not None:
                    which = f"{name} --version {version.number} --store {address}"
                    raise RejectedError(
                        f"{name}: this content is version {version.number}, which was yanked: {version.yanked}",
                        hint=f"`zoo yank {which} --undo` shows it again",
                    )
                return self, version
        number = 1 + max((version.number for version in present), default=0)
        new = Version(name, number, digest, size)
        return Index((*self.entries, new), self.extra), new

    def with_version(self, changed: Version) -> Index:
        """The same with one version hidden or shown; its content cannot change.

        Raises:
            RequestError: There is no such version.
            RejectedError: The version has other content: what is published stays as it is.
        """
        present = {version.number: version for version in self.versions(changed.name)}
        old = present.get(changed.number)
        if old is None:
            listed = ", ".join(map(str, present)) or "none"
            raise RequestError(f"{changed.name} has no version {changed.number}", hint=f"published: {listed}")
        if (old.digest, old.size) != (changed.digest, changed.size):
            raise RejectedError(
                f"version {old.number} of {old.name} is published and never changes:"
                f" expected {old.digest}, found {changed.digest}",
                hint="publish it as a new version",
            )
        return Index(tuple(changed if entry is old else entry for entry in self.entries), self.extra)


Entry = Version | Referrer | Mapping[str, Any]

EMPTY = Index().to_bytes()

_HINT = "restore the index from a copy; the blobs themselves are not touched by it"


def _entry(read: Reader, item: object, what: str) -> Entry:
    entry = read.mapping(item, what)
    digest, size, annotations = read.digest(entry, what), read.size(entry, what), read.annotations(entry)
    if SUBJECT in annotations:
        subject = read.digest({"digest": annotations[SUBJECT]}, f"{SUBJECT} of {what}")
        return Referrer(subject, digest, size, read.text(entry, "artifactType", what))
    if NAME not in annotations:
        # what another tool copied here keeps its tag and loses our annotations
        meant = meant_by(annotations.get(TAG, ""))
        ours = meant and entry.get("mediaType") == MANIFEST_TYPE
        return Version(*meant, digest, size) if meant and ours else entry
    name, number = annotations[NAME], annotations.get(VERSION, "")
    if not _FULL_NAME.fullmatch(name):
        raise read.wrong(f"{NAME} of {what}", "publisher/model/variant", read.shown(name))
    if not _NUMBER.fullmatch(number):
        raise read.wrong(f"{VERSION} of {what}", "a number from 1", read.shown(number))
    version = Version(name, int(number), digest, size, annotations.get(YANKED))
    return version if version.to_json() == entry else _foreign(read, version, annotations, what)


def _foreign(read: Reader, version: Version, annotations: Mapping[str, str], what: str) -> Version:
    """A version whose entry another tool rewrote: fine as long as its tag is still its own."""
    if annotations.get(TAG, version.tag) != version.tag:
        raise read.wrong(f"{TAG} of {what}", version.tag, read.shown(annotations[TAG]))
    return version
