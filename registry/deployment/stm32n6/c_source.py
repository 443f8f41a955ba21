"""Pieces of C and of linker scripts that are safe whatever a label, a tensor or a card says."""

from __future__ import annotations

from collections.abc import Iterable

from registry.errors import RejectedError

LONGEST_STRING_BYTES = 255
"""A label longer than this is cut: a compiler need not take a literal above 4095 bytes (C11 5.2.4.1), and no
display shows it."""

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !#%&'()*+,-./:;<=>@[]^_{|}~$`")
_COMMENT = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ._:;',+()=-")
_SMALLEST, _LARGEST = 1.17549435e-38, 3.40282346e38
"""Bounds of a normal 32-bit float (C11 annex E)."""
_PER_LINE = 16


def string(text: str) -> str:
    r"""A C string literal of a text in UTF-8.

    What is not plain ASCII, and `"`, `\` and `?` (trigraphs), stands as an octal escape of three digits, which a
    digit behind it cannot lengthen as it would a hexadecimal one. A NUL would end the string and becomes U+FFFD.
    """
    encoded = text.replace("\0", "\ufffd").encode("utf-8", "replace")[:LONGEST_STRING_BYTES]
    whole = encoded.decode("utf-8", "ignore").encode()  # not half of a character
    return '"' + "".join(chr(byte) if chr(byte) in _PLAIN else f"\\{byte:03o}" for byte in whole) + '"'


def comment(text: str) -> str:
    """A text on one line of a comment: what could end it, or begin another, becomes `_`."""
    return "".join(character if character in _COMMENT else "_" for character in text)


def real(value: float) -> str:
    """A literal of type float.

    Raises:
        RejectedError: It is no number, or none that 32 bits hold.
    """
    if value and not _SMALLEST <= abs(value) <= _LARGEST:
        raise RejectedError(f"expected a scale or mean that a 32-bit float holds, found {value!r}")
    return f"({value!r}f)" if value < 0 else f"{value!r}f"


def reals(values: Iterable[float]) -> str:
    """An initializer of floats."""
    return "{" + ", ".join(real(value) for value in values) + "}"


def integers(values: Iterable[int]) -> str:
    """An initializer of whole numbers, on one line."""
    return "{" + ", ".join(str(value) for value in values) + "}"


def rows(values: Iterable[int], indent: str) -> str:
    """Whole numbers in rows, for the inside of an initializer."""
    words = [f"{value}," for value in values]
    lines = (" ".join(words[start : start + _PER_LINE]) for start in range(0, len(words), _PER_LINE))
    return "\n".join(indent + line for line in lines)


def define(name: str, value: str | int, note: str = "") -> str:
    """A macro, with a note behind it; `value` is C already."""
    return f"#define {name} {value}" + (f" /* {comment(note)} */" if note else "")


def header(guard: str, about: str, *lines: str) -> str:
    """A header file with an include guard."""
    return "\n".join(
        (f"/* {comment(about)} */", f"#ifndef {guard}", f"#define {guard}", "", *lines, "", "#endif", "")
    )
