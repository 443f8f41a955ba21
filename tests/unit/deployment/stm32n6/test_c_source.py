from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.deployment.stm32n6 import c_source
from registry.errors import RejectedError
from tests.unit.strategies import PROPERTY

AWKWARD = (
    'a "quoted" name',
    "back\\slash at the end\\",
    "two\nlines\r\n",
    "??/ ??= ??' trigraphs",
    "*/ int x; /*",
    "$(touch x) `y` %s %n",
    "π 名前 🦉",
    "digits after é1",
    "nul\0inside",
    "\ud800 half a character",
    "long " * 2000,
    "",
)


def unescaped(literal: str) -> bytes:
    """What a C compiler makes of a literal that has octal escapes only."""
    inside, found, place = literal[1:-1], bytearray(), 0
    while place < len(inside):
        if inside[place] == "\\":
            found.append(int(inside[place + 1 : place + 4], 8))
            place += 4
        else:
            found.append(ord(inside[place]))
            place += 1
    return bytes(found)


@PROPERTY
@given(st.text())
def test_a_string_is_plain_and_says_the_beginning_of_the_text(text: str) -> None:
    literal = c_source.string(text)
    assert literal.isascii()
    assert literal.isprintable()
    assert "?" not in literal
    meant = text.replace("\0", "\ufffd").encode("utf-8", "replace")
    found = unescaped(literal)
    assert meant.startswith(found)
    assert len(found) == len(meant) or len(found) > c_source.LONGEST_STRING_BYTES - 4
    found.decode()


def test_a_compiler_reads_awkward_strings_back(tmp_path: Path) -> None:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("needs the Debian package gcc")
    source, program = tmp_path / "strings.c", tmp_path / "strings"
    lines = "".join(f"    {c_source.string(text)},\n" for text in AWKWARD)
    notes = "".join(f"/* {c_source.comment(text)} */\n" for text in AWKWARD)
    source.write_text(
        f"{notes}#include <stdio.h>\nstatic const char *const all[] = {{\n{lines}}};\n"
        "int main(void) { for (unsigned i = 0; i < sizeof all / sizeof *all; i++)"
        " { fputs(all[i], stdout); putchar(0); } return 0; }\n",
        encoding="ascii",
    )
    flags = ["-std=c11", "-trigraphs", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    subprocess.run([compiler, *flags, source, "-o", program], check=True)
    found = subprocess.run([program], check=True, capture_output=True).stdout.split(b"\0")[:-1]
    assert found == [unescaped(c_source.string(text)) for text in AWKWARD]


@PROPERTY
@given(st.text())
def test_a_comment_stays_one(text: str) -> None:
    found = c_source.comment(text)
    assert not set(found) & set("*/\\?\n\r")
    assert len(found) == len(text)


@PROPERTY
@given(st.floats())
def test_a_real_is_a_literal_or_refused(value: float) -> None:
    try:
        literal = c_source.real(value)
    except RejectedError:
        assert value != 0
    else:
        assert float(literal.strip("()f")) == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e300, 1e-320])
def test_no_float_of_32_bits(value: float) -> None:
    with pytest.raises(RejectedError, match="32-bit float"):
        c_source.real(value)
