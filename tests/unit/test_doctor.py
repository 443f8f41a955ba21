from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from registry.diagnosis import configuration
from registry.diagnosis.finding import STATES, Diagnosis, Finding, Section
from registry.doctor import Surroundings, diagnose
from registry.store.base import Mirror
from registry.store.folder import FolderMirror
from registry.store.layout import LayoutStore
from registry.store.web import WebMirror
from tests.unit.diagnosis.distributions import install_own, installed
from tests.unit.strategies import PROPERTY

SECTIONS = ["installation", "settings", "catalogue", "cache", "places", "tracking", "programs"]


def around(folder: Path, settings: str = "", **changes: Any) -> Surroundings:
    (folder / "zoo.toml").write_text(settings, encoding="utf-8")
    (folder / "cards").mkdir(exist_ok=True)
    if not (folder / "site").exists():
        install_own(folder / "site")
    environ = {"HOME": str(folder), "ZOO_CACHE": str(folder / "cache")}
    usual: dict[str, Any] = {
        "loaded": configuration.load({}, environ, str(folder / "zoo.toml"), ""),
        "installed": installed(folder / "site"),
        "python": "3.11.7",
        "code": folder / "site",
        "cards": (str(folder / "cards"),),
        "published": (),
        "data": folder / "data",
        "lock": folder / "zoo.lock",
        "open_readable": lambda address: LayoutStore(Path(address)),
        "open_mirror": open_mirror,
        "find": lambda name: f"/bin/{name}",
    }
    return Surroundings(**(usual | changes))


def open_mirror(address: str) -> Mirror:
    return WebMirror(address) if "://" in address else FolderMirror(Path(address))


def by_section(found: Diagnosis) -> dict[str, list[Finding]]:
    return {section.name: list(section.findings) for section in found.sections}


def test_every_part_is_looked_at(tmp_path: Path) -> None:
    LayoutStore(tmp_path / "store").prepare()
    found = diagnose(around(tmp_path, 'registries = ["store"]\nmirrors = ["cards"]'), 60)
    assert [section.name for section in found.sections] == SECTIONS
    assert found.verdict == "warning"  # the folder of cards is empty
    assert [one.subject for one in by_section(found)["places"]] == [
        f"registry {tmp_path}/store",
        f"mirror {tmp_path}/cards",
    ]


def test_nothing_is_changed(tmp_path: Path) -> None:
    LayoutStore(tmp_path / "store").prepare()
    surroundings = around(tmp_path, 'registries = ["store"]')
    before = sorted((path, path.stat().st_mtime_ns) for path in tmp_path.rglob("*"))
    diagnose(surroundings, 60)
    assert sorted((path, path.stat().st_mtime_ns) for path in tmp_path.rglob("*")) == before


def test_a_server_that_never_answers_costs_what_was_allowed_and_hides_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # the system accepts; nobody ever answers
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings = f'mirrors = ["{address}", "cards"]\ntracking = "{address}"'
        found = by_section(diagnose(around(tmp_path, settings), 0.5))
    assert [one.subject for one in found["places"]] == [f"mirror {address}", f"mirror {tmp_path}/cards"]
    assert (found["places"][0].state, found["places"][0].found) == ("unknown", "no answer within 0.5 s")
    assert [(one.subject, one.state) for one in found["tracking"]] == [(f"address {address}", "unknown")]
    assert set(found) == set(SECTIONS)


def test_a_place_that_hangs_without_a_network(tmp_path: Path) -> None:
    never = threading.Event()

    def find(name: str) -> str | None:
        never.wait()
        return None

    try:
        found = by_section(diagnose(around(tmp_path, find=find), 0.5))
    finally:
        never.set()
    assert [(one.subject, one.state) for one in found["programs"]] == [("programs", "unknown")]


def test_an_error_of_the_system_in_the_middle_keeps_what_was_found(tmp_path: Path) -> None:
    def find(name: str) -> str | None:
        if name == "make":
            raise PermissionError(13, "Permission denied", "/opt/tools")
        return name

    found = by_section(diagnose(around(tmp_path, find=find), 60))["programs"]
    assert [(one.subject, one.state) for one in found] == [("ssh", "ok"), ("git", "ok"), ("programs", "unknown")]
    assert found[-1].found == "cannot be looked at: Permission denied: /opt/tools"


def test_a_repeated_address_is_asked_once(tmp_path: Path) -> None:
    found = by_section(diagnose(around(tmp_path, 'mirrors = ["cards", "cards"]'), 60))
    assert len(found["places"]) == 1


@PROPERTY
@given(st.lists(st.sampled_from(STATES), max_size=5))
def test_the_form_is_the_same_whatever_was_found(states: list[Any]) -> None:
    findings = tuple(Finding("it", state, "so") for state in states)
    document = Diagnosis((Section("any", findings),)).to_json()
    assert list(document) == ["verdict", "counts", "sections"]
    assert list(document["counts"]) == list(STATES)
    for one in document["sections"][0]["findings"]:
        assert list(one) == ["subject", "state", "found", "command", "advice"]
