import os
import select
import sys
from pathlib import Path

import pytest

from registry.deployment.toolbox import Machine
from registry.errors import UnavailableError


def script(folder: Path, name: str, body: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!{sys.executable}\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_a_tool_is_found_in_the_folders_first(tmp_path: Path) -> None:
    mine = script(tmp_path / "bin", "sh", "pass")
    assert Machine([tmp_path / "bin"]).find("sh") == str(mine)
    assert Machine([tmp_path]).find("sh") not in (None, str(mine))
    assert Machine().find("no-such-tool-anywhere") is None


def test_a_tool_runs_in_the_folder_with_words_as_they_are(tmp_path: Path) -> None:
    tool = script(
        tmp_path, "tool", "import os, sys\nprint(os.getcwd(), sys.argv[1:], sys.stdin.read())\nsys.exit('no')"
    )
    ran = Machine().run([str(tool), "$(id)", "a b;c"], tmp_path)
    assert ran.output == f"{tmp_path.resolve()} ['$(id)', 'a b;c'] \n"
    assert (ran.code, ran.errors) == (1, "no\n")


def test_output_that_is_no_text_does_not_matter(tmp_path: Path) -> None:
    tool = script(tmp_path, "tool", "import sys\nsys.stdout.buffer.write(b'\\xff ok')")
    assert Machine().run([str(tool)], tmp_path).output == "\ufffd ok"


@pytest.mark.parametrize("name", ["missing", "plain", "nul\0byte"])
def test_what_cannot_be_started_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "plain").write_text("no program", encoding="utf-8")
    with pytest.raises(UnavailableError, match="cannot be started"):
        Machine().run([str(tmp_path / name)], tmp_path)


def test_what_does_not_end_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    tool = tmp_path / "tool"
    tool.write_text(f"#!/bin/sh\nsleep 600 > '{tmp_path}/pipe' &\nwait\n", encoding="utf-8")
    tool.chmod(0o755)
    with pytest.raises(UnavailableError, match=r"did not end within 3 s"):
        Machine(seconds=3).run([str(tool)], tmp_path)
    waiting = select.poll()
    waiting.register(reader, 0)
    assert waiting.poll(60_000) == [(reader, select.POLLHUP)]  # the only one that could write is gone
    os.close(reader)
