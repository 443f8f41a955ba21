"""Lineage records as documents: read with line and column of every problem, written to fixed bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from registry import document, rules
from registry.digest import Digest
from registry.errors import RejectedError, UnavailableError
from registry.lineage.step import Environment, Figure, Item, Lineage, Step
from registry.problem import Problem

SCHEMA = "lineage/1"
ENDING = ".lineage.json"
"""How the file beside a model is called: the model's name without its own ending, then this."""


def read(path: Path) -> Lineage:
    """Read a record.

    Raises:
        RejectedError: It is not valid; says each problem with file, line and column.
        UnavailableError: It cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UnavailableError(f"{path}: cannot be read: {error.strerror or error}") from None
    return parse(data, str(path))


def parse(data: bytes, place: str) -> Lineage:
    """The record of a document's bytes.

    Args:
        data: The document.
        place: What problems call it.

    Raises:
        RejectedError: It is not valid; says each problem with line and column.
    """
    found = document.parse(data, place) if len(data) <= document.MAX_BYTES else _too_large(place, len(data))
    problems = [found] if isinstance(found, Problem) else rules.check(found, "lineage")
    if isinstance(found, Problem) or problems:
        told = "\n".join(map(str, problems))
        raise RejectedError(
            f"{place} is no valid lineage record:\n{told}", hint="whoever made it has to make it anew"
        )
    return Lineage(tuple(_step(one) for one in found.value["steps"]))


def _too_large(place: str, size: int) -> Problem:
    expected = f"at most {document.MAX_BYTES} bytes"
    return Problem(place, 0, 0, "", "size", "the document is too large", expected, f"{size} bytes")


def to_bytes(lineage: Lineage, place: str) -> bytes:
    """The document of a record; the same record has the same bytes.

    Args:
        lineage: The record.
        place: What errors call it.

    Raises:
        RejectedError: It would not be read back, for instance because a step makes nothing.
    """
    whole = {"schema": SCHEMA, "steps": [step_document(one) for one in lineage.steps]}
    data = (json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    parse(data, place)
    return data


def step_document(step: Step) -> dict[str, Any]:
    """A step as plain data, without what nobody stated."""
    environment = _stated({"host": step.environment.host, "versions": dict(step.environment.versions)})
    return {
        "kind": step.kind,
        **_stated({"name": step.name}),
        "inputs": [_item_document(one) for one in step.inputs],
        "outputs": [_item_document(one) for one in step.outputs],
        **_stated(
            {
                "parameters": dict(step.parameters),
                "figures": [figure_document(one) for one in step.figures],
                "environment": environment,
                "configuration": step.configuration.hex if step.configuration else None,
                "commit": step.commit,
                "changed": step.changed,
                "seed": step.seed,
                "started": step.started,
                "seconds": step.seconds,
                "run": step.run,
            }
        ),
    }


def figure_document(figure: Figure) -> dict[str, Any]:
    """A figure as plain data."""
    said = {**vars(figure), "images": figure.images.hex if figure.images else None, "class": figure.label}
    return _stated({name: value for name, value in said.items() if name != "label"})


def _item_document(item: Item) -> dict[str, Any]:
    said = {"role": item.role, "name": item.name, "sha256": item.digest.hex}
    return {**said, **_stated({"variant": item.variant, "url": item.url})}


def _stated(said: Mapping[str, Any]) -> dict[str, Any]:
    """What says something: 0 is a number, while None, False and what is empty say nothing."""
    return {
        name: value
        for name, value in said.items()
        if value or (isinstance(value, int | float) and value is not False)
    }


def _step(said: Mapping[str, Any]) -> Step:
    environment = said.get("environment", {})
    return Step(
        kind=said["kind"],
        inputs=tuple(_item(one) for one in said["inputs"]),
        outputs=tuple(_item(one) for one in said["outputs"]),
        name=said.get("name", ""),
        parameters=said.get("parameters", {}),
        figures=tuple(_figure(one) for one in said.get("figures", ())),
        environment=Environment(environment.get("host", ""), environment.get("versions", {})),
        configuration=_digest(said.get("configuration")),
        commit=said.get("commit"),
        changed=said.get("changed", False),
        seed=said.get("seed"),
        started=said.get("started"),
        seconds=said.get("seconds"),
        run=said.get("run"),
    )


def _item(said: Mapping[str, Any]) -> Item:
    return Item(said["role"], said["name"], Digest(said["sha256"]), said.get("variant"), said.get("url"))


def _figure(said: Mapping[str, Any]) -> Figure:
    return Figure(
        said["name"],
        said["value"],
        said.get("unit"),
        said.get("protocol"),
        said.get("dataset"),
        said.get("split"),
        _digest(said.get("images")),
        said.get("class"),
        said.get("step"),
    )


def _digest(text: str | None) -> Digest | None:
    return Digest(text) if text else None
