"""Configurations of ST's form, one folder each: what it becomes, or the places of what is refused."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path

import yaml

from registry import document
from registry.document import Document
from registry.errors import RequestError
from registry.resources import data_folder
from registry.vendors.st.mapping import Mapped, mapped

FOLDER = Path(__file__).resolve().parents[3] / "vendors" / "st"
ACCEPTED = sorted(path.parent.name for path in FOLDER.glob("accepted/*/user_config.yaml"))
REJECTED = sorted(path.parent.name for path in FOLDER.glob("rejected/*/user_config.yaml"))


@functools.cache
def known() -> Mapping[str, tuple[str, ...]]:
    """Class names of the shipped dataset cards."""
    found = {}
    for path in Path(data_folder("cards"), "datasets").glob("*.yaml"):
        card = yaml.safe_load(path.read_text(encoding="utf-8"))
        found[card["name"]] = tuple(card.get("classes", {}).get("names", ()))
    return found


def read(path: Path) -> Document:
    """A document that is YAML."""
    found = document.read(path)
    assert isinstance(found, Document)
    return found


def taken(found: Document) -> Mapped:
    """What a configuration becomes."""
    return mapped(found, known())


def problems(path: Path) -> list[str]:
    """Line, column, pointer and rule of each problem of a configuration that is refused."""
    try:
        taken(read(path))
    except RequestError as error:
        heads = re.findall(r":(\d+:\d+): error: .*\[(.*)\]\n    at (.*)", error.message)
        return [f"{place} {pointer} {rule}" for place, rule, pointer in heads]
    return []
