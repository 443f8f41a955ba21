from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.licences import allows

PERMITTED = ("Apache-2.0", "MIT", "GPL-2.0-only WITH Classpath-exception-2.0")
NAMES = ("Apache-2.0", "MIT", "BSD-3-Clause", "GPL-3.0-only", "LicenseRef-own")


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("mit", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("MIT AND Apache-2.0", True),
        ("(GPL-3.0-only OR MIT) AND Apache-2.0", True),
        ("GPL-3.0-only OR MIT AND BSD-3-Clause", False),  # AND binds closer than OR
        ("GPL-2.0-only WITH Classpath-exception-2.0", True),
        ("GPL-2.0-only", False),
        ("MIT WITH Classpath-exception-2.0", False),
        ("unknown", False),
    ],
)
def test_expressions(expression: str, allowed: bool) -> None:
    assert allows(PERMITTED, expression) is allowed


def test_what_nobody_states_may_be_permitted() -> None:
    assert allows(("unknown",), "unknown")


@dataclass(frozen=True)
class Both:
    """Two expressions joined by a word."""

    word: str
    left: Both | str
    right: Both | str

    def __str__(self) -> str:
        return f"({self.left} {self.word} {self.right})"


def right(node: Both | str, permitted: set[str]) -> bool:
    """By the meaning of the words."""
    if isinstance(node, str):
        return node in permitted
    parts = right(node.left, permitted), right(node.right, permitted)
    return all(parts) if node.word == "AND" else any(parts)


trees = st.recursive(
    st.sampled_from(NAMES),
    lambda parts: st.builds(Both, st.sampled_from(("AND", "OR")), parts, parts),
    max_leaves=8,
)


@given(trees, st.sets(st.sampled_from(NAMES)))
def test_an_expression_is_what_its_parts_are(tree: Both | str, permitted: set[str]) -> None:
    assert allows(permitted, str(tree)) is right(tree, permitted)
