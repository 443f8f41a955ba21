"""The generated dataset."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from registry.document import Document, read
from registry.errors import RequestError
from registry.progress import Silent
from registry.resources import data_folder
from registry.samples import shapes
from registry.samples.outlines import OUTLINES
from registry.samples.pictures import read_mask
from registry.samples.scene import Recipe, paint
from tests.acceptance.world import files_below

RECIPES = [Recipe(5, 0, number, 128) for number in range(24)]


@pytest.fixture(scope="module")
def painted() -> list[tuple[Any, Any]]:
    """Pictures and masks as arrays."""
    made = [paint(recipe) for recipe in RECIPES]
    return [(np.asarray(Image.open(io.BytesIO(image))), read_mask(mask)) for image, mask in made]


def test_a_recipe_gives_the_same_bytes_and_another_gives_others() -> None:
    one = paint(RECIPES[0])
    assert paint(RECIPES[0]) == one
    others = (Recipe(6, 0, 0, 128), Recipe(5, 1, 0, 128), Recipe(5, 0, 1, 128), Recipe(5, 0, 0, 129))
    assert all(paint(other) != one for other in others)


def test_colour_draws_a_class_to_its_typical_one() -> None:
    """Where it tells the class, mean colours of a class lie closer together than without."""

    def spread(colour: float) -> float:
        found = []
        for number in range(24):
            image, mask = paint(Recipe(5, 0, number, 96, 0.5, colour))
            pixels, ids = np.asarray(Image.open(io.BytesIO(image)), float), read_mask(mask)
            if (ids == 4).any():
                found.append(pixels[ids == 4].mean(axis=0))
        return float(np.std(found, axis=0).mean())

    assert spread(0.9) < spread(0) / 2


def test_less_clutter_leaves_smoother_grounds() -> None:
    def roughness(clutter: float) -> float:
        image, mask = paint(Recipe(5, 0, 3, 128, clutter))
        pixels, ids = np.asarray(Image.open(io.BytesIO(image)), float), read_mask(mask)
        return float(pixels[ids == 0].std(axis=0).mean())

    assert roughness(0) < roughness(1)


def test_pictures_and_masks_belong_together_and_vary_in_size(painted: list[tuple[Any, Any]]) -> None:
    for image, mask in painted:
        assert image.shape == (*mask.shape, 3)
        assert set(np.unique(mask)) <= {*range(len(OUTLINES) + 1), 255}
        assert all(77 <= side <= 128 for side in mask.shape)
    assert len({mask.shape for _, mask in painted}) > len(painted) // 2


def test_every_class_background_and_void_occur(painted: list[tuple[Any, Any]]) -> None:
    assert len(OUTLINES) >= 6
    assert set(np.concatenate([mask.ravel() for _, mask in painted])) == {*range(len(OUTLINES) + 1), 255}


def test_two_classes_never_touch_without_void_between(painted: list[tuple[Any, Any]]) -> None:
    for _, mask in painted:
        for one, other in ((mask[1:], mask[:-1]), (mask[:, 1:], mask[:, :-1])):
            assert ((one == other) | (one == 255) | (other == 255)).all()


def test_colour_alone_does_not_tell_the_class(painted: list[tuple[Any, Any]]) -> None:
    """Mean colours of a class differ between pictures as much as colours do at all."""
    means: dict[int, list[Any]] = {}
    for image, mask in painted:
        for number in set(np.unique(mask)) - {0, 255}:
            means.setdefault(int(number), []).append(image[mask == number].mean(0))
    within = np.mean([np.std(colours, axis=0).mean() for colours in means.values() if len(colours) > 3])
    between = np.std([np.mean(colours, axis=0) for colours in means.values()], axis=0).mean()
    assert within > between


def made(place: Path, **options: int) -> dict[str, bytes]:
    shapes.make(place, Silent(), **{"seed": 1, "count": 6, "size": 64, **options})
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in files_below(place)}


def test_more_pictures_of_a_seed_begin_with_the_fewer(tmp_path: Path) -> None:
    few, many = made(tmp_path / "few"), made(tmp_path / "many", count=10)
    pictures = {name for name in few if name.endswith((".jpg", ".png"))}
    assert len(pictures) == 12
    assert {name: few[name] for name in pictures}.items() <= many.items()
    assert made(tmp_path / "again") == few


def test_the_catalogues_card_has_the_classes_that_are_painted() -> None:
    card = read(Path(data_folder("cards"), "datasets", "shapes.yaml"))
    assert isinstance(card, Document)
    made_here = shapes.card(seed=0, count=2, size=64)
    stated = {key: value for key, value in card.value["classes"].items() if key != "note"}
    assert stated == made_here["classes"]
    assert all(card.value[key] == made_here[key] for key in ("name", "title", "licence", "task"))


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"count": 1}, {"size": 8}, {"size": 100_000}])
def test_numbers_out_of_range_are_refused(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(RequestError, match="cannot generate"):
        made(tmp_path / "out", **wrong)
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten_and_a_failure_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = made(tmp_path / "out")
    with pytest.raises(RequestError, match="exists already"):
        made(tmp_path / "out", seed=2)
    assert {path.relative_to(tmp_path / "out").as_posix() for path in files_below(tmp_path / "out")} == set(before)

    def interrupted(_recipe: Recipe) -> tuple[bytes, bytes]:
        raise KeyboardInterrupt

    monkeypatch.setattr(shapes, "paint", interrupted)
    with pytest.raises(KeyboardInterrupt):
        made(tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
