"""Values put into YAML: the document means what it should, and every other line stays as it is."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from registry import splice
from registry.document import Document, parse
from tests.unit.strategies import PROPERTY

ITEM = {"value": 1.5, "unit": "ms", "measurement": {"date": "2026-11-28", "version": "2.10"}}

BLOCK = """\
# about the card
variants:
  - name: small  # the first
    latencies:
      - value: 2   # by hand
        unit: ms
        command: >-
          one
          two

      # between
  - name: large
    note: |
      lines

      of text
# the end
"""


def value(text: str) -> Any:
    found = parse(text.encode(), "card.yaml")
    assert isinstance(found, Document), found
    return found.value


def added(before: str, after: str) -> list[str]:
    """The lines that are new; the others must be those of before, in order."""
    rest = iter(before.splitlines())
    line = next(rest, None)
    new = []
    for one in after.splitlines():
        if one == line:
            line = next(rest, None)
        else:
            new.append(one)
    assert line is None, f"{line!r} is gone"
    return new


def test_an_item_goes_behind_the_last_one() -> None:
    after = splice.append(BLOCK, ("variants", 0, "latencies"), ITEM)
    found = value(after)["variants"][0]["latencies"]
    assert found == [{"value": 2, "unit": "ms", "command": "one two"}, ITEM]
    assert added(BLOCK, after) == [
        "      - value: 1.5",
        "        unit: ms",
        "        measurement: {date: '2026-11-28', version: '2.10'}",
    ]


def test_a_key_goes_behind_the_last_one() -> None:
    after = splice.append(BLOCK, ("variants", 1), [ITEM], "latencies")
    assert value(after)["variants"][1] == {"name": "large", "note": "lines\n\nof text\n", "latencies": [ITEM]}
    assert added(BLOCK, after)[0] == "    latencies:"


def test_a_value_takes_the_place_of_another() -> None:
    after = splice.replace(BLOCK, ("variants", 0, "latencies", 0), ITEM)
    assert value(after)["variants"][0]["latencies"] == [ITEM]
    assert "# about the card" in after
    assert "# between" in after


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "  # comment", "\n# comment\n"])
@pytest.mark.parametrize(
    "text",
    ["a:\n- 1", "a:\n  - 1\n  - x: y", "a: [1]", "a: []", "a: [1,\n  {b: c},\n ]", '{"a": [1]}', "b: é\na: ['ü']"],
)
def test_a_list_in_any_form_gets_its_item(text: str, end: str) -> None:
    before = value(text + end)
    after = splice.append(text + end, ("a",), ITEM)
    assert value(after) == {**before, "a": [*before["a"], ITEM]}


@pytest.mark.parametrize("text", ["a: 1", "a: {b: 1}\n", "{a: 1}", "{}", "---\na: 1\n...\n", "a:\n- 1\n- - 2\n"])
def test_a_mapping_in_any_form_gets_its_key(text: str) -> None:
    after = splice.append(text, (), ITEM, "new")
    assert value(after) == {**value(text), "new": ITEM}


def test_line_breaks_stay_those_of_the_file() -> None:
    text = BLOCK.replace("\n", "\r\n")
    after = splice.append(text, ("variants", 0, "latencies"), ITEM)
    assert after.count("\n") == after.count("\r\n")
    assert value(after) == value(splice.append(BLOCK, ("variants", 0, "latencies"), ITEM))


PLAIN = st.recursive(
    st.one_of(st.integers(-99, 99), st.booleans(), st.none(), st.text(st.characters(categories=["L", "Nd", "P"]))),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)
STYLES = st.sampled_from([True, False, None])


@PROPERTY
@given(st.lists(PLAIN, min_size=1, max_size=3), STYLES)
def test_whatever_a_list_holds_it_gets_its_item(items: list[Any], style: bool | None) -> None:
    text = yaml.safe_dump({"a": items, "z": 1}, default_flow_style=style, allow_unicode=True)
    before = value(text)
    after = splice.append(text, ("a",), ITEM)
    assert value(after) == {**before, "a": [*before["a"], ITEM]}
    if style is False:
        added(text, after)
