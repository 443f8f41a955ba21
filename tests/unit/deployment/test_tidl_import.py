"""The import script, run as a program against runtimes that stand for TI's builds."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from registry.deployment import tidl, tidl_import
from registry.preparation import prepare
from tests.unit.deployment.packages import NOTHING, written
from tests.unit.family import subject

PICTURES = 20
RECORD = """
import json
from pathlib import Path
def record(options, shapes):
    made = Path(options["artifacts_folder"])
    assert not list(made.iterdir()), "TIDL wants an empty folder"
    said = {name: value for name, value in options.items() if name != "artifacts_folder"}
    (made / "subgraph_0_tidl_net.bin").write_text(json.dumps({"options": said, "shapes": shapes}))
"""
TFLITE = (
    RECORD
    + """
class Interpreter:
    def __init__(self, model_path, experimental_delegates):
        assert Path(model_path).read_bytes()[4:8] == b"TFL3"
        (self.options,), self.shapes = experimental_delegates, []
    def allocate_tensors(self): pass
    def get_input_details(self): return [{"index": 7}]
    def set_tensor(self, index, value):
        assert index == 7 and value.dtype == "float32"
        self.shapes.append(list(value.shape))
    def invoke(self):
        if len(self.shapes) == 20: record(self.options, self.shapes)
def load_delegate(library, options):
    assert library.endswith("/tidl_model_import_tflite.so")
    return options
"""
)
ONNX = (
    RECORD
    + """
def get_available_providers(): return ["TIDLCompilationProvider"]
class InferenceSession:
    def __init__(self, path, providers, provider_options):
        assert providers == ["TIDLCompilationProvider", "CPUExecutionProvider"]
        self.options, self.shapes = provider_options[0], []
    def get_inputs(self): return [type("Input", (), {"name": "image"})]
    def run(self, outputs, feed):
        self.shapes.append(list(feed["image"].shape))
        if len(self.shapes) == 20: record(self.options, self.shapes)
"""
)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of pictures of several sizes, one of them grey."""
    folder = tmp_path / "my pictures"
    folder.mkdir()
    noise = np.random.default_rng(3)
    for number in range(PICTURES):
        shape = (40 + number, 60) if number == 5 else (40 + number, 60, 3)
        Image.fromarray(noise.integers(0, 256, shape, dtype=np.uint8)).save(folder / f"{number:02}.png")
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder like TIDL_TOOLS_PATH."""
    folder = tmp_path / "tidl_tools"
    folder.mkdir()
    (folder / "tidl_model_import_tflite.so").touch()
    return folder


def packaged(place: Path, variant: str = "256-float32") -> Path:
    """A package on the PC where it is imported."""
    made = subject(variant, "am62a")
    return written(tidl.package(made, NOTHING, place), place / "package")


def runtime(place: Path, name: str, text: str) -> Path:
    """A folder of modules with one that stands for TI's build of a runtime."""
    path = place / "modules" / f"{name.replace('.', '/')}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return place / "modules"


