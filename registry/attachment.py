"""The OCI manifest by which a signature travels with what it signs: a referrer with one layer, the envelope.

Sources: OCI image specification 1.1 (`subject`, `artifactType`, guidance for an empty config).
"""

from __future__ import annotations

from dataclasses import dataclass

from registry.digest import Digest
from registry.manifest import MANIFEST_TYPE, Reader, canonical, descriptor
from registry.signature import ENVELOPE_TYPE
from registry.signature import MAX_BYTES as MAX_ENVELOPE_BYTES

SIGNATURE_TYPE = "application/vnd.edge-model-zoo.signature.v1+json"
EMPTY_TYPE = "application/vnd.oci.empty.v1+json"
EMPTY = b"{}"
"""The config of a manifest that has none."""

_HINT = "this signature was not counted; ask the publisher, or get it from another store"


@dataclass(frozen=True)
class Attachment:
    """A signature's manifest.

    Attributes:
        subject: Digest of the manifest that is signed.
        subject_size: Bytes of that manifest.
        envelope: Digest of the envelope.
        envelope_size: Bytes of the envelope.
    """

    subject: Digest
    subject_size: int
    envelope: Digest
    envelope_size: int

    def to_bytes(self) -> bytes:
        """The manifest, always in the same bytes."""
        return canonical(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST_TYPE,
                "artifactType": SIGNATURE_TYPE,
                "config": descriptor(EMPTY_TYPE, Digest.of(EMPTY), len(EMPTY)),
                "layers": [descriptor(ENVELOPE_TYPE, self.envelope, self.envelope_size)],
                "subject": descriptor(MANIFEST_TYPE, self.subject, self.subject_size),
            }
        )

    @classmethod
    def parse(cls, data: bytes, what: str) -> Attachment:
        """Read such a manifest, which anybody may have written.

        Raises:
            MismatchError: It is something else; says what was expected and what was found.
        """
        read = Reader(what, _HINT)
        document = read.mapping(read.json(data), "the manifest")
        read.constant(document, "schemaVersion", 2)
        read.constant(document, "mediaType", MANIFEST_TYPE)
        read.constant(document, "artifactType", SIGNATURE_TYPE)
        layers = document.get("layers")
        if not isinstance(layers, list) or len(layers) != 1:
            raise read.wrong("layers", "a list of one", read.shown(layers))
        layer = read.mapping(layers[0], "layer")
        read.constant(layer, "mediaType", ENVELOPE_TYPE, of="layer ")
        size = read.size(layer, "layer")
        if size > MAX_ENVELOPE_BYTES:
            raise read.wrong("size of layer", f"at most {MAX_ENVELOPE_BYTES}", str(size))
        subject = read.mapping(document.get("subject"), "subject")
        return cls(
            read.digest(subject, "subject"), read.size(subject, "subject"), read.digest(layer, "layer"), size
        )
