"""A recipe on a card: what it asks for, and whether a result is the file that the card means."""

from __future__ import annotations

from typing import Any

import pytest

from registry.card import Variant
from registry.constraints import Constraints
from registry.digest import Digest
from registry.errors import RejectedError, RequestError
from registry.recipe import Recipe
from registry.resolve import resolve
from tests.unit import builders

PARENT = "b" * 64
FOUND = Digest.of(b"what came out")
RECIPE = {"parent": PARENT, "quantization": {"scheme": "int8"}, "versions": {"tensorflow": "2.20.0"}}


def made(**changes: Any) -> Variant:
    artifact = builders.artifact(sources=[], sha256=changes.pop("sha256", FOUND.hex))
    whole = {"parent": "float", "recipe": RECIPE, "artifacts": [artifact], **changes}
    return builders.one(**builders.variant("made", **{key: value for key, value in whole.items() if value}))


def test_it_is_a_configuration_that_names_its_parent() -> None:
    recipe = Recipe.of(made())
    assert recipe.parent == "acme/net/float"
    assert recipe.configuration == {
        "schema": "quantization/1",
        "name": "made",
        "parent": {"sha256": PARENT},
        "scheme": "int8",
    }
    assert Recipe.of(made(parent="other/net/float")).parent == "other/net/float"


def test_a_variant_without_one_or_without_a_parent_is_refused() -> None:
    with pytest.raises(RequestError, match="acme/net/made has no recipe"):
        Recipe.of(made(recipe=None))
    with pytest.raises(RejectedError, match="expected a 'parent' beside its 'recipe'"):
        Recipe.of(made(parent=None))


def test_the_result_is_the_pinned_file_or_other_versions_are_named() -> None:
    recipe = Recipe.of(made())
    recipe.require_result(FOUND, {})
    other = Digest.of(b"other")
    with pytest.raises(RejectedError, match=f"expected its recipe to make {FOUND}, found {other}") as caught:
        recipe.require_result(other, {"tensorflow": "2.21.0"})
    assert caught.value.hint == "it was made with tensorflow 2.21.0 instead of 2.20.0"
    Recipe.of(made(sha256="unpinned")).require_result(other, {})


def test_what_is_made_here_is_chosen_only_where_it_is_here_already() -> None:
    variant = made()
    constraints = Constraints()
    absent = resolve([variant], None, constraints, "size")
    assert absent.chosen is None
    assert absent.candidates[0].reason == "made here from its parent, not fetched: `zoo build acme/net/made`"
    assert resolve([variant], None, constraints, "size", held=["acme/net/made"]).chosen is variant
