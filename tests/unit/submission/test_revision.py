"""What changed against a revision, asked of git itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from registry.errors import RequestError, UnavailableError
from registry.submission.revision import Revision, touched


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with two cards and one commit."""
    folder = tmp_path.resolve() / "clone"
    (folder / "cards" / "acme").mkdir(parents=True)
    (folder / "cards" / "acme" / "net.yaml").write_text("first")
    (folder / "cards" / "acme" / "old.yaml").write_text("old")
    git(folder, "init", "--quiet")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "more")


def changed(folder: Path, words: str = "HEAD") -> list[str]:
    found = Revision(folder, words).changed([folder / "cards"])
    return [path.relative_to(folder / "cards").as_posix() for path in found]


def test_nothing_changed(clone: Path) -> None:
    assert changed(clone) == []


def test_edited_new_and_removed_files(clone: Path) -> None:
    (clone / "cards/acme/net.yaml").write_text("second")
    (clone / "cards/acme/old.yaml").unlink()
    (clone / "cards/acme/neu ü\n.yaml").write_text("new")
    (clone / "elsewhere.yaml").write_text("not a card")
    assert changed(clone) == ["acme/net.yaml", "acme/neu ü\n.yaml", "acme/old.yaml"]


def test_what_is_ignored_is_no_part_of_a_submission(clone: Path) -> None:
    (clone / ".gitignore").write_text("*.tmp\n")
    (clone / "cards/acme/net.tmp").write_text("x")
    assert changed(clone) == []


def test_what_another_branch_did_since_is_not_of_this_one(clone: Path) -> None:
    git(clone, "checkout", "--quiet", "-b", "topic")
    (clone / "cards/acme/net.yaml").write_text("topic")
    commit(clone)
    git(clone, "checkout", "--quiet", "main")
    (clone / "cards/acme/old.yaml").write_text("main went on")
    commit(clone)
    git(clone, "checkout", "--quiet", "topic")
    assert changed(clone, "main") == ["acme/net.yaml"]


def test_what_stood_there(clone: Path) -> None:
    (clone / "cards/acme/net.yaml").write_text("second")
    revision = Revision(clone / "cards", "HEAD")
    paths = [clone / "cards/acme" / name for name in ("net.yaml", "new.yaml", "old.yaml", "a\nb.yaml", "x blob 3")]
    assert revision.contents(paths) == [b"first", None, b"old", None, None]
    assert revision.contents([]) == []


@pytest.mark.parametrize("words", ["no-such-branch", "--output=stolen", "-h", "HEAD~7", ""])
def test_a_revision_that_is_none(clone: Path, words: str) -> None:
    with pytest.raises(RequestError, match="has no revision") as caught:
        Revision(clone, words)
    assert "fetch" in str(caught.value.hint)
    assert not list(clone.glob("stolen*"))


def test_a_folder_outside_any_repository(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="in no git repository"):
        Revision(tmp_path, "HEAD")


def test_a_shallow_history_cannot_tell(clone: Path) -> None:
    git(clone, "checkout", "--quiet", "--orphan", "other")
    (clone / "cards/acme/net.yaml").write_text("from nowhere")
    commit(clone)
    with pytest.raises(UnavailableError, match="no common commit") as caught:
        Revision(clone, "main")
    assert "fetch-depth" in str(caught.value.hint)


def test_no_program_of_a_repository_is_run(clone: Path) -> None:
    (clone / ".gitattributes").write_text("*.yaml diff=evil\n")
    git(clone, "config", "diff.evil.textconv", f"touch {clone}/ran;cat")
    git(clone, "config", "diff.evil.command", f"touch {clone}/ran")
    (clone / "cards/acme/net.yaml").write_text("second")
    assert changed(clone) == ["acme/net.yaml"]
    assert not (clone / "ran").exists()


def test_a_blob_concerns_the_cards_that_name_it(clone: Path) -> None:
    digest = "d" * 64
    named, other = clone / "cards/acme/net.yaml", clone / "cards/acme/old.yaml"
    named.write_text(f"sha256: {digest}")
    blob = clone / "cards/blobs/sha256" / digest
    assert touched([named, other], [blob]) == [named]
    assert touched([named, other], [other]) == [other]


def test_a_removed_document_is_touched(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(clone)
    (clone / "cards/acme/old.yaml").unlink()
    assert touched([], [clone / "cards/acme/old.yaml", clone / "cards/blobs/x"]) == [Path("cards/acme/old.yaml")]
