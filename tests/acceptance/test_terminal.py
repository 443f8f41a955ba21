"""What people see: help, completion, tables that fit, colours, and pipes whose reader goes away."""

from __future__ import annotations

import fcntl
import itertools
import os
import re
import shlex
import shutil
import struct
import subprocess
import termios
from collections.abc import Iterator
from importlib.metadata import version

import pytest

from tests.acceptance.world import COMMAND, Zoo, assert_says, without_colour

COMMANDS = ("list", "show", "targets", "datasets", "pull", "validate", "config", "completion")


COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7]")
"""A sequence that sets a colour; bold is none."""


def on_terminal(zoo: Zoo, *arguments: str, columns: int, on: str = "stdout", **variables: str) -> str:
    """What a command writes to a terminal of a width, which is its stdout or its stderr."""
    here, there = os.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(
        [str(COMMAND), *arguments],
        cwd=zoo.work,
        env=zoo.environment | {"TERM": "xterm-256color"} | variables,
        stdin=subprocess.DEVNULL,
        stdout=there if on == "stdout" else subprocess.PIPE,
        stderr=there if on == "stderr" else subprocess.PIPE,
    )
    os.close(there)
    shown = b"".join(_pieces(here))
    said = b"".join(part or b"" for part in process.communicate())
    os.close(here)
    assert b"Traceback" not in said + shown, (said + shown).decode()
    return shown.decode().replace("\r\n", "\n")


def _pieces(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # how Linux says that the other end is closed
            return
        if not piece:
            return
        yield piece


TABLES = {
    "list": ["list"],
    "list-of-a-target": ["list", "--target", "stm32n6", "--sort", "latency"],
    "card": ["show", "st/deeplabv3"],
    "targets": ["targets"],
    "datasets": ["datasets"],
    "why": ["pull", "st/deeplabv3", "--target", "stm32n6", "--why"],
}


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("table", TABLES)
def test_a_table_fits_the_terminal(shipped: Zoo, table: str, columns: int) -> None:
    whole = without_colour(on_terminal(shipped, *TABLES[table], columns=columns)).splitlines()
    start = next(number for number, line in enumerate(whole) if re.match(" *(NAME|VARIANT)", line))
    lines = list(itertools.takewhile(bool, whole[start:]))  # what follows a table is no part of it
    assert len(lines) > 3
    assert [line for line in lines if len(line) > columns] == []


def test_the_variable_wins_over_the_terminal(shipped: Zoo) -> None:
    by_terminal = on_terminal(shipped, "list", columns=80)
    assert on_terminal(shipped, "list", columns=500, COLUMNS="80") == by_terminal
    assert on_terminal(shipped, "list", columns=80, COLUMNS="500") != by_terminal


def test_a_wider_terminal_shows_more_and_a_pipe_shows_all(shipped: Zoo) -> None:
    headings = [
        without_colour(on_terminal(shipped, "list", columns=columns)).splitlines()[0].split("  ")
        for columns in (60, 80, 120, 300)
    ]
    counts = [len([title for title in heading if title.strip()]) for heading in headings]
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]
    assert shipped("list").out.splitlines()[0].split() == " ".join(headings[-1]).split()


