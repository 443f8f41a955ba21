"""Names, texts and numbers as C source, safe for whatever a card or a model file says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

LINE = 100
"""Columns after which a list of numbers goes on in the next line."""

LONGEST_NAME = 48

_WORDS = """
    assert complex ctype errno fenv float inttypes iso646 kernels limits locale math setjmp signal stdarg stdbool
    stddef stdint stdio stdlib string tgmath time wchar wctype selftest
    """
_HEADERS = frozenset(_WORDS.split())
"""Names that are taken: a header of that name would hide the library's."""


def identifier(name: str) -> str:
    """A C identifier, and name of files, from any name: lower case, its other characters as underscores."""
    found = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:LONGEST_NAME].strip("_")
    if not found or found[0].isdigit() or found in _HEADERS:
        found = f"model_{found}".strip("_")
    return found


def literal(text: str) -> str:
    """A string literal of the text's UTF-8 bytes, without trigraphs and with octal escapes of fixed length."""
    plain = (chr(byte) if _is_plain(byte) else f"\\{byte:03o}" for byte in text.encode("utf-8", "replace"))
    return f'"{"".join(plain)}"'


def comment(text: str, most: int = 80) -> str:
    """Text that cannot end a comment, begin another or join lines."""
    plain = re.sub(r"[^A-Za-z0-9 .,:;()\[\]+=_/-]", "_", text)
    return plain if len(plain) <= most else f"{plain[: most - 3]}..."


def real(value: float) -> str:
    """A float literal that reads back as the same 32 bits."""
    digits = f"{value:.9g}"
    return f"{digits}f" if "." in digits or "e" in digits else f"{digits}.0f"


def lines(words: Iterable[str], indent: str = "    ") -> Iterator[str]:
    """Words with commas, as many in a line as it holds."""
    line = indent
    for word in words:
        if len(line) + len(word) >= LINE:
            yield line.rstrip()
            line = indent
        line += f"{word}, "
    if line.strip():
        yield line.rstrip()


def _is_plain(byte: int) -> bool:
    return 0x20 <= byte < 0x7F and chr(byte) not in '"\\?'
