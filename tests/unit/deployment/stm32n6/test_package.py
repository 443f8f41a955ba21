from __future__ import annotations

import dataclasses
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from registry.capacity import Placement, Pool
from registry.deployment import adapter_for, stm32n6
from registry.deployment.base import Package, Subject
from registry.errors import RejectedError
from registry.runtime.base import Port
from registry.target import Target
from tests.unit import family
from tests.unit.deployment.packages import NOTHING, written
from tests.unit.deployment.stm32n6.subjects import (
    QDQ,
    SMALL_QDQ,
    TFLITE,
    of_file,
    plain,
    stored,
    subject,
    text_of,
)

LABELS = family.labels()


def packaged(given: Subject, tmp_path: Path) -> Package:
    """The package on a machine without tools."""
    work = tmp_path / "work"
    work.mkdir()
    return stm32n6.package(given, NOTHING, work)


def defines(package: Package, path: str) -> dict[str, str]:
    """Macros of a header on one line, their notes taken off."""
    found = {}
    for line in text_of(package, path).splitlines():
        if line.startswith("#define ") and len(words := line.split(" ", 2)) == 3:
            found[words[1]] = words[2].split(" /*")[0]
    return found


def test_what_is_in_it(tmp_path: Path) -> None:
    assert adapter_for("stm32n6").package is stm32n6.package
    found = packaged(subject(), tmp_path)
    assert {file.path: file.role for file in found.files} == {
        "model/deeplabv3-shapes-256-int8-per-channel.tflite": "model",
        "stm32n6.mpool": "configuration",
        "user_neuralart.json": "configuration",
        "app_config.h": "source",
        "network_io.h": "source",
        "network_io.c": "source",
        "network_data.h": "source",
        "network_data.c": "source",
        "network_data.ld": "source",
        "network_data.bin": "data",
        "memory.txt": "report",
    }
    folder = written(found, tmp_path / "out")
    model = subject().path.read_bytes()
    assert (folder / "model/deeplabv3-shapes-256-int8-per-channel.tflite").read_bytes() == model
    assert (folder / "network_data.bin").read_bytes() == model


def test_the_same_model_gives_the_same_package(tmp_path: Path) -> None:
    one = packaged(subject(), tmp_path)
    (tmp_path / "work").rename(tmp_path / "before")
    assert packaged(subject(), tmp_path) == one


@pytest.mark.parametrize(
    ("name", "more"),
    [(TFLITE, []), (QDQ, ["--output-data-type", "int8"])],
)
def test_the_command_where_the_compiler_is_missing(name: str, more: list[str], tmp_path: Path) -> None:
    found = packaged(subject(name), tmp_path)
    ending = {TFLITE: "tflite", QDQ: "onnx"}[name]
    command = ["stedgeai", "generate", "--model", f"model/deeplabv3-shapes-{name}.{ending}"]
    command += ["--target", "stm32n6", "--st-neural-art", "default@user_neuralart.json"]
    command += ["--input-data-type", "uint8", *more, "--output", "st_ai_output"]
    assert list(found.instructions[0].command) == command
    assert (found.tools[0].name, found.tools[0].found) == ("stedgeai", False)
    assert any(" ".join(command) in one for one in found.warnings)
    assert found.readings == ()


def channels_first(given: Subject) -> Subject:
    """The same with channels first in the file."""
    (image,), (scores,) = given.inputs, given.outputs
    return replace(
        given,
        inputs=(replace(image, shape=(1, 3, 128, 128)),),
        outputs=(replace(scores, shape=(1, 9, 128, 128)),),
        preparation=replace(given.preparation, layout="NCHW"),
    )


def test_channels_are_turned_where_the_file_has_them_first(tmp_path: Path) -> None:
    found = packaged(channels_first(subject(SMALL_QDQ)), tmp_path)
    command = " ".join(found.instructions[0].command)
    assert "--inputs-ch-position chlast --outputs-ch-position chlast" in command
    said = defines(found, "network_io.h")
    assert (said["NETWORK_INPUT_SHAPE"], said["NETWORK_OUTPUT_0_SHAPE"]) == ("{1, 128, 128, 3}", "{1, 128, 128, 9}")


