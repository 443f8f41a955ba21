from __future__ import annotations

import tracemalloc
import zipfile
from struct import pack_into

import pytest

from registry.inspect.findings import Findings
from registry.inspect.tflite.archive import MOST_FILES, attachments
from tests.unit.inspect.tflite_builder import archived

MODEL = b"a model" * 100


def look(data: bytes) -> tuple[dict[str, bytes], list[tuple[str, str]]]:
    findings = Findings()
    found = dict(attachments(data, findings))
    return found, [(finding.where, finding.message) for finding in findings.all()]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_files_behind_a_model_are_found(method: int) -> None:
    files = {"labels.txt": b"background\n" * 5, "vocabulary/words.txt": b""}
    assert look(archived(MODEL, files, method)) == (files, [])


def test_a_file_without_an_archive_has_none() -> None:
    assert look(MODEL) == ({}, [])
    assert look(b"PK\5\6" + MODEL) == ({}, [])
    assert look(b"") == ({}, [])


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "a/../b", "C:evil", "a\\b", "folder/", "a\nb", "x" * 256]
)
def test_names_that_lead_elsewhere_are_left_out(name: str) -> None:
    found, said = look(archived(MODEL, {name: b"x", "labels.txt": b"y"}))
    assert found == {"labels.txt": b"y"}
    assert [message for _, message in said] == ["left out: its name leads out of a folder, or is none"]


def test_a_file_that_explodes_is_left_out_before_it_does() -> None:
    data = archived(MODEL, {"bomb": bytes(12 << 20)})
    tracemalloc.start()
    try:
        found, said = look(data)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
    assert found == {}
    assert said[0][0] == "bomb"
    assert "to 12582912 bytes" in said[0][1]


def test_a_size_that_is_a_lie_gives_no_more_than_it_says() -> None:
    data = bytearray(archived(MODEL, {"labels.txt": b"background\n" * 1000}))
    for mark, place in ((b"PK\1\2", 24), (b"PK\3\4", 22)):
        pack_into("<I", data, data.index(mark) + place, 20)
    found, said = look(bytes(data))
    assert found == {}
    assert "it cannot be read: Bad CRC-32" in said[0][1]


def test_more_files_than_are_read() -> None:
    found, said = look(archived(MODEL, {f"f{number}": b"x" for number in range(MOST_FILES + 1)}))
    assert len(found) == MOST_FILES
    assert said == [("archive", "more than 64 files; the rest is left out")]


def test_a_directory_that_is_too_long_is_not_read() -> None:
    found, said = look(archived(MODEL, {f"{number:0200}": b"" for number in range(400)}))
    assert found == {}
    assert "more than 65536" in said[0][1]


def test_the_same_name_twice() -> None:
    data = bytearray(archived(MODEL, {"labels.txt": b"1", "labelz.txt": b"2"}))
    found, said = look(bytes(data.replace(b"labelz", b"labels")))
    assert found == {"labels.txt": b"1"}
    assert said == [("labels.txt", "left out: its name stands twice")]


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [(8, 1, "it is encrypted"), (10, 12, "packed by method 12")],
)
def test_packings_that_are_not_read(place: int, value: int, message: str) -> None:
    data = bytearray(archived(MODEL, {"labels.txt": b"1"}))
    pack_into("<H", data, data.index(b"PK\1\2") + place, value)
    found, said = look(bytes(data))
    assert found == {}
    assert message in said[0][1]


def test_a_broken_archive_is_a_finding() -> None:
    data = archived(MODEL, {"labels.txt": b"1"}).replace(b"PK\1\2", b"PK\0\0")
    found, said = look(data)
    assert found == {}
    assert said[0][1].startswith("it cannot be read: ")
