"""The pages of docs/tutorials/, followed as a reader follows them.

A block marked `console` holds commands behind `$ `, continued behind `> `, and below each what it says on both
streams. `...` stands for what differs from run to run or is left out; a command that fails ends with a line
`exit code N`. A block below the comment `<!-- set-up -->` is for a machine without zoo, and is not run.

    python -m tests.tutorials                  follows every page, and shows what is not as it says
    python -m tests.tutorials --write PAGE     puts what was really said into the page, with the page's own `...`
"""

from __future__ import annotations

import difflib
import doctest
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs" / "tutorials").glob("*.md"))

_SKIPPED = "<!-- set-up -->"
_RULES = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_MARK = "\x1e"  # ASCII's record separator, which no command prints
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")


@dataclass(frozen=True)
class Step:
    """A command of a page.

    Attributes:
        command: What is typed, over one or several lines.
        shown: Lines below it.
        first: Index of the page's line with `$ `.
        last: Index of the line after the step's last.
    """

    command: str
    shown: tuple[str, ...]
    first: int
    last: int

    @property
    def code(self) -> int:
        """Exit code that the page shows."""
        found = re.fullmatch(r"exit code (\d+)", self.shown[-1]) if self.shown else None
        return int(found[1]) if found else 0


@dataclass(frozen=True)
class Outcome:
    """What a command really said, and its exit code; None where the shell had ended before."""

    said: tuple[str, ...]
    code: int | None

    @property
    def ending(self) -> tuple[str, ...]:
        """The line that the page has to show below a command that failed."""
        return () if self.code == 0 else (f"exit code {self.code}",)


def steps(page: str) -> list[Step]:
    """Commands of a page in order, but for those of set-up blocks."""
    lines = page.splitlines()
    return [step for first, last in _blocks(lines) for step in _steps_of(lines, first, last)]


def follow(commands: list[str], home: Path) -> list[Outcome]:
    """Run commands one after the other in one shell, in a home folder without anything else.

    Args:
        commands: What is typed; a later one sees folders and variables of an earlier one.
        home: New folder; working folder of the first command too.
    """
    home.mkdir()
    # who has followed git's own first steps has these
    (home / ".gitconfig").write_text("[user]\n\tname = Reader\n\temail = reader@example.org\n", encoding="utf-8")
    marked = [f"{command}\nprintf '{_MARK}%d{_MARK}' $?\n" for command in commands]
    ran = subprocess.run(
        ["bash", "-c", "set -o pipefail\n" + "".join(marked)],
        cwd=home,
        env=_environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    *pieces, rest = ran.stdout.split(_MARK)
    ended = zip(pieces[::2], pieces[1::2], strict=True)
    done = [Outcome(tuple(said.splitlines()), int(code)) for said, code in ended]
    return done + [Outcome(tuple(rest.splitlines()), None)] * (len(commands) - len(done))


def difference(step: Step, outcome: Outcome) -> str | None:
    """What is not as the page says, for a person; None where it is.

    The exit code is compared by itself, so that `...` never hides a failure.
    """
    said = "\n".join((*outcome.said, *outcome.ending))
    if step.code == outcome.code and _stands_for("\n".join(step.shown), said):
        return None
    told = difflib.unified_diff(step.shown, _mended(step, outcome), "page", "said", lineterm="")
    return "\n".join((f"line {step.first + 1}: $ {step.command}", *told))


def written(page: str, outcomes: list[Outcome]) -> str:
    """The page with what was really said below each command whose words are other ones."""
    lines = page.splitlines()
    for step, outcome in reversed(list(zip(steps(page), outcomes, strict=True))):
        if difference(step, outcome):
            head = step.first + len(step.command.splitlines())
            lines[head : step.last] = _mended(step, outcome)
    return "\n".join(lines) + "\n"


def _blocks(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Index of the first line of each console block, and of its closing fence."""
    last = 0
    for first, line in enumerate(lines):
        if first >= last and line == "```console":
            last = lines.index("```", first)
            if lines[first - 1] != _SKIPPED:
                yield first + 1, last


def _steps_of(lines: list[str], first: int, last: int) -> Iterator[Step]:
    """Commands of one block."""
    starts = [index for index in range(first, last) if lines[index].startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], last], strict=True):
        head = next((index for index in range(start + 1, end) if not re.match("> |>$", lines[index])), end)
        command = "\n".join(line[2:] for line in lines[start:head])
        yield Step(command, tuple(lines[head:end]), start, end)


def _environment(home: Path) -> dict[str, str]:
    """Variables of a new user, who has put zoo's environment first on the path."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return {**kept, "HOME": str(home), "PATH": path, "NO_PROXY": "*"}


def _mended(step: Step, outcome: Outcome) -> list[str]:
    """What the page should show below a command."""
    return [*_with_ellipses(step.shown, outcome.said), *outcome.ending]


def _with_ellipses(old: tuple[str, ...], new: tuple[str, ...]) -> list[str]:
    """New lines, with the old ones that have a `...` in their place.

    A `...` alone on its line leaves out what stands between its neighbours, as long as these are still said.
    """
    result: list[str] = []
    at, leaving_out = 0, False
    for line in old:
        if line.strip() == "...":
            leaving_out = True
            continue
        found = next((index for index in range(at, len(new)) if _stands_for(line, new[index])), None)
        if found is None:
            continue
        result += ["..."] if leaving_out and found > at else new[at:found]
        result.append(line)
        at, leaving_out = found + 1, False
    return [*result, *(["..."] if leaving_out and at < len(new) else new[at:])]


def _stands_for(old: str, new: str) -> bool:
    """Whether words of the page, whose `...` stands for anything, are these of the output."""
    return doctest.OutputChecker().check_output(old, new, _RULES)


def _main(arguments: list[str]) -> int:
    """Follow pages, all of them where none is named; exit code 1 where one is not as it says."""
    pages = [Path(name) for name in arguments if name != "--write"] or PAGES
    failed = False
    for path in pages:
        page = path.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            outcomes = follow([step.command for step in steps(page)], Path(folder, "home"))
        told = [text for text in map(difference, steps(page), outcomes) if text]
        failed |= bool(told)
        print(f"{path}: {len(outcomes)} commands, {len(told)} not as the page says", *told, sep="\n")  # noqa: T201
        if "--write" in arguments:
            path.write_text(written(page, outcomes), encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
