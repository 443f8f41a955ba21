import os
import stat
from pathlib import Path

import pytest

from registry.errors import RequestError, UnavailableError
from registry.files import atomic_file, place, same_file, whole_folder, write_atomically


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_written_file_is_whole_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    write_atomically(path, b"content", mode=0o640)
    assert path.read_bytes() == b"content"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert names(path.parent) == ["file.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_old_content_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(b"old")

    def break_off() -> None:
        with atomic_file(path) as file:
            file.write(b"half of the n")
            file.flush()
            assert path.read_bytes() == b"old"
            raise error

    with pytest.raises(error):
        break_off()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file.txt"]


def test_the_old_content_stands_until_the_end(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    with atomic_file(path) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"


def test_a_destination_that_is_a_folder_stays_one(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write_atomically(tmp_path / "taken", b"content")
    assert names(tmp_path) == ["taken"]


def test_a_placed_file_is_a_link_or_a_copy(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"bytes")
    place(source, tmp_path / "out" / "linked")
    place(source, tmp_path / "out" / "copied", link=False)
    assert same_file(source, tmp_path / "out" / "linked")
    assert not same_file(source, tmp_path / "out" / "copied")
    assert (tmp_path / "out" / "copied").read_bytes() == b"bytes"
    assert names(tmp_path / "out") == ["copied", "linked"]


def test_placing_replaces_another_file_and_repeats_without_a_trace(tmp_path: Path) -> None:
    source, destination = tmp_path / "source", tmp_path / "out" / "file"
    source.write_bytes(b"bytes")
    destination.parent.mkdir()
    destination.write_bytes(b"other")
    for _ in range(2):
        place(source, destination)
        assert same_file(source, destination)
    assert names(destination.parent) == ["file"]


def test_placing_copies_where_links_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    source = tmp_path / "source"
    source.write_bytes(b"bytes")
    monkeypatch.setattr(os, "link", refuse)  # as the system answers across file systems
    place(source, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"bytes"
    assert not same_file(source, tmp_path / "out")
    assert names(tmp_path) == ["out", "source"]


def test_a_missing_file_is_the_same_as_none(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    assert not same_file(tmp_path / "there", tmp_path / "gone")
    assert not same_file(tmp_path / "gone", tmp_path / "gone")


def test_a_whole_folder_is_there_or_nothing(tmp_path: Path) -> None:
    place = tmp_path / "new" / "folder"
    with pytest.raises(UnavailableError, match="cannot be written: No such file"), whole_folder(place) as part:
        (part / "missing" / "one").touch()
    assert list(place.parent.iterdir()) == []
    with whole_folder(place) as part:
        (part / "one").touch()
        assert not place.exists()
    assert [path.name for path in place.iterdir()] == ["one"]
    assert [path.name for path in place.parent.iterdir()] == ["folder"]


def test_a_whole_folder_replaces_an_earlier_result_and_nothing_else(tmp_path: Path) -> None:
    place = tmp_path / "folder"
    place.mkdir()
    (place / "one").write_text("old", encoding="utf-8")
    with pytest.raises(RequestError, match="exists already"), whole_folder(place):
        pass
    with pytest.raises(RuntimeError), whole_folder(place, frozenset({"one", "two"})):
        raise RuntimeError
    assert (place / "one").read_text(encoding="utf-8") == "old"
    with whole_folder(place, frozenset({"one", "two"})) as part:
        (part / "two").touch()
    assert [path.name for path in place.iterdir()] == ["two"]
    (place / "three").touch()
    with pytest.raises(RequestError, match="exists already"), whole_folder(place, frozenset({"one", "two"})):
        pass
    assert sorted(path.name for path in place.iterdir()) == ["three", "two"]


def test_a_whole_folder_replaces_folders_below_it_too(tmp_path: Path) -> None:
    place, names_ = tmp_path / "folder", {"one", "sub/two", "sub/deep/three"}
    for content in ("old", "new"):
        with whole_folder(place, names_) as part:
            for name in names_:
                (part / name).parent.mkdir(parents=True, exist_ok=True)
                (part / name).write_text(content, encoding="utf-8")
    assert {path.read_text(encoding="utf-8") for path in place.rglob("*") if path.is_file()} == {"new"}
    assert names(tmp_path) == ["folder"]


@pytest.mark.parametrize("other", ["three", "sub/three", "empty/"])
def test_a_whole_folder_is_not_taken_from_somebody(tmp_path: Path, other: str) -> None:
    place = tmp_path / "folder"
    (place / "sub").mkdir(parents=True)
    (place / "sub" / "two").touch()
    (place / other).mkdir() if other.endswith("/") else (place / other).touch()
    with pytest.raises(RequestError, match=f"with {other.rstrip('/')}"), whole_folder(place, {"sub/two"}):
        pass
    assert (place / "sub" / "two").exists()


def test_a_link_among_the_files_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "sub").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RequestError, match="with sub"), whole_folder(tmp_path / "folder", {"sub/two"}):
        pass
    assert (tmp_path / "elsewhere").is_dir()


def test_a_link_to_a_folder_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with whole_folder(tmp_path / "link") as part:
        (part / "one").touch()
    assert (tmp_path / "link").is_symlink()
    assert names(tmp_path / "real") == ["one"]


def test_the_old_folder_comes_back_when_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "folder"
    with whole_folder(place) as part:
        (part / "one").write_text("old", encoding="utf-8")
    rename = Path.rename

    def full(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(28, "No space left on device")  # as a file system answers that has no room for the entry
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(UnavailableError, match="No space left"), whole_folder(place, {"one"}) as part:
        (part / "one").write_text("new", encoding="utf-8")
    assert (place / "one").read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["folder"]
