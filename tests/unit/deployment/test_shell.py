from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.deployment import shell
from registry.errors import RejectedError
from tests.unit.deployment.packages import HOSTILE

ENCODABLE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@settings(max_examples=40, deadline=None)
@given(st.lists(ENCODABLE, min_size=1, max_size=8))
def test_a_shell_reads_back_every_value(values: list[str]) -> None:
    named = {f"VALUE_{number}": value for number, value in enumerate(values)}
    printing = "".join(f'printf "%s\\0" "${name}"\n' for name in named)
    text = shell.assignments(named) + printing
    done = subprocess.run(["sh"], input=text.encode(), capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == values
    assert done.stderr == b""


def test_hostile_values_run_nothing(tmp_path: Path) -> None:
    text = shell.assignments({f"VALUE_{number}": value for number, value in enumerate(HOSTILE)})
    subprocess.run(["sh"], input=text.encode(), cwd=tmp_path, check=True)
    assert list(tmp_path.iterdir()) == []


def test_what_no_shell_can_hold_is_refused() -> None:
    with pytest.raises(RejectedError, match="NAME: expected text for a shell script, found a NUL"):
        shell.assignments({"NAME": "a\0b"})


@pytest.mark.parametrize("body", ["imx.sh", "stm32mp2.sh"])
def test_a_body_is_a_script(body: str) -> None:
    made = shell.script("run.sh", body, {"MODEL": HOSTILE[3]}, "runs it")
    assert made.executable
    assert isinstance(made.content, bytes)
    assert made.content.startswith(b"#!/bin/sh\nMODEL=")
    subprocess.run(["sh", "-n"], input=made.content, check=True)
