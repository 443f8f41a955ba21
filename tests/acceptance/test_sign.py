"""Signing what is published, and judging it by a policy: the installed command on folders, without any network."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from registry.digest import Digest
from tests.acceptance.test_publish import snapshot
from tests.acceptance.world import Cards, Result, Zoo, assert_says, files_below, model_bytes, pinned

MODEL, OTHER = model_bytes(5000, 1), model_bytes(6000, 2)
POLICY = '[trust.acme]\nkeys = ["acme.pub"]\nrequire = true\n'


@pytest.fixture
def store(zoo: Zoo, cards: Cards) -> Path:
    """A store with two variants, a key `acme` that the policy trusts, and a key `other` that it does not."""
    for name, data in (("small", MODEL), ("large", OTHER)):
        path = zoo.work / "files" / f"{name}.tflite"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    publish(zoo, cards, MODEL)
    for name in ("acme", "other"):
        assert zoo("sign", "--new-key", f"{name}.key").code == 0
    policy(zoo, POLICY)
    return zoo.work / "store"


def publish(zoo: Zoo, cards: Cards, data: bytes) -> None:
    (zoo.work / "files" / "small.tflite").write_bytes(data)
    card = cards.card(pinned("small", data), pinned("large", OTHER))
    result = zoo("publish", card, "--to", "store", "--from", "files")
    assert result.code == 0, result


def policy(zoo: Zoo, text: str) -> None:
    (zoo.work / "zoo.toml").write_text(text, encoding="utf-8")


def sign(zoo: Zoo, *options: str, name: str = "acme/net/small", key: str = "acme.key") -> Result:
    return zoo("sign", name, "--store", "store", "--key", key, *options)


def verify(zoo: Zoo, *options: str, name: str = "acme/net/small", store: str = "store") -> Result:
    return zoo("verify", "--signature", name, "--store", store, *options)


def states(result: Result) -> list[list[str]]:
    """States of the signatures, by version."""
    return [[one["state"] for one in version["signatures"]] for version in result.json()]


def manifest_of(zoo: Zoo, name: str) -> Path:
    found = zoo("history", name, "--store", "store", "--format", "json").json()[-1]
    return zoo.work / "store" / Digest.parse(found["digest"]).blob_path


def test_what_a_trusted_key_signed_is_trusted(zoo: Zoo, store: Path) -> None:
    result = sign(zoo)
    assert result.code == 0, result
    assert "signed acme/net/small version 1" in result.out
    judged = verify(zoo)
    assert judged.code == 0, judged
    assert judged.out.startswith("trusted  acme/net/small version 1")
    assert "signed with acme.pub" in judged.out
    assert zoo("pull", "acme/net/small", "--mirror", "store", "--offline", "-o", "out").code == 0


def test_what_nobody_signed_is_not(zoo: Zoo, store: Path) -> None:
    judged = verify(zoo, "--format", "json")
    assert judged.code == 1, judged
    (version,) = judged.json()
    assert (version["trusted"], version["reason"], version["signatures"]) == (False, "nobody signed it", [])
    assert version["required"] is True


def test_one_of_several_variants_without_signature_is_told(zoo: Zoo, store: Path) -> None:
    assert sign(zoo).code == 0
    judged = verify(zoo, "--format", "json", name="acme/net")
    assert judged.code == 1, judged
    assert {one["variant"]: one["trusted"] for one in judged.json()} == {
        "acme/net/large": False,
        "acme/net/small": True,
    }
    assert sign(zoo, name="acme/net").code == 0
    assert verify(zoo, name="acme/net").code == 0


def test_another_key_is_not_trusted_and_one_of_two_is_enough(zoo: Zoo, store: Path) -> None:
    assert sign(zoo, key="other.key").code == 0
    judged = verify(zoo, "--format", "json")
    assert judged.code == 1, judged
    assert states(judged) == [["unknown-key"]]
    assert sign(zoo).code == 0
    both = verify(zoo, "--format", "json")
    assert both.code == 0, both
    assert states(both) == [["unknown-key", "trusted"]]
    assert len(json.loads((store / "index.json").read_bytes())["manifests"]) == 4


def test_a_key_is_revoked_by_leaving_the_policy(zoo: Zoo, store: Path) -> None:
    assert sign(zoo).code == 0
    policy(zoo, POLICY.replace("acme.pub", "other.pub"))
    assert verify(zoo).code == 1
    assert sign(zoo, key="other.key").code == 0
    judged = verify(zoo)
    assert judged.code == 0, judged
    assert "signed with other.pub" in judged.out


def test_without_a_policy_nothing_is_trusted(zoo: Zoo, store: Path) -> None:
    assert sign(zoo).code == 0
    for text in ("", POLICY.replace("acme]", "zeta]")):
        policy(zoo, text)
        judged = verify(zoo)
        assert judged.code == 1, judged
        assert "no key is trusted for acme: zoo.toml" in judged.out
    policy(zoo, POLICY.replace("acme]", '"*"]'))
    assert verify(zoo).code == 0


def test_signing_again_changes_nothing_and_says_so(zoo: Zoo, store: Path) -> None:
    assert sign(zoo, name="acme/net").code == 0
    before = snapshot(store)
    again = sign(zoo, name="acme/net")
    assert again.code == 0, again
    assert again.out.count("signed with this key already") == 2
    assert snapshot(store) == before


def test_a_dry_run_says_what_it_would_sign_and_writes_nothing(zoo: Zoo, store: Path) -> None:
    before = snapshot(store)
    planned = sign(zoo, "--dry-run", "--format", "json")
    assert planned.code == 0, planned
    assert snapshot(store) == before
    done = sign(zoo, "--format", "json")
    assert done.json() == {**planned.json(), "dry_run": False}
    (version,) = done.json()["versions"]
    assert (store / Digest.parse(version["signature"]).blob_path).is_file()
    assert version["digest"] == f"sha256:{manifest_of(zoo, 'acme/net/small').name}"


def test_the_newest_version_is_meant_unless_another_is_named(zoo: Zoo, cards: Cards, store: Path) -> None:
    assert sign(zoo).code == 0
    publish(zoo, cards, model_bytes(5000, 3))
    assert verify(zoo).code == 1
    assert verify(zoo, "--version", "1").code == 0
    assert "signed acme/net/small version 2" in sign(zoo).out
    assert verify(zoo).code == 0
    assert verify(zoo, "--version", "3").code == 2
    assert zoo("yank", "acme/net/small", "--store", "store", "--version", "2", "--reason", "wrong").code == 0
    assert "version 1" in verify(zoo).out


def test_a_signature_is_an_oci_referrer(zoo: Zoo, store: Path) -> None:
    (version,) = sign(zoo, "--format", "json").json()["versions"]
    document = json.loads((store / Digest.parse(version["signature"]).blob_path).read_bytes())
    assert document["subject"]["digest"] == version["digest"]
    assert document["artifactType"] == "application/vnd.edge-model-zoo.signature.v1+json"
    assert document["config"]["mediaType"] == "application/vnd.oci.empty.v1+json"
    (layer,) = document["layers"]
    assert layer["mediaType"] == "application/vnd.dsse.envelope.v1+json"
    for blob in (document["config"], layer):
        assert (store / Digest.parse(blob["digest"]).blob_path).stat().st_size == blob["size"]


def rewrite(path: Path, data: bytes) -> None:
    """Put other bytes where published ones are; those are read-only."""
    path.chmod(0o644)
    path.write_bytes(data)


def edit_index(store: Path, change: Any) -> None:
    index = json.loads((store / "index.json").read_bytes())
    change(index["manifests"])
    (store / "index.json").write_bytes(json.dumps(index).encode())


def test_a_signature_copied_onto_another_manifest_is_wrong(zoo: Zoo, store: Path) -> None:
    signed = sign(zoo, "--format", "json").json()["versions"][0]
    other = manifest_of(zoo, "acme/net/large")
    document = json.loads((store / Digest.parse(signed["signature"]).blob_path).read_bytes())
    document["subject"] |= {"digest": f"sha256:{other.name}", "size": other.stat().st_size}
    forged = json.dumps(document).encode()
    (store / Digest.of(forged).blob_path).write_bytes(forged)
    entry = {
        "mediaType": document["mediaType"],
        "digest": str(Digest.of(forged)),
        "size": len(forged),
        "artifactType": document["artifactType"],
        "annotations": {"org.edge-model-zoo.subject": f"sha256:{other.name}"},
    }
    edit_index(store, lambda entries: entries.append(entry))
    judged = verify(zoo, "--format", "json", name="acme/net/large")
    assert judged.code == 1, judged
    assert states(judged) == [["wrong"]]
    assert "it signs another manifest" in judged.json()[0]["reason"]
    assert verify(zoo).code == 0


def test_signed_content_under_another_name_is_wrong(zoo: Zoo, store: Path) -> None:
    assert sign(zoo).code == 0

    def exchange(entries: list[Any]) -> None:
        small, large = entries[:2]
        small["digest"], large["digest"] = large["digest"], small["digest"]
        small["size"], large["size"] = large["size"], small["size"]

    edit_index(store, exchange)
    judged = verify(zoo, name="acme/net/large")
    assert judged.code == 1, judged
    assert "under another name: expected acme/net/large, found 'acme/net/small'" in judged.out
    refused = sign(zoo, name="acme/net/large")
    assert refused.code == 1, refused
    assert_says(refused, "expected acme/net/large, found 'acme/net/small'", "nothing was signed")


@pytest.mark.parametrize("fault", ["flipped", "missing", "grown"])
def test_a_blob_that_is_not_the_signed_one_is_told(zoo: Zoo, store: Path, fault: str) -> None:
    assert sign(zoo).code == 0
    path = store / Digest.of(MODEL).blob_path
    path.chmod(0o644)
    if fault == "missing":
        path.unlink()
    else:
        path.write_bytes(MODEL + b"x" if fault == "grown" else MODEL[:-1] + b"x")
    judged = verify(zoo)
    assert judged.code == 1, judged
    assert "damaged  small.tflite: " in judged.out


def test_a_manifest_changed_after_signing(zoo: Zoo, store: Path) -> None:
    assert sign(zoo).code == 0
    path = manifest_of(zoo, "acme/net/small")
    data = path.read_bytes().replace(b"small.tflite", b"smalx.tflite")
    rewrite(path, data)
    judged = verify(zoo, "--format", "json")
    assert judged.code == 1, judged
    assert judged.json()[0]["faults"]
    path.unlink()
    changed = store / Digest.of(data).blob_path
    changed.write_bytes(data)
    edit_index(store, lambda entries: entries[0].update(digest=str(Digest.of(data)), size=len(data)))
    moved = verify(zoo)
    assert moved.code == 1, moved
    assert "nobody signed it" in moved.out
    edit_index(
        store,
        lambda entries: entries[-1]["annotations"].update({"org.edge-model-zoo.subject": str(Digest.of(data))}),
    )
    claimed = verify(zoo)
    assert claimed.code == 1, claimed
    assert "wrong  " in claimed.out


def test_a_signature_whose_envelope_was_changed(zoo: Zoo, store: Path) -> None:
    assert sign(zoo).code == 0
    (path,) = (path for path in files_below(store / "blobs") if b"payloadType" in path.read_bytes())
    rewrite(path, path.read_bytes()[:-1] + b" ")
    judged = verify(zoo, "--format", "json")
    assert (judged.code, states(judged)) == (1, [["wrong"]]), judged
    assert "signed with this key already" in sign(zoo).out  # and it is whole again
    assert verify(zoo).code == 0


def test_a_copied_store_brings_its_signatures(zoo: Zoo, store: Path) -> None:
    assert sign(zoo).code == 0
    shutil.move(store, zoo.work / "elsewhere")
    assert verify(zoo, store="elsewhere").code == 0


def test_the_index_with_signatures_takes_further_versions(zoo: Zoo, cards: Cards, store: Path) -> None:
    assert sign(zoo).code == 0
    publish(zoo, cards, model_bytes(5000, 4))
    assert verify(zoo, "--version", "1").code == 0


def test_a_store_that_cannot_be_written(zoo: Zoo, store: Path) -> None:
    before = snapshot(store)
    limited = ("bash", "-c", 'ulimit -f 0; exec "$@"', "bash")
    result = zoo.under(limited, "sign", "acme/net/small", "--store", "store", "--key", "acme.key")
    assert result.code == 3, result
    assert_says(result, "store store cannot be written")
    assert snapshot(store) == before


def test_a_store_that_cannot_be_read(zoo: Zoo, store: Path) -> None:
    (store / "index.json").unlink()
    for result in (sign(zoo), verify(zoo)):
        assert result.code == 3, result
        assert_says(result, "store store: index.json cannot be read")


def test_a_store_that_is_none_and_a_name_that_is_not_there(zoo: Zoo, store: Path) -> None:
    assert verify(zoo, store="files").code == 2
    for result in (sign(zoo, name="net/smal"), verify(zoo, name="net/smal")):
        assert result.code == 2, result
        assert_says(result, "'net/smal' is not published in store", "acme/net/small")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sign"], "missing: NAME, --key"),
        (["sign", "net", "--key", "acme.key"], "expected --store ADDRESS, found none"),
        (["sign", "net", "--new-key", "k"], "--new-key makes a key and signs nothing"),
        (["sign", "--new-key", "k.pub"], ".pub is for the public half"),
        (["verify", "--signature"], "expected NAME with --signature"),
        (["verify", "--signature", "net", "--store", "store", "--all"], "does not go with --all"),
        (["verify", "net", "--store", "store"], "go with --signature"),
    ],
)
def test_what_does_not_go_together(zoo: Zoo, arguments: list[str], said: str) -> None:
    result = zoo(*arguments)
    assert result.code == 2, result
    assert_says(result, said, "next: ")
    assert files_below(zoo.work) == []


def test_the_extra_is_named_where_it_is_missing(zoo: Zoo, store: Path) -> None:
    assert sign(zoo).code == 0
    # as if it had never been installed: what Python finds first cannot be imported
    absent = zoo.folder / "absent" / "cryptography.py"
    absent.parent.mkdir()
    absent.write_text("raise ImportError('none')\n")
    without = {"PYTHONPATH": str(absent.parent)}
    new = zoo("sign", "--new-key", "new.key", **without)
    signing = zoo("sign", "acme/net/small", "--store", "store", "--key", "acme.key", **without)
    judging = zoo("verify", "--signature", "acme/net/small", "--store", "store", **without)
    for result in (new, signing, judging):
        assert result.code == 3, result
        assert_says(result, "cryptography, which is not installed", "pip install 'edge-model-zoo[sign]'")
    assert not (zoo.work / "new.key").exists()
