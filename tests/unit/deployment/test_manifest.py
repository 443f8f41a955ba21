import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.deployment import manifest
from registry.digest import Digest
from registry.errors import RejectedError, RequestError, UnavailableError
from tests.unit.deployment import manifests
from tests.unit.strategies import PROPERTY


def test_a_manifest_tells_its_files(tmp_path: Path) -> None:
    script = manifests.packaged("bin/run.sh", b"#!/bin/sh\n", role="script", executable=True, note="starts it")
    found = manifest.read(manifests.write(tmp_path, manifests.manifest(script)))
    assert (found.name, found.target, found.variant) == ("net", "linux", "acme/net/small")
    assert [(one.path, one.size, one.executable) for one in found.files] == [
        ("net.tflite", 5, False),
        ("bin/run.sh", 10, True),
    ]
    assert found.files[1].digest == Digest.of(b"#!/bin/sh\n")
    assert found.files[1].to_json() == script
    assert found.model == Digest.of(b"model")
    assert found.digest == Digest.of_file(tmp_path / "deployment.json")


def test_a_folder_without_a_manifest_is_no_package(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="is no deployment package"):
        manifest.read(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "deployment.json")
    with pytest.raises(UnavailableError, match="cannot be read"):
        manifest.read(tmp_path)


@pytest.mark.parametrize(
    "path",
    [
        "../out",
        "/etc/passwd",
        "a/../../out",
        "a//b",
        "a/",
        ".hidden",
        "a/.ssh",
        "-rf",
        "a\\b",
        "C:x",
        "a b",
        "a\nb",
        "a\n",
        "$(reboot)",
        "~",
        "",
        "a/" * 16 + "b",
        "a" * 201,
    ],
)
def test_a_path_that_leads_elsewhere_is_refused_with_its_place(tmp_path: Path, path: str) -> None:
    folder = manifests.write(tmp_path, manifests.manifest(manifests.packaged(path)))
    with pytest.raises(RejectedError, match=r"deployment\.json:\d+:\d+: error: 'path' (has the wrong form|is too)"):
        manifest.read(folder)


@pytest.mark.parametrize("second", ["net.tflite", "NET.tflite", "net.tflite/a", "Deployment.json"])
def test_two_files_have_two_places(tmp_path: Path, second: str) -> None:
    folder = manifests.write(tmp_path, manifests.manifest(manifests.packaged(second)))
    with pytest.raises(RejectedError, match="cannot lie beside"):
        manifest.read(folder)


def test_a_file_does_not_take_the_place_of_a_folder(tmp_path: Path) -> None:
    files = manifests.packaged("a/b/c"), manifests.packaged("a/b")
    with pytest.raises(RejectedError, match="'a/b' cannot lie beside 'a/b/c'"):
        manifest.read(manifests.write(tmp_path, manifests.manifest(*files)))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"schema": "deployment/2"}, "'schema' is not the fixed value"),
        ({"name": "../net"}, "'name' has the wrong form"),
        ({"files": []}, "'files' has too few items"),
        ({"more": 1}, "unknown property 'more'"),
        ({"warnings": "none"}, "'warnings' is of the wrong type"),
    ],
)
def test_another_form_is_refused(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(RejectedError, match=told):
        manifest.read(manifests.write(tmp_path, manifests.manifest(**changes)))


@PROPERTY
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_words(data: bytes) -> None:
    with pytest.raises(RejectedError, match="no valid deployment manifest"):
        manifest.parse(data, "deployment.json")


def test_a_huge_manifest_is_not_read_whole(tmp_path: Path) -> None:
    with (tmp_path / "deployment.json").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(RejectedError, match="too large"):
        manifest.read(tmp_path)


def test_a_package_is_whole_or_says_what_is_not(tmp_path: Path) -> None:
    folder = manifests.write(tmp_path, manifests.manifest(manifests.packaged("sub/one")))
    found = manifest.read(folder)
    with pytest.raises(RejectedError, match=r"net\.tflite: expected a file of 5 bytes, found none"):
        manifest.require_whole(folder, found)
    (folder / "net.tflite").write_bytes(b"model")
    (folder / "sub").mkdir()
    (folder / "sub" / "one").write_bytes(b"bytes")
    manifest.require_whole(folder, found)
    (folder / "sub" / "one").write_bytes(b"bytez")
    with pytest.raises(RejectedError, match=r"sub/one: expected sha256:.*, found sha256:"):
        manifest.require_whole(folder, found)
    (folder / "sub" / "one").unlink()
    (folder / "sub" / "one").symlink_to(folder / "net.tflite")
    with pytest.raises(RejectedError, match="found none"):
        manifest.require_whole(folder, found)
