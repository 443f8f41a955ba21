from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from registry import fetch
from registry.card import Variant
from registry.constraints import Constraints
from registry.digest import Digest
from registry.errors import RejectedError, UnavailableError
from registry.files import same_file
from registry.lock import Entry, Lock, LockedFile, Request
from registry.obtain import Obtainer
from registry.progress import Silent
from registry.resolve import resolve
from registry.store.base import WHOLE, Opened, Wanted
from registry.store.cache import Cache
from tests.unit import builders

MODEL = b"\x1c\x00\x00\x00TFL3" + bytes(600)
OTHER = MODEL + b"2"
LABELS = b"background\nsquare\n"
REQUEST = Request("net", None, "accuracy", {})
CARD = builders.card()


def variant(*, pinned: bool = True) -> Variant:
    def file(name: str, role: str, data: bytes) -> builders.Plain:
        size, digest = (len(data), Digest.of(data).hex) if pinned else (None, "unpinned")
        sources = [{"url": f"https://example.org/{name}", "kind": "file", "checked": "derived"}]
        return builders.artifact(file=name, role=role, sources=sources, size=size, sha256=digest)

    return builders.one(artifacts=[file("net.tflite", "model", MODEL), file("names.txt", "labels", LABELS)])


def web(**changes: bytes) -> Any:
    """What the addresses of the variant answer."""
    answers = {"net.tflite": changes.get("model", MODEL), "names.txt": LABELS}

    @contextmanager
    def open_url(url: str, _wanted: Wanted = WHOLE) -> Iterator[Opened]:
        data = answers[url.rpartition("/")[2]]
        yield Opened(url, len(data), iter([data]))

    return open_url


def pull(folder: Path, found: Variant, lock: Lock | None = None, **options: Any) -> fetch.Delivery:
    answers = options.pop("web", web())
    obtainer = Obtainer(Cache(folder / "cache"), (), answers, Silent())
    beside = options.pop("beside", {})
    return fetch.fetch(found, REQUEST, lock or Lock(), obtainer, beside, folder / "out", **options)


def test_files_come_under_their_names_linked_to_the_cache(tmp_path: Path) -> None:
    delivery = pull(tmp_path, variant(), beside={"net.card.yaml": b"card"})
    placed = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert placed == ["names.txt", "net.card.yaml", "net.tflite"]
    assert [path.read_bytes() for path in delivery.paths] == [MODEL, LABELS]
    assert all(same_file(item.path, path) for item, path in zip(delivery.obtained, delivery.paths, strict=True))
    assert delivery.beside == (tmp_path / "out" / "net.card.yaml",)


def test_copies_are_not_links(tmp_path: Path) -> None:
    delivery = pull(tmp_path, variant(), link=False)
    assert not same_file(delivery.obtained[0].path, delivery.paths[0])


def test_the_entry_says_who_vouches_and_where_the_bytes_came_from(tmp_path: Path) -> None:
    files = pull(tmp_path, variant()).entry.files
    assert [(item.file, item.digest, item.pinned_by) for item in files] == [
        ("net.tflite", Digest.of(MODEL), "card"),
        ("names.txt", Digest.of(LABELS), "card"),
    ]
    assert files[0].source == "https://example.org/net.tflite"
    assert {item.pinned_by for item in pull(tmp_path, variant(pinned=False)).entry.files} == {"first-pull"}


def test_a_pull_from_the_cache_records_what_the_first_one_did(tmp_path: Path) -> None:
    first = pull(tmp_path, variant())
    second = pull(tmp_path, variant(), Lock((first.entry,)))
    assert {item.origin for item in second.obtained} == {"cache"}
    assert second.entry == first.entry


def test_another_file_in_the_way_stays_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "out" / "net.tflite"
    path.parent.mkdir()
    path.write_bytes(b"mine")
    with pytest.raises(RejectedError, match="with other bytes") as caught:
        pull(tmp_path, variant())
    assert path.read_bytes() == b"mine"
    assert "--force" in (caught.value.hint or "")
    pull(tmp_path, variant(), replace=True)
    assert path.read_bytes() == MODEL


