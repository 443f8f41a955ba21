"""A judgement in the forms that machines and people read: one module each, imported only when asked for."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from importlib import import_module

from registry.submission.report import Report

Render = Callable[[Report], str]


def _plain(report: Report) -> str:
    return json.dumps(report.to_json(), indent=2, ensure_ascii=False) + "\n"


def _by_module(name: str, report: Report) -> str:
    rendered: str = import_module(f"registry.submission.formats.{name}").render(report)
    return rendered


def _encodable(render: Render, report: Report) -> str:
    # a file's name may hold bytes that are no text, and no stream would take it
    return render(report).encode("utf-8", "replace").decode("utf-8")


FORMATS: Mapping[str, Render] = {
    "json": functools.partial(_encodable, _plain),
    **{
        name: functools.partial(_encodable, functools.partial(_by_module, name))
        for name in ("sarif", "github", "junit", "markdown")
    },
}
"""By name as `zoo check --format` takes it; what each gives can be encoded as UTF-8 and ends with a newline."""
