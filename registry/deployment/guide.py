"""The README of a package, for whoever holds it without this project: what it is, how to use it, what to mind."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from registry import __version__
from registry.deployment.base import File, Instruction, Package, Subject
from registry.units import format_bytes

FILE_NAME = "README.txt"
_WIDTH = 100


def guide(subject: Subject, package: Package, files: Sequence[File]) -> bytes:
    """The text of the README.

    Args:
        subject: What is deployed.
        package: What was made of it.
        files: What the folder holds beside the README and the manifest.
    """
    title = f"{subject.name} for {subject.target.title}"
    source = subject.variant.full_name if subject.variant else "a file that no card has"
    lines = [title, "=" * len(title), "", f"Made by zoo {__version__} of {source}", f"  {subject.digest}", ""]
    memory = subject.fit.memory
    need = (
        f"{format_bytes(memory.ram)} of activations ({memory.source}) and {format_bytes(memory.flash)} of weights"
    )
    lines += _paragraph(f"Runs on: {subject.fit.engine or 'unknown'}; needs {need}.")
    lines += _section("What to mind", _items((*package.warnings, *subject.fit.notes)))
    lines += _section("How to use it", _steps(package.instructions))
    lines += _section("Files", _items(f"{one.path}: {one.note or one.role}" for one in files))
    tools = (
        f"{one.name} {one.version or ''}".strip() + f": {one.use}{_absent(one.found)}" for one in package.tools
    )
    lines += _section("Tools", _items(tools))
    readings = (f"{one.name}: {one.value:.10g} {one.unit} ({one.tool}: {one.text})" for one in package.readings)
    lines += _section("What the tools reported", _items(readings))
    lines += ["", *_paragraph("deployment.json says the same for programs, with the SHA-256 of every file.")]
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _absent(found: bool) -> str:
    return "" if found else " (was not here)"


def _section(title: str, body: Iterable[str]) -> list[str]:
    lines = list(body)
    return ["", title, "-" * len(title), *lines] if lines else []


def _items(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from _paragraph(text, "- ", "  ")


def _steps(instructions: Iterable[Instruction]) -> Iterator[str]:
    for number, one in enumerate(instructions, 1):
        yield from _paragraph(f"{number}. On the {one.where}: {one.title}", "", "   ")
        if one.command:
            yield f"     {_visible(shlex.join(one.command))}"


def _paragraph(text: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        _visible(text),
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _visible(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