def test_colours_are_for_terminals_that_want_them(shipped: Zoo) -> None:
    contradicted = ("show", "nxp/deeplabv3/513-int8")
    assert COLOUR.search(on_terminal(shipped, *contradicted, columns=100))
    assert not COLOUR.search(on_terminal(shipped, *contradicted, columns=100, NO_COLOR="1"))
    assert "\x1b" not in shipped("list").out
    assert "\x1b" not in shipped("show", "nope").err


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["list", "--format", "json"],
        ["list", "--format", "csv"],
        ["targets"],
        ["show", "st/deeplabv3"],
        ["--help"],
    ],
    ids=" ".join,
)
def test_a_reader_that_went_away_is_no_matter(shipped: Zoo, arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run(
        [str(COMMAND), *arguments],
        cwd=shipped.work,
        env=shipped.environment,
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert process.stderr == b""
    assert process.returncode == 0


def test_the_first_line_alone_can_be_had(shipped: Zoo) -> None:
    script = f'set -o pipefail; {shlex.quote(str(COMMAND))} list --format json | head -1; echo "${{PIPESTATUS[0]}}"'
    bash = shutil.which("bash")
    if not bash:
        pytest.skip("no bash on this machine")
    result = subprocess.run(
        [bash, "-c", script], env=shipped.environment, cwd=shipped.work, capture_output=True, check=False
    )
    assert result.stdout == b"[\n0\n"
    assert result.stderr == b""


def test_quiet_says_nothing_beside_the_data(shipped: Zoo) -> None:
    assert "61 variants" in shipped("list").err
    assert shipped("list", "--quiet").err == ""


class TestHelp:
    """Help texts, version and commands that do not exist."""

    def test_the_version(self, zoo: Zoo) -> None:
        result = zoo("--version")
        assert result.code == 0
        assert result.out == f"zoo, version {version('edge-model-zoo')}\n"

    def test_the_help_names_every_command_under_what_it_is_for(self, zoo: Zoo) -> None:
        for arguments in (["--help"], ["-h"]):
            result = zoo(*arguments)
            assert result.code == 0
            assert "Examples:" in result.out
            for heading in ("Find:", "Get:", "Judge:"):
                assert heading in result.out
            for command in COMMANDS:
                assert re.search(rf"^  {command}  ", result.out, re.MULTILINE), command

    @pytest.mark.parametrize("command", COMMANDS)
    def test_every_command_has_help_with_examples(self, zoo: Zoo, command: str) -> None:
        result = zoo(command, "--help")
        assert result.code == 0
        assert result.err == ""
        assert result.out.startswith(f"Usage: zoo {command} ")
        examples = result.out.partition("Examples:")[2]
        assert f"zoo {command}" in examples

    @pytest.mark.parametrize("command", ["list", "show", "targets", "datasets", "completion", "config"])
    def test_the_examples_work(self, shipped: Zoo, command: str) -> None:
        lines = shipped(command, "--help").out.partition("Examples:")[2].splitlines()
        examples = [line.strip() for line in lines if line.strip().startswith("zoo ")]
        assert examples
        for example in examples:
            line = re.split(r" [|>] | {2,}", example)[0]
            result = shipped(*shlex.split(line, comments=True)[1:])
            assert result.code == 0, f"{example}\n{result}"

    @pytest.mark.parametrize(("typed", "meant"), [("lst", "list"), ("shwo", "show"), ("pul", "pull")])
    def test_a_mistyped_command_is_told_what_it_may_have_meant(self, zoo: Zoo, typed: str, meant: str) -> None:
        result = zoo(typed)
        assert result.code == 2, result
        assert_says(result, f"No such command '{typed}'", f"Did you mean '{meant}'?")

    def test_a_command_like_no_other(self, zoo: Zoo) -> None:
        result = zoo("frobnicate")
        assert result.code == 2, result
        assert_says(result, "No such command 'frobnicate'", "zoo --help")

    def test_no_command_shows_the_help(self, zoo: Zoo) -> None:
        result = zoo()
        assert result.code in (0, 2), result
        assert "Usage: zoo" in result.out + result.err


class TestCompletion:
    """Scripts for three shells, and what they complete."""

    @pytest.mark.parametrize(
        ("shell", "piece"),
        [("bash", "complete -o nosort -F"), ("zsh", "#compdef zoo"), ("fish", "complete --no-files --command zoo")],
    )
    def test_a_script_is_printed(self, zoo: Zoo, shell: str, piece: str) -> None:
        result = zoo("completion", shell)
        assert result.code == 0, result
        assert piece in result.out
        assert f"_ZOO_COMPLETE={shell}_complete" in result.out
        assert result.err == ""

    def test_an_unknown_shell(self, zoo: Zoo) -> None:
        result = zoo("completion", "powershell")
        assert result.code == 2, result
        assert_says(result, "powershell", "bash")

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            (["pu"], {"pull"}),
            (["show", "st/deeplabv3/person-256"], {"st/deeplabv3/person-256-aspp2-float32"}),
            (["pull", "deepl"], {"deeplabv3"}),
            (["pull", "deeplabv3", "--target", "stm32n"], {"stm32n6"}),
            (["list", "--dataset", "pasc"], {"pascal-voc-2012"}),
            (["list", "--so"], {"--sort"}),
            (["pull", "x", "--prefer", "la"], {"latency"}),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else None,
    )
    def test_bash_completes(self, shipped: Zoo, words: list[str], found: set[str]) -> None:
        bash = shutil.which("bash")
        if not bash:
            pytest.skip("no bash on this machine")
        typed = " ".join(map(shlex.quote, ["zoo", *words]))
        script = (
            f'eval "$(zoo completion bash)"; COMP_WORDS=({typed}); COMP_CWORD={len(words)};'
            ' _zoo_completion zoo; printf "%s\\n" "${COMPREPLY[@]}"'
        )
        environment = shipped.environment | {"PATH": f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"}
        result = subprocess.run(
            [bash, "--norc", "-c", script],
            env=environment,
            cwd=shipped.work,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert result.stderr == ""
        offered = set(result.stdout.split())
        assert found <= offered
        assert all(item.startswith(words[-1]) for item in offered)

    def test_a_broken_catalogue_completes_nothing_and_says_nothing(self, zoo: Zoo) -> None:
        result = zoo(_ZOO_COMPLETE="bash_complete", COMP_WORDS="zoo show st", COMP_CWORD="2", ZOO_CARDS="/nowhere")
        assert (result.out.strip(), result.err) == ("", "")


def test_the_examples_of_the_top_help_stand_a_line_each(zoo: Zoo) -> None:
    lines = zoo("--help").out.splitlines()
    assert "  Examples:" in lines
    assert "\\b" not in "".join(lines)
    assert any(line.strip() == "zoo pull deeplabv3 --target imx8mp" for line in lines)
