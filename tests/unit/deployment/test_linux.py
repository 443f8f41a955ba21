from __future__ import annotations

import ast
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from registry import pictures
from registry.class_map import Reading, planes
from registry.deployment import linux
from registry.deployment.base import GOLDEN, MODEL, Package, Subject
from registry.deployment.linux import segment
from registry.deployment.toolbox import Machine
from registry.drawing import class_map_png
from registry.errors import RejectedError
from registry.preparation import Preparation, prepare
from registry.runtime.base import Port
from tests.unit import family
from tests.unit.strategies import PROPERTY

NAME = "128-int8-per-channel"


def package(subject: Subject, work: Path = Path()) -> Package:
    return linux.package(subject, Machine(), work)


def config_of(found: Package) -> Any:
    (file,) = [one for one in found.files if one.path == "config.json"]
    assert isinstance(file.content, bytes)
    return json.loads(file.content)


def test_the_package_has_all_that_the_script_needs() -> None:
    subject = family.subject(NAME)
    found = package(subject)
    config = config_of(found)
    assert {one.path for one in found.files} >= {"segment.py", "requirements.txt", config["model"]["file"]}
    (model,) = [one for one in found.files if one.role == MODEL]
    assert (model.path, model.content) == (config["model"]["file"], subject.path)
    named = {vector[side]["file"] for vector in config["golden"] for side in ("input", "output")}
    assert named == {one.path for one in found.files if one.role == GOLDEN}
    assert found.warnings == ()


def test_without_golden_vectors_it_says_so_and_offers_no_test() -> None:
    found = package(replace(family.subject(NAME), golden=()))
    assert "no golden vectors" in found.warnings[0]
    assert not [step for step in found.instructions if "--selftest" in step.command]


@pytest.mark.parametrize(("name", "runtime"), [("128-int8-qdq", "onnxruntime"), ("256-mixed", "ai-edge-litert")])
def test_pip_is_told_the_runtime_of_the_format(name: str, runtime: str) -> None:
    files = {one.path: one.content for one in package(family.subject(name)).files}
    requirements = files["requirements.txt"]
    assert isinstance(requirements, bytes)
    assert [line.split()[0] for line in requirements.decode().splitlines()] == ["numpy", "Pillow", runtime]


def test_labels_cannot_drive_a_terminal() -> None:
    labels = ("\x1b[2Ja", 'b"\n*/$(id)', "\ud800")
    classes = config_of(package(replace(family.subject(NAME), labels=labels)))["classes"]
    assert [one["name"] for one in classes] == [" [2Ja", 'b" */$(id)', " ", "not seen"]


def test_classes_that_nobody_names_have_their_numbers() -> None:
    classes = config_of(package(replace(family.subject(NAME), labels=())))["classes"]
    assert len(classes) == 256
    assert classes[7] == {"id": 7, "name": "7", "colour": "808080"}


def test_a_model_without_an_output_for_pixels_is_refused() -> None:
    with pytest.raises(RejectedError, match="expected an output"):
        package(replace(family.subject(NAME), outputs=(Port("scores", (1, 10), "float32"),)))


def test_the_script_is_python_3_9() -> None:
    ast.parse(Path(segment.__file__).read_text(encoding="utf-8"), feature_version=(3, 9))


def test_a_missing_runtime_is_no_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        segment.runtime(("no_such_runtime_a", "no_such_runtime_b"))
    assert caught.value.code == 3
    assert "none of no_such_runtime_a, no_such_runtime_b is installed: pip install" in capsys.readouterr().err


dtypes = st.sampled_from(
    [
        ("float32", None, 0),
        ("uint8", None, 0),
        ("uint8", 0.0078125, 127),
        ("int8", 0.5, -128),
        ("int16", 0.001, 0),
    ]
)
preparations = st.builds(
    Preparation,
    st.integers(1, 12),
    st.integers(1, 12),
    st.sampled_from(["stretch", "shorter-side", "pad"]),
    st.sampled_from(["nearest", "bilinear", "bicubic", "area"]),
    st.tuples(*[st.floats(0, 255)] * 3),
    st.tuples(*[st.floats(0.001, 1)] * 3),
    st.sampled_from(["RGB", "BGR"]),
    st.sampled_from(["NHWC", "NCHW"]),
)


@PROPERTY
@given(preparations, dtypes, st.integers(1, 30), st.integers(1, 30), st.integers(0, 99), st.data())
def test_pictures_go_in_and_classes_come_out_as_by_zoo_predict(
    how: Preparation, stored: tuple[str, float | None, int], height: int, width: int, seed: int, data: st.DataObject
) -> None:
    random = np.random.default_rng(seed)
    picture = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    dtype, scale, zero_point = stored
    port = Port("image", (1, how.height, how.width, 3), dtype, scale, zero_point)
    expected, view = prepare(picture, how, port)
    config = {
        "preparation": asdict(how),
        "input": {"dtype": dtype, "scale": scale, "zero_point": zero_point},
        "count": data.draw(st.sampled_from([None, 4])),
        "offset": data.draw(st.sampled_from([0, 1])),
    }
    given_, seen = segment.prepare(picture, config)
    assert given_.dtype == expected.dtype
    assert np.array_equal(given_, expected)

    size = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    output = data.draw(
        st.sampled_from(
            [
                random.integers(0, 4, (1, *size), dtype=np.int32),
                random.integers(-9, 9, (1, *((4, *size) if how.layout == "NCHW" else (*size, 4))), dtype=np.int8),
                random.standard_normal((1, *((4, *size) if how.layout == "NCHW" else (*size, 4)))).astype(
                    np.float32
                ),
            ]
        )
    )
    ids = Reading(planes(output, config["count"], how.layout)).at_picture_size(view)  # type: ignore[arg-type]
    ids = ids + config["offset"] * (ids != 255)
    assert np.array_equal(segment.class_map(output, seen, config), ids)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA", "I;16", "1", "CMYK"])
def test_every_kind_of_picture_is_read_as_by_zoo_predict(tmp_path: Path, mode: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (7, 9, 4), dtype=np.uint8)
    image = Image.fromarray(noise)
    image = Image.fromarray(noise[..., 0].astype(np.uint16) * 257) if mode == "I;16" else image.convert(mode)
    path = tmp_path / ("a.tiff" if mode == "CMYK" else "a.png")
    if mode == "P":
        image.info["transparency"] = 3
    image.save(path)
    assert np.array_equal(segment.read_picture(path), pictures.read(path))


def test_a_photograph_stands_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.radial_gradient("L").convert("RGB").crop((0, 0, 60, 90)).save(tmp_path / "a.jpg", exif=exif)
    found = segment.read_picture(tmp_path / "a.jpg")
    assert found.shape == (60, 90, 3)
    assert np.array_equal(found, pictures.read(tmp_path / "a.jpg"))


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_told(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(SystemExit, match="cannot be read as a picture"):
        segment.read_picture(tmp_path / "a.png")


def test_the_class_map_has_the_colours_of_voc(tmp_path: Path) -> None:
    config = config_of(package(family.subject(NAME)))
    ids = np.array([[0, 1, 2], [2, 255, 0]])
    segment.write_class_map(ids, config, tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(class_map_png(ids))
    ours, theirs = Image.open(tmp_path / "a.png"), Image.open(tmp_path / "b.png")
    assert np.array_equal(np.asarray(ours), ids)
    assert np.array_equal(np.asarray(ours.convert("RGB")), np.asarray(theirs.convert("RGB")))
