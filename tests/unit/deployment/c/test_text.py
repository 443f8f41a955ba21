"""Names, texts and numbers as C, whatever they are."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from struct import pack, unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.deployment.c.text import LINE, comment, identifier, lines, literal, real
from tests.unit.deployment.c.building import STRICT, needs_gcc
from tests.unit.strategies import PROPERTY

HOSTILE = (
    'a "quoted" name',
    "two\nlines",
    "*/ int x; /*",
    "??/\\",
    "$(reboot)`reboot`",
    "\x00\x7f",
    "häß 日本",
    "",
)


@PROPERTY
@given(st.text() | st.sampled_from(HOSTILE))
def test_any_name_makes_an_identifier(name: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,60}", identifier(name))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("deeplabv3-shapes-256-int8", "deeplabv3_shapes_256_int8"),
        ("256-int8", "model_256_int8"),
        ("string", "model_string"),
        ("...", "model"),
        ("Net (2)", "net_2"),
    ],
)
def test_names_stay_readable(name: str, expected: str) -> None:
    assert identifier(name) == expected


@PROPERTY
@given(st.text() | st.sampled_from(HOSTILE))
def test_a_comment_ends_where_it_should(text: str) -> None:
    found = comment(text)
    assert len(found) <= 80
    assert not re.search(r"\*|\\|\n|\?|[^ -~]", found)


@needs_gcc
def test_the_compiler_reads_every_literal_as_the_text(tmp_path: Path) -> None:
    texts = [*HOSTILE[:-2], "häß 日本", "".join(map(chr, range(1, 300))), "1" + chr(1) + "2", "x" * 500]
    lengths = [len(text.encode()) for text in texts]
    source = [
        "#include <stdio.h>",
        f"static const char *const texts[] = {{{', '.join(map(literal, texts))}}};",
        f"static const unsigned lengths[] = {{{', '.join(map(str, lengths))}}};",
        f"int main(void) {{ for (int i = 0; i < {len(texts)}; i++) fwrite(texts[i], 1, lengths[i], stdout);"
        " return 0; }",
    ]
    (tmp_path / "texts.c").write_text("\n".join(source) + "\n")
    subprocess.run(["gcc", *STRICT, "-trigraphs", "texts.c", "-o", "texts"], cwd=tmp_path, check=True)
    printed = subprocess.run([tmp_path / "texts"], capture_output=True, check=True).stdout
    assert printed == "".join(texts).encode()


@PROPERTY
@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_float_reads_back_as_the_same_bits(value: float) -> None:
    text = real(value)
    assert re.fullmatch(r"-?[0-9]+(\.[0-9]+)?(e[+-][0-9]+)?f", text)
    assert "." in text or "e" in text
    assert pack("<f", float(text[:-1])) == pack("<f", value)
    assert unpack("<f", pack("<f", value))[0] == value


@PROPERTY
@given(st.lists(st.integers(-(1 << 31), (1 << 31) - 1)))
def test_lists_are_wrapped_and_lose_nothing(values: list[int]) -> None:
    found = list(lines(map(str, values)))
    assert all(len(line) <= LINE for line in found)
    assert [int(word) for word in " ".join(found).replace(",", " ").split()] == values
