"""The path on which `stedgeai` is installed: a program of that name that does what the real one is said to do."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from registry.deployment import stm32n6
from registry.deployment.base import Package, Subject
from registry.deployment.toolbox import Machine
from registry.errors import UnavailableError
from tests.unit.deployment.packages import NOTHING
from tests.unit.deployment.stm32n6.subjects import QDQ, TFLITE, stored, subject
from tests.unit.deployment.stm32n6.test_stedgeai_report import EPOCHS, report

PROGRAM = """#!{python}
import json, pathlib, sys
words = sys.argv[1:]
assert words[0] == "generate"
said = dict(zip(words[1::2], words[2::2]))
profile, _, name = said["--st-neural-art"].partition("@")
pools = json.loads(pathlib.Path(json.load(open(name))["Profiles"][profile]["memory_pool"]).read_text())
folder = pathlib.Path(said["--output"])
folder.mkdir()
{body}
"""
WORKS = f"""
model = pathlib.Path(said["--model"]).read_bytes()
(folder / "network.c").write_text("/* " + " ".join(words) + " */")
(folder / "network_ecblobs.h").write_text("/* blobs */")
(folder / "network_atonbuf.xSPI2.raw").write_bytes(model[::-1])
(folder / "shapes_OE_3_1_0.onnx").write_bytes(b"an intermediate file")
(folder / "a name with spaces.c").write_text("")
(folder / "network.h").symlink_to("/etc/hostname")
(folder / "network_generate_report.txt").write_text({report(*stored(TFLITE))!r})
print("ST Edge AI Core v3.0.0-20426 123456789")
"""


def machine(tmp_path: Path, body: str) -> Machine:
    """A machine on which `stedgeai` does this."""
    path = tmp_path / "bin" / "stedgeai"
    path.parent.mkdir()
    path.write_text(PROGRAM.format(python=sys.executable, body=body), encoding="utf-8")
    path.chmod(0o755)
    return Machine([path.parent])


def packaged(given: Subject, tmp_path: Path, body: str) -> Package:
    work = tmp_path / "work"
    work.mkdir()
    return stm32n6.package(given, machine(tmp_path, body), work)


def test_the_compiler_runs_on_the_packages_own_files(tmp_path: Path) -> None:
    found = packaged(subject(), tmp_path, WORKS)
    contents = {file.path: file.content for file in found.files if file.path.startswith("st_ai_output/")}
    assert sorted(contents) == [
        "st_ai_output/network.c",
        "st_ai_output/network_atonbuf.xSPI2.raw",
        "st_ai_output/network_ecblobs.h",
        "st_ai_output/network_generate_report.txt",
    ]
    weights = contents["st_ai_output/network_atonbuf.xSPI2.raw"]
    assert isinstance(weights, Path)
    assert weights.read_bytes() == subject().path.read_bytes()[::-1]
    assert (found.tools[0].found, found.tools[0].version) == (True, "3.0.0-20426")
    values = {one.name: one.value for one in found.readings}
    assert (values["internal-ram"], values["external-ram"], values["software-epochs"]) == (1310720, 65536, 3)
    assert not [one for one in found.warnings if "stedgeai" in one]
    assert not [one for one in found.instructions if "generate" in one.command]


def test_the_model_that_the_compiler_gets_is_a_copy(tmp_path: Path) -> None:
    given, before = subject(), subject().path.read_bytes()
    packaged(given, tmp_path, WORKS + 'pathlib.Path(said["--model"]).write_bytes(b"spoilt")\n')
    assert given.path.read_bytes() == before


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('print("E103(CliRuntimeError): no room\\n"); sys.exit(3)', "exit code 3; it says last: E103"),
        ("pass", "exit code 0; it says last: nothing"),
        (WORKS + 'print("late", file=sys.stderr); sys.exit(1)', "exit code 1; it says last: late"),
        ("sys.stdout.buffer.write(b'\\n'); raise SystemExit(2)", "exit code 2"),
    ],
)
def test_a_compiler_that_fails(tmp_path: Path, body: str, says: str) -> None:
    with pytest.raises(UnavailableError, match=says.replace("(", r"\(")) as caught:
        packaged(subject(), tmp_path, body)
    assert "run it yourself" in str(caught.value.hint)


def test_a_report_that_nobody_can_read_is_told_and_kept(tmp_path: Path) -> None:
    body = WORKS + '(folder / "network_generate_report.txt").write_bytes(b"\\xff\\x00 another form")\n'
    found = packaged(subject(), tmp_path, body)
    assert found.readings == ()
    assert found.warnings[-1].startswith("stedgeai: expected memory pools or epochs in its report")
    assert any(file.path.endswith("network_generate_report.txt") for file in found.files)


def test_without_a_report_what_it_prints_is_read(tmp_path: Path) -> None:
    body = f"(folder / 'network.c').write_text('')\nprint({EPOCHS!r})"
    assert {one.name: one.value for one in packaged(subject(), tmp_path, body).readings}["epochs"] == 61


def test_another_quantization_than_the_headers_say_is_told(tmp_path: Path) -> None:
    found = packaged(subject(QDQ), tmp_path, WORKS)
    compiled, written = stored(TFLITE), stored(QDQ)
    assert found.warnings[-2:] == tuple(
        f"stedgeai stores the {what} as {dtype} with scale {compiled[one][0]:g} and zero point {compiled[one][1]},"
        f" network_io.h says {dtype}, {written[one][0]:g} and {written[one][1]}: correct it before use"
        for one, (what, dtype) in enumerate((("input", "uint8"), ("output", "int8")))
    )


def test_a_work_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("a file")
    with pytest.raises(UnavailableError, match="cannot be written"):
        stm32n6.package(subject(), NOTHING, tmp_path / "work")


def test_a_model_that_cannot_be_read(tmp_path: Path) -> None:
    given = replace(subject(TFLITE), path=tmp_path / "missing.tflite")
    with pytest.raises(UnavailableError, match=r"missing\.tflite"):
        stm32n6.package(given, NOTHING, tmp_path)
    assert list(tmp_path.iterdir()) == []