def test_the_same_bytes_in_the_way_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "out" / "net.tflite"
    path.parent.mkdir()
    path.write_bytes(MODEL)
    before = path.stat().st_ino
    pull(tmp_path, variant())
    assert path.stat().st_ino == before


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(UnavailableError, match="cannot be written there") as caught:
        pull(tmp_path, variant())
    assert "-o" in (caught.value.hint or "")


class TestLock:
    """An unpinned file is held to what the first pull saw."""

    def test_the_same_bytes_again(self, tmp_path: Path) -> None:
        first = pull(tmp_path, variant(pinned=False))
        again = pull(tmp_path, variant(pinned=False), Lock((first.entry,)))
        assert again.entry == first.entry

    def test_other_bytes_are_refused(self, tmp_path: Path) -> None:
        first = pull(tmp_path / "one", variant(pinned=False))
        with pytest.raises(RejectedError):
            pull(tmp_path / "two", variant(pinned=False), Lock((first.entry,)), web=web(model=OTHER))
        assert not (tmp_path / "two" / "out").exists()

    def test_other_bytes_are_taken_when_told_to_update(self, tmp_path: Path) -> None:
        first = pull(tmp_path, variant(pinned=False))
        lock = Lock((first.entry,))
        new = pull(tmp_path, variant(pinned=False), lock, web=web(model=OTHER), update=True, replace=True)
        assert new.entry.files[0].digest == Digest.of(OTHER)

    def test_a_card_that_changed_its_digest_is_a_verdict(self, tmp_path: Path) -> None:
        file = LockedFile("net.tflite", 1, Digest.of(OTHER), "card", "")
        lock = Lock((Entry(REQUEST, "acme/net/small", (file,)),))
        with pytest.raises(RejectedError) as caught:
            pull(tmp_path, variant(), lock)
        assert str(Digest.of(OTHER)) in caught.value.message
        assert str(Digest.of(MODEL)) in caught.value.message
        assert pull(tmp_path, variant(), lock, update=True).entry.files[0].digest == Digest.of(MODEL)

    def test_a_held_variant_is_taken_even_when_another_is_better(self) -> None:
        items = builders.variants_of(builders.card(builders.variant("a"), builders.variant("b")))
        resolution = resolve(items, None, Constraints(), "accuracy")
        assert resolution.chosen is items[0]
        assert fetch.choose(resolution, Entry(REQUEST, "acme/net/b", ())) is items[1]

    @pytest.mark.parametrize(
        ("name", "message"),
        [("acme/net/gone", "no longer has it"), ("acme/net/b", "format is tflite, asked for onnx")],
    )
    def test_a_held_variant_that_is_gone_or_does_not_fit(self, name: str, message: str) -> None:
        items = builders.variants_of(builders.card(builders.variant("a", format="onnx"), builders.variant("b")))
        resolution = resolve(items, None, Constraints(format="onnx"), "accuracy")
        with pytest.raises(RejectedError, match=message) as caught:
            fetch.choose(resolution, Entry(REQUEST, name, ()))
        assert "--update" in (caught.value.hint or "")


def test_beside_the_model_lie_its_card_its_labels_and_its_licences() -> None:
    found = variant()
    beside = fetch.sidecars(found, CARD, b"the card", ("background", "square"))
    assert beside["net.card.yaml"] == b"the card"
    assert beside["net.labels.txt"] == b"background\nsquare\n"
    note = beside["net.licence.txt"].decode()
    for words in ("acme/net/small", "weights: Apache-2.0", "dataset: unknown", "https://example.org/net.tflite"):
        assert words in " ".join(note.split())
    assert "net.labels.txt" not in fetch.sidecars(found, CARD, b"", ())


def test_the_licence_note_has_the_variants_own_licence() -> None:
    found = builders.one(licence={"weights": "MIT"})
    assert "weights: MIT" in " ".join(fetch.licence_note(found, CARD).split())


def test_what_lies_beside_never_takes_the_place_of_a_pulled_file() -> None:
    artifacts = [builders.artifact(), builders.artifact(file="net.labels.txt", role="labels")]
    found = builders.one(artifacts=artifacts)
    assert "net.labels.txt" not in fetch.sidecars(found, CARD, b"", ("background",))
