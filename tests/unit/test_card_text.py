"""YAML in the cards' own style, which reads back as what was written, whatever the words are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.card_text import WIDTH, dumped
from registry.document import Document, parse, read, speakable
from tests.unit.strategies import PROPERTY, json_values

CARDS = Path(__file__).resolve().parents[2] / "cards"

LOOKALIKES = [
    *("1e5", "1.5e5", "-3E+2", "0x1f", "010", "1_000", "12:30:00", ".5", "+1", "-", ".", "...", "---"),
    *("no", "Yes", "null", "~", "True", "", " ", "a: b", "a #b", "- a", "{a}", "[a", "*a", "&a", "!a", "%a", "@a"),
    *("'", '"', "a\nb", "\ta", "a ", "\u2028", "\ufeff", "\uffff", "2026-11-28", "=", "<<", "?", "TODO", "é", "😀"),
]


def back(text: str) -> Any:
    found = parse(text.encode(), "card.yaml")
    assert isinstance(found, Document), found
    return found.value


@pytest.mark.parametrize("word", LOOKALIKES)
def test_a_word_stays_a_word(word: str) -> None:
    value = {"a": word, "b": [word, word], "c": {"d": word}, "e": [{"f": [word]}, word * 50]}
    assert back(dumped(value)) == value


def written(value: Any) -> Any:
    """A value with only those words that a card can hold."""
    if isinstance(value, dict):
        return {key: written(item) for key, item in value.items() if speakable(key)}
    if isinstance(value, list):
        return [written(item) for item in value]
    return value if not isinstance(value, str) or speakable(value) or value == "" else "unspeakable"


@PROPERTY
@given(st.dictionaries(st.text(min_size=1, max_size=8), json_values, min_size=1, max_size=4))
def test_anything_reads_back_as_it_was(value: dict[str, Any]) -> None:
    wanted = written(value)
    if wanted:
        assert back(dumped(wanted)) == wanted


@pytest.mark.parametrize("name", ["google/deeplabv3", "nxp/deeplabv3", "datasets/shapes", "targets/stm32n6"])
def test_cards_of_the_catalogue_survive(name: str) -> None:
    found = read(CARDS / f"{name}.yaml")
    assert isinstance(found, Document)
    assert back(dumped(found.value)) == found.value


def test_the_style_is_that_of_the_cards() -> None:
    value = {
        "resolution": {"height": 1, "width": 2},
        "shape": [1, None, 3],
        "classes": {"count": 2, "dataset": "TODO"},
        "artifacts": [{"file": "net.tflite", "sources": [{"url": "https://example.org"}]}],
    }
    assert dumped(value) == (
        "resolution: {height: 1, width: 2}\n"
        "shape: [1, null, 3]\n"
        "classes:\n"
        "  count: 2\n"
        "  dataset: TODO\n"
        "artifacts:\n"
        "  - file: net.tflite\n"
        "    sources:\n"
        "      - {url: 'https://example.org'}\n"
    )


def test_no_value_is_an_alias_of_another() -> None:
    shared = {"a": [1, 2]}
    assert "&" not in dumped({"one": shared, "two": shared})


def test_lines_are_short() -> None:
    value = {"names": [f"class{number}" for number in range(200)], "note": "some words " * 200}
    assert max(map(len, dumped(value).splitlines())) <= WIDTH + len("class199,")


def test_no_name_of_a_long_list_is_broken() -> None:
    names = [f"class {number}" for number in range(50)]
    assert dumped({"names": names}).splitlines()[1:] == [f"  - {name}" for name in names]
