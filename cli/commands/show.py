"""`zoo show`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from cli import complete, output
from cli.output import Column
from cli.registries import registry_option
from cli.session import Voice, common_options, load_settings, open_catalog
from registry.support import LEVELS, support_of
from registry.units import format_bytes

if TYPE_CHECKING:
    from registry.card import Variant
    from registry.catalog import Catalog

Plain = Mapping[str, Any]


@click.command(
    "show",
    epilog="""\b
Examples:
  zoo show st/deeplabv3                  # the card and its variants
  zoo show st/deeplabv3/512-aspp1-mixed  # one variant, every figure with its source
  zoo show deeplabv3_257_int8_per_tensor # by the name in a table of a vendor
  zoo show google/deeplabv3 --format json""",
)
@click.argument("name", shell_complete=complete.models)
@output.format_option("text", "json")
@registry_option
@common_options
def command(
    name: str,
    registries: tuple[str, ...],
    cards: tuple[str, ...],
    cache: str | None,
    quiet: bool,
    verbose: bool,
    form: str,
) -> None:
    """Tell everything that a card says of a model or variant.

    NAME is publisher/model/variant or any unambiguous part of it.
    """
    catalog = open_catalog(
        load_settings(registries=registries, cards=cards, cache=cache), Voice(quiet=quiet, verbose=verbose)
    )
    found = catalog.one_card(name)
    variants = catalog.variants(found)
    path, card = catalog.card(found[0].rpartition("/")[0])
    if form == "json":
        documents = [{**variant.document, "name": variant.full_name} for variant in variants]
        output.print_json({**card, "variants": documents, "support": _support(catalog, variants)})
    elif len(variants) == 1:
        _print_variant(catalog, card, variants[0])
    else:
        _print_card(card, variants, path)


def _support(catalog: Catalog, variants: list[Variant]) -> dict[str, dict[str, str]]:
    """Level of support by variant and target."""
    targets = catalog.targets()
    return {
        variant.full_name: {
            target.name: level for target in targets if (level := support_of(variant, target).level)
        }
        for variant in variants
    }


def _print_card(card: Plain, variants: list[Variant], path: str) -> None:
    _print_head(card, f"{card['publisher']}/{card['model']}")
    output.print_fields(*_licences(card["licence"]), ("card", path))
    click.echo()
    columns = [
        Column("VARIANT"),
        Column("FORMAT", keep=5),
        Column("QUANTIZATION", keep=4),
        Column("INPUT", keep=3),
        Column("PINNED", keep=2),
    ]
    rows = [
        [
            item.full_name,
            item.format,
            " ".join(dict.fromkeys((item.scheme, item.granularity))),
            f"{item.width or '?'}x{item.height or '?'}",
            ("yes" if item.pinned else "no") if item.availability == "available" else item.availability,
        ]
        for item in variants
    ]
    output.print_table(columns, rows, output.terminal_width())
    _print_disputes(card, [variant.name for variant in variants])
    output.print_section("Notes", card.get("notes", ()))
    output.print_section("Pages", (f"{link['title']}: {link['url']}" for link in card.get("links", ())))


def _print_variant(catalog: Catalog, card: Plain, variant: Variant) -> None:
    document = variant.document
    _print_head(card, variant.full_name)
    output.print_fields(
        ("what", document.get("summary", "")),
        ("known as", ", ".join(document.get("known_as", ()))),
        ("availability", document["availability"]),
        ("format", document["format"]),
        ("quantization", _words(document["quantization"])),
        ("input", f"{variant.width or '?'}x{variant.height or '?'} (width x height)"),
        ("architecture", _words(document.get("architecture", {}))),
        ("pre-processing", _words(document.get("preprocessing", {}))),
        ("post-processing", _words(document.get("postprocessing", {}))),
        ("classes", _words(document.get("classes", {}))),
        ("training", _words(document.get("training", {}))),
        ("made from", document.get("parent", "")),
        *_licences({**card["licence"], **document.get("licence", {})}),
    )
    tensors = document.get("tensors", {})
    output.print_section("Inputs", (_words(item) for item in tensors.get("inputs", ())))
    output.print_section("Outputs", (_words(item) for item in tensors.get("outputs", ())))
    output.print_section(
        "Files", (line for item in document["artifacts"] for line in _artifact(item)), empty="none known"
    )
    output.print_section("Golden vectors", (_words(item) for item in document.get("golden", ())))
    output.print_section("Targets", _targets(catalog, variant), empty="no target of the catalogue supports it")
    for title, key in (
        ("Accuracy", "metrics"),
        ("Memory and size", "footprints"),
        ("Latency", "latencies"),
        ("Work", "compute"),
    ):
        output.print_section(title, (line for item in document.get(key, ()) for line in _figure(item, card)))
    _print_disputes(card, [variant.name])
    output.print_section("Notes", (*document.get("notes", ()), *card.get("notes", ())))


def _print_head(card: Plain, name: str) -> None:
    click.echo(click.style(name, bold=True) + f"  {card['title']} ({card['task']}, family {card['family']})")
    if "summary" in card:
        click.echo(output.wrapped(card["summary"]))


def _licences(licence: Plain) -> list[tuple[str, str]]:
    parts = ", ".join(f"{part} {licence[part]}" for part in ("code", "weights", "dataset") if part in licence)
    return [("licence", parts), ("licence note", licence.get("note", ""))]


def _words(item: Plain) -> str:
    """A small mapping in one line: `key value, key value`, without what is only provenance."""
    return ", ".join(
        f"{key.replace('_', ' ')} {_word(value)}" for key, value in item.items() if key != "provenance"
    )


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return "(" + _words(value) + ")"
    if isinstance(value, list):
        shown = [_word(item) for item in value[:24]]
        return "[" + ", ".join(shown) + (", ...]" if len(value) > 24 else "]")
    return "unknown" if value is None else str(value)


def _artifact(item: Plain) -> Iterator[str]:
    size = format_bytes(item["size"]) + f" ({item['size']} bytes)" if item["size"] else "size unknown"
    digest = "unpinned: no digest is known" if item["sha256"] == "unpinned" else f"sha256:{item['sha256']}"
    yield f"{item['file']}  [{item['role']}]  {size}  {digest}"
    for source in item["sources"]:
        note = f" ({source['note']})" if "note" in source else ""
        yield f"  {source['kind']}, {source['checked']}: {source['url']}{note}"


def _targets(catalog: Catalog, variant: Variant) -> list[str]:
    judged = [(target.name, support_of(variant, target)) for target in catalog.targets()]
    lines = []
    for level in LEVELS:
        named = [
            f"{name} ({support.engine})" if support.engine else name
            for name, support in judged
            if support.level == level
        ]
        lines += [f"{level}: {', '.join(named)}"] if named else []
    declined = [name for name, _ in judged if variant.support.get(name) == "unsupported"]
    return lines + ([f"declared unsupported: {', '.join(declined)}"] if declined else [])


_SHOWN_APART = ("name", "value", "unit", "status", "provenance", "note", "measurement")


def _figure(item: Plain, card: Plain) -> Iterator[str]:
    value = "unknown" if item["value"] is None else f"{item['value']:g} {item['unit']}"
    if item["unit"] == "fraction" and item["value"] is not None:
        value = f"{item['value']:.2%}"
    conditions = _words({key: value for key, value in item.items() if key not in _SHOWN_APART})
    status = click.style(item["status"], fg={"contradicted": "red", "reproduced": "green"}.get(item["status"]))
    yield f"{item.get('name', 'latency')}: {value}  [{status}]  {conditions}"
    yield f"  source: {_provenance(item['provenance'], card)}"
    if "measurement" in item:
        yield f"  measured: {_words(item['measurement'])}"
    if "note" in item:
        yield f"  note: {item['note']}"


def _provenance(item: Plain, card: Plain) -> str:
    source = card.get("sources", {}).get(item["source"], {})
    parts = [
        source.get("document", item["source"]),
        source.get("heading"),
        item.get("row"),
        item.get("column"),
    ]
    said = f', says "{item["text"]}"' if "text" in item else ""
    return " > ".join(part for part in parts if part) + said


def _print_disputes(card: Plain, names: list[str]) -> None:
    lines = []
    for dispute in card.get("contradictions", ()):
        if set(dispute["variants"]) & set(names):
            lines.append(f"{dispute['about']} ({', '.join(dispute['variants'])})")
            lines += [
                f"  - {side['claim']}  ({_provenance(side['provenance'], card)})" for side in dispute["sides"]
            ]
            lines += [f"  {dispute['explanation']}"] if "explanation" in dispute else []
    output.print_section("Contradictions", lines)
