from __future__ import annotations

import functools
import json
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from registry.deploy import deploy, refusal
from registry.deployment import manifest
from registry.deployment.base import (
    CARD,
    DATA,
    LABELS,
    MODEL,
    SCRIPT,
    File,
    Instruction,
    Package,
    Reading,
    Subject,
    Tool,
    Toolbox,
)
from registry.deployment.toolbox import Machine
from registry.digest import Digest
from registry.errors import MismatchError, RejectedError, RequestError, UnavailableError
from registry.target import Target
from tests.unit import builders, family


@functools.cache
def shapes() -> Subject:
    """A variant of the reference family on a target where it fits."""
    memories = [{"name": kind, "kind": kind, "size": 1 << 20} for kind in ("internal-ram", "internal-flash")]
    accepts = [builders.rule("cpu", ["tflite"], ["int8"])]
    return family.subject(
        "128-int8-per-channel",
        Target.from_document(builders.target(accepts=accepts, memories=memories)),
        texts={"card": ("net.card.yaml", b"card"), "licence": ("net.licence.txt", b"licence")},
    )


class Board:
    """An adapter whose package is made by a function, with the model and a script."""

    def __init__(self, *files: File, act: Callable[[Subject, Path], None] | None = None, **changes: Any) -> None:
        self._files, self._act, self._changes = files, act, changes

    def package(self, subject: Subject, _toolbox: Toolbox, work: Path) -> Package:
        """Make it."""
        (work / "made.bin").write_bytes(b"made")
        if self._act:
            self._act(subject, work)
        files = (
            File("net.tflite", subject.path, MODEL),
            File("bin/run.sh", b"#!/bin/sh\n", SCRIPT, executable=True),
            File("made.bin", work / "made.bin", DATA, "Made by a tool."),
            *self._files,
        )
        package = Package(files, (Instruction("Run it", ("bin/run.sh", "a b", "$(id)")),))
        return replace(package, **self._changes)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_package_is_written_with_a_manifest_that_it_keeps(tmp_path: Path) -> None:
    subject = shapes()
    found = deploy(subject, Board(), Machine(), tmp_path / "new" / "board")
    assert found.folder == tmp_path / "new" / "board"
    read = manifest.read(found.folder)
    assert read == found.manifest
    manifest.require_whole(found.folder, read)
    assert {one.path for one in read.files} | {"deployment.json"} == set(contents(found.folder))
    assert [one.path for one in read.files] == [
        "README.txt",
        "net.tflite",
        "bin/run.sh",
        "made.bin",
        "net.card.yaml",
        "net.licence.txt",
        "deeplabv3-shapes-128-int8-per-channel.labels.txt",
    ]
    assert (read.variant, read.model) == ("zoo/deeplabv3-shapes/128-int8-per-channel", subject.digest)
    assert stat.S_IMODE((found.folder / "bin/run.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE((found.folder / "made.bin").stat().st_mode) == 0o644
    assert [path.name for path in found.folder.parent.iterdir()] == ["board"]


def test_the_same_subject_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        deploy(shapes(), Board(), Machine(), tmp_path / name / "board")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert not [data for data in contents(tmp_path).values() if str(tmp_path).encode() in data]


def test_an_earlier_deployment_is_replaced_as_a_whole(tmp_path: Path) -> None:
    deploy(shapes(), Board(File("old/file", b"old", DATA)), Machine(), tmp_path / "board")
    deploy(shapes(), Board(), Machine(), tmp_path / "board")
    assert "old" not in names(tmp_path / "board")
    assert names(tmp_path) == ["board"]


@pytest.mark.parametrize("name", ["mine.txt", "bin/mine.txt", "other/"])
def test_what_somebody_put_there_stays(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "board"
    deploy(shapes(), Board(), Machine(), folder)
    (folder / name).mkdir() if name.endswith("/") else (folder / name).write_text("mine", encoding="utf-8")
    before = contents(folder)

    def never(*_: object) -> None:
        pytest.fail("the tools must not run when the result has no place")

    with pytest.raises(RequestError, match=f"exists already, with {name.rstrip('/')}"):
        deploy(shapes(), Board(act=never), Machine(), folder)
    assert contents(folder) == before


@pytest.mark.parametrize("text", ["", "{}", '{"schema": "deployment/1"}'])
def test_a_manifest_that_is_none_gives_no_right_to_replace(tmp_path: Path, text: str) -> None:
    (tmp_path / "deployment.json").write_text(text, encoding="utf-8")
    with pytest.raises(RequestError, match=r"with deployment\.json"):
        deploy(shapes(), Board(), Machine(), tmp_path)


@pytest.mark.parametrize("error", [UnavailableError("no tool"), KeyboardInterrupt()])
def test_a_failing_adapter_leaves_the_earlier_deployment(tmp_path: Path, error: BaseException) -> None:
    deploy(shapes(), Board(), Machine(), tmp_path / "board")
    before = contents(tmp_path)

    def fail(*_: object) -> None:
        raise error

    with pytest.raises(type(error)):
        deploy(shapes(), Board(act=fail), Machine(), tmp_path / "board")
    assert contents(tmp_path) == before


def test_no_room_for_what_tools_make_is_told(tmp_path: Path) -> None:
    def fill(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(UnavailableError, match="cannot be made: No space left on device"):
        deploy(shapes(), Board(act=fill), Machine(), tmp_path / "board")
    assert names(tmp_path) == []


def test_a_model_that_changed_meanwhile_is_not_deployed(tmp_path: Path) -> None:
    copy = tmp_path / "net.tflite"
    copy.write_bytes(shapes().path.read_bytes())

    def change(subject: Subject, _work: Path) -> None:
        subject.path.write_bytes(subject.path.read_bytes() + b"\0")

    with pytest.raises(MismatchError, match="expected sha256"):
        deploy(replace(shapes(), path=copy), Board(act=change), Machine(), tmp_path / "board")
    assert names(tmp_path) == ["net.tflite"]


@pytest.mark.parametrize("path", ["../out", "/tmp/zoo-out", "a/../../out"])
def test_no_file_leaves_the_package(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="leads out of the package"):
        deploy(shapes(), Board(File(path, b"", DATA)), Machine(), tmp_path / "board")
    assert names(tmp_path) == []


def test_two_files_that_differ_in_case_only_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match="cannot lie beside"):
        deploy(shapes(), Board(File("NET.tflite", b"", DATA)), Machine(), tmp_path / "board")
    assert names(tmp_path) == []


def test_a_package_may_bring_its_own_card_and_labels(tmp_path: Path) -> None:
    own = File("my.card", b"mine", CARD), File("my.labels", b"mine", LABELS)
    found = deploy(shapes(), Board(*own), Machine(), tmp_path / "board").manifest
    assert [one.path for one in found.files if one.role in (CARD, LABELS)] == ["my.card", "my.labels"]


def test_labels_take_a_line_each_whatever_stands_in_them(tmp_path: Path) -> None:
    subject = replace(shapes(), labels=("a\nb", "c\r\n\td", "$(id)", 'e"*/'))
    deploy(subject, Board(), Machine(), tmp_path / "board")
    labels = tmp_path / "board/deeplabv3-shapes-128-int8-per-channel.labels.txt"
    assert labels.read_text(encoding="utf-8").splitlines() == ["a b", "c d", "$(id)", 'e"*/']


def test_doubts_whether_it_fits_come_first(tmp_path: Path) -> None:
    fit = replace(shapes().fit, verdict="unknown", reasons=("nobody knows",))
    subject = replace(shapes(), fit=fit)
    found = deploy(subject, Board(warnings=("second",)), Machine(), tmp_path / "board").manifest.document
    assert found["warnings"] == ["Whether it fits is not known: nobody knows.", "second"]
    assert found["fit"]["reasons"] == ["nobody knows"]


def test_text_of_others_cannot_drive_a_terminal_nor_break_the_manifest(tmp_path: Path) -> None:
    evil = "\x1b[2J\u202e\ud800\x00" + "x" * 5000
    changes: Any = {
        "warnings": (evil,),
        "tools": (Tool("t", evil[:9], evil, found=False),),
        "readings": (Reading("cycles", 1.5, "cycles", evil, "t"),),
        "instructions": (Instruction(evil, (evil, "a\nb")),),
    }
    subject = replace(shapes(), fit=replace(shapes().fit, notes=(evil,)))
    found = deploy(subject, Board(**changes), Machine(), tmp_path / "board")
    text = (found.folder / "README.txt").read_text(encoding="utf-8")
    assert all(letter.isprintable() or letter == "\n" for letter in text)
    assert "'a?b'" in text
    assert manifest.read(found.folder).document["warnings"] == [("?[2J???" + "x" * 5000)[:2000]]


def test_the_readme_quotes_commands_for_a_shell(tmp_path: Path) -> None:
    found = deploy(shapes(), Board(), Machine(), tmp_path / "board")
    assert "     bin/run.sh 'a b' '$(id)'\n" in (found.folder / "README.txt").read_text(encoding="utf-8")
    (step,) = json.loads(found.manifest.data)["instructions"]
    assert step == {"title": "Run it", "where": "device", "command": ["bin/run.sh", "a b", "$(id)"]}


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnavailableError, match="cannot be written"):
        deploy(shapes(), Board(), Machine(), tmp_path / "file" / "board")


def test_a_refusal_names_the_reasons_and_the_next_best() -> None:
    fit = replace(shapes().fit, verdict="no", reasons=("too large", "no engine"))
    error = refusal("acme/net", fit, builders.one())
    assert error.message == "acme/net does not fit board: too large; no engine"
    assert error.hint is not None
    assert error.hint.startswith("next best for board: acme/net/small")
    assert "zoo fit" in str(refusal("acme/net", fit, None).hint)


def test_the_digest_of_a_manifest_is_that_of_its_file(tmp_path: Path) -> None:
    found = deploy(shapes(), Board(), Machine(), tmp_path / "board")
    assert found.manifest.digest == Digest.of_file(found.folder / "deployment.json")
