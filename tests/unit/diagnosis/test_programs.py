from __future__ import annotations

import pytest

from registry.diagnosis.programs import PROGRAMS, examine


def test_programs_that_are_there() -> None:
    found = list(examine(lambda name: f"/bin/{name}", "ssh -i key"))
    assert {one.state for one in found} == {"ok"}
    assert [one.found for one in found] == ["/bin/ssh", *(f"/bin/{one.name}" for one in PROGRAMS)]


def test_programs_that_are_missing_are_notes_with_what_they_are_for_and_whence_they_come() -> None:
    found = list(examine(lambda name: None, "ssh"))
    assert {one.state for one in found} == {"note"}
    assert all("needed for" in one.found for one in found)
    assert all(one.command or one.advice for one in found)


@pytest.mark.parametrize("setting", ["/opt/tools/ssh -v", "", "ssh 'open"])
def test_a_command_of_ones_own_has_to_be_there(setting: str) -> None:
    found = next(examine(lambda name: None, setting))
    assert (found.state, found.command) == ("fault", "zoo config")
