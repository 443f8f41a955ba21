import base64
import stat
from pathlib import Path

import pytest

from registry import keys
from registry.digest import Digest
from registry.errors import RequestError, UnavailableError
from tests.unit.signing import PKCS8, SPKI, pem

# RFC 8032, section 7.1, tests 1 to 3: seed, public key, message, signature
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bb"
        "e24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302"
        "aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed"
        "28dc027beceea1ec40a",
    ),
]


def never() -> bytes:
    raise AssertionError("nobody is to be asked")


@pytest.mark.parametrize(("seed", "public", "message", "signature"), VECTORS)
def test_the_vectors_of_rfc_8032(tmp_path: Path, seed: str, public: str, message: str, signature: str) -> None:
    private_file, public_file = tmp_path / "k.key", tmp_path / "k.pub"
    private_file.write_bytes(pem("PRIVATE KEY", PKCS8 + bytes.fromhex(seed)))
    public_file.write_bytes(pem("PUBLIC KEY", SPKI + bytes.fromhex(public)))
    private, read = keys.read_private(private_file, never), keys.read_public(public_file)
    assert private.public.identifier == read.identifier == Digest.of(SPKI + bytes.fromhex(public))
    assert private.sign(bytes.fromhex(message)).hex() == signature
    assert read.verifies(bytes.fromhex(signature), bytes.fromhex(message))
    assert not read.verifies(bytes.fromhex(signature), bytes.fromhex(message) + b"x")


@pytest.mark.parametrize("length", [0, 1, 63, 65, 1000])
def test_a_signature_of_another_length_is_none(tmp_path: Path, length: int) -> None:
    public = keys.create(tmp_path / "k", None)
    assert not public.verifies(bytes(length), b"message")


@pytest.mark.parametrize("passphrase", [None, b"open sesame"])
def test_a_new_key_is_read_back(tmp_path: Path, passphrase: bytes | None) -> None:
    public = keys.create(tmp_path / "acme.key", passphrase)
    assert public.name == str(tmp_path / "acme.pub")
    private = keys.read_private(tmp_path / "acme.key", never if passphrase is None else lambda: passphrase)
    assert private.public.identifier == public.identifier == keys.read_public(tmp_path / "acme.pub").identifier
    assert public.verifies(private.sign(b"it"), b"it")
    assert stat.S_IMODE((tmp_path / "acme.key").stat().st_mode) == 0o600
    assert keys.open_to_others(tmp_path / "acme.key") is None
    encrypted = b"ENCRYPTED" in (tmp_path / "acme.key").read_bytes()
    assert encrypted is (passphrase is not None)


def test_a_key_shows_nothing_of_itself(tmp_path: Path) -> None:
    keys.create(tmp_path / "k", None)
    private = keys.read_private(tmp_path / "k", never)
    assert repr(private) == f"PrivateKey(public={private.public!r})"


@pytest.mark.parametrize(("name", "public"), [("k", "k.pub"), ("k.pem", "k.pub"), ("k.2026", "k.2026.pub")])
def test_the_public_half_lies_beside_the_private_one(name: str, public: str) -> None:
    assert keys.public_path(Path("a", name)) == Path("a", public)


@pytest.mark.parametrize("present", ["k", "k.pub"])
def test_nothing_is_overwritten(tmp_path: Path, present: str) -> None:
    (tmp_path / present).write_bytes(b"precious")
    with pytest.raises(RequestError, match="there already"):
        keys.create(tmp_path / "k", None)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {present: b"precious"}


def test_a_link_that_leads_nowhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "k").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RequestError, match="there already"):
        keys.create(tmp_path / "k", None)
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be written"):
        keys.create(tmp_path / "none" / "k", None)


def test_a_passphrase_has_a_length(tmp_path: Path) -> None:
    keys.create(tmp_path / "longest", b"x" * keys.MAX_PASSPHRASE)
    with pytest.raises(RequestError, match="too long"):
        keys.create(tmp_path / "k", b"x" * (keys.MAX_PASSPHRASE + 1))
    assert not (tmp_path / "k").exists()


@pytest.mark.parametrize("wrong", [b"other", b"", b"x" * 5000, b"\xff"])
def test_a_wrong_passphrase(tmp_path: Path, wrong: bytes) -> None:
    keys.create(tmp_path / "k", b"open sesame")
    with pytest.raises(RequestError, match="passphrase does not open") as caught:
        keys.read_private(tmp_path / "k", lambda: wrong)
    assert "sesame" not in str(caught.value)


SECRET = base64.b64encode(b"a secret that no message may tell")
UNREADABLE = {
    "nothing": (b"", "no key"),
    "noise": (bytes(range(256)), "no key"),
    "cut-short": (b"-----BEGIN PRIVATE KEY-----\n" + SECRET, "a private key that cannot be read"),
    "no-der": (pem("PRIVATE KEY", SECRET), "a private key that cannot be read"),
    "huge": (bytes(keys.MAX_BYTES + 1), f"more than {keys.MAX_BYTES} bytes"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_is_no_key(tmp_path: Path, name: str) -> None:
    content, found = UNREADABLE[name]
    (tmp_path / "k").write_bytes(content)
    for reading in (lambda: keys.read_private(tmp_path / "k", never), lambda: keys.read_public(tmp_path / "k")):
        with pytest.raises(RequestError, match=found) as caught:
            reading()
        assert SECRET.decode() not in f"{caught.value} {caught.value.hint}"


def test_each_half_is_told_from_the_other(tmp_path: Path) -> None:
    keys.create(tmp_path / "k", None)
    with pytest.raises(RequestError, match="Ed25519 private key in PEM, found a public key"):
        keys.read_private(tmp_path / "k.pub", never)
    with pytest.raises(RequestError, match="Ed25519 public key in PEM, found a private key"):
        keys.read_public(tmp_path / "k")


@pytest.mark.parametrize("place", ["none", "."])
def test_a_missing_file_and_a_folder(tmp_path: Path, place: str) -> None:
    with pytest.raises(RequestError, match="cannot be read"):
        keys.read_private(tmp_path / place, never)
    with pytest.raises(RequestError, match="cannot be read"):
        keys.read_public(tmp_path / place)


@pytest.mark.parametrize(("mode", "told"), [(0o644, "0644"), (0o620, "0620"), (0o400, None)])
def test_a_key_that_is_open_to_others(tmp_path: Path, mode: int, told: str | None) -> None:
    keys.create(tmp_path / "k", None)
    (tmp_path / "k").chmod(mode)
    assert keys.open_to_others(tmp_path / "k") == told
