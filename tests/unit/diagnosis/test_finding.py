from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.diagnosis.finding import STATES, Diagnosis, Finding, Section, State, of_error
from registry.errors import MismatchError, RequestError, UnavailableError, ZooError
from tests.unit.strategies import PROPERTY


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (RequestError("no"), "fault"),
        (MismatchError("it", expected="a", found="b"), "fault"),
        (UnavailableError("no"), "unknown"),
    ],
)
def test_only_silence_is_unknown(error: ZooError, state: str) -> None:
    assert of_error("it", error).state == state


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("store /srv/models: cannot be read", "cannot be read"),
        ("https://host/blobs/x: HTTP 500", "HTTP 500"),
        ("zoo.toml: unknown setting 'x'", "unknown setting 'x'"),
        ("nothing before it", "nothing before it"),
        ("see https://ann:s3cr3t@host/x", "see https://host/x"),
    ],
)
def test_the_place_is_told_once_and_no_login(message: str, told: str) -> None:
    assert of_error("file zoo.toml", RequestError(message)).found == told


@PROPERTY
@given(st.lists(st.lists(st.sampled_from(STATES), max_size=4), max_size=4))
def test_the_verdict_is_the_worst_of_all(states: list[list[State]]) -> None:
    sections = (Section("any", tuple(Finding("it", state, "") for state in one)) for one in states)
    found = Diagnosis(tuple(sections))
    flat = [state for one in states for state in one]
    assert sum(found.counts.values()) == len(flat)
    assert found.verdict == next((state for state in reversed(STATES) if state in flat), "ok")
