from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from registry.training.augmentation import augmenter
from registry.training.configuration import Augmentation, Change, Crop

SIDE = 32
EVERYTHING = Augmentation(
    flip="horizontal-and-vertical",
    crop=Crop((0.5, 0.9), (0.5, 0.9), (0.3, 0.7), (0.3, 0.7), 0.5),
    scale=Change(0.7, 1.4),
    rotation=Change(-30, 30),
    contrast=Change(0.6, 1.4, 0.5),
    brightness=Change(-0.2, 0.2),
    noise=Change(0.0, 0.1),
    blur=Change(0.1, 1.0, 0.5),
    jpeg=Change(50, 90, 0.5),
    posterize=Change(3, 7),
)


@pytest.fixture
def mask() -> Any:
    """Blocks of ids 0 to 3, larger than what bilinear sampling mixes."""
    quarters = np.array([[0, 1], [2, 3]], np.uint8)
    return np.kron(quarters, np.ones((SIDE // 2, SIDE // 2), np.uint8))


def picture_of(mask: Any) -> Any:
    return np.repeat(mask[..., None] * np.uint8(60), 3, axis=2)


def changed(augmentation: Augmentation, mask: Any, *seed: int, image: Any = None) -> tuple[Any, Any]:
    import tensorflow as tf

    image = picture_of(mask) if image is None else image
    found = augmenter(augmentation)(tf.constant(image), tf.constant(mask), tf.constant(seed, tf.int32))
    return found[0].numpy(), found[1].numpy()


def test_nothing_asked_for_changes_nothing(mask: Any) -> None:
    image, ids = changed(Augmentation(), mask, 1, 2)
    assert np.array_equal(image, picture_of(mask).astype(np.float32))
    assert np.array_equal(ids, mask)


def test_the_seed_decides_everything(mask: Any) -> None:
    first, again, other = (changed(EVERYTHING, mask, 5, number) for number in (1, 1, 2))
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
    assert not np.array_equal(first[1], other[1])
    assert first[0].min() >= 0
    assert first[0].max() <= 255


def test_a_flip_alone_is_what_the_affine_transformation_makes_of_it() -> None:
    random = np.random.default_rng(6)
    image = random.integers(0, 256, (SIDE, SIDE + 6, 3), np.uint8)
    ids = random.integers(0, 4, (SIDE, SIDE + 6), np.uint8)
    flip = "horizontal-and-vertical"
    nowhere = Change(0.0, 0.0)
    for number in range(8):
        found = changed(Augmentation(flip=flip), ids, 3, number, image=image)
        moved = changed(Augmentation(flip=flip, rotation=nowhere), ids, 3, number, image=image)
        assert all(np.array_equal(one, other) for one, other in zip(found, moved, strict=True))


def test_both_directions_of_a_flip_come_up_and_are_exact(mask: Any) -> None:
    seen = set()
    for number in range(16):
        image, ids = changed(Augmentation(flip="horizontal-and-vertical"), mask, 0, number)
        assert np.allclose(image, picture_of(ids), atol=0.01)
        seen.add((int(ids[0, 0]), int(ids[0, -1])))
    assert seen == {(0, 1), (1, 0), (2, 3), (3, 2)}
    still = {int(changed(Augmentation(flip="horizontal"), mask, 0, number)[1][0, 0]) for number in range(16)}
    assert still == {0, 1}


@pytest.mark.parametrize(
    "augmentation",
    [
        Augmentation(scale=Change(0.6, 0.6)),
        Augmentation(rotation=Change(-45, 45)),
        Augmentation(crop=Crop((0.4, 0.7), (0.4, 0.7), (0.2, 0.8), (0.2, 0.8)), flip="vertical"),
    ],
)
def test_image_and_mask_move_together(mask: Any, augmentation: Augmentation) -> None:
    for number in range(4):
        image, ids = changed(augmentation, mask, 3, number)
        inner = (ids != 255) & (np.abs(image[..., 0] - np.round(image[..., 0] / 60) * 60) < 0.01)  # not mixed
        assert inner.mean() > 0.3
        assert (np.round(image[..., 0] / 60)[inner] == ids[inner]).mean() > 0.98


def test_what_stays_uncovered_is_void_and_a_crop_uncovers_nothing(mask: Any) -> None:
    image, ids = changed(Augmentation(scale=Change(0.5, 0.5)), mask, 1, 1)
    assert (ids == 255).mean() == pytest.approx(0.75, abs=0.08)
    assert np.all(image[0, 0] == 127.5)
    cut = Augmentation(crop=Crop((0.5, 0.9), (0.5, 0.9), (0, 1), (0, 1)))
    assert all((changed(cut, mask, 1, number)[1] != 255).all() for number in range(6))


def test_a_crop_of_half_the_size_shows_the_part_that_it_names(mask: Any) -> None:
    cut = Augmentation(crop=Crop((0.5, 0.5), (0.5, 0.5), (0.75, 0.75), (0.25, 0.25)))
    assert (changed(cut, mask, 1, 1)[1] == 1).all()


def test_the_rate_is_the_share_of_images_that_change(mask: Any) -> None:
    often = Augmentation(brightness=Change(0.1, 0.1, 0.25))
    changes = [not np.array_equal(changed(often, mask, 7, number)[0], picture_of(mask)) for number in range(60)]
    assert 0.1 < np.mean(changes) < 0.45


@pytest.mark.parametrize(
    ("augmentation", "expected"),
    [
        (Augmentation(brightness=Change(0.1, 0.1)), lambda image: image + 25.5),
        (Augmentation(contrast=Change(0.5, 0.5)), lambda image: (image - image.mean()) / 2 + image.mean()),
        (Augmentation(posterize=Change(1, 1)), lambda image: np.floor(image / 128) * 128),
    ],
)
def test_values_change_as_they_are_said_to(mask: Any, augmentation: Augmentation, expected: Any) -> None:
    image = np.full((SIDE, SIDE, 3), 100, np.uint8)
    image[: SIDE // 2] = 150
    found, ids = changed(augmentation, mask, 1, 1, image=image)
    assert np.allclose(found, expected(image.astype(np.float32)), atol=0.01)
    assert np.array_equal(ids, mask)


def test_noise_blur_and_jpeg_are_as_strong_as_asked(mask: Any) -> None:
    flat = np.full((SIDE, SIDE, 3), 128, np.uint8)
    noisy, _ = changed(Augmentation(noise=Change(0.05, 0.05)), mask, 1, 1, image=flat)
    assert (noisy - 128).std() == pytest.approx(0.05 * 255, rel=0.1)
    edge = picture_of(mask)
    blurred, _ = changed(Augmentation(blur=Change(1.0, 1.0)), mask, 1, 1)
    assert blurred.mean() == pytest.approx(edge.mean(), rel=0.02)
    assert np.abs(np.diff(blurred, axis=1)).max() < np.abs(np.diff(edge.astype(float), axis=1)).max() * 0.6
    coarse, fine = (changed(Augmentation(jpeg=Change(one, one)), mask, 1, 1)[0] for one in (5, 100))
    assert np.abs(fine - edge).mean() < np.abs(coarse - edge).mean()
