"""The reference says what the code says, and its links lead somewhere."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from docs import reference
from docs.generator.commands import every_command, options_of, variable_of
from docs.generator.markdown import anchor
from registry.errors import RequestError
from registry.rulebook import RULES
from registry.settings import DEFINITIONS, load

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
TEXTS = {path: path.read_text(encoding="utf-8") for path in sorted(DOCS.rglob("*.md"))}
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
COMMANDS = dict(every_command())
LINK = re.compile(r"\]\(([^)\s]+)\)")


def headings(path: Path) -> list[str]:
    """Headings outside of code."""
    return re.findall(r"^#+ (.+)$", FENCE.sub("", TEXTS[path]), flags=re.MULTILINE)


@functools.cache
def fragments(path: Path) -> set[str]:
    return {anchor(heading) for heading in headings(path)}


def links() -> Iterator[tuple[Path, str]]:
    """Links of all documents that lead to files or headings here."""
    for path, text in TEXTS.items():
        for link in LINK.findall(re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))):
            if "://" not in link:
                yield path, link


def test_the_reference_is_what_the_code_says() -> None:
    assert list(reference.differences(reference.FOLDER))[:20] == [], reference.ADVICE


def test_there_is_no_page_that_nothing_writes() -> None:
    assert {path.name for path in reference.FOLDER.iterdir()} == set(reference.PAGES)


def test_what_was_edited_is_told_and_written_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "FOLDER", tmp_path / "reference")
    run = CliRunner().invoke
    missing = run(reference.main, ["--check"])
    assert missing.exit_code == 1
    assert "+# Exit codes" in missing.output
    assert run(reference.main, []).exit_code == 0
    assert run(reference.main, ["--check"]).output == ""
    page = tmp_path / "reference" / "exit-codes.md"
    page.write_text(page.read_text(encoding="utf-8").replace("| 70 |", "| 71 |"), encoding="utf-8")
    edited = run(reference.main, ["--check"])
    assert edited.exit_code == 1
    assert "-| 71 |" in edited.output
    assert "python docs/reference.py" in edited.output


def test_the_pages_know_nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "37")
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    assert list(reference.differences(reference.FOLDER)) == []
    assert not [path for path in reference.FOLDER.iterdir() if str(ROOT) in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize(
    "path", [DOCS / "reference" / name for name in reference.PAGES], ids=lambda path: path.name
)
def test_headings_of_a_page_are_told_apart(path: Path) -> None:
    anchors = [anchor(heading) for heading in headings(path)]
    assert sorted({one for one in anchors if anchors.count(one) > 1}) == []


def test_links_lead_somewhere() -> None:
    lost = []
    for path, link in links():
        place, _, fragment = link.partition("#")
        to = (path.parent / place).resolve() if place else path
        if not to.exists() or (fragment and to in TEXTS and fragment not in fragments(to)):
            lost.append(f"{path.relative_to(ROOT)}: {link}")
    assert lost == []


def test_every_document_is_in_the_list_of_documents() -> None:
    listed = {(DOCS / link).resolve() for path, link in links() if path == DOCS / "README.md"}
    assert sorted(set(TEXTS) - listed - {DOCS / "README.md"}) == []


@pytest.mark.parametrize("path", COMMANDS)
def test_a_command_says_what_it_does(path: str) -> None:
    assert COMMANDS[path].help
    assert [one.opts for one in options_of(COMMANDS[path]) if not (one.help or "").endswith((".", "?"))] == []


def test_every_command_shows_an_example() -> None:
    silent = [
        path
        for path, command in COMMANDS.items()
        if not isinstance(command, click.Group) and f"  {path}" not in f"{command.epilog}{command.help}"
    ]
    assert silent == []


def test_every_setting_has_an_option_that_names_its_variable() -> None:
    named = {variable_of(path, option) for path, command in COMMANDS.items() for option in options_of(command)}
    assert {item.variable for item in DEFINITIONS} <= named


def test_every_variable_of_ours_is_described() -> None:
    sources = [path for part in ("registry", "cli") for path in (ROOT / part).rglob("*.py")]
    made_for_c = ROOT / "registry" / "deployment"
    named = {
        name
        for path in sources
        if made_for_c not in path.parents
        for name in re.findall(r"\bZOO_[A-Z][A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8"))
    }
    page = TEXTS[DOCS / "reference" / "settings.md"]
    assert [name for name in sorted(named) if f"`{name}`" not in page] == []


def test_every_key_of_a_settings_file_is_described(tmp_path: Path) -> None:
    file = tmp_path / "zoo.toml"
    file.write_text("zzzzzzzz = 1\n", encoding="utf-8")
    with pytest.raises(RequestError) as caught:
        load({}, {}, str(file), "")
    known = str(caught.value.hint).removeprefix("known are ").split(", ")
    assert "trust" in known
    page = TEXTS[DOCS / "reference" / "settings.md"]
    assert [name for name in known if f"| `{name}` |" not in page and not re.search(rf"`\[{name}\b", page)] == []


def test_every_rule_has_its_heading() -> None:
    assert set(RULES) <= set(headings(DOCS / "reference" / "errors.md"))
