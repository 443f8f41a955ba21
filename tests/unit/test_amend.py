"""A card is changed in place, or not at all; what it is bound to stays: its link, its rights, its other letters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from registry import amend
from registry.document import MAX_BYTES
from registry.errors import RejectedError, UnavailableError
from tests.unit import builders

TOOL = {"document": "zoo bench", "kind": "tool"}


@pytest.mark.parametrize("data", [b"", b"\xff", b"a: &b 1", b"a: [", b"a: 1\n---\nb: 1\n", b" " * (MAX_BYTES + 1)])
def test_what_no_card_may_be_is_not_added_to(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_bytes(data)
    with pytest.raises(RejectedError, match=r"net\.yaml: not a valid card, so nothing is added to it"):
        amend.read(path)


def test_what_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot be read"):
        amend.read(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="cannot be written"):
        amend.write(tmp_path / "file" / "net.yaml", "a: 1\n")


def test_a_link_stays_one_and_rights_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "net.yaml", tmp_path / "link.yaml"
    path.write_text("a: 1\n")
    path.chmod(0o600)
    link.symlink_to(path)
    amend.write(link, "a: 2\n")
    assert link.is_symlink()
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("a: 2\n", 0o600)


@pytest.mark.parametrize(
    ("sources", "key"),
    [
        ({}, "benchmark"),
        (builders.SOURCES, "benchmark"),
        ({"benchmark": builders.SOURCES["page"]}, "benchmark-2"),
        ({"ours": TOOL}, "ours"),
    ],
)
def test_a_source_has_one_key(sources: builders.Plain, key: str) -> None:
    card = builders.card(sources=sources)
    text, found = amend.with_source(json.dumps(card), card, TOOL, "benchmark")
    assert found == key
    assert amend.require_meaning(text, "net.yaml", card, "").value["sources"] == {**sources, key: TOOL}


def test_a_card_without_sources_gets_them() -> None:
    card = {key: value for key, value in builders.card().items() if key != "sources"}
    text, found = amend.with_source(json.dumps(card), card, TOOL, "benchmark")
    assert amend.require_meaning(text, "net.yaml", card, "").value["sources"] == {found: TOOL}


@pytest.mark.parametrize("text", ["a: 2\n", "a: [", ""])
def test_a_text_that_means_something_else_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(RejectedError, match="cannot be added to") as caught:
        amend.require_meaning(text, "net.yaml", {"a": 1}, "add it by hand")
    assert caught.value.hint == "add it by hand"
