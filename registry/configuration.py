"""Reading a configuration: a YAML document of a kind, with values that the command line sets over it.

Every problem is told with file, line and column; one of a value that the command line has set is told of that.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import document, schema
from registry.document import Document, Step
from registry.errors import RequestError
from registry.problem import Problem

Rules = Callable[[Document], Iterable[Problem]]


@dataclass(frozen=True)
class Read:
    """A valid configuration.

    Attributes:
        kind: Its kind, one of `registry.schema.KINDS`.
        document: Where it stands, with what the command line has set.
        overrides: Paths that the command line has set.
    """

    kind: str
    document: Document
    overrides: tuple[tuple[Step, ...], ...]

    def error(self, path: tuple[Step, ...], rule: str, message: str, **details: str) -> RequestError:
        """The error of a value that the document cannot know to be wrong."""
        problem = self.document.problem(path, rule, message, **details)
        return _refused(self.kind, [_placed(problem, self.overrides)])


def read(path: Path, kind: str, rules: Rules, overrides: Mapping[str, str] | None = None) -> Read:
    """Read and judge a configuration.

    Args:
        path: YAML document.
        kind: What it must be.
        rules: Finds what the schema cannot say, in a document that the schema allows.
        overrides: Values by dotted key, such as `optimiser.learning_rate`, each a YAML value.

    Raises:
        RequestError: It is not valid; the message has every problem with its place.
    """
    found = document.read(path)
    if isinstance(found, Problem):
        raise _refused(kind, [found])
    set_ = tuple(_override(found, kind, key, value) for key, value in (overrides or {}).items())
    problems = schema.check(found, kind) or list(rules(found))
    if problems:
        raise _refused(kind, [_placed(problem, set_) for problem in problems])
    return Read(kind, found, set_)


def _override(found: Document, kind: str, key: str, text: str) -> tuple[Step, ...]:
    steps = tuple(key.split("."))
    value = document.parse(text.encode(), f"--set {key}") if text.strip() else None
    if isinstance(value, Problem):
        raise _refused(kind, [value])
    node: Any = found.value
    for step in steps[:-1]:
        node = node.setdefault(step, {}) if isinstance(node, dict) else None
    if not isinstance(node, dict) or "" in steps:
        raise RequestError(
            f"--set {key}: there is no such place in {found.file}",
            hint="name a property by the way to it, such as --set optimiser.learning_rate=0.01",
        )
    node[steps[-1]] = None if value is None else value.value
    return steps


def _placed(problem: Problem, overrides: Sequence[tuple[Step, ...]]) -> Problem:
    """A problem of a value that the command line has set stands there."""
    for steps in overrides:
        where = document.pointer(steps)
        if problem.pointer == where or problem.pointer.startswith(f"{where}/"):
            return dataclasses.replace(problem, file=f"--set {'.'.join(map(str, steps))}", line=1, column=1)
    return problem


def _refused(kind: str, problems: Sequence[Problem]) -> RequestError:
    return RequestError(
        "\n".join([f"not a valid {kind} configuration:", *map(str, problems)]),
        hint=f"schemas/{kind}.json describes every property",
    )
