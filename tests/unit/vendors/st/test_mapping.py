"""ST's configurations: what they become, and that none of their keys is ever dropped silently."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from registry.document import Document, parse
from registry.errors import RequestError
from registry.pipeline.document import judged
from registry.vendors.st.mapping import Mapped
from tests.unit.vendors.st import cases

Path = tuple[str, ...]


def configuration(case: str) -> Any:
    return cases.read(cases.FOLDER / "accepted" / case / "user_config.yaml").value


def mappings(value: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, dict):
        yield path
        for key, inner in value.items():
            yield from mappings(inner, (*path, key))


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    else:
        yield path


def changed(value: Any, path: Path, to: Any) -> Document:
    """A configuration with another value at a place, written as YAML and read again."""
    value = copy.deepcopy(value)
    node = value
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = to
    found = parse(json.dumps(value).encode(), "user_config.yaml")  # JSON is YAML
    assert isinstance(found, Document)
    return found


def outcome(found: Document) -> tuple[Mapped | None, str]:
    """What comes of a configuration, and all that is said of it."""
    try:
        made = cases.taken(found)
        judged(made.document)
    except RequestError as error:
        return None, error.message
    return made, "\n".join(f"{note.key}: {note.message}" for note in made.notes)


@pytest.mark.parametrize("case", cases.ACCEPTED)
def test_a_configuration_becomes_a_valid_pipeline(case: str) -> None:
    folder = cases.FOLDER / "accepted" / case
    made = cases.taken(cases.read(folder / "user_config.yaml"))
    assert made.document.value == yaml.safe_load((folder / "pipeline.yaml").read_text(encoding="utf-8"))
    assert judged(made.document).plain == made.document.value


@pytest.mark.parametrize("case", cases.REJECTED)
def test_what_is_refused_is_named_with_line_and_column(case: str) -> None:
    folder = cases.FOLDER / "rejected" / case
    expected = (folder / "problems.txt").read_text(encoding="utf-8").splitlines()
    assert expected
    assert cases.problems(folder / "user_config.yaml") == expected


@pytest.mark.parametrize("case", cases.ACCEPTED)
def test_an_unknown_key_is_refused_by_name_wherever_it_stands(case: str) -> None:
    plain = configuration(case)
    for place in mappings(plain):
        if place[:1] == ("hydra",):
            continue  # Hydra's own settings: told as having no effect, see below
        made, said = outcome(changed(plain, (*place, "colour_of_the_box"), 1))
        unused_here = made is not None and ".".join((*place, "colour_of_the_box")) in said
        assert made is None or unused_here, place
        assert "colour_of_the_box" in said, place
        if place in ((), ("general",), ("dataset",), ("preprocessing",), ("mlflow",)):
            assert made is None, place


@given(st.data())
def test_no_key_is_ever_dropped_silently(data: st.DataObject) -> None:
    """Whatever a key's value is changed to: another pipeline, a note of the key, or a refusal that names it."""
    plain = configuration(data.draw(st.sampled_from(cases.ACCEPTED)))
    place = data.draw(st.sampled_from(sorted(leaves(plain))))
    before, _ = outcome(changed(plain, ("operation_mode",), plain["operation_mode"]))
    to = data.draw(
        st.sampled_from(
            ["something-else", "${oc.env:HOME}", 977, -3, 0.125, True, [7, 8], {"inner": 1}, "(0.3, 0.4)"]
        )
    )
    made, said = outcome(changed(plain, place, to))
    assert before is not None
    named = ".".join(place) in said or (made is None and place[-1] in said)
    same = made is not None and made.document.value == before.document.value
    untouched = json.dumps(to) == json.dumps(plain_at(plain, place))
    assert named or untouched or (made is not None and not same) or (made is None and _named_as_ours(said)), place


def plain_at(plain: Any, place: Path) -> Any:
    for step in place:
        plain = plain[step]
    return plain


def _named_as_ours(said: str) -> bool:
    """A value that this project's own schema refuses is named by its place there, on ST's line."""
    return said.startswith("not a valid pipeline:") and "user_config.yaml:1:" in said


@pytest.mark.parametrize("case", cases.ACCEPTED)
def test_what_hydra_fills_in_is_taken_only_where_it_has_no_effect(case: str) -> None:
    plain = configuration(case)
    for place in leaves(plain):
        made, said = outcome(changed(plain, place, "${oc.env:HOME}"))
        assert ".".join(place) in said, place
        assert made is None or f"{'.'.join(place)}: " in said, place


def test_a_value_that_our_schema_refuses_stands_on_sts_line() -> None:
    text = (cases.FOLDER / "accepted" / "chain-tqe" / "user_config.yaml").read_text(encoding="utf-8")
    line = 1 + text.splitlines().index("  epochs: 3")
    found = parse(text.replace("  epochs: 3", "  epochs: 0").encode(), "user_config.yaml")
    assert isinstance(found, Document)
    with pytest.raises(RequestError, match=rf"user_config.yaml:{line}:11: error: 'epochs' is too small"):
        judged(cases.taken(found).document)
