"""`zoo new`: a card from model files, without questions, with questions on a terminal, and added to one by hand."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.world import (
    COMMAND,
    INTERRUPTIBLE,
    Cards,
    Zoo,
    assert_says,
    files_below,
    pinned,
    without_colour,
)
from tests.unit import builders, family
from tests.unit.inspect import keras_builder

TITLE = "Net: of [shapes] # 1"
FLAGS = (
    *("--publisher", "acme", "--family", "deeplabv3", "--title", TITLE),
    *("--licence-code", "Apache-2.0", "--licence-weights", "Apache-2.0", "--licence-data", "unknown"),
)


@pytest.fixture
def model(zoo: Zoo, cards: Cards) -> Path:
    """A quantized model file in the working folder, and datasets to name."""
    cards.write(builders.dataset("nine", classes={"count": 9}))
    cards.write(builders.target(accepts=[builders.rule("cpu", ["tflite"], ["int8"])]))
    return copied(zoo, "128-int8-per-channel", "shapes-128-int8.tflite")


def copied(zoo: Zoo, variant: str, name: str) -> Path:
    path = zoo.work / name
    shutil.copyfile(family.model_file(variant), path)
    return path


def filled(path: Path) -> None:
    """Put an answer into each blank of a card."""
    answers = {
        "summary": "Finds shapes.",
        "method": "post-training",
        "resize": "stretch",
        "mean": "127.5",
        "interpolation": "bilinear",
        "colour_mode": "RGB",
        "dataset": "nine",
        "scale": "0.0078",
    }
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for number, line in enumerate(lines):
        if line.endswith(": TODO\n"):
            lines[number] = line.replace("TODO", answers[line.partition(":")[0].strip(" -")])
    path.write_text("".join(lines), encoding="utf-8")


class TestWithoutQuestions:
    def test_a_card_is_written_and_its_blanks_are_told_by_line(self, zoo: Zoo, cards: Cards, model: Path) -> None:
        result = zoo("new", model.name, *FLAGS, "--keep-bytes")
        path = cards.folder / "acme" / "shapes.yaml"
        assert (result.code, path.is_file()) == (0, True), result
        told = re.findall(rf"{path}:(\d+):(\d+): (\S+):", result.out)
        lines = path.read_text(encoding="utf-8").splitlines()
        assert told
        for line, column, name in told:
            assert lines[int(line) - 1][int(column) - 1 :] == "TODO"
            assert name.rpartition(".")[2] in lines[int(line) - 1]
        assert_says(result, f"next: fill in what is blank, then `zoo check {path}`")
        judged = zoo("validate", path)
        assert judged.code == 1
        assert judged.out.count("[blank]") == judged.out.count(": error:") == len(told)

    def test_filled_in_it_is_valid_confirmed_and_pulled(self, zoo: Zoo, cards: Cards, model: Path) -> None:
        assert zoo("new", model.name, *FLAGS, "--keep-bytes", "--target", "board").code == 0
        path = cards.folder / "acme" / "shapes.yaml"
        filled(path)
        assert zoo("validate", path).code == 0
        deep = zoo("verify", "--deep", model.name, "--format", "json")
        assert (deep.code, deep.json()["contradicted"]) == (0, 0), deep
        pulled = zoo("pull", "acme/shapes", "--target", "board", "--mirror", cards.folder)
        assert pulled.code == 0, pulled

    def test_several_files_become_variants_of_one_card(self, zoo: Zoo, cards: Cards, model: Path) -> None:
        other = copied(zoo, "256-float32", "shapes-float.tflite")
        urls = ("--url", "https://example.org/a", "--url", "https://example.org/b")
        result = zoo("new", model.name, other.name, *FLAGS, *urls, "--parent", "256-float32", "--format", "json")
        found = result.json()
        assert [one["name"] for one in found["variants"]] == [
            "acme/shapes/128-int8-per-channel",
            "acme/shapes/256-float32",
        ]
        assert "quantization.scheme" in found["variants"][0]["derived"]
        assert found["written"] is True
        filled(Path(found["card"]))
        assert zoo("validate", found["card"]).code == 0

    def test_a_dry_run_prints_the_card_and_writes_nothing(self, zoo: Zoo, cards: Cards, model: Path) -> None:
        before = files_below(cards.folder)
        result = zoo("new", model.name, *FLAGS, "--dry-run", "--keep-bytes")
        assert result.out.startswith("schema: model-card/1\npublisher: acme\nmodel: shapes\n"), result
        assert files_below(cards.folder) == before
        again = zoo("new", model.name, *FLAGS, "--dry-run", "--keep-bytes", "--format", "json").json()
        assert (again["text"], again["written"]) == (result.out, False)

    def test_bytes_that_the_catalogue_has_are_named(self, zoo: Zoo, cards: Cards, model: Path) -> None:
        data = model.read_bytes()
        cards.card(pinned("small", data))
        result = zoo("new", model.name, "--publisher", "other", "--no-input")
        assert result.code == 0
        assert_says(result, "has the very bytes of acme/net/small")

    @pytest.mark.parametrize("form", ["text", "json"])
    def test_a_hostile_name_of_a_file_drives_nothing(self, form: str, zoo: Zoo, model: Path) -> None:
        name = os.fsdecode(b"a: b\xff\x1b[2J\n#.tflite")
        model.rename(model.with_name(name))
        result = zoo("new", name, *FLAGS, "--model", "net", "--into", "mine", "--format", form)
        assert result.code == 0, result
        assert "\x1b[2J" not in result.out + result.err
        text = (zoo.work / "mine" / "acme" / "net.yaml").read_text(encoding="utf-8")
        assert "known_as" not in text
        assert "file: a--b---2J--.tflite" in text

    def test_the_folder_of_cards_is_chosen(self, zoo: Zoo, model: Path) -> None:
        assert zoo("new", model.name, *FLAGS, "--into", "mine").code == 0
        assert (zoo.work / "mine" / "acme" / "shapes.yaml").is_file()

    def test_without_a_folder_of_one_s_own_it_is_here(self, zoo: Zoo) -> None:
        copied(zoo, "256-float32", "net.tflite")
        assert zoo("new", "net.tflite", "--publisher", "acme").code == 0
        assert (zoo.work / "cards" / "acme" / "net.yaml").is_file()


class TestRefused:
    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ((), "no publisher of the card is known"),
            (("--publisher", "Acme"), "publisher cannot be 'Acme'"),
            (("--publisher", "acme", "--licence-weights", "Apache"), "SPDX identifiers"),
            (("--publisher", "acme", "--dataset", "nin"), "unknown dataset 'nin'"),
            (("--publisher", "acme", "--dataset", "shapes"), "shapes has 3 classes, the model tells 9 apart"),
            (("--publisher", "acme", "--target", "bored"), "unknown target 'bored'"),
            (("--publisher", "acme", "--parent", "acme/none/float"), "acme/none/float"),
            (("--publisher", "acme", "--parent", "float"), "no variant 'float' on"),
            (("--publisher", "acme", "--url", "here"), "'url' has the wrong form"),
            (("--publisher", "acme", "--variant", "a", "--variant", "b"), "1 files, 2 of a name"),
            (("--publisher", "acme", "--task", "driving"), "is not one of"),
        ],
    )
    def test_a_wrong_statement_writes_nothing(
        self, options: tuple[str, ...], told: str, zoo: Zoo, cards: Cards, model: Path
    ) -> None:
        before = files_below(cards.folder)
        result = zoo("new", model.name, *options)
        assert result.code == 2, result
        assert_says(result, told)
        assert files_below(cards.folder) == before

    def test_a_dangerous_file_is_named_before_anything_is_written(
        self, zoo: Zoo, cards: Cards, model: Path
    ) -> None:
        function = {"class_name": "__lambda__", "config": {"code": "4w=="}}
        layer = keras_builder.layer("Lambda", "evil", function=function)
        data = keras_builder.archive(keras_builder.sequential(keras_builder.given(), layer), {})
        (zoo.work / "evil.keras").write_bytes(data)
        before = files_below(cards.folder)
        result = zoo("new", model.name, "evil.keras", *FLAGS, "--keep-bytes")
        assert result.code == 1
        assert_says(result, "evil.keras: dangerous to load", "keras-lambda")
        assert files_below(cards.folder) == before

    def test_no_file_is_no_question(self, zoo: Zoo) -> None:
        assert zoo("new").code == 2
        assert zoo("new", "none.tflite", *FLAGS).code == 2


class TestExisting:
    def test_a_card_by_hand_keeps_every_letter(self, zoo: Zoo, cards: Cards, model: Path) -> None:
        path = cards.card(builders.variant("old"), model="shapes")
        text = "# by hand\n" + path.read_text(encoding="utf-8")
        path.write_text(text, encoding="utf-8")
        result = zoo("new", model.name, "--publisher", "acme", "--keep-bytes")
        assert result.code == 0, result
        after = iter(path.read_text(encoding="utf-8").splitlines())
        assert all(line in after for line in text.splitlines()), "a line is gone or moved"
        filled(path)
        assert zoo("validate", path).code == 0
        assert_says(zoo("new", model.name, "--publisher", "acme"), "nothing is overwritten")

    def test_what_it_says_itself_is_not_said_again(self, zoo: Zoo, cards: Cards, model: Path) -> None:
        cards.card(model="shapes")
        result = zoo("new", model.name, *FLAGS)
        assert result.code == 2
        assert_says(result, "exists already")


HUNG_SECONDS = 120.0
"""A command that says nothing for so long waits for something that does not come."""


class Terminal:
    """A command that a person talks to: its stdin and stderr are a terminal of its own."""

    def __init__(self, zoo: Zoo, *arguments: str) -> None:
        self.here, there = os.openpty()
        self.shown = self.out = ""
        self._place = 0
        self.process = subprocess.Popen(
            [*INTERRUPTIBLE, str(COMMAND), *arguments],
            cwd=zoo.work,
            env=zoo.environment | {"TERM": "dumb"},
            stdin=there,
            stderr=there,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        os.close(there)

    def answer(self, question: str, text: str) -> None:
        """Wait for a question, and answer it."""
        self.wait_for(question)
        os.write(self.here, f"{text}\n".encode())

    def wait_for(self, text: str) -> None:
        """Read until a text stands behind what was read before."""
        while (found := self.shown.find(text, self._place)) < 0:
            piece = self._read()
            assert piece, f"{text!r} was not said in\n{self.shown}"
            self.shown += piece
        self._place = found + len(text)

    def end(self) -> int:
        """Read to the end; the exit code."""
        while piece := self._read():
            self.shown += piece
        assert self.process.stdout is not None
        self.out = self.process.stdout.read().decode()
        self.process.stdout.close()
        code = self.process.wait()
        os.close(self.here)
        assert "Traceback" not in self.shown
        return code

    def _read(self) -> str:
        if not select.select([self.here], [], [], HUNG_SECONDS)[0]:
            self.process.kill()
            pytest.fail(f"nothing more was said after\n{self.shown}")
        try:
            return without_colour(os.read(self.here, 65536).decode(errors="replace")).replace("\r\n", "\n")
        except OSError:  # how Linux says that the other end is closed
            return ""


class TestQuestions:
    def test_what_nobody_said_is_asked_and_judged(self, zoo: Zoo, cards: Cards, model: Path) -> None:
        terminal = Terminal(zoo, "new", model.name, "--licence-code", "MIT", "--keep-bytes")
        terminal.answer("publisher: ", "Acme!")
        terminal.answer("publisher cannot be 'Acme!'", "")
        terminal.answer("has no place", "acme")
        terminal.answer("[shapes]: ", "")
        terminal.answer("[shapes]: ", "deeplabv3")  # the family
        terminal.answer("title: ", TITLE)
        terminal.answer("summary: ", "Finds shapes.")
        terminal.answer("licence.weights: ", "Apache")
        terminal.answer("licence.weights cannot be 'Apache'", "Apache-2.0")
        terminal.answer("licence.dataset: ", "unknown")
        terminal.answer("quantization.method: ", "post-training")
        terminal.answer("preprocessing.resize: ", "stretch")
        terminal.answer("preprocessing.interpolation: ", "bilinear")
        terminal.answer("preprocessing.colour_mode: ", "RGB")
        terminal.answer("classes.dataset: ", "ninee")
        terminal.answer("did you mean nine?", "")  # what stands in brackets
        assert terminal.end() == 0, terminal.shown
        path = cards.folder / "acme" / "shapes.yaml"
        assert zoo("validate", path).code == 0
        assert zoo("show", "acme/shapes").code == 0
        assert TITLE in zoo("show", "acme/shapes", "--format", "json").out

    def test_questions_are_no_data(self, zoo: Zoo, cards: Cards, model: Path) -> None:
        terminal = Terminal(zoo, "new", model.name, *FLAGS, "--model", "net", "--keep-bytes", "--dry-run")
        terminal.answer("summary: ", "Finds shapes.")
        for name in ("method", "resize", "interpolation", "colour_mode", "dataset"):
            terminal.answer(f"{name}: ", "")
        assert terminal.end() == 0, terminal.shown
        assert terminal.out.startswith("schema: model-card/1\npublisher: acme\n"), terminal.out
        assert "summary: Finds shapes.\n" in terminal.out

    def test_an_empty_answer_leaves_a_blank(self, zoo: Zoo, cards: Cards, model: Path) -> None:
        terminal = Terminal(zoo, "new", model.name, *FLAGS, "--model", "net", "--keep-bytes")
        for name in ("summary", "method", "resize", "interpolation", "colour_mode", "dataset"):
            terminal.answer(f"{name}: ", "TODO")
        assert terminal.end() == 0, terminal.shown
        assert (cards.folder / "acme" / "net.yaml").read_text(encoding="utf-8").count("TODO") == 6

    @pytest.mark.parametrize("how", ["interrupt", "end of input"])
    def test_who_leaves_before_the_end_leaves_nothing(self, how: str, zoo: Zoo, cards: Cards, model: Path) -> None:
        before = files_below(cards.folder)
        terminal = Terminal(zoo, "new", model.name, *FLAGS, "--model", "net", "--keep-bytes")
        terminal.answer("summary: ", "A net.")
        terminal.wait_for("method: ")
        if how == "interrupt":
            os.killpg(terminal.process.pid, signal.SIGINT)
            os.write(terminal.here, b"\n")  # in case that it came just before the command began to wait
        else:
            os.write(terminal.here, b"\x04")
        assert terminal.end() == 130, terminal.shown
        assert files_below(cards.folder) == before

    def test_no_input_never_asks(self, zoo: Zoo, cards: Cards, model: Path) -> None:
        terminal = Terminal(zoo, "new", model.name, *FLAGS, "--no-input")
        assert terminal.end() == 0, terminal.shown
        assert (cards.folder / "acme" / "shapes.yaml").is_file()
