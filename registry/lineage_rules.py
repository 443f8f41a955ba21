"""Rules of lineage records beyond their schema, and of the artifact by which a card carries one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from registry.card import LINEAGE_ROLE, UNPINNED
from registry.document import Document, Step
from registry.problem import Problem


def check(document: Document) -> Iterator[Problem]:
    """Problems of a record that its schema accepts: no bytes are made twice, and only an evaluation makes none."""
    made: dict[str, str] = {}
    for number, step in enumerate(document.value["steps"]):
        place = ("steps", number)
        if bool(step["outputs"]) is (step["kind"] == "evaluation"):
            expected = "no outputs" if step["outputs"] else "at least one output"
            message = f"the {step['kind']} makes {'something' if step['outputs'] else 'nothing'}"
            yield document.problem((*place, "outputs"), "outputs", message, expected=expected)
        if step["kind"] == "evaluation" and "model" not in [item["role"] for item in step["inputs"]]:
            message = "the evaluation does not say of which model"
            yield document.problem((*place, "inputs"), "inputs", message, expected="an input with the role model")
        for index, item in enumerate(step["outputs"]):
            if item["sha256"] in made:
                message = f"two outputs are the same bytes: {made[item['sha256']]} and {item['name']}"
                at = (*place, "outputs", index, "sha256")
                yield document.problem(at, "made-twice", message, expected="one step that makes them")
            made.setdefault(item["sha256"], item["name"])


def check_artifacts(document: Document, place: tuple[Step, ...], whole: dict[str, Any]) -> Iterator[Problem]:
    """Problems of a variant's lineage artifact: there is at most one, and it has a digest.

    Args:
        document: The card.
        place: Where the variant stands.
        whole: The variant with the card's common properties.
    """
    found = [item for item in whole.get("artifacts", ()) if item["role"] == LINEAGE_ROLE]
    where: tuple[Step, ...] = (*place, "artifacts")
    if len(found) > 1:
        names = ", ".join(item["file"] for item in found)
        message = "the variant has several lineage records"
        yield document.problem(where, "lineage", message, expected="one, with all steps", found=names)
    if any(item["sha256"] == UNPINNED for item in found):
        message = "the lineage record has no digest, so nothing proves what it says"
        yield document.problem(where, "lineage", message, expected="its sha256", found=UNPINNED)