def kept() -> int:
    """Bytes of the flash that the model file takes: whole sectors."""
    return -(-family.model_file(TFLITE).stat().st_size // 65536) * 65536


def test_the_pools_are_the_target_cards(tmp_path: Path) -> None:
    found = packaged(subject(), tmp_path)
    profiles = plain(found, "user_neuralart.json")["Profiles"]
    assert profiles["default"]["memory_pool"] == "./stm32n6.mpool"
    memory = plain(found, "stm32n6.mpool")["memory"]
    pools = {
        pool["name"]: (int(pool["offset"]["value"], 16), int(pool["size"]["value"]) << 10, pool["prop"]["rights"])
        for pool in memory["mempools"]
    }
    reserved = kept()
    assert pools == {
        "cpuRAM2": (0x34100000, 1 << 20, "ACC_WRITE"),
        "npuRAM3": (0x34200000, 448 << 10, "ACC_WRITE"),
        "npuRAM4": (0x34270000, 448 << 10, "ACC_WRITE"),
        "npuRAM5": (0x342E0000, 448 << 10, "ACC_WRITE"),
        "npuRAM6": (0x34350000, 448 << 10, "ACC_WRITE"),
        "hyperRAM": (0x90000000, 32 << 20, "ACC_WRITE"),
        "octoFlash": (0x71000000, (112 << 20) - reserved, "ACC_READ"),
    }
    spans = sorted((address, address + size) for address, size, _rights in pools.values())
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(spans))
    address = int(defines(found, "network_data.h")["NETWORK_DATA_ADDRESS"].rstrip("u"), 16)
    assert address == 0x71000000 + (112 << 20) - reserved


def test_the_memory_plan_says_what_lies_where(tmp_path: Path) -> None:
    rows = {
        words[0]: words[1:]
        for line in text_of(packaged(subject(), tmp_path), "memory.txt").splitlines()
        if len(words := line.split()) == 5
    }
    assert rows["cpuRAM2"] == ["0x34100000", "1048576", "1048576", "activations"]
    assert rows["npuRAM3"] == ["0x34200000", "458752", "262144", "activations"]
    assert rows["octoFlash"] == [
        "0x71000000",
        f"{(112 << 20) - kept()}",
        f"{subject().footprint.weights_bytes}",
        "weights",
    ]


def changed(**changes: Any) -> Target:
    return Target.from_document({**family.target("stm32n6").document, **changes})


