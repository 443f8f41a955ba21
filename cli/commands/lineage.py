"""`zoo lineage`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli import complete, lineage_text, output
from cli.lineage_records import Records
from cli.model_file import settings_of
from cli.places import place_options
from cli.registries import registry_option
from cli.session import common_options
from registry.errors import UnavailableError

if TYPE_CHECKING:
    from registry.card import Variant
    from registry.lineage.walk import Node


@click.command(
    "lineage",
    epilog="""\b
Examples:
  zoo lineage zoo/deeplabv3-shapes/256-int8-qdq
  zoo lineage models/acme/net/small/net.tflite
  zoo lineage acme/net/small --format dot | dot -Tsvg > lineage.svg

Walks from the file back to the data that it came of. Neither a server nor a network is needed: the record travels
with the variant, and is taken from the cache, a local mirror, or the file's own folder (`zoo pull --lineage`).
Links hold by SHA-256. Exit codes: 0 the way is whole, 1 a link is broken, 2 asked wrongly, 3 there is no record;
what the cards claim is shown then.""",
)
@click.argument("what", metavar="NAME|FILE", shell_complete=complete.models)
@output.format_option("text", "json", "dot")
@registry_option
@place_options
@common_options
def command(what: str, form: str, **options: Any) -> int:
    """How a file came about: training, export, quantization, and on which data."""
    settings, voice = settings_of(options)
    records = Records(settings, voice)
    subject = records.subject(what)
    node = records.way_back(subject)
    if node is not None:
        _show(subject.name, node, form)
        for reason in node.breaks if form == "dot" else ():
            voice.note(f"broken link: {reason}")
        return 1 if node.breaks else 0
    claimed = _claims(records, subject.variant)
    if form == "json":
        digest = subject.item.digest.hex if subject.item else None
        output.print_json({"name": subject.name, "sha256": digest, "state": "unknown", "claims": claimed})
    elif form == "text":
        for line in lineage_text.claims(claimed):
            click.echo(output.visible(line))
    raise UnavailableError(
        f"{subject.name}: no lineage record travels with it"
        + ("; shown is what its card claims" if claimed and form != "dot" else ""),
        hint="ask its publisher; a record is a file NAME.lineage.json beside the model, or a card's artifact",
    )


def _show(name: str, node: Node, form: str) -> None:
    if form == "json":
        state = "broken" if node.breaks else "whole"
        output.print_json({"name": name, "state": state, "broken": node.breaks, "tree": lineage_text.plain(node)})
        return
    for line in lineage_text.tree(node) if form == "text" else lineage_text.dot(node):
        click.echo(output.visible(line))


def _claims(records: Records, variant: Variant | None) -> list[dict[str, Any]]:
    """What the cards say of a variant and of its ancestors, up to one that the catalogue does not have."""
    found: list[dict[str, Any]] = []
    while variant is not None and variant.full_name not in [one["variant"] for one in found]:
        document = variant.document
        training = {key: value for key, value in document.get("training", {}).items() if key != "provenance"}
        quantization = {key: value for key, value in document["quantization"].items() if isinstance(value, str)}
        parent = document.get("parent")
        found.append({"variant": variant.full_name, "training": training, "quantization": quantization})
        full = parent if parent is None or "/" in parent else f"{variant.publisher}/{variant.model}/{parent}"
        known = full is not None and full in records.catalog.find(full)
        variant = records.catalog.variants([full])[0] if full is not None and known else None
    return found
