"""Ed25519 keys in files: private ones as PKCS#8 PEM, public ones as SubjectPublicKeyInfo PEM.

Both are what `openssl genpkey -algorithm ed25519` and `openssl pkey -pubout` write (RFC 5958, RFC 8410), so a key
may come from there and go there. Nothing here puts key material or a passphrase into a message.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from registry.digest import Digest
from registry.errors import RequestError, UnavailableError
from registry.files import open_regular

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

MAX_BYTES = 16 << 10
"""Largest key file that is read."""

MAX_PASSPHRASE = 1023
"""Longest passphrase in bytes: OpenSSL takes no longer one."""


@dataclass(frozen=True)
class PublicKey:
    """A key that proves who signed.

    Attributes:
        identifier: SHA-256 of its SubjectPublicKeyInfo in DER.
        name: The file it came from.
    """

    identifier: Digest
    name: str
    _key: Ed25519PublicKey = field(repr=False, compare=False)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether this key made the signature of the message."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class PrivateKey:
    """A key that signs.

    Attributes:
        public: Its public half.
    """

    public: PublicKey
    _key: Ed25519PrivateKey = field(repr=False, compare=False)

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes; the same each time (RFC 8032)."""
        return self._key.sign(message)


def public_path(path: Path) -> Path:
    """Where the public half of a new key goes: `acme.pub` beside `acme`, `acme.key` or `acme.pem`."""
    bare = path.with_suffix("") if path.suffix in (".key", ".pem") else path
    return bare.with_name(f"{bare.name}.pub")


def create(path: Path, passphrase: bytes | None) -> PublicKey:
    """Make a key: the private half at `path`, readable by its owner only, the public half beside it.

    Args:
        path: The new file.
        passphrase: What encrypts the private half; None leaves it as it is.

    Raises:
        RequestError: One of the two files is there already, or the passphrase is too long.
        UnavailableError: They cannot be written, or the extra `sign` is missing.
    """
    _require_cryptography()
    if passphrase and len(passphrase) > MAX_PASSPHRASE:
        raise RequestError(f"the passphrase is too long: at most {MAX_PASSPHRASE} bytes", hint="choose another")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        KeySerializationEncryption,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    key = Ed25519PrivateKey.generate()
    cipher: KeySerializationEncryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, cipher)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write_new(path, private, 0o600)
    try:
        _write_new(public_path(path), public, 0o644)
    except BaseException:
        path.unlink()  # half a pair would stand in the way of the next try
        raise
    return _public(key.public_key(), str(public_path(path)))


def read_private(path: Path, passphrase: Callable[[], bytes]) -> PrivateKey:
    """Read a private key.

    Args:
        path: The file.
        passphrase: Asked only where the key is encrypted.

    Raises:
        RequestError: There is no such file, it holds something else, or the passphrase is wrong.
        UnavailableError: The extra `sign` is missing.
    """
    data = _read(path, "private key")
    _require_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    encrypted = b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in data
    try:
        key = load_pem_private_key(data, passphrase() if encrypted else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # its words may quote the file
        if encrypted:
            raise RequestError(f"{path}: the passphrase does not open this key", hint="try again") from None
        raise _other_key(path, "private", _kind(data)) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _other_key(path, "private", type(key).__name__)
    return PrivateKey(_public(key.public_key(), str(path)), key)


def read_public(path: Path) -> PublicKey:
    """Read a public key.

    Raises:
        RequestError: There is no such file, or it holds something else.
        UnavailableError: The extra `sign` is missing.
    """
    data = _read(path, "public key")
    _require_cryptography()
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _other_key(path, "public", _kind(data)) from None
    if not isinstance(key, Ed25519PublicKey):
        raise _other_key(path, "public", type(key).__name__)
    return _public(key, str(path))


def open_to_others(path: Path) -> str | None:
    """The mode of a private key that others than its owner can read or change, such as `0644`; None when fine."""
    mode = stat.S_IMODE(path.stat().st_mode)
    return f"{mode:04o}" if os.name == "posix" and mode & 0o077 else None


def _public(key: Ed25519PublicKey, name: str) -> PublicKey:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return PublicKey(Digest.of(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)), name, key)


def _require_cryptography() -> None:
    try:
        import cryptography  # noqa: F401 - only whether it is there
    except ImportError:
        raise UnavailableError(
            "signatures need the Python package cryptography, which is not installed",
            hint="pip install 'edge-model-zoo[sign]'",
        ) from None


def _read(path: Path, what: str) -> bytes:
    try:
        with open_regular(path) as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RequestError(
            f"{what} {path} cannot be read: {error.strerror}", hint="`zoo sign --new-key FILE` makes a pair of keys"
        ) from None
    if len(data) > MAX_BYTES:
        raise _other_key(path, what.partition(" ")[0], f"more than {MAX_BYTES} bytes")
    return data


def _kind(data: bytes) -> str:
    """What a file is, without a word of what is in it."""
    if b"PRIVATE KEY-----" in data:
        return "a private key that cannot be read as such"
    return "a public key that cannot be read as such" if b"PUBLIC KEY-----" in data else "no key"


def _other_key(path: Path, half: str, found: str) -> RequestError:
    hint = "name the .pub file" if half == "public" else "name the private half, not the .pub file"
    return RequestError(
        f"{path}: expected an Ed25519 {half} key in PEM, found {found}",
        hint=f"{hint}; `zoo sign --new-key FILE` makes a pair of keys",
    )


def _write_new(path: Path, data: bytes, mode: int) -> None:
    """Write a file that must not be there yet; nobody else can read it at any moment before its mode says so."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            with contextlib.suppress(OSError):
                path.unlink()
            raise
    except FileExistsError:
        raise RequestError(
            f"{path} is there already", hint="a key is never overwritten: name another file"
        ) from None
    except OSError as error:
        raise UnavailableError(f"key {path} cannot be written: {error.strerror}") from None
