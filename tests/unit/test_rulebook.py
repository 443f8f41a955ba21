"""The rule book has every rule that the code can name, and none that it cannot."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docs.generator.rules import origins
from registry.errors import RequestError
from registry.rulebook import CHAPTERS, RULES, explain


def test_the_scan_finds_rules_of_every_kind() -> None:
    assert {"alias", "range", "unpinned", "operation-mode", "masks", "images"} <= set(origins())
    assert {"keras-lambda", "onnx-external-outside", "tflite-flex", "hdf5-link", "metadata-cut"} <= set(origins())
    assert {"bad-name", "missing-mask", "leak"} <= set(origins())
    assert {"pattern", "oneOf", "minimum"} <= set(origins())


def test_every_rule_is_explained() -> None:
    assert sorted(set(origins()) - set(RULES)) == []


def test_no_rule_is_explained_that_nothing_names() -> None:
    assert sorted(set(RULES) - set(origins())) == []


def test_the_scan_says_where_a_rule_comes_from() -> None:
    assert origins()["keras-lambda"] == ("registry/inspect/keras/safety.py",)
    assert origins()["unknown-target"] == ("registry/consistency.py",)
    assert {"registry/schema.py", "registry/rules.py"} <= set(origins()["required"])


def test_each_rule_stands_in_one_chapter() -> None:
    assert sum(len(chapter.rules) for chapter in CHAPTERS) == len(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_an_explanation_is_whole(rule: str) -> None:
    told = explain(rule)
    assert re.fullmatch(r"[a-z][a-z0-9]*([A-Z][a-z]+)?(-[a-z0-9]+)*", rule)
    assert told.title[0].isupper()
    assert len(told.title) <= 70
    assert not told.title.endswith(".")
    for text in (told.meaning, told.remedy):
        assert text.endswith(".")
        assert text[0].isupper() or text.startswith("`")
        assert "  " not in text


def test_an_unknown_rule_names_those_that_are_near() -> None:
    with pytest.raises(RequestError) as caught:
        explain("keras-lamda")
    assert caught.value.message == "no rule 'keras-lamda'"
    assert caught.value.hint is not None
    assert "keras-lambda" in caught.value.hint


@given(st.text().filter(lambda text: text not in RULES))
def test_whatever_else_is_asked_is_refused_with_a_hint(rule: str) -> None:
    with pytest.raises(RequestError) as caught:
        explain(rule)
    assert caught.value.hint
    assert caught.value.message.isprintable()


def test_a_rule_like_no_other_is_sent_to_the_catalogue() -> None:
    with pytest.raises(RequestError) as caught:
        explain("zzz" * 100)
    assert len(caught.value.message) < 100
    assert caught.value.hint == "docs/reference/errors.md lists every rule"
