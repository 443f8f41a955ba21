"""Key files, passphrases and the policy that names them; and openssl, which says the same of them as we do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from registry.digest import Digest
from registry.signature import Envelope, pre_authentication_encoding
from tests.acceptance.test_sign import POLICY, policy, sign, verify
from tests.acceptance.test_sign import store as store  # noqa: PLC0414 - a fixture
from tests.acceptance.world import COMMAND, Result, Zoo, assert_says, files_below

SECRET = "correct horse battery staple"
needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="needs the Debian package openssl")


def openssl(zoo: Zoo, *arguments: str) -> bytes:
    result = subprocess.run(["openssl", *arguments], cwd=zoo.work, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def assert_silent(result: Result, *secrets: str) -> None:
    for secret in secrets:
        assert secret not in result.out + result.err


def private_lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if not line.startswith("-")]


def test_a_new_key_is_private_and_says_that_it_is_not_encrypted(zoo: Zoo) -> None:
    result = zoo("sign", "--new-key", "keys/acme.key")
    assert result.code == 3, result
    (zoo.work / "keys").mkdir()
    result = zoo("sign", "--new-key", "keys/acme.key", "--format", "json")
    assert result.code == 0, result
    assert_says(result, "keys/acme.key is not encrypted", "ZOO_KEY_PASSPHRASE")
    assert (zoo.work / "keys/acme.key").stat().st_mode & 0o777 == 0o600
    assert result.json()["public"] == "keys/acme.pub"
    assert_silent(result, *private_lines(zoo.work / "keys/acme.key"))
    again = zoo("sign", "--new-key", "keys/acme.key")
    assert again.code == 2, again
    assert_says(again, "keys/acme.key is there already", "never overwritten")


def test_an_encrypted_key_opens_with_its_passphrase_only(zoo: Zoo, store: Path) -> None:
    made = zoo("sign", "--new-key", "locked.key", ZOO_KEY_PASSPHRASE=SECRET)
    assert made.code == 0, made
    assert "not encrypted" not in made.err
    signing = ["sign", "acme/net/small", "--store", "store", "--key", "locked.key", "--format", "json"]
    right = zoo(*signing, ZOO_KEY_PASSPHRASE=SECRET)
    assert right.code == 0, right
    wrong = zoo(*signing, ZOO_KEY_PASSPHRASE="incorrect horse")
    assert wrong.code == 2, wrong
    assert_says(wrong, "locked.key: the passphrase does not open this key")
    none = zoo(*signing)
    assert none.code == 2, none
    assert_says(none, "locked.key is encrypted", "ZOO_KEY_PASSPHRASE")
    assert zoo(*signing, ZOO_KEY_PASSPHRASE="").code == 2
    for result in (made, right, wrong, none, zoo("config", ZOO_KEY_PASSPHRASE=SECRET)):
        assert_silent(result, SECRET, "incorrect horse", *private_lines(zoo.work / "locked.key"))
    for path in files_below(zoo.folder):
        assert SECRET.encode() not in path.read_bytes()


ON_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


def on_terminal(zoo: Zoo, answers: list[str], *arguments: str) -> tuple[int, str]:
    """Run the command on a terminal of its own and answer each time that it asks for a passphrase."""
    here, there = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", ON_TERMINAL, str(COMMAND), *arguments],
        cwd=zoo.work,
        env=zoo.environment,
        stdin=there,
        stdout=there,
        stderr=there,
        start_new_session=True,
    )
    os.close(there)
    shown, waiting = b"", list(answers)
    try:
        while piece := _piece(here):
            shown += piece
            if waiting and shown.endswith(b": "):  # its last blank comes once the terminal is silent
                os.write(here, waiting.pop(0).encode() + b"\n")
                shown += b"\n"
        return process.wait(), shown.decode()
    finally:
        os.close(here)
        process.kill()
        process.wait()


def _piece(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # how Linux says that the other end is closed
        return b""


def test_a_terminal_is_asked_and_shows_nothing(zoo: Zoo, store: Path) -> None:
    code, shown = on_terminal(zoo, [SECRET, SECRET], "sign", "--new-key", "locked.key")
    assert (code, SECRET in shown) == (0, False), shown
    assert "ENCRYPTED" in (zoo.work / "locked.key").read_text()
    signing = ["sign", "acme/net/small", "--store", "store", "--key", "locked.key"]
    code, shown = on_terminal(zoo, [SECRET], *signing)
    assert (code, SECRET in shown) == (0, False), shown
    assert "signed acme/net/small version 1" in shown
    code, shown = on_terminal(zoo, ["wrong"], *signing)
    assert code == 2, shown
    code, shown = on_terminal(zoo, [SECRET, "another"], "sign", "--new-key", "new.key")
    assert (code, (zoo.work / "new.key").exists()) == (2, False), shown
    assert "the two passphrases differ" in shown


def test_an_empty_answer_means_no_passphrase(zoo: Zoo) -> None:
    code, shown = on_terminal(zoo, [""], "sign", "--new-key", "open.key")
    assert code == 0, shown
    assert "open.key is not encrypted" in shown


def test_a_key_that_others_can_read_is_told_and_used(zoo: Zoo, store: Path) -> None:
    (zoo.work / "acme.key").chmod(0o644)
    result = sign(zoo)
    assert result.code == 0, result
    assert_says(result, "acme.key is open to others than its owner (mode 0644): chmod 600 acme.key")
    (zoo.work / "acme.key").chmod(0o600)
    assert sign(zoo).err == ""


def rsa(*, public: bool) -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

    key = generate_private_key(65537, 2048)
    if public:
        kind = serialization.PublicFormat.SubjectPublicKeyInfo
        return key.public_key().public_bytes(serialization.Encoding.PEM, kind)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize("kind", ["folder", "garbage", "rsa", "public", "missing"])
def test_what_is_no_private_key(zoo: Zoo, store: Path, kind: str) -> None:
    path = zoo.work / "bad.key"
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        contents = {"garbage": b"\x00\xff", "public": (zoo.work / "acme.pub").read_bytes()}
        path.write_bytes(contents[kind] if kind in contents else rsa(public=False))
    result = sign(zoo, key="bad.key")
    assert result.code == 2, result
    expected = "cannot be read" if kind in ("folder", "missing") else "expected an Ed25519 private key in PEM"
    assert_says(result, "bad.key", expected, "next: ")
    if kind == "rsa":
        assert_says(result, "found RSAPrivateKey")
        assert_silent(result, *private_lines(path))


@pytest.mark.parametrize("kind", ["garbage", "rsa", "private", "missing"])
def test_what_is_no_public_key_in_the_policy(zoo: Zoo, store: Path, kind: str) -> None:
    assert sign(zoo).code == 0
    path = zoo.work / "acme.pub"
    if kind == "missing":
        path.unlink()
    else:
        contents = {"garbage": b"\x00\xff", "private": (zoo.work / "acme.key").read_bytes()}
        path.write_bytes(contents[kind] if kind in contents else rsa(public=True))
    result = verify(zoo)
    assert result.code == 2, result
    assert_says(result, "acme.pub", "next: ")
    assert_silent(result, *private_lines(zoo.work / "acme.key"))


def test_the_policy_of_the_project_wins_for_each_publisher(zoo: Zoo, store: Path) -> None:
    assert sign(zoo).code == 0
    user = zoo.home / "config" / "zoo" / "zoo.toml"
    user.parent.mkdir(parents=True)
    user.write_text('[trust.acme]\nkeys = "mine.pub"\n[trust."*"]\nrequire = true\n')
    shutil.copy(zoo.work / "acme.pub", user.parent / "mine.pub")
    policy(zoo, POLICY.replace("acme.pub", "other.pub"))
    assert verify(zoo).code == 1
    shown = zoo("config", "--format", "json").json()
    assert [one["origin"] for one in shown["trust.acme"]["from"]] == ["zoo.toml", str(user)]
    assert shown["trust.acme"]["value"] == {"keys": ["other.pub"], "require": True}
    assert shown["trust.*"]["value"] == {"keys": [], "require": True}
    assert "trust.acme = " in zoo("config").out
    policy(zoo, "")
    judged = verify(zoo)
    assert judged.code == 0, judged
    assert str(user.parent / "mine.pub") in judged.out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("trust = 5", "zoo.toml: trust: expected one table a publisher"),
        ("[trust.acme]\nkey = 'a.pub'", "zoo.toml: trust.acme: unknown key 'key'"),
        ("[trust.acme]\nkeys = 5", "zoo.toml: trust.acme.keys: expected a list of files"),
        ("[trust.acme]\nrequire = 'yes'", "zoo.toml: trust.acme.require: expected true or false"),
        ("[trsut.acme]", "did you mean 'trust'?"),
    ],
)
def test_a_policy_of_another_form_is_named(zoo: Zoo, text: str, said: str) -> None:
    policy(zoo, text)
    result = zoo("config")
    assert result.code == 2, result
    assert_says(result, said, "next: ")


def signed_bytes(zoo: Zoo, name: str) -> None:
    """Write what an outsider takes out of the store: `pae` and `sig` of a signature."""
    index = json.loads((zoo.work / "store" / "index.json").read_bytes())
    entry = index["manifests"][-1]
    manifest = json.loads((zoo.work / "store" / Digest.parse(entry["digest"]).blob_path).read_bytes())
    blob = zoo.work / "store" / Digest.parse(manifest["layers"][0]["digest"]).blob_path
    envelope = Envelope.parse(blob.read_bytes(), name)
    (zoo.work / "pae").write_bytes(pre_authentication_encoding(envelope.payload_type, envelope.payload))
    (zoo.work / "sig").write_bytes(envelope.signatures[0].value)


@pytest.mark.server
@needs_openssl
def test_openssl_accepts_our_signature_and_no_other(zoo: Zoo, store: Path) -> None:
    assert sign(zoo).code == 0
    signed_bytes(zoo, "it")
    check = ["pkeyutl", "-verify", "-pubin", "-rawin", "-in", "pae", "-sigfile", "sig", "-inkey"]
    assert b"Signature Verified Successfully" in openssl(zoo, *check, "acme.pub")
    with pytest.raises(AssertionError):
        openssl(zoo, *check, "other.pub")
    (zoo.work / "pae").write_bytes((zoo.work / "pae").read_bytes() + b" ")
    with pytest.raises(AssertionError):
        openssl(zoo, *check, "acme.pub")


@pytest.mark.server
@needs_openssl
def test_the_identifier_of_a_key_is_what_openssl_and_sha256_make_of_it(zoo: Zoo) -> None:
    made = zoo("sign", "--new-key", "acme.key", "--format", "json").json()
    der = openssl(zoo, "pkey", "-pubin", "-in", "acme.pub", "-outform", "DER")
    assert made["key"] == str(Digest.of(der))


@pytest.mark.server
@needs_openssl
@pytest.mark.parametrize("cipher", [[], ["-scrypt"], ["-iter", "1000"]], ids=["plain", "scrypt", "pbkdf2"])
def test_a_key_that_openssl_made_signs(zoo: Zoo, store: Path, cipher: list[str]) -> None:
    openssl(zoo, "genpkey", "-algorithm", "ed25519", "-out", "theirs.key")
    openssl(zoo, "pkey", "-in", "theirs.key", "-pubout", "-out", "theirs.pub")
    if cipher:
        openssl(zoo, "pkcs8", "-topk8", *cipher, "-in", "theirs.key", "-out", "l.key", "-passout", f"pass:{SECRET}")
        (zoo.work / "l.key").replace(zoo.work / "theirs.key")
    zoo.environment["ZOO_KEY_PASSPHRASE"] = SECRET
    result = sign(zoo, key="theirs.key")
    assert result.code == 0, result
    policy(zoo, POLICY.replace("acme.pub", "theirs.pub"))
    assert verify(zoo).code == 0
