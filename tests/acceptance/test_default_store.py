"""A store that no option names: the only registry of the settings, told on stderr; else a question."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.test_publish import LARGE, card
from tests.acceptance.world import Cards, Zoo, assert_says, pinned

__all__ = ["card"]

KINDS = "a folder, s3://BUCKET/PREFIX or oci://HOST/REPOSITORY"
NOTE = "store store: the only registry of the settings"
COMMANDS = (
    ("publish", "net.yaml"),
    ("history", "net"),
    ("yank", "net", "--reason", "old"),
    ("sign", "net", "--key", "acme.key"),
    ("verify", "--signature", "net"),
    ("gc",),
    ("bundle", "net", "-o", "net.tar"),
    ("import", "net.tar"),
)


def test_every_command_takes_the_only_registry_of_the_settings_and_says_so(zoo: Zoo, card: Path) -> None:
    zoo.environment["ZOO_REGISTRY"] = "store"
    assert zoo("sign", "--new-key", "acme.key").code == 0
    (zoo.work / "zoo.toml").write_text('[trust.acme]\nkeys = ["acme.pub"]\n', encoding="utf-8")
    steps = (
        ("publish", str(card), "--from", "files"),
        ("sign", "net", "--key", "acme.key"),
        ("verify", "--signature", "net"),
        ("history", "net"),
        ("bundle", "net", "-o", "net.tar"),
        ("import", "net.tar"),
        ("yank", "net/small", "--reason", "old"),
        ("gc",),
    )
    assert {step[0] for step in steps} == {command[0] for command in COMMANDS}
    for step in steps:
        result = zoo(*step)
        assert result.code == 0, result
        assert NOTE in result.err, result
        assert NOTE not in result.out
    quiet = zoo("history", "net", "-q")
    assert (quiet.code, quiet.err) == (0, "")
    assert "yanked: old" in quiet.out


def test_registries_of_zoo_toml_count_and_an_option_goes_first(zoo: Zoo, card: Path) -> None:
    assert zoo("publish", card, "--from", "files", "--to", "other").code == 0
    (zoo.work / "zoo.toml").write_text('registries = ["store"]\n', encoding="utf-8")
    assert zoo("publish", card, "--from", "files", "--variant", "small").code == 0
    named = zoo("history", "net", "--store", "other")
    assert (named.code, named.err) == (0, "")
    assert "acme/net/large" in named.out
    assert "acme/net/large" not in zoo("history", "net").out


def test_what_is_published_by_name_is_the_own_card_and_not_that_of_the_registry(
    zoo: Zoo, card: Path, cards: Cards
) -> None:
    zoo.environment["ZOO_REGISTRY"] = "store"
    assert zoo("publish", "acme/net", "--from", "files").code == 0
    assert zoo("list").code == 0, "the registry's cards are in the catalogue from now on"
    (zoo.work / "files" / "small.tflite").write_bytes(LARGE)
    cards.card(pinned("small", LARGE))
    result = zoo("publish", "acme/net", "--from", "files")
    assert result.code == 0, result
    assert "published acme/net/small version 2" in result.out


@pytest.mark.parametrize("arguments", COMMANDS, ids=[command[0] for command in COMMANDS])
def test_none_and_several_are_told_with_the_next_step(zoo: Zoo, arguments: tuple[str, ...]) -> None:
    (zoo.work / "net.yaml").write_text("schema: model-card/1\n", encoding="utf-8")
    flag = "--to" if arguments[0] in ("publish", "import") else "--store"
    none = zoo(*arguments)
    assert none.code == 2, none
    assert_says(none, f"expected {flag} ADDRESS, found none", KINDS, "ZOO_REGISTRY", "registries", "zoo.toml")
    several = zoo(*arguments, ZOO_REGISTRY="one s3://user:secret@bucket/two?profile=x")
    assert several.code == 2, several
    assert_says(several, f"expected {flag} ADDRESS: the settings have 2 registries", "one of: one, s3://bucket/two")
    assert "secret" not in several.err


@pytest.mark.parametrize("command", [command[0] for command in COMMANDS])
def test_the_help_says_the_same_everywhere(zoo: Zoo, command: str) -> None:
    said = " ".join(zoo(command, "--help").out.split())
    assert f"ADDRESS The store: {KINDS}, or to read https://HOST/PATH" in said
    assert "-q, --quiet" in said
    assert "-v, --verbose" in said