def imported(folder: Path, *words: str | Path, modules: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the package's script as a person does."""
    return subprocess.run(
        [sys.executable, folder / "import_tidl.py", *words],
        cwd="/",
        env={"PYTHONPATH": str(modules or ""), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def artifacts(folder: Path) -> dict[str, Any]:
    """What the runtime left."""
    found: dict[str, Any] = json.loads((folder / "artifacts" / "subgraph_0_tidl_net.bin").read_text())
    return found


@pytest.mark.parametrize(
    ("variant", "module", "text"),
    [("256-float32", "tflite_runtime.interpreter", TFLITE), ("256-int8-qdq", "onnxruntime", ONNX)],
)
def test_the_runtime_gets_tidls_options_and_every_frame(
    tmp_path: Path, pictures: Path, tools: Path, variant: str, module: str, text: str
) -> None:
    folder = packaged(tmp_path, variant)
    (folder / "artifacts" / "of an earlier import").mkdir()
    done = imported(folder, pictures, "--tools", tools, modules=runtime(tmp_path, module, text))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "imported on 20 pictures; artifacts/ is complete\n"
    found = artifacts(folder)
    assert found["options"] == {"tidl_tools_path": str(tools), **tidl.runtime_options("am62a")}
    assert found["shapes"] == [[1, 256, 256, 3]] * PICTURES
    assert {one.name for one in (folder / "artifacts").iterdir()} == {"README.txt", "subgraph_0_tidl_net.bin"}
    assert not list(folder.glob(".artifacts-*"))


def failed(done: subprocess.CompletedProcess[str], folder: Path, code: int, message: str) -> None:
    """See that an import said why it failed, and left nothing."""
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert [one.name for one in (folder / "artifacts").iterdir()] == ["README.txt"]
    assert not list(folder.glob(".artifacts-*"))


def test_missing_runtimes_and_tools_are_told(tmp_path: Path, pictures: Path, tools: Path) -> None:
    folder = packaged(tmp_path)
    done = imported(folder, pictures, "--tools", tools)
    failed(done, folder, 3, "tflite_runtime: expected TI's build of it, found none")
    modules = runtime(tmp_path, "tflite_runtime.interpreter", TFLITE)
    done = imported(folder, pictures, "--tools", tmp_path / "nothing", modules=modules)
    failed(done, folder, 3, "tidl_model_import_tflite.so: expected TI's import delegate, found nothing")


def test_the_plain_onnxruntime_is_not_taken_for_tis(tmp_path: Path, pictures: Path, tools: Path) -> None:
    folder = packaged(tmp_path, "256-int8-qdq")
    failed(
        imported(folder, pictures, "--tools", tools),
        folder,
        3,
        "onnxruntime: expected TI's build with TIDLCompilationProvider, found another",
    )


def test_too_few_pictures_and_broken_ones_are_told(tmp_path: Path, pictures: Path, tools: Path) -> None:
    folder = packaged(tmp_path)
    modules = runtime(tmp_path, "tflite_runtime.interpreter", TFLITE)
    (pictures / "07.png").write_bytes((pictures / "07.png").read_bytes()[:300])
    failed(
        imported(folder, pictures, "--tools", tools, modules=modules),
        folder,
        1,
        "07.png: cannot be read as a picture",
    )
    (pictures / "07.png").unlink()
    failed(
        imported(folder, pictures, "--tools", tools, modules=modules),
        folder,
        1,
        "expected at least 20 pictures (.jpg, .jpeg, .png, .bmp), found 19",
    )
    shutil.rmtree(pictures)
    failed(imported(folder, pictures, "--tools", tools, modules=modules), folder, 1, "expected a folder")


@pytest.mark.parametrize("text", ["", "[1, 2", "session: {}", "session:", "session: words", "- a list", "\x00"])
def test_another_param_yaml_is_told(tmp_path: Path, pictures: Path, tools: Path, text: str) -> None:
    folder = packaged(tmp_path)
    (folder / "param.yaml").write_text(text)
    failed(imported(folder, pictures, "--tools", tools), folder, 1, "param.yaml: ")


@pytest.mark.parametrize("resize", ["stretch", "shorter-side", "pad", "none"])
@pytest.mark.parametrize("colour", ["RGB", "BGR", "grey"])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_calibration_sees_what_the_model_will_see(tmp_path: Path, resize: str, colour: str, layout: str) -> None:
    made = subject("256-float32", "am62a")
    channels = 1 if colour == "grey" else 3
    size = (23, 31) if resize == "none" else (16, 24)
    how = replace(
        made.preparation,
        height=size[0],
        width=size[1],
        resize=resize,
        colour=colour,
        layout=layout,
        mean=(100.0, 110.0, 120.0)[:channels],
        scale=(0.5, 0.25, 0.125)[:channels],
    )
    document = tidl.parameters(replace(made, preparation=how), "model/net.tflite", accelerated=True)
    picture = np.random.default_rng(5).integers(0, 256, (23, 31, 3), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "picture.png")
    found = tidl_import.prepared(tmp_path / "picture.png", yaml.safe_load(yaml.safe_dump(document)))
    expected, _view = prepare(picture, how, made.inputs[0])
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    assert np.allclose(found, expected, atol=1e-5)