@pytest.mark.parametrize(
    ("memories", "says"),
    [
        ([{"name": "newRAM", "kind": "internal-ram", "size": 1024}], "memory newRAM: expected one of cpuRAM2"),
        ([{"name": "hyperRAM", "kind": "external-ram", "size": 1024}], "memory hyperRAM: .* with an address"),
        ([{"name": "cpuRAM2", "kind": "internal-ram", "size": 1024}], "expected one flash"),
        ([], "expected one flash"),
    ],
)
def test_a_target_card_that_does_not_say_enough(memories: list[Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match=says):
        packaged(replace(subject(), target=changed(memories=memories)), tmp_path)


def test_a_model_that_leaves_no_room_for_the_weights(tmp_path: Path) -> None:
    weights, size = subject().footprint.weights_bytes, family.model_file(TFLITE).stat().st_size
    memories = [
        {"name": "octoFlash", "kind": "external-flash", "size": kept() + weights - 1, "address": "0x71000000"}
    ]
    said = f"room for weights of {weights / 1024:.0f} KiB and the model file of {size / 1024:.0f} KiB"
    with pytest.raises(RejectedError, match=said):
        packaged(replace(subject(), target=changed(memories=memories)), tmp_path)


@pytest.mark.parametrize(
    ("resize", "aspect", "told"),
    [
        ("stretch", "ASPECT_RATIO_FIT", False),
        ("shorter-side", "ASPECT_RATIO_CROP", False),
        ("pad", "ASPECT_RATIO_CROP", True),
        ("none", "ASPECT_RATIO_CROP", True),
    ],
)
def test_the_aspect_mode(resize: str, aspect: str, told: bool, tmp_path: Path) -> None:
    given = replace(subject(), preparation=replace(subject().preparation, resize=resize))
    found = packaged(given, tmp_path)
    assert defines(found, "app_config.h")["ASPECT_RATIO_MODE"] == aspect
    assert any(f"resizes by `{resize}`" in one for one in found.warnings) is told


@pytest.mark.parametrize(("colour", "mode"), [("RGB", "COLOR_RGB"), ("BGR", "COLOR_BGR")])
def test_the_colour_mode(colour: str, mode: str, tmp_path: Path) -> None:
    given = replace(subject(), preparation=replace(subject().preparation, colour=colour))
    assert defines(packaged(given, tmp_path), "app_config.h")["COLOR_MODE"] == mode


def test_grey_pixels(tmp_path: Path) -> None:
    port = replace(subject().inputs[0], shape=(1, 256, 256, 1))
    how = replace(subject().preparation, colour="grey", mean=(127.5,), scale=(1 / 127.5,))
    found = packaged(replace(subject(), inputs=(port,), preparation=how), tmp_path)
    assert defines(found, "app_config.h")["NN_BPP"] == "(1)"
    assert any("grey pixels" in one for one in found.warnings)


def with_output(port: Port, name: str = TFLITE) -> Subject:
    return replace(subject(name), outputs=(port,))


@pytest.mark.parametrize(
    ("port", "post", "said"),
    [
        (Port("s", (1, 256, 256, 9), "int8", 0.5, 3), "POSTPROCESS_SSEG_DEEPLAB_V3_UI", ("(3)", "1", "1", "0")),
        (Port("s", (1, 256, 256, 9), "uint8", 0.5, 3), "POSTPROCESS_SSEG_DEEPLAB_V3_UI", ("(-125)", "1", "1", "0")),
        (Port("s", (1, 32, 32, 9), "int8", 0.5, 3), "POSTPROCESS_SSEG_DEEPLAB_V3_UI", ("(3)", "1", "8", "1")),
        (Port("s", (1, 256, 256), "int64"), "POSTPROCESS_CUSTOM", (None, "0", "1", "0")),
        (Port("s", (1, 256, 256, 1), "int32"), "POSTPROCESS_CUSTOM", (None, "0", "1", "0")),
    ],
)
def test_the_post_processing(port: Port, post: str, said: tuple[str | None, ...], tmp_path: Path) -> None:
    found = packaged(with_output(port), tmp_path)
    assert defines(found, "app_config.h")["POSTPROCESS_TYPE"] == post
    names = ("OUTPUT_0_ZERO_POINT", "POSTPROCESS_ARGMAX", "POSTPROCESS_STRIDE", "POSTPROCESS_UPSAMPLE")
    macros = defines(found, "network_io.h")
    assert tuple(macros.get(f"NETWORK_{name}") for name in names) == said
    assert ("--output-data-type" in found.instructions[0].command) is (port.dtype == "uint8")
    assert any("smaller than the input" in one for one in found.warnings) is (said[3] == "1")


def test_scores_that_stay_float(tmp_path: Path) -> None:
    given = with_output(Port("s", (1, 256, 256, 9), "float32"))
    graph = dataclasses.replace(given.facts.graph, outputs=given.facts.graph.inputs)
    found = packaged(replace(given, facts=dataclasses.replace(given.facts, graph=graph)), tmp_path)
    assert defines(found, "app_config.h")["POSTPROCESS_TYPE"] == "POSTPROCESS_SSEG_DEEPLAB_V3_UF"
    assert "NETWORK_OUTPUT_0_SCALE" not in defines(found, "network_io.h")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"inputs": ()}, "expected one input, an image, found 0"),
        ({"inputs": (Port("x", (1, None, None, 3), "uint8", 0.1),)}, r"fixed size, found uint8 1x\?x\?x3"),
        ({"inputs": (Port("x", (2, 8, 8, 3), "uint8", 0.1),)}, "fixed size, found uint8 2x8x8x3"),
        ({"inputs": (Port("x", (1, 8, 8, 3), "float32"),)}, "quantizer to 8 bits behind it, found float32"),
        ({"inputs": (Port("x", (1, 0, 8, 3), "uint8", 0.1),)}, "fixed size, found uint8 1x0x8x3"),
        ({"inputs": (Port("x", (1, 8, 8, 3), "uint8", 0.0),)}, "a scale above 0 .* found 0.0 and 0"),
        ({"inputs": (Port("x", (1, 8, 8, 3), "int8", 0.1, 500),)}, "uint8 holds, found 0.1 and 628"),
        ({"outputs": (Port("y", (1, 8, 8, 9), "int8", float("nan")),)}, "found nan and 0"),
        ({"outputs": (Port("y", (1, 0, 8, 9), "int8", 0.1),)}, "fixed size, found int8 1x0x8x9"),
        ({"outputs": (Port("y", (1, 8, 8, 1), "int8", 0.1),)}, "2 to 255 classes, found 1"),
        ({"outputs": (Port("y", (1, 8, 8, 4000), "int8", 0.1),)}, "2 to 255 classes, found 4000"),
        ({"outputs": ()}, "expected an output of scores or class ids for each pixel, found none"),
        ({"outputs": (Port("y", (1, 9), "float32"),)}, "for each pixel, found none"),
        ({"outputs": (Port("y", (1, None, 8, 9), "int8", 0.1),)}, r"fixed size, found int8 1x\?x8x9"),
        ({"outputs": (Port("y", (1, 8, 9), "float32"),)}, "scores of classes for each pixel, found float32 1x8x9"),
        ({"outputs": (Port("y", (1, 8, 8, 9), "int16", 0.1),)}, "8 bits or float32, found int16"),
        ({"outputs": (Port("y", (1, 8, 8, 9), "int64"),)}, "expected a class map"),
        ({"outputs": (Port("y", (1, 8, 8), "int64"),), "labels": (), "variant": None}, "found .* and 0 classes"),
    ],
)
def test_a_network_that_the_application_cannot_take(changes: dict[str, Any], says: str, tmp_path: Path) -> None:
    graph = replace(subject().facts.graph, operators=())
    given = replace(subject(), facts=replace(subject().facts, graph=graph), **changes)
    with pytest.raises(RejectedError, match=says):
        packaged(given, tmp_path)


