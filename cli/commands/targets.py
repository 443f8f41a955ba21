"""`zoo targets`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from cli import complete, output
from cli.output import Column
from cli.session import Voice, common_options, load_settings, open_catalog
from registry.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registry.target import Target


@click.command(
    "targets",
    epilog="""\b
Examples:
  zoo targets
  zoo targets stm32n6
  zoo targets --format json""",
)
@click.argument("name", required=False, shell_complete=complete.targets)
@output.format_option("text", "json", "csv")
@common_options
def command(
    name: str | None, cards: tuple[str, ...], cache: str | None, quiet: bool, verbose: bool, form: str
) -> None:
    """List targets, or tell everything of one: engines, memories, and what its toolchain takes."""
    catalog = open_catalog(load_settings(cards=cards, cache=cache), Voice(quiet=quiet, verbose=verbose))
    targets = [catalog.target(name)] if name else catalog.targets()
    if name and form == "text":
        _print_one(targets[0])
    else:
        documents = [target.document for target in targets]
        output.print_listing(form, _COLUMNS, [_row(target) for target in targets], documents)


_COLUMNS = (
    Column("NAME"),
    Column("TITLE", keep=4),
    Column("VENDOR", keep=1),
    Column("ENGINES", keep=2),
    Column("SEGMENTATION", keep=3),
)


def _row(target: Target) -> list[str]:
    document = target.document
    return [target.name, target.title, document["vendor"], " ".join(target.engines), document["segmentation"]]


def _print_one(target: Target) -> None:
    document = target.document
    click.echo(click.style(f"{target.name}  {target.title}", bold=True) + f"  ({document['vendor']})")
    output.print_fields(
        ("boards", ", ".join(document.get("boards", ()))),
        ("also called", ", ".join(document.get("aliases", ()))),
        ("segmentation", document["segmentation"]),
        (
            "toolchain",
            ", ".join(
                " ".join(filter(None, (tool["name"], tool.get("version"))))
                for tool in document.get("toolchain", ())
            ),
        ),
        ("source", _source(document)),
    )
    output.print_section("Engines, the fastest first", (_engine(item) for item in document["engines"]))
    output.print_section("Operators", (_operators(engine, item) for engine, item in _tables(document)))
    output.print_section("Memories", (_memory(item) for item in document.get("memories", ())))
    output.print_section(
        "Takes", (_rule(item) for item in document["accepts"]), empty="nothing that this catalogue knows of"
    )
    output.print_section("Versions", (_runtime(item) for item in document.get("runtimes", ())))
    output.print_section("Notes", document.get("notes", ()))


def _engine(item: dict[str, Any]) -> str:
    count = f"{item['count']}x " if item.get("count", 1) > 1 else ""
    facts = [
        f"{item[key]:g} {unit}"
        for key, unit in (("clock_mhz", "MHz"), ("tops", "TOPS"), ("gflops", "GFLOPS"))
        if key in item
    ]
    note = f" ({item['note']})" if "note" in item else ""
    return f"{item['name']:4} {count}{item['title']}" + "".join(f", {fact}" for fact in facts) + note


def _memory(item: dict[str, Any]) -> str:
    at = f" at {item['address']}" if "address" in item else ""
    at += f" on {item['board']}" if "board" in item else ""
    note = f" ({item['note']})" if "note" in item else ""
    return f"{item['kind']:14} {item['name']}: {format_bytes(item['size'])}{at}{note}"


def _tables(document: dict[str, Any] | Any) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((engine["name"], item) for engine in document["engines"] for item in engine.get("operators", ()))


def _operators(engine: str, item: dict[str, Any]) -> str:
    files = f" of {'|'.join(item['formats'])}" if "formats" in item else ""
    rest = f"; the rest on {item['otherwise']}" if "otherwise" in item else ""
    return f"{engine:4} takes {', '.join(item['takes'])}{files}{rest} [{_source(item)}]"


def _runtime(item: dict[str, Any]) -> str:
    span = " ".join(f"{word} {item[key]}" for word, key in (("from", "least"), ("to", "most")) if key in item)
    return f"{item['name']} {span}; {item.get('note', '')} [{_source(item)}]".replace(";  [", " [")


def _rule(item: dict[str, Any]) -> str:
    properties = (item.get(key, ()) for key in ("formats", "schemes", "granularities", "representations"))
    what = ", ".join("|".join(words) for words in properties if words)
    return f"{what} -> {item['engine']}; {item.get('note', '')} [{_source(item)}]".replace(";  [", " [")


def _source(item: dict[str, Any] | Any) -> str:
    provenance = item.get("provenance", {})
    note = f"({provenance['note']})" if "note" in provenance else ""
    return " ".join(filter(None, (*(provenance.get(key) for key in ("document", "version", "url")), note)))
