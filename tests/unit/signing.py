"""What tests of signatures share: keys that are the same in every run, and what they sign."""

from __future__ import annotations

import base64
import functools
import tempfile
from pathlib import Path

from registry import keys
from registry.digest import Digest
from registry.keys import PrivateKey
from registry.signature import Statement, sign

MANIFEST = b'{"a":"manifest"}'
NAME = "acme/net/small"
STATEMENT = Statement(NAME, Digest.of(MANIFEST))

PKCS8, SPKI = bytes.fromhex("302e020100300506032b657004220420"), bytes.fromhex("302a300506032b6570032100")
"""What stands before an Ed25519 key in DER, by RFC 8410."""


def pem(title: str, der: bytes) -> bytes:
    """DER as a PEM file has it."""
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (title.encode(), base64.encodebytes(der), title.encode())


def key(name: str = "acme") -> PrivateKey:
    """The key of this name."""
    return _key(name)


@functools.cache
def _key(name: str) -> PrivateKey:
    seed = bytes.fromhex(Digest.of(name.encode()).hex)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(pem("PRIVATE KEY", PKCS8 + seed))
        return keys.read_private(path, lambda: b"")


def envelope(statement: Statement = STATEMENT, name: str = "acme") -> bytes:
    """A statement, signed with the key of a name."""
    return sign(statement, key(name)).to_bytes()
