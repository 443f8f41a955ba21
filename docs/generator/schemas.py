"""`cards.md` and `documents.md`: every field of every kind of document, from the JSON Schemas."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from docs.generator.fields import Field, Repeated, Section, Walk
from docs.generator.markdown import block, code, link, page, prose, table
from registry.card import REQUIRED
from registry.resources import data_folder

CARDS = ("model-card", "dataset", "target")
CONFIGURATIONS = ("training", "quantization", "pipeline")

VARIANT = "variants[]"
REPEATED = {"model-card": {"common": Repeated(VARIANT, "variant")}}
"""Definitions that have only fields of another."""

_READING = """\
`a.b` is the property `b` of `a`, `a[].b` that of each item of the list `a`, and `a.*` stands for each key of the
mapping `a`. What several places have in common stands under its own name. A property that is not in these tables is
refused. `null` and `unknown` say that nobody knows; nothing is ever made up."""


def cards() -> str:
    """The page of what stands in `cards/`."""
    intro = (
        "What stands in `cards/`: model cards by publisher, datasets and targets. "
        "[cards/README.md](../../cards/README.md) says how to add one, `zoo validate` judges it, and "
        "[errors.md](errors.md) explains what it finds."
    )
    return page("Cards, datasets and targets", intro, _READING, *map(_described, CARDS))


def documents() -> str:
    """The page of every other kind of document."""
    found = sorted(path.stem for path in Path(data_folder("schemas")).glob("*.json"))
    kinds = [*CONFIGURATIONS, *(kind for kind in found if kind not in (*CARDS, *CONFIGURATIONS))]
    intro = (
        "Configurations that commands take, and records and reports that they write. [Cards](cards.md) have a page "
        "of their own."
    )
    return page("Configurations, records and reports", intro, _READING, *map(_described, kinds))


def _described(kind: str) -> str:
    text = Path(data_folder("schemas"), f"{kind}.json").read_text(encoding="utf-8")
    schema = json.loads(text)
    sections = Walk(schema, REPEATED.get(kind, {})).sections()
    file = f"[schemas/{kind}.json](../../schemas/{kind}.json)"
    parts = [f"## {schema['title']}", f"{prose(schema['description'])} Schema: {file}."]
    parts += [_section(kind, one) for one in sections]
    for example in schema.get("examples", ())[:1]:
        parts += [f"### {kind}: an example", _written(kind, example)]
    return "\n\n".join(parts)


def _heading(kind: str, path: str) -> str:
    return f"{kind}: {path or 'the document'}"


def _section(kind: str, section: Section) -> str:
    rows = [_row(kind, one) for one in section.fields]
    heads = ("Field", "Type", "Required", "Allowed", "Meaning", "Example")
    told = prose(section.meaning) if section.path else ""
    parts = (f"### {_heading(kind, section.path)}", told, table(heads, rows))
    return "\n\n".join(part for part in parts if part)


def _row(kind: str, one: Field) -> tuple[str, ...]:
    required = "yes" if one.required else ""
    if kind == "model-card" and one.path in {f"{VARIANT}.{key}" for key in REQUIRED}:
        required = "here or in `common`"
    below = f" Fields: {link(_heading(kind, one.below), code(one.below))}" if one.below else ""
    below += f", but for {', '.join(map(code, one.lacking))}" if one.lacking else ""
    below += "." if below else ""
    return code(one.path), one.type, required, one.allowed, prose(one.meaning) + below, code(one.example)


def _written(kind: str, example: Any) -> str:
    """A document as people and programs write it."""
    if kind in (*CARDS, *CONFIGURATIONS):
        return block(yaml.safe_dump(example, sort_keys=False, allow_unicode=True, width=110).rstrip(), "yaml")
    return block(json.dumps(example, indent=2, ensure_ascii=False), "json")
