"""HDF5 files, written by h5py: the reader finds what h5py says, and follows nothing outside the file."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import ZooError
from registry.inspect.bounds import MalformedError
from registry.inspect.findings import Findings
from registry.inspect.hdf5.reader import Contents, contents
from tests.unit.inspect import h5_builder, keras_builder


def read(data: bytes) -> tuple[Contents, Findings]:
    findings = Findings()
    return contents(memoryview(data), "model.h5", findings), findings


def rules(findings: Findings) -> set[tuple[str, str, str]]:
    return {(one.severity, one.rule, one.where) for one in findings.all()}


def arrays(data: bytes) -> dict[str, tuple[tuple[int, ...], str, int | None]]:
    """Shape, type and place of every array of its own, as the HDF5 library has them."""
    found = {}

    def note(name: str, one: Any) -> None:
        if isinstance(one, h5py.Dataset) and not one.is_virtual and not one.external:
            found[name] = (one.shape, str(one.dtype), one.id.get_offset() if one.chunks is None else None)

    with h5py.File(io.BytesIO(data)) as file:
        file.visititems(note)
    return found


@pytest.mark.parametrize("number", range(5))
def test_arrays_are_where_the_hdf5_library_has_them(number: int) -> None:
    data = list(h5_builder.seeds())[number]
    found, _findings = read(data)
    expected = arrays(data)
    assert set(expected) <= set(found.datasets)
    for name, (shape, dtype, place) in expected.items():
        one = found.datasets[name]
        assert (one.shape, one.dtype) == (shape, dtype)
        if one.stored_bytes and place is not None:
            assert one.extent is not None
            assert (one.extent.offset, one.extent.size) == (place, int(np.prod(shape)) * np.dtype(dtype).itemsize)


@pytest.mark.parametrize("libver", ["earliest", "v108", "latest"])
@pytest.mark.parametrize("count", [1, 9, 300])
def test_links_and_attributes_of_any_number_are_found(libver: str, count: int) -> None:
    def fill(file: h5py.File) -> None:
        for number in range(count):
            file.attrs[f"attribute {number}"] = f"text {number}"
            file[f"group {number}/array"] = np.zeros((number,), "int16")

    found, findings = read(h5_builder.written(fill, libver=libver))
    assert {f"group {number}/array" for number in range(count)} == set(found.datasets)
    assert found.attributes[""] == {f"attribute {number}": f"text {number}" for number in range(count)}
    assert findings.all() == ()


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "int8", "uint8", "int32", "int64", "uint16", "bool"]
)
def test_types_have_their_names(dtype: str) -> None:
    found, _ = read(keras_builder.weights_file({"array": (2, 3)}, dtype))
    assert found.datasets["array"].dtype == dtype


def test_texts_are_read_in_every_form() -> None:
    def fill(file: h5py.File) -> None:
        file.attrs["variable"] = "größer"
        file.attrs["fixed"] = np.bytes_("fixed")
        file.attrs["several"] = [b"a", b"bcd"]
        file.attrs["variables"] = ["one", "zwei"]
        file.attrs["number"] = -5
        file.attrs["array"] = np.arange(3.0)
        file.attrs["empty"] = ""

    found, _ = read(h5_builder.written(fill))
    assert found.attributes[""] == {
        "variable": "größer",
        "fixed": "fixed",
        "several": ("a", "bcd"),
        "variables": ("one", "zwei"),
        "number": -5,
        "array": None,
        "empty": "",
    }


def test_a_text_longer_than_a_header_is_read() -> None:
    found, _ = read(h5_builder.model("x" * 300_000, {}))
    assert found.attributes[""]["model_config"] == "x" * 300_000


def external_link(file: h5py.File) -> None:
    file["out"] = h5py.ExternalLink("/etc/passwd", "/x")


def soft_link(file: h5py.File) -> None:
    file["out"] = h5py.SoftLink("/out")


def external_storage(file: h5py.File) -> None:
    file.create_dataset("out", (4,), "int8", external=[("/etc/passwd", 0, 4)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4,), "float32")
    layout[:] = h5py.VirtualSource("/etc/passwd", "data", (4,))
    file.create_virtual_dataset("out", layout)


def hard_loop(file: h5py.File) -> None:
    file.create_group("group")
    file["out"] = file["/"]


def huge(file: h5py.File) -> None:
    file.create_dataset("out", (1 << 20, 1 << 20), "float32", chunks=(64, 64))


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize(
    ("fill", "rule"),
    [
        (external_link, "hdf5-link"),
        (soft_link, "hdf5-link"),
        (hard_loop, "hdf5-link"),
        (external_storage, "hdf5-external"),
        (virtual, "hdf5-external"),
        (huge, "hdf5-expands"),
    ],
)
def test_what_leaves_the_file_is_a_danger(fill: Callable[[h5py.File], None], rule: str, libver: str) -> None:
    _found, findings = read(h5_builder.written(fill, libver=libver))
    assert rules(findings) == {("danger", rule, "out")}


def test_a_link_hidden_among_many_is_found() -> None:
    def fill(file: h5py.File) -> None:
        for number in range(200):
            file.create_group(f"group {number}")
        external_link(file)

    _found, findings = read(h5_builder.written(fill, libver="latest"))
    assert ("danger", "hdf5-link", "out") in rules(findings)


def test_a_filter_that_is_a_plug_in_is_a_danger() -> None:
    def fill(file: h5py.File) -> None:
        file.create_dataset("out", (64,), "float32", chunks=(8,), compression="lzf")

    data = h5_builder.written(fill)
    assert rules(read(data)[1]) == {("danger", "hdf5-filter", "out")}


def test_a_file_behind_a_block_of_the_users_is_read() -> None:
    data = h5_builder.written(lambda file: file.create_dataset("array", data=np.ones(3)), userblock_size=1024)
    found, _ = read(data)
    extent = found.datasets["array"].extent
    assert extent is not None
    assert data[extent.offset : extent.offset + extent.size] == np.ones(3).tobytes()


@pytest.mark.parametrize("size", [0, 7, 8, 60, 100, 500, 1500, 3000])
def test_a_file_cut_off_is_malformed(size: int) -> None:
    data = h5_builder.model(h5_builder.old_small(), h5_builder.OLD_WEIGHTS)[:size]
    with pytest.raises(MalformedError):
        read(data)


@given(st.integers(0, 4), st.lists(st.tuples(st.integers(0, 1 << 15), st.integers(0, 255)), max_size=6))
def test_a_broken_file_gives_contents_or_an_error_of_ours(number: int, changes: list[tuple[int, int]]) -> None:
    data = bytearray(SEEDS[number])
    for place, value in changes:
        data[place % len(data)] = value
    with contextlib.suppress(ZooError):
        found, _findings = read(bytes(data))
        for one in found.datasets.values():
            assert one.extent is None or 0 <= one.extent.offset <= len(data) - one.extent.size


SEEDS = list(h5_builder.seeds())
