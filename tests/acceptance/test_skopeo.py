"""A foreign client reads what `zoo publish` writes: Debian's skopeo."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from registry.digest import Digest
from tests.acceptance.world import SHARED, Cards, Zoo, files_below, model_bytes, pinned

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not shutil.which("skopeo"), reason="needs the Debian package skopeo"),
]

MODEL = model_bytes(70_000, 3)
REAL = "9711334db2b01d5894feb8ed0f5cb3e97d125b8d229f8d8692f625801818f5ef"


def skopeo(work: Path, *arguments: str) -> bytes:
    """Run skopeo, which needs no trust policy of this machine."""
    result = subprocess.run(["skopeo", "--insecure-policy", *arguments], cwd=work, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture
def store(zoo: Zoo, cards: Cards) -> Path:
    """A store with one variant."""
    (zoo.work / "files").mkdir()
    (zoo.work / "files" / "small.tflite").write_bytes(MODEL)
    result = zoo("publish", cards.card(pinned("small", MODEL)), "--to", "store", "--from", "files")
    assert result.code == 0, result
    return zoo.work / "store"


def test_skopeo_reads_the_manifest_byte_for_byte(zoo: Zoo, store: Path) -> None:
    (version,) = zoo("history", "net", "--store", "store", "--format", "json").json()
    raw = skopeo(zoo.work, "inspect", "--raw", f"oci:store:{version['tag']}")
    assert str(Digest.of(raw)) == version["digest"]
    assert json.loads(raw)["artifactType"] == "application/vnd.cncf.model.manifest.v1+json"


def test_skopeo_copies_every_blob_out(zoo: Zoo, store: Path) -> None:
    skopeo(zoo.work, "copy", "oci:store:acme_net_small_v1", "dir:copied")
    assert (zoo.work / "copied" / Digest.of(MODEL).hex).read_bytes() == MODEL
    held = {path.name for path in files_below(store / "blobs")}
    manifest = Digest.of_file(zoo.work / "copied" / "manifest.json").hex
    copied = {path.name for path in files_below(zoo.work / "copied")} - {"manifest.json", "version"}
    assert copied | {manifest} == held


def test_what_skopeo_copied_into_a_layout_is_a_mirror(zoo: Zoo, store: Path) -> None:
    skopeo(zoo.work, "copy", "oci:store:acme_net_small_v1", "oci:other:acme_net_small_v1")
    shutil.rmtree(store)
    result = zoo("pull", "acme/net/small", "--mirror", "other", "--offline", "-o", "out")
    assert result.code == 0, result
    assert (zoo.work / "out" / "small.tflite").read_bytes() == MODEL


def test_what_skopeo_adds_to_our_store_stays_when_we_publish(zoo: Zoo, cards: Cards, store: Path) -> None:
    skopeo(zoo.work, "copy", "oci:store:acme_net_small_v1", "oci:store:latest")
    newer = model_bytes(70_000, 4)
    (zoo.work / "files" / "small.tflite").write_bytes(newer)
    result = zoo("publish", cards.card(pinned("small", newer)), "--to", "store", "--from", "files")
    assert result.code == 0, result
    skopeo(zoo.work, "inspect", "--raw", "oci:store:latest")
    skopeo(zoo.work, "copy", "oci:store:acme_net_small_v2", "dir:copied")
    assert (zoo.work / "copied" / Digest.of(newer).hex).read_bytes() == newer


def test_skopeo_copies_the_real_model_out(shipped: Zoo) -> None:
    if not (SHARED / "real").is_dir():
        pytest.skip("the real model files (../shared/real) are not on this machine")
    result = shipped("publish", "google/deeplabv3", "--to", "store", "--from", SHARED / "real")
    assert result.code == 0, result
    skopeo(shipped.work, "copy", "oci:store:google_deeplabv3_257-float32_v1", "dir:copied")
    assert Digest.of_file(shipped.work / "copied" / REAL).hex == REAL
