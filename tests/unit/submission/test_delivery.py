"""Files that a card names, had from a folder or not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from registry.admission import Admission
from registry.card import merged
from registry.digest import Digest
from registry.document import Document, parse
from registry.obtain import Obtainer
from registry.progress import Silent
from registry.store.cache import Cache
from registry.store.folder import FolderMirror
from registry.submission.delivery import Delivery, deliver
from registry.submission.flaw import subjects
from tests.acceptance.world import files_below, mirror_of, model_bytes
from tests.unit import builders

MODEL = model_bytes()
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 5000\n"
PAGE = b"<!DOCTYPE html><title>Log in</title>" + b" " * 500


def artifact(data: bytes, **changes: Any) -> builders.Plain:
    pins = {"size": len(data), "sha256": Digest.of(data).hex, "sources": []}
    return builders.artifact(**{**pins, **changes})


def delivered(
    tmp_path: Path,
    *artifacts: builders.Plain,
    held: tuple[bytes, ...] = (),
    put: bytes | None = None,
    **variant: Any,
) -> Delivery:
    """What becomes of artifacts of a variant; `put` takes the place of every blob that the mirror holds."""
    card = builders.card(builders.variant(artifacts=list(artifacts), **variant))
    read = parse(json.dumps(card).encode(), "net.yaml")
    assert isinstance(read, Document)
    mirror = mirror_of(tmp_path / "mirror", *held)
    if put is not None:
        for blob in files_below(mirror):
            blob.write_bytes(put)
    obtainer = Obtainer(Cache(tmp_path / "cache"), [FolderMirror(mirror)], None, Silent())
    (found,) = deliver(subjects(read, merged(card)), obtainer, Admission(size=10_000))
    return found


def test_a_file_that_is_had(tmp_path: Path) -> None:
    labels = b"background\n"
    found = delivered(
        tmp_path, artifact(MODEL), artifact(labels, file="labels.txt", role="labels"), held=(MODEL, labels)
    )
    had = {name: path.read_bytes() for name, path in found.files.items()}
    assert had == {"net.tflite": MODEL, "labels.txt": labels}
    assert (found.flaws, found.check.outcome) == ((), "passed")


@pytest.mark.parametrize(
    ("data", "rule", "words"),
    [
        (POINTER, "lfs-pointer", "a Git LFS pointer"),
        (PAGE, "not-a-model", "a web page"),
        (b"PK\x03\x04" + bytes(500), "not-a-model", "first bytes"),
    ],
)
def test_what_is_plainly_no_model(tmp_path: Path, data: bytes, rule: str, words: str) -> None:
    (flaw,) = delivered(tmp_path, artifact(data), held=(data,)).flaws
    assert (flaw.rule, flaw.severity, flaw.path) == (rule, "error", ("variants", 0, "artifacts", 0, "sha256"))
    assert words in flaw.found


def test_other_bytes_than_promised(tmp_path: Path) -> None:
    other = model_bytes(seed=2)
    (flaw,) = delivered(tmp_path, artifact(MODEL), held=(MODEL,), put=other).flaws
    assert flaw.rule == "digest"
    assert Digest.of(other).hex in flaw.found


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ({}, "error"),  # every place was asked, and nobody will ever have it
        ({"sources": [{"url": "https://example.org/net.tflite", "kind": "file", "checked": "derived"}]}, "unknown"),
    ],
)
def test_a_file_that_no_place_gives(tmp_path: Path, changes: builders.Plain, severity: str) -> None:
    found = delivered(tmp_path, artifact(MODEL, **changes))
    (flaw,) = found.flaws
    assert (flaw.rule, flaw.severity) == ("unobtainable", severity)
    assert found.check.outcome == {"error": "failed", "unknown": "unknown"}[severity]


def test_what_is_made_by_a_recipe_is_made_first(tmp_path: Path) -> None:
    (flaw,) = delivered(tmp_path, artifact(MODEL), recipe={"parent": "a" * 64, "quantization": {}}).flaws
    assert (flaw.rule, flaw.severity) == ("unobtainable", "warning")
    assert "`zoo build acme/net/small`" in flaw.expected


def test_a_file_over_the_size_is_not_fetched(tmp_path: Path) -> None:
    large = model_bytes(10_001)
    found = delivered(tmp_path, artifact(large), held=(large,))
    assert (found.files, found.flaws) == ({}, ())  # the card alone says that it is too large
    assert not (tmp_path / "cache" / "blobs").exists()


def test_one_missing_file_does_not_hide_the_others(tmp_path: Path) -> None:
    found = delivered(tmp_path, artifact(MODEL), artifact(b"gone", file="labels.txt", role="labels"), held=(MODEL,))
    assert list(found.files) == ["net.tflite"]
    assert [flaw.path[3] for flaw in found.flaws] == [1]
    assert found.check.told == "1 of 2 not had"


def test_a_card_without_files(tmp_path: Path) -> None:
    assert delivered(tmp_path).check.outcome == "skipped"
