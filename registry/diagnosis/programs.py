"""Programs of other people that some commands call. None of them is run here."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from typing import NamedTuple

from registry.diagnosis.finding import Finding

Find = Callable[[str], str | None]
"""Path of a command, or None; as `Toolbox.find`."""


class Program(NamedTuple):
    """A program, what it is needed for, and how it comes here: by a command, or otherwise.

    Attributes:
        name: Its command.
        use: What needs it.
        command: What installs it, on Debian and its descendants where that is a package of theirs.
        advice: Where it comes from otherwise.
    """

    name: str
    use: str
    command: str = ""
    advice: str = ""


PROGRAMS = (
    Program("git", "the commit in records of what was trained and measured", "sudo apt install git"),
    Program("make", "builds and tests of `zoo deploy --target c`", "sudo apt install make"),
    Program("gcc", "the self-test of `zoo deploy --target c` on this machine", "sudo apt install gcc"),
    Program(
        "arm-none-eabi-gcc",
        "builds for Cortex-M: `zoo deploy --target c` and ST's application",
        "sudo apt install gcc-arm-none-eabi",
    ),
    Program(
        "qemu-system-arm", "`make qemu`, the self-test on an emulated Cortex-M", "sudo apt install qemu-system-arm"
    ),
    Program("stedgeai", "compiling for the NPU of stm32n6 and stm32mp2", advice="ST Edge AI Core, from st.com"),
    Program("vela", "compiling for the Ethos-U of imx93", "pip install 'edge-model-zoo[vela]'"),
)


def examine(find: Find, ssh: str) -> Iterator[Finding]:
    """Look for each program.

    Args:
        find: Finds a command.
        ssh: Setting of the command that reaches boards.
    """
    yield _ssh(find, ssh)
    for program in PROGRAMS:
        path = find(program.name)
        if path:
            yield Finding(program.name, "ok", path)
        else:
            found = f"not found; needed for {program.use}"
            yield Finding(program.name, "note", found, program.command, program.advice)


def _ssh(find: Find, setting: str) -> Finding:
    """The command of the setting, whose first word may be somebody's own program: then it has to be there."""
    try:
        name = next(iter(shlex.split(setting)), "")
    except ValueError:
        name = ""
    if not name:
        found = "expected the words of a command in the setting `ssh`, found none, or quotes that do not close"
        return Finding("ssh", "fault", found, "zoo config")
    path = find(name)
    if path:
        return Finding("ssh", "ok", path)
    found = f"{name} is not found; needed for `zoo deploy --to` and `zoo bench --on` a board"
    if name == "ssh":
        return Finding("ssh", "note", found, "sudo apt install openssh-client")
    return Finding("ssh", "fault", found, "zoo config", "correct the setting `ssh`")