def test_a_format_that_the_compiler_does_not_take(tmp_path: Path) -> None:
    graph = replace(subject().facts.graph, format="keras")
    with pytest.raises(RejectedError, match="expected a TFLite or ONNX file, found keras"):
        packaged(replace(subject(), facts=replace(subject().facts, graph=graph)), tmp_path)


def test_pixels_that_do_not_go_in_as_they_are_are_told(tmp_path: Path) -> None:
    assert not [one for one in packaged(subject(), tmp_path).warnings if "network_input_table" in one]
    (tmp_path / "work").rename(tmp_path / "before")
    told = [one for one in packaged(subject(QDQ), tmp_path).warnings if "network_input_table" in one]
    assert len(told) == 1
    scale, zero_point = stored(QDQ)[0]
    pixels = np.arange(256)
    bytes_in = np.clip(np.rint((pixels / 127.5 - 1) / scale) + zero_point, 0, 255)
    assert f"up to {np.abs(bytes_in - pixels).max():.0f} steps" in told[0]


def test_what_fit_says_is_passed_on(tmp_path: Path) -> None:
    notes = ("64 KiB of the activations spill into external RAM, which is slower", "2 SOFTMAX run on the cpu")
    spilled = Placement(True, ((Pool("hyperRAM", "external-ram", 1 << 25), 65536),), 65536)
    given = replace(subject(), fit=replace(subject().fit, notes=notes, placement=spilled))
    found = packaged(given, tmp_path)
    assert found.warnings[:2] == notes
    assert "partly in external RAM" in text_of(found, "app_config.h")
    assert all(note in text_of(found, "memory.txt") for note in notes)


def test_no_name_is_a_format(tmp_path: Path) -> None:
    labels = ("100 %", "%s%n", *LABELS[2:])
    text = text_of(packaged(replace(subject(), labels=labels), tmp_path), "app_config.h")
    assert "%" not in text
    assert '"100 _"' in text


@pytest.mark.parametrize("labels", [(), LABELS[:4], (*LABELS, "too many")])
def test_a_wrong_number_of_names(labels: tuple[str, ...], tmp_path: Path) -> None:
    found = packaged(replace(subject(), labels=labels), tmp_path)
    assert f"expected names of 9 classes, found {len(labels)}" in found.warnings
    table = text_of(found, "app_config.h").partition("CLASSES_TABLE")[2].partition("}")[0]
    names = [line.strip().split('"')[1] for line in table.splitlines() if '"' in line]
    assert names == [*labels[:9], *(f"class {number}" for number in range(len(labels), 9))]


def test_the_order_of_flashing(tmp_path: Path) -> None:
    found = packaged(subject(), tmp_path)
    flashed = [one.command[-1] for one in found.instructions if "-w" in one.command]
    built = "Application/STM32N6570-DK/build/Application/STM32N6570-DK/Project_sign.bin"
    assert flashed == ["Binary/ai_fsbl.hex", "weights.hex", "network_data.hex", "0x70100000"]
    assert [one.command[-2] for one in found.instructions if "0x70100000" in one.command] == [built]
    conversions = [one.command for one in found.instructions if "ihex" in one.command]
    addresses = [words[words.index("--change-addresses") + 1] for words in conversions]
    assert addresses == ["0x71000000", f"{0x78000000 - kept():#010x}"]
    assert all(isinstance(word, str) for one in found.instructions for word in one.command)


def test_a_huge_model_stays_a_file(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    with path.open("wb") as file:
        file.truncate(8 << 20)
    found = packaged(of_file(path), tmp_path)
    assert all(isinstance(file.content, Path) or len(file.content) < 10_000 for file in found.files)
    assert defines(found, "network_data.h")["NETWORK_DATA_SIZE"] == f"{8 << 20}u"
