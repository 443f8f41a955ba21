import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from registry.document import Document, parse, pointer
from registry.problem import Problem
from tests.unit.strategies import PROPERTY

VISIBLE = st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Cn", "Zl", "Zp"]), max_size=10)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False)
    | VISIBLE
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(VISIBLE, inner, max_size=4),
    max_leaves=25,
)


class Quoted(yaml.SafeDumper):
    """Writes every string in quotes: what is a word and what a number differs between YAML 1.1 and 1.2."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def quoted(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "'" if text.startswith("a") else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


Quoted.add_representer(str, quoted)


def dump(value: Any, *, flow: bool) -> str:
    return yaml.dump(
        value, Dumper=Quoted, default_flow_style=flow, allow_unicode=True, width=10**6, sort_keys=False
    )


def document_of(text: str | bytes) -> Document:
    found = parse(text.encode() if isinstance(text, str) else text, "card.yaml")
    assert isinstance(found, Document), found
    return found


def problem_of(text: str | bytes) -> Problem:
    found = parse(text.encode() if isinstance(text, str) else text, "card.yaml")
    assert isinstance(found, Problem), found
    return found


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    """Path and value of everything below a value."""
    below: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        below = list(value.items())
    elif isinstance(value, list):
        below = list(enumerate(value))
    return [found for step, item in below for found in [((*path, step), item), *places(item, (*path, step))]]


@PROPERTY
@given(VALUES, st.booleans())
def test_what_a_dumper_writes_is_read_back(value: Any, flow: bool) -> None:
    document = document_of(dump(value, flow=flow))
    assert document.value == value
    assert json.dumps(document.value) == json.dumps(value)  # 1 is not 1.0 is not True


@PROPERTY
@given(VALUES, st.booleans())
def test_positions_point_at_the_text_of_the_value(value: Any, flow: bool) -> None:
    text = dump(value, flow=flow)
    document, lines = document_of(text), text.split("\n")
    for path, item in places(value):
        line, column = document.position(path)
        rest = lines[line - 1][column - 1 :]
        if isinstance(item, dict | list):
            first = "{" if isinstance(item, dict) else "["
            # in block style a mapping begins with its first key, and a list with a dash
            assert rest.startswith((first, '"', "'", "?", "-"))
        else:
            written = dump(item, flow=flow).removesuffix("\n").removesuffix("\n...")
            assert rest.startswith(written)
            assert re.match(r"$|[ \]},:]", rest[len(written) :])


@PROPERTY
@given(VALUES)
def test_json_is_read_as_json(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert document_of(text).value == value


@PROPERTY
@given(st.binary(max_size=300))
@example(b"\xef\xbb\xbfa: 1")
@example(b"%YAML 3.0\n---\na: 1")
@example(b"? ? ? ?")
@example(b"{" * 3000)
@example(b"- " * 3000)
@example(b"!<tag:yaml.org,2002:python/object:os.system> a")
def test_any_bytes_are_a_document_or_a_problem(data: bytes) -> None:
    assert_judged(data)


def assert_judged(data: bytes) -> None:
    """Only plain values come out, and every problem has a place inside the text."""
    found = parse(data, "card.yaml")
    if isinstance(found, Problem):
        assert 1 <= found.line <= len(re.split(b"\r\n|[\r\n]|\xc2\x85|\xe2\x80[\xa8\xa9]", data)) + 1
        assert found.column >= 1
        assert found.message
    else:
        assert json.loads(json.dumps(found.value)) == found.value


SNIPPETS = [
    "a",
    "b: ",
    "- ",
    "\n",
    "  ",
    "{",
    "}",
    "[",
    "]",
    "&x ",
    "*x",
    "!t ",
    "? ",
    ": ",
    ",",
    "#",
    '"',
    "---\n",
]


@PROPERTY
@given(st.lists(st.sampled_from([*SNIPPETS, "'", "|", ">", "\t", "1e9", "<<: ", "%", "..."]), max_size=30))
def test_any_mixture_of_signs_is_a_document_or_a_problem(pieces: list[str]) -> None:
    assert_judged("".join(pieces).encode())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("010", 10),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("1e5", 100000.0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("+3", 3),
        ("5.", 5.0),
        (".", "."),
        ("-", None),
        ("1.2.3", "1.2.3"),
        ("~", None),
        ("true", True),
        ("tRUE", "tRUE"),
        ("'true'", "true"),
        ("'1'", "1"),
        ("<<", "<<"),
        ("=", "="),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    found = document_of(f"key: {text}" if text != "-" else "key:").value["key"]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_words_as_they_are_written() -> None:
    assert document_of("1: a\ntrue: b\n~: c\n").value == {"1": "a", "true": "b", "~": "c"}


def test_the_text_in_a_block_keeps_its_lines() -> None:
    assert document_of("a: |\n  one\n  two\n").value == {"a": "one\ntwo\n"}


def test_a_mark_of_byte_order_is_skipped() -> None:
    assert document_of(b"\xef\xbb\xbfa: 1\n").value == {"a": 1}


@pytest.mark.parametrize(
    ("text", "rule", "place"),
    [
        ("a: 1\nb: &x 2\n", "alias", (2, 4)),
        ("a: 1\nb: *x\n", "alias", (2, 4)),
        ("a: !!int 1\n", "tag", (1, 4)),
        ("a: ! 1\n", "tag", (1, 4)),
        ("a: 1\nb:\n  c: 1\n  c: 2\n", "duplicate-key", (4, 3)),
        ("{a: 1, a: 2}", "duplicate-key", (1, 8)),
        ("a: 1\n---\nb: 2\n", "documents", (2, 1)),
        ("? [a]\n: 1\n", "key", (1, 3)),
        ("a: -1e999\n", "number", (1, 4)),
        ("a: [1, 2\nb: 3\n", "syntax", (2, 2)),
        ("a: \x01\n", "syntax", (1, 4)),
        ("a: 1\nb: 'x\0y'\n", "syntax", (2, 6)),
        ('a: "\\0"\n', "control-character", (1, 4)),
        ('"a\\e": 1\n', "control-character", (1, 1)),
        ("a: '\u202e'\n", "control-character", (1, 4)),
    ],
)
def test_what_is_refused_is_refused_at_its_place(text: str, rule: str, place: tuple[int, int]) -> None:
    problem = problem_of(text)
    assert (problem.rule, (problem.line, problem.column)) == (rule, place)


def test_the_depth_that_is_just_taken() -> None:
    assert document_of("[" * 40 + "]" * 40).value
    assert problem_of("[" * 41 + "]" * 41).rule == "depth"


def test_a_bomb_of_aliases_is_refused_at_its_first_anchor() -> None:
    lines = ["a: &a [x, x]"] + [f"k{n}: &k{n} [*a, *a, *a, *a, *a, *a, *a, *a, *a]" for n in range(30)]
    problem = problem_of("\n".join(lines))
    assert (problem.rule, problem.line, problem.found) == ("alias", 1, "&a")


def test_invalid_utf_8_is_found_where_it_stands() -> None:
    problem = problem_of(b"a: 1\nb: \xff\n")
    assert (problem.rule, problem.line, problem.column) == ("encoding", 2, 4)
    assert "0xff" in problem.found


@pytest.mark.parametrize("text", ["", "\n", "  \n\t\n", b"\xef\xbb\xbf"])
def test_an_empty_document_says_so(text: str | bytes) -> None:
    assert problem_of(text).rule == "empty"


def test_a_missing_value_is_reported_at_its_nearest_parent() -> None:
    document = document_of("a:\n  b: [1, {c: 2}]\n")
    assert document.position(("a", "b", 1, "c")) == (2, 14)
    assert document.position(("a", "b", 1, "d")) == document.position(("a", "b", 1)) == (2, 10)
    assert document.position(("z", "y")) == (1, 1)
    problem = document.problem(("a", "b", 1, "d"), "rule", "message")
    assert (problem.line, problem.column, problem.pointer) == (2, 10, "/a/b/1/d")


def test_a_pointer_escapes_what_it_must() -> None:
    assert pointer(("a/b", "m~n", 0, "")) == "/a~1b/m~0n/0/"
    assert pointer(()) == ""
