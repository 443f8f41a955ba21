"""`zoo inspect`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from cli import output
from cli.model_file import graph_of, located, model_options, settings_of
from cli.output import Column
from registry.units import format_bytes

if TYPE_CHECKING:
    from registry.facts import Facts
    from registry.inspect.graph import Graph, Operator, Tensor


@click.command(
    "inspect",
    epilog="""\b
Examples:
  zoo inspect model.tflite
  zoo inspect model.onnx --layers
  zoo inspect google/deeplabv3 --format json | jq .quantization
  zoo inspect model.tflite --attachment labels.txt > labels.txt

Nothing of the model is run. What may harm whoever runs it stands under Findings, and then the exit code is 1.
MACs are multiply-accumulates of one inference, two operations each.""",
)
@click.argument("what", metavar="FILE|NAME")
@click.option("--layers", is_flag=True, help="Also a table of all operators in order.")
@click.option(
    "--attachment", metavar="NAME", help="Write a file that the model carries to stdout, and nothing else."
)
@output.format_option("text", "json")
@model_options
def command(what: str, layers: bool, attachment: str | None, form: str, **options: Any) -> int:
    """Tell what is in a model file: tensors, operators, work, quantization, structure, dangers."""
    from registry.digest import Digest
    from registry.facts import Facts

    path, variant = located(what, *settings_of(options))
    facts = Facts(graph_of(path, variant))
    if attachment is not None:
        _write_attachment(facts.graph, attachment)
        return 0
    digest, size = Digest.of_file(path), path.stat().st_size
    if form == "json":
        output.print_json({"file": str(path), "size": size, "sha256": digest.hex, **_plain(facts, layers=layers)})
    else:
        _print(variant.full_name if variant else str(path), size, digest, facts)
        if layers:
            _print_layers(facts)
    return 1 if any(finding.severity == "danger" for finding in facts.graph.findings) else 0


def _write_attachment(graph: Graph, name: str) -> None:
    from registry.errors import RequestError

    if name not in graph.attachments:
        listed = ", ".join(graph.attachments) or "none"
        raise RequestError(f"the model carries no file {name!r}", hint=f"it carries: {listed}")
    sys.stdout.buffer.write(graph.attachments[name])


def _print(name: str, size: int, digest: object, facts: Facts) -> None:
    graph, scheme = facts.graph, facts.scheme
    click.echo(click.style(output.visible(name), bold=True))
    versions = ", ".join(f"{name or 'opset'} {version}" for name, version in graph.versions.items())
    output.print_fields(
        ("file", f"{graph.format}, {size} bytes ({format_bytes(size)}), {digest}"),
        ("producer", ", ".join(word.rstrip(".") for word in (graph.producer, versions) if word)),
        ("quantization", quantization_words(facts)),
        ("network", structure_words(facts)),
        ("parameters", f"{facts.parameter_count:,}"),
        ("weights", ", ".join(f"{format_bytes(number)} {dtype}" for dtype, number in facts.weight_bytes.items())),
        ("work", _work_words(facts)),
    )
    output.print_section("Inputs", (_described(graph.tensors[index]) for index in graph.inputs))
    output.print_section("Outputs", (_described(graph.tensors[index]) for index in graph.outputs))
    _print_work(facts)
    kept = [layer.operator for layer in scheme.float_layers]
    output.print_section("Float layers", (_named(graph, operator) for operator in kept))
    output.print_section("Metadata", (f"{name}: {_line(text)}" for name, text in graph.metadata.items()))
    output.print_section(
        "Attachments", (f"{name}  {format_bytes(len(data))}" for name, data in graph.attachments.items())
    )
    findings = (f"{one.severity}: {one.rule}: {one.where}: {one.message}" for one in graph.findings)
    output.print_section("Findings", findings, empty="none")


def quantization_words(facts: Facts) -> str:
    """The scheme in words, such as `int8 per-channel qdq, weights symmetric`."""
    scheme = facts.scheme
    words = [word for word in (scheme.scheme, scheme.granularity, scheme.representation) if word != "none"]
    symmetric = [
        name
        for name, value in (("weights", scheme.weights_symmetric), ("activations", scheme.activations_symmetric))
        if value
    ]
    told = f", {' and '.join(symmetric)} symmetric" if symmetric else ""
    kept = len(scheme.float_layers)
    return (
        " ".join(dict.fromkeys(words)) + told + (f", {kept} of {len(scheme.layers)} layers float" if kept else "")
    )


def structure_words(facts: Facts) -> str:
    """The network in words; empty where nothing was recognised."""
    found = facts.structure
    words = []
    if found.backbone:
        words.append(found.backbone + (f" width {found.width:g}" if found.width else ""))
    if found.output_stride:
        words.append(f"output stride {found.output_stride}")
    if found.dilations:
        words.append("backbone dilations " + ", ".join(map(str, found.dilations)))
    if found.branches:
        parts = [one.kind + (f" rate {one.rate}" if one.rate > 1 else "") for one in found.branches]
        words.append(
            (f"ASPP {found.aspp}: " if found.rates else "head without dilated branch: ") + ", ".join(parts)
        )
    words.append("ends in ArgMax" if found.argmax else "no ArgMax in the graph")
    return "; ".join(words)


def _described(tensor: Tensor) -> str:
    from registry.compare import shown

    return f"{tensor.name}  {shown(tensor)}"


def _work_words(facts: Facts) -> str:
    unknown = f"; {output.counted(facts.uncounted, 'operator')} not counted" if facts.uncounted else ""
    return f"{_giga(facts.macs)} MACs, {_giga(facts.operations)} operations{unknown}"


def _giga(number: int) -> str:
    for size, word in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number / size:.4g} {word}"
    return str(number)


def _print_work(facts: Facts) -> None:
    click.echo()
    whole = facts.macs or 1
    rows = [
        [
            one.native,
            str(one.count),
            ",".join(map(str, one.versions)),
            _giga(one.macs) if one.macs else "",
            f"{one.macs / whole:.1%}" if one.macs else "",
            "?" if one.uncounted else _giga(one.operations) if one.operations else "",
        ]
        for one in facts.work
    ]
    columns = [
        Column("OPERATOR"),
        Column("COUNT", right=True),
        Column("VERSION", right=True, keep=3),
        Column("MACS", right=True),
        Column("SHARE", right=True, keep=4),
        Column("OPERATIONS", right=True, keep=5),
    ]
    output.print_table(columns, rows, output.terminal_width())


def _print_layers(facts: Facts) -> None:
    graph = facts.graph
    schemes = {layer.index: layer.scheme for layer in facts.scheme.layers}
    click.echo()
    rows = []
    for number, operator in enumerate(graph.operators):
        result = graph.tensors[operator.outputs[0]] if operator.outputs else None
        work = facts.costs[number]
        rows.append(
            [
                str(number),
                operator.native,
                "" if result is None else f"{result.dtype} {_shape(result)}",
                schemes.get(number, ""),
                "?" if work is None else _giga(work.macs) if work.macs else "",
                attribute_words(operator),
                _named(graph, operator),
            ]
        )
    columns = [
        Column("", right=True),
        Column("OPERATOR"),
        Column("RESULT"),
        Column("SCHEME", keep=5),
        Column("MACS", right=True, keep=6),
        Column("ATTRIBUTES", keep=4),
        Column("NAME", wrap=True),
    ]
    output.print_table(columns, rows, output.terminal_width())


def attribute_words(operator: Operator) -> str:
    """The attributes that say most: kernel, stride, dilation, padding, fused activation."""
    found = operator.attributes
    words = []
    for key, word in (("kernel", "k"), ("strides", "s"), ("dilations", "d")):
        sides = found.get(key)
        if sides and (key == "kernel" or set(sides) != {1}):
            words.append(word + "x".join(map(str, sides)))
    for key in ("padding", "activation", "axis"):
        if found.get(key) not in (None, "none"):
            words.append(f"axis {found[key]}" if key == "axis" else str(found[key]))
    return " ".join(words)


def _shape(tensor: Tensor) -> str:
    return "x".join("?" if one is None else str(one) for one in tensor.shape) if tensor.shape is not None else "?"


def _named(graph: Graph, operator: Operator) -> str:
    return operator.name or (graph.tensors[operator.outputs[0]].name if operator.outputs else "")


def _line(text: str) -> str:
    """One line of a text that may have many."""
    words = " ".join(text.split())
    return words if len(words) <= 200 else words[:197] + "..."


def _plain(facts: Facts, *, layers: bool) -> dict[str, Any]:
    """Everything as plain data."""
    from dataclasses import asdict

    graph, scheme, structure = facts.graph, facts.scheme, facts.structure
    found: dict[str, Any] = {
        "format": graph.format,
        "layout": graph.layout,
        "producer": graph.producer,
        "versions": dict(graph.versions),
        "inputs": [_tensor(graph.tensors[index]) for index in graph.inputs],
        "outputs": [_tensor(graph.tensors[index]) for index in graph.outputs],
        "quantization": {
            "scheme": scheme.scheme,
            "granularity": scheme.granularity,
            "representation": scheme.representation,
            "weights_symmetric": scheme.weights_symmetric,
            "activations_symmetric": scheme.activations_symmetric,
            "float_layers": [_named(graph, layer.operator) for layer in scheme.float_layers],
        },
        "structure": asdict(structure),
        "parameters": facts.parameter_count,
        "weight_bytes": facts.weight_bytes,
        "macs": facts.macs,
        "operations": facts.operations,
        "uncounted_operators": facts.uncounted,
        "operators": [asdict(one) for one in facts.work],
        "metadata": dict(graph.metadata),
        "attachments": {name: len(data) for name, data in graph.attachments.items()},
        "findings": [asdict(one) for one in graph.findings],
    }
    if layers:
        found["layers"] = [_layer(facts, number) for number in range(len(graph.operators))]
    return found


def _tensor(tensor: Tensor) -> dict[str, Any]:
    quantization = tensor.quantization
    return {
        "name": tensor.name,
        "shape": None if tensor.shape is None else list(tensor.shape),
        "dtype": tensor.dtype,
        "scales": list(quantization.scales) if quantization else None,
        "zero_points": list(quantization.zero_points) if quantization else None,
        "axis": quantization.axis if quantization else None,
    }


def _layer(facts: Facts, number: int) -> dict[str, Any]:
    graph, operator, work = facts.graph, facts.graph.operators[number], facts.costs[number]
    return {
        "index": number,
        "type": operator.type,
        "native": operator.native,
        "name": _named(graph, operator),
        "version": operator.version,
        "inputs": list(operator.inputs),
        "outputs": [{"index": index, **_tensor(graph.tensors[index])} for index in operator.outputs],
        "attributes": dict(operator.attributes),
        "macs": None if work is None else work.macs,
        "operations": None if work is None else work.operations,
    }
