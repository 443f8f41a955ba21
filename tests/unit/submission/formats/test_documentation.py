"""The examples of docs/check-formats.md are what the formats give."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest

from cli.check_text import show
from registry.submission.formats import FORMATS
from tests.unit.submission.formats import reports

PAGE = Path(__file__).resolve().parents[4] / "docs" / "check-formats.md"


def example(name: str) -> str:
    """The example below the heading of a format."""
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {name}\n")[2]
    found = re.search(r"^```\w+\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("name", ["github", "markdown"])
def test_whole_examples(name: str) -> None:
    assert example(name) == FORMATS[name](reports.sample())


def test_the_example_of_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show(reports.sample(), verbose=False)
    assert example("text") == click.unstyle(capsys.readouterr().out)


def test_parts_of_documents() -> None:
    plain = json.loads(FORMATS["json"](reports.sample()))
    assert json.loads(example("json")) == plain["entries"][1]
    run = json.loads(FORMATS["sarif"](reports.sample()))["runs"][0]
    assert json.loads(example("sarif")) == run["results"][1]
    assert example("junit") in FORMATS["junit"](reports.sample())
