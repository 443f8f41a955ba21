"""What `zoo lineage` prints: an indented tree, plain data, or a graph for Graphviz."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from registry.lineage.document import step_document

if TYPE_CHECKING:
    from registry.lineage.step import Figure, Item, Step
    from registry.lineage.walk import Node

_MOST_FIGURES = 4
_SHORT = 12


def tree(node: Node) -> Iterator[str]:
    """Lines of an indented tree: bytes, below them the step that made them, below that what went in."""
    yield from _bytes(node, "")


def _bytes(node: Node, indent: str) -> Iterator[str]:
    item = node.item
    known = f"  {item.variant}" if item.variant else ""
    yield f"{click.style(item.role, bold=True)}  {item.name}  {item.digest.hex[:_SHORT]}{known}"
    rest = [f"evaluation  {line}" for one in node.evaluations for line in _figures(one)]
    if node.broken:
        rest.append(click.style("broken", fg="red") + f"  {node.broken}")
    if node.told:
        rest.append(f"from  {node.told}")
    if node.again:
        rest.append("as above")
    last = "   " if node.step is None else "│  "
    for number, line in enumerate(rest):
        mark = "└─ " if node.step is None and number == len(rest) - 1 else "├─ "
        first, *more = line.splitlines()
        yield indent + mark + first
        yield from (f"{indent}{last}{one}" for one in more)
    if node.step is not None:
        yield from _made(node, node.step, indent)


def _made(node: Node, step: Step, indent: str) -> Iterator[str]:
    yield f"{indent}└─ {click.style(step.kind, bold=True)}  {_how(step)}".rstrip()
    for line in _details(step):
        yield f"{indent}   {'│' if node.inputs else ' '}  {line}"
    for number, inner in enumerate(node.inputs):
        last = number == len(node.inputs) - 1
        first, *more = _bytes(inner, "")
        yield f"{indent}   {'└─' if last else '├─'} {first}"
        yield from (f"{indent}   {'   ' if last else '│  '}{line}" for line in more)


def _how(step: Step) -> str:
    """When, how long, at which commit, and with what, as far as it is stated."""
    versions = step.environment.versions
    commit = f"commit {step.commit[:_SHORT]}{' and changes' if step.changed else ''}" if step.commit else ""
    said = (
        step.name,
        step.started or "",
        "" if step.seconds is None else f"{step.seconds:.4g} s",
        commit,
        "" if step.seed is None else f"seed {step.seed}",
        ", ".join(f"{name} {version}" for name, version in versions.items()),
        step.environment.host,
        f"run {step.run}" if step.run else "",
    )
    return ", ".join(one for one in said if one)


def _details(step: Step) -> Iterator[str]:
    if step.parameters:
        yield "how      " + ", ".join(f"{name} {_scalar(value)}" for name, value in step.parameters.items())
    for line in _figures(step):
        yield f"figures  {line}"


def _scalar(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _figures(step: Step) -> Iterator[str]:
    """The figures of whole networks, the last step's of a curve, by what they were measured under."""
    groups: dict[str, dict[str, Figure]] = {}
    for figure in step.figures:
        if figure.label is None:
            known = groups.setdefault(_conditions(figure), {})
            before = known.get(figure.name)
            if before is None or (figure.step or 0) >= (before.step or 0):
                known[figure.name] = figure
    for conditions, figures in groups.items():
        shown = [_value(one) for one in figures.values()][:_MOST_FIGURES]
        yield ", ".join(shown) + (f" ({conditions})" if conditions else "")


def _conditions(figure: Figure) -> str:
    place = " ".join(word for word in (figure.dataset, figure.split) if word)
    listed = f"list {figure.images.hex[:_SHORT]}" if figure.images else ""
    said = (f"protocol {figure.protocol}" if figure.protocol else "", place, listed)
    return ", ".join(one for one in said if one)


def _value(figure: Figure) -> str:
    unit = f" {figure.unit}" if figure.unit else ""
    step = "" if figure.step is None else f" at step {figure.step}"
    return f"{figure.name} {figure.value:.6g}{unit}{step}"


def plain(node: Node) -> dict[str, Any]:
    """The same as plain data: bytes with the step that made them, and what went in."""
    said: dict[str, Any] = {**_item(node.item), "from": node.told or None, "broken": node.broken or None}
    if node.again:
        return {**said, "again": True}
    evaluations = [step_document(one) for one in node.evaluations]
    if node.step is None:
        return {**said, "step": None, "evaluations": evaluations}
    step = {**step_document(node.step), "inputs": [plain(one) for one in node.inputs]}
    return {**said, "step": step, "evaluations": evaluations}


def _item(item: Item) -> dict[str, Any]:
    return {"role": item.role, "name": item.name, "sha256": item.digest.hex, "variant": item.variant}


def dot(node: Node) -> Iterator[str]:
    """The graph in Graphviz's language, from the data to the file."""
    yield "digraph lineage {"
    yield "  rankdir=LR;"
    yield '  node [shape=box, fontname="sans-serif"];'
    for one in node.nodes():
        name = _quoted(one.item.digest.hex)
        words = [
            one.item.name,
            one.item.digest.hex[:_SHORT],
            *(line for ev in one.evaluations for line in _figures(ev)),
        ]
        colour = ", color=red, fontcolor=red" if one.broken else ""
        yield f"  {name} [label={_quoted(chr(10).join([*words, one.broken or one.told]).strip())}{colour}];"
        if one.step is not None:
            step = _quoted(f"step {one.item.digest.hex}")
            yield f"  {step} [shape=ellipse, label={_quoted(chr(10).join([one.step.kind, *_figures(one.step)]))}];"
            yield f"  {step} -> {name} [label={_quoted(one.item.role)}];"
            for inner in one.inputs:
                yield f"  {_quoted(inner.item.digest.hex)} -> {step} [label={_quoted(inner.item.role)}];"
    yield "}"


def _quoted(text: str) -> str:
    """A string of Graphviz: a quotation mark ends it, a backslash at its end would take that away."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def claims(lines: list[dict[str, Any]]) -> Iterator[str]:
    """What cards claim of a variant and its ancestors, where no record proves it."""
    for number, line in enumerate(lines):
        yield "  " * number + ("made from  " if number else "") + line["variant"]
        for key in ("training", "quantization"):
            if line[key]:
                words = ", ".join(f"{name} {_scalar(value)}" for name, value in line[key].items())
                yield "  " * (number + 1) + f"{key}  {words}"
