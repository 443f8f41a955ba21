"""The package of the reference family: compiled, run, held to its golden vectors."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from registry.deployment.c import package
from registry.deployment.c.text import identifier
from registry.deployment.toolbox import Machine
from registry.errors import RejectedError
from registry.golden import Tolerance
from tests.unit.deployment.c import models
from tests.unit.deployment.c.building import (
    STRICT,
    make,
    needs_arm,
    needs_gcc,
    needs_make,
    needs_qemu,
    packed,
    run_c,
    run_reference,
)
from tests.unit.deployment.c.models import Window
from tests.unit.deployment.c.subjects import reference, subject
from tests.unit.deployment.c.test_text import HOSTILE
from tests.unit.deployment.packages import written

FAMILY = ("128-int8-per-channel", "256-int8-per-tensor", "256-mixed", "256-float32")
CPUS = ("cortex-m55", "cortex-m7")


@needs_make
@pytest.mark.parametrize("name", FAMILY)
def test_the_self_test_passes(tmp_path: Path, name: str) -> None:
    folder = written(packed(reference(name), tmp_path), tmp_path / "package")
    printed = make(folder, "check", "OPTIMIZATION=-O2")
    assert printed.startswith("zoo-selftest: pass shapes values=")
    assert printed.count("\n") == 1


@needs_gcc
@pytest.mark.parametrize("name", FAMILY)
def test_a_whole_network_gives_what_the_reference_kernels_give(tmp_path: Path, name: str) -> None:
    what = reference(name)
    (port,) = what.inputs
    model, random = what.path.read_bytes(), np.random.default_rng(0)
    image = random.integers(0, 256, [size or 1 for size in port.shape])
    stored = image.astype(np.uint8) if port.dtype == "uint8" else (image / 127.5 - 1).astype(np.float32)
    found, expected = run_c(model, [stored], tmp_path), run_reference(model, [stored])
    if expected.dtype == np.int8:
        assert (found == expected).all()
    else:  # a compiler may multiply and add in one step
        assert np.allclose(found, expected, rtol=0, atol=1e-4)


@needs_make
def test_the_self_test_fails_where_the_output_is_another(tmp_path: Path) -> None:
    what = reference("128-int8-per-channel")
    (golden,) = what.golden
    wrong = replace(golden, output=bytes(byte ^ 0x40 for byte in golden.output))
    strict = replace(golden, vector=replace(golden.vector, tolerance=Tolerance(differing=0.0)))
    folder = written(packed(replace(what, golden=(golden, wrong, strict)), tmp_path), tmp_path / "package")
    make(folder, "build/host/selftest", "OPTIMIZATION=-O2")
    done = subprocess.run([folder / "build/host/selftest"], capture_output=True, text=True, check=False)
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["pass", "fail", "fail"]
    assert done.returncode == 1


@needs_make
def test_no_access_beyond_and_nothing_undefined(tmp_path: Path) -> None:
    folder = written(packed(reference("128-int8-per-channel"), tmp_path), tmp_path / "package")
    flags = "CFLAGS=-g -fsanitize=undefined,address -fno-sanitize-recover=all"
    assert "pass" in make(folder, "check", "OPTIMIZATION=-O1", flags)


@needs_make
@needs_arm
@needs_qemu
@pytest.mark.parametrize("cpu", CPUS)
def test_the_self_test_passes_on_an_emulated_board(tmp_path: Path, cpu: str) -> None:
    folder = written(packed(reference("128-int8-per-channel"), tmp_path), tmp_path / "package")
    printed = make(folder, "qemu", "CROSS=arm-none-eabi-", f"CPU={cpu}")
    assert "zoo-selftest: pass shapes values=9216" in printed


@needs_make
@needs_arm
def test_sizes_on_both_processors_are_read_back(tmp_path: Path) -> None:
    what = reference("128-int8-per-channel")
    found = package(what, Machine(), tmp_path)
    readings = {reading.name: reading.value for reading in found.readings}
    for cpu in CPUS:
        assert what.footprint.weights_bytes < readings[f"text ({cpu})"] < 1.5 * what.footprint.weights_bytes
        assert readings[f"data ({cpu})"] == readings[f"bss ({cpu})"] == 0
    (tool,) = found.tools
    assert tool.found
    assert tool.version is not None


def test_without_a_cross_compiler_the_package_is_the_same(tmp_path: Path) -> None:
    what = reference("128-int8-per-channel")
    found = packed(what, tmp_path)
    assert found == packed(what, tmp_path)
    assert [tool.found for tool in found.tools] == [False]
    assert [reading.name for reading in found.readings] == ["internal-ram"]
    kernels = {file.path for file in found.files if file.path.startswith("kernels/")}
    names = ("add_int8", "average_pool2d_int8", "conv2d_int8", "copy", "depthwise_conv2d_int8", "lookup")
    assert kernels == {
        f"kernels/{one}" for one in ("kernels.h", "resize_bilinear_int8.c", *map("{}.c".format, names))
    }


@needs_gcc
@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_and_label_make_c_that_compiles(tmp_path: Path, name: str) -> None:
    """The header also for C++, where an application may be written in it."""
    path = tmp_path / "net.tflite"
    path.write_bytes(models.convolution(Window()))
    folder = written(packed(subject(path, name, labels=HOSTILE), tmp_path), tmp_path / "package")
    for source in folder.glob("*.c"):
        subprocess.run(
            ["gcc", *STRICT, "-trigraphs", "-I.", "-c", source.name, "-o", "one.o"], cwd=folder, check=True
        )
    (header,) = (one for one in folder.glob("*.h") if not one.name.endswith("_weights.h"))
    subprocess.run(["gcc", "-fsyntax-only", *STRICT[1:], "-x", "c++", header.name], cwd=folder, check=True)


@needs_gcc
@pytest.mark.parametrize("name", ["128-int8-per-channel", "256-mixed"])
def test_the_table_of_pixels_is_what_the_runtime_stores(tmp_path: Path, name: str) -> None:
    what = reference(name)
    (port,), how = what.inputs, what.preparation
    folder = written(packed(what, tmp_path), tmp_path / "package")
    source = [f'#include "{identifier(what.name)}.h"', "#include <stdio.h>", "int main(void)", "{"]
    table = f"{identifier(what.name)}_input_of_pixel"
    source += [f"    fwrite({table}, sizeof {table}, 1, stdout);", "    return 0;", "}", ""]
    (folder / "print.c").write_text("\n".join(source))
    objects = ("print.c", f"{identifier(what.name)}_network.c", f"{identifier(what.name)}_weights.c")
    kernels = [str(path) for path in (folder / "kernels").glob("*.c")]
    subprocess.run(["gcc", *STRICT, "-I.", *objects, *kernels, "-lm", "-o", "print"], cwd=folder, check=True)
    printed = subprocess.run([folder / "print"], capture_output=True, check=True).stdout
    pixels = np.arange(256)[:, np.newaxis]
    expected = port.stored((pixels - np.array(how.mean)) * np.array(how.scale)).T
    assert (np.frombuffer(printed, port.dtype).reshape(expected.shape) == expected).all()


@needs_gcc
def test_weights_go_where_the_integrator_says(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(models.convolution(Window()))
    folder = written(packed(subject(path, "net"), tmp_path), tmp_path / "package")
    placed = '-DNET_WEIGHTS_PLACEMENT=__attribute__((section(".octoflash"), aligned(64)))'
    subprocess.run(["gcc", *STRICT, placed, "-c", "net_weights.c"], cwd=folder, check=True)
    listed = subprocess.run(
        ["objdump", "-h", "net_weights.o"], cwd=folder, capture_output=True, text=True, check=True
    )
    assert ".octoflash" in listed.stdout


def test_a_model_without_golden_vectors_says_so(tmp_path: Path) -> None:
    path = tmp_path / "net.tflite"
    path.write_bytes(models.convolution(Window()))
    found = packed(subject(path, "net"), tmp_path)
    assert not any("selftest" in file.path for file in found.files)
    assert any("no self-test" in warning for warning in found.warnings)


def test_a_vector_of_another_model_is_refused(tmp_path: Path) -> None:
    small, large = reference("128-int8-per-channel"), reference("256-int8-per-channel")
    with pytest.raises(RejectedError, match="expected input 0 of the model"):
        packed(replace(small, golden=large.golden), tmp_path)


def test_some_pixels_of_an_image_with_channels_first_are_refused(tmp_path: Path) -> None:
    what = reference("128-int8-per-channel")
    (golden,) = what.golden
    output = replace(golden.vector.output, layout="NCHW", every=4)
    wrong = replace(golden, vector=replace(golden.vector, output=output), output=bytes(output.size))
    with pytest.raises(RejectedError, match="expected layout NHWC or NHW, found NCHW"):
        packed(replace(what, golden=(wrong,)), tmp_path)


def test_a_pixel_that_becomes_no_number_is_refused(tmp_path: Path) -> None:
    what = reference("128-int8-per-channel")
    with pytest.raises(RejectedError, match="mean and scale of a pixel"):
        packed(replace(what, preparation=replace(what.preparation, mean=(float("nan"),) * 3)), tmp_path)


def test_another_format_is_refused(tmp_path: Path) -> None:
    what = reference("128-int8-per-channel")
    facts = replace(what.facts, graph=replace(what.facts.graph, format="onnx"))
    with pytest.raises(RejectedError, match="expected a TensorFlow Lite file, found onnx"):
        packed(replace(what, facts=facts), tmp_path)


def test_weights_that_no_compiler_takes_as_text_are_refused(tmp_path: Path) -> None:
    what = reference("128-int8-per-channel")
    with pytest.raises(RejectedError, match="bytes of weights"):
        packed(replace(what, footprint=replace(what.footprint, weights_bytes=1 << 30)), tmp_path)
