"""A catalogue that changes under the command's feet: every run sees the cards as they are."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.world import Cards, Zoo, assert_says, files_below, model_bytes, pinned
from tests.unit import builders

DATA = model_bytes(100)


def names(zoo: Zoo, *arguments: str) -> list[str]:
    result = zoo("list", "--format", "json", *arguments)
    assert result.code == 0, result
    assert result.err == "", result
    return [row["name"] for row in result.json()]


def index(zoo: Zoo) -> Path:
    """The compiled catalogue; there must be one alone."""
    (found,) = (path for path in files_below(zoo.cache / "catalogue") if path.suffix == ".sqlite3")
    return found


class TestEdits:
    """What a person does to cards between two runs."""

    def test_a_changed_card(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("small", DATA))
        assert names(zoo) == ["acme/net/small"]
        cards.card(pinned("small", DATA), pinned("large", DATA))
        assert names(zoo) == ["acme/net/large", "acme/net/small"]
        cards.card(pinned("large", DATA))
        assert names(zoo) == ["acme/net/large"]

    def test_a_change_that_keeps_size_and_time(self, zoo: Zoo, cards: Cards) -> None:
        path = cards.card(pinned("small", DATA))
        assert names(zoo) == ["acme/net/small"]
        before = path.stat()
        path.write_text(path.read_text(encoding="utf-8").replace("small", "large"), encoding="utf-8")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        after = path.stat()
        assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
        assert names(zoo) == ["acme/net/large"]

    def test_an_added_and_a_removed_card(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("small", DATA))
        assert names(zoo) == ["acme/net/small"]
        path = cards.card(pinned("small", DATA), model="other")
        assert names(zoo) == ["acme/net/small", "acme/other/small"]
        path.unlink()
        assert names(zoo) == ["acme/net/small"]
        assert zoo("show", "other").code == 2

    def test_a_new_publisher(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("small", DATA))
        assert names(zoo) == ["acme/net/small"]
        cards.write(builders.card(pinned("small", DATA), publisher="zenith"))
        assert names(zoo) == ["acme/net/small", "zenith/net/small"]
        shutil.rmtree(cards.folder / "zenith")
        assert names(zoo) == ["acme/net/small"]

    def test_a_renamed_card(self, zoo: Zoo, cards: Cards) -> None:
        path = cards.card(pinned("small", DATA))
        assert names(zoo) == ["acme/net/small"]
        path.unlink()
        cards.card(pinned("small", DATA), model="renamed")
        assert names(zoo) == ["acme/renamed/small"]

    def test_a_target_that_takes_more(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("small", DATA, format="onnx"))
        assert names(zoo, "--target", "board") == []
        accepts = [builders.rule("cpu", ["tflite", "onnx"], ["float32"])]
        cards.write(builders.target(accepts=accepts))
        assert names(zoo, "--target", "board") == ["acme/net/small"]

    def test_a_broken_card_is_left_out_with_its_place_and_the_rest_works(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("small", DATA))
        path = cards.card(pinned("small", DATA), model="other")
        assert names(zoo) == ["acme/net/small", "acme/other/small"]
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("format: tflite", "format: parchment"), encoding="utf-8")
        line = next(number for number, item in enumerate(text.splitlines(), 1) if "format: tflite" in item)
        for _ in range(2):
            result = zoo("list", "--format", "json")
            assert result.code == 0, result
            assert [row["name"] for row in result.json()] == ["acme/net/small"]
            assert_says(result, "left out", f"{path}:{line}:", "zoo validate")
        assert zoo("pull", "net", "--dry-run").code == 0
        assert zoo("validate").code == 1
        path.write_text(text, encoding="utf-8")
        assert names(zoo) == ["acme/net/small", "acme/other/small"]

    @pytest.mark.parametrize("content", [b"", b"a: [", b"\xff\xfe", b"schema: model-card/9\n"])
    def test_a_file_that_is_no_card(self, zoo: Zoo, cards: Cards, content: bytes) -> None:
        cards.card(pinned("small", DATA))
        path = cards.folder / "acme" / "bad.yaml"
        path.write_bytes(content)
        result = zoo("list", "--format", "json")
        assert result.code == 0, result
        assert [row["name"] for row in result.json()] == ["acme/net/small"]
        assert_says(result, "left out", str(path))

    def test_links_that_lead_nowhere_or_in_circles(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("small", DATA))
        (cards.folder / "acme" / "loop.yaml").symlink_to("loop.yaml")
        (cards.folder / "acme" / "gone.yaml").symlink_to("nothing.yaml")
        (cards.folder / "circle").symlink_to(cards.folder, target_is_directory=True)
        result = zoo("list", "--format", "json")
        assert result.code == 0, result
        assert [row["name"] for row in result.json()] == ["acme/net/small"]
        assert_says(result, "loop.yaml", "gone.yaml")

    def test_a_second_card_of_the_same_name_is_left_out_and_told(self, zoo: Zoo, cards: Cards) -> None:
        path = cards.card(pinned("small", DATA))
        other = zoo.folder / "more" / "acme" / "net.yaml"
        other.parent.mkdir(parents=True)
        shutil.copy(path, other)
        result = zoo("list", "--format", "json", "--cards", cards.folder, "--cards", zoo.folder / "more")
        assert result.code == 0, result
        assert [row["name"] for row in result.json()] == ["acme/net/small"]
        assert_says(result, "left out", str(other), "acme/net is already defined by", str(path))
        path.unlink()
        result = zoo("list", "--format", "json", "--cards", cards.folder, "--cards", zoo.folder / "more")
        assert [row["name"] for row in result.json()] == ["acme/net/small"]
        assert result.err == ""

    def test_no_cards_at_all(self, zoo: Zoo, cards: Cards) -> None:
        assert names(zoo) == []
        assert zoo("show", "net").code == 2


@pytest.mark.parametrize("command", [["list"], ["show", "net"], ["targets"], ["datasets"], ["pull", "net"]])
def test_a_folder_of_cards_that_is_not_there(zoo: Zoo, command: list[str]) -> None:
    result = zoo(*command, "--cards", zoo.folder / "gone")
    assert result.code == 3, result
    assert_says(result, str(zoo.folder / "gone"), "next: ", "zoo config")
    assert result.out == ""


def test_a_file_where_the_folder_of_cards_should_be(zoo: Zoo) -> None:
    (zoo.work / "cards").write_bytes(b"")
    result = zoo("list", "--cards", "cards")
    assert result.code == 3, result
    assert_says(result, "cards", "zoo config")


def _emptied(data: bytes) -> bytes:
    return data[:0]


def _garbage(data: bytes) -> bytes:
    return b"garbage " * (len(data) // 8)


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _scratched(data: bytes) -> bytes:
    """Everything but the first page is zero: it opens, and has nothing to read."""
    return data[:4096] + bytes(len(data) - 4096)


def _overwritten_in_the_middle(data: bytes) -> bytes:
    third = len(data) // 3
    return data[:third] + b"\xa5" * third + data[2 * third :]


def _another_database(_: bytes) -> bytes:
    import sqlite3

    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE state (key, value)")
        return bytes(connection.serialize())


class TestIndex:
    """The compiled catalogue in the cache: lost, damaged or impossible, it never stands in the way."""

    @pytest.mark.parametrize(
        "damage",
        [_emptied, _garbage, _cut, _scratched, _overwritten_in_the_middle, _another_database],
        ids=lambda damage: damage.__name__.strip("_"),
    )
    def test_a_damaged_index_is_built_anew(self, zoo: Zoo, cards: Cards, damage: Callable[[bytes], bytes]) -> None:
        cards.card(*(pinned(f"v{number:03}", DATA) for number in range(60)))
        good = zoo("list", "--format", "json").json()
        assert len(good) == 60
        index(zoo).write_bytes(damage(index(zoo).read_bytes()))
        result = zoo("list", "--format", "json")
        assert result.code == 0, result
        assert result.json() == good
        assert zoo("show", "acme/net/v042").code == 0

    def test_an_index_that_is_a_folder(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("small", DATA))
        assert names(zoo) == ["acme/net/small"]
        path = index(zoo)
        path.unlink()
        path.mkdir()
        result = zoo("list", "--format", "json")
        assert result.code == 0, result
        assert [row["name"] for row in result.json()] == ["acme/net/small"]

    def test_a_lost_index(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("small", DATA))
        assert names(zoo) == ["acme/net/small"]
        index(zoo).unlink()
        assert names(zoo) == ["acme/net/small"]
        assert index(zoo).is_file()

    def test_an_index_is_not_written_again_when_nothing_changed(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("small", DATA))
        names(zoo)
        before = index(zoo).stat()
        names(zoo)
        after = index(zoo).stat()
        assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)

    def test_a_cache_that_is_no_folder_still_lists(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("small", DATA))
        (zoo.folder / "taken").write_bytes(b"not a folder")
        for arguments in (["list", "--format", "json"], ["show", "net", "--format", "json"]):
            result = zoo(*arguments, "--cache", zoo.folder / "taken")
            assert result.code == 0, result
            assert "acme/net/small" in result.out
            assert_says(result, "compiled catalogue cannot be kept", str(zoo.folder / "taken"))
        assert zoo("list", "--cache", zoo.folder / "taken", "--quiet").err == ""

    @pytest.mark.skipif(os.geteuid() == 0, reason="the superuser can write everywhere")
    def test_a_read_only_cache_still_lists_and_sees_edits(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("small", DATA))
        assert names(zoo) == ["acme/net/small"]
        folder = zoo.cache / "catalogue"
        index(zoo).chmod(0o400)
        folder.chmod(0o500)
        assert names(zoo) == ["acme/net/small"]
        cards.card(pinned("large", DATA))
        result = zoo("list", "--format", "json")
        folder.chmod(0o700)
        assert result.code == 0, result
        assert [row["name"] for row in result.json()] == ["acme/net/large"]
        assert_says(result, "compiled catalogue cannot be kept")

    def test_many_at_once_on_a_cold_cache_all_see_everything(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(*(pinned(f"v{number}", DATA) for number in range(20)))
        running = [zoo.start("list", "--format", "json") for _ in range(6)]
        results = [zoo.finish(process) for process in running]
        assert [(result.code, len(result.json()), result.err) for result in results] == [(0, 20, "")] * 6
        assert [path.suffix for path in files_below(zoo.cache / "catalogue")] == [".sqlite3"]

    def test_many_at_once_after_an_edit_all_see_it(self, zoo: Zoo, cards: Cards) -> None:
        cards.card(pinned("small", DATA))
        names(zoo)
        cards.card(pinned("large", DATA))
        running = [zoo.start("list", "--format", "json") for _ in range(6)]
        results = [zoo.finish(process) for process in running]
        assert [[row["name"] for row in result.json()] for result in results] == [["acme/net/large"]] * 6
