"""The rule book: every rule that a problem or a finding can name, in words.

A rule's identifier is stable: it stands in reports, in SARIF files and as an anchor of docs/reference/errors.md.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from registry.errors import RequestError
from registry.rulebook import (
    cards,
    configurations,
    documents,
    folders,
    keras,
    onnx,
    schemas,
    st,
    submissions,
    tflite,
)
from registry.rulebook.explanation import Chapter, Explanation

CHAPTERS: tuple[Chapter, ...] = (
    documents.CHAPTER,
    schemas.CHAPTER,
    cards.CHAPTER,
    submissions.CHAPTER,
    tflite.CHAPTER,
    onnx.CHAPTER,
    keras.CHAPTER,
    folders.CHAPTER,
    configurations.CHAPTER,
    st.CHAPTER,
)
"""All rules in the order of the error catalogue; each rule stands in one chapter."""

RULES: Mapping[str, Explanation] = {rule: told for chapter in CHAPTERS for rule, told in chapter.rules.items()}
"""All rules by identifier."""


def explain(rule: str) -> Explanation:
    """A rule in words.

    Args:
        rule: Its identifier, as it stands in brackets behind a problem.

    Raises:
        RequestError: There is no such rule.
    """
    if rule in RULES:
        return RULES[rule]
    asked = rule[:80]
    near = difflib.get_close_matches(asked, RULES, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "docs/reference/errors.md lists every rule"
    raise RequestError(f"no rule {asked!r}", hint=hint)
