from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from registry.class_map import mask_at_network_size
from registry.errors import RejectedError, RequestError
from registry.preparation import View
from registry.samples import VocFolder
from registry.samples.pictures import read_mask
from registry.training.configuration import Augmentation, Change
from registry.training.samples import Decoded, batches
from tests.unit.samples import folders
from tests.unit.training import runs

SIZE = (32, 32)
VARIED = Augmentation(flip="horizontal", brightness=Change(-0.2, 0.2))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return runs.images(tmp_path)


def decoded(folder: Path, *, cache: int = 1 << 20) -> Decoded:
    return Decoded(list(VocFolder(folder).samples("train")), SIZE, runs.CLASSES, cache)


def taken(source: Decoded, *, seed: int = 1, first: int = 0, epochs: int = 3) -> list[tuple[Any, Any]]:
    stream = batches(source, VARIED, seed=seed, batch=2, first=first, epochs=epochs, threads=2)
    return [(images.numpy(), masks.numpy()) for images, masks in stream]


def same(one: list[tuple[Any, Any]], other: list[tuple[Any, Any]]) -> bool:
    return len(one) == len(other) and all(
        np.array_equal(left, right)
        for pair, twin in zip(one, other, strict=True)
        for left, right in zip(pair, twin, strict=True)
    )


def test_batches_are_whole_normalized_and_the_same_each_time(folder: Path) -> None:
    first = taken(decoded(folder))
    assert len(first) == 3 * 2  # five images make two batches of two
    images, masks = first[0]
    assert (images.shape, images.dtype, masks.shape, masks.dtype) == (
        (2, *SIZE, 3),
        np.float32,
        (2, *SIZE),
        np.uint8,
    )
    assert -1 <= images.min() < -0.5 < 0.5 < images.max() <= 1
    assert same(first, taken(decoded(folder)))
    assert not same(first, taken(decoded(folder), seed=2))
    assert not same(first[:2], first[2:4])


def test_a_later_start_gets_what_an_earlier_one_would_have_got(folder: Path) -> None:
    assert same(taken(decoded(folder))[2:], taken(decoded(folder), first=1))


def test_what_does_not_fit_into_memory_is_decoded_each_time(folder: Path) -> None:
    kept, fresh = decoded(folder), decoded(folder, cache=5 * 32 * 32 * 4 - 1)
    assert (kept.bytes, fresh.bytes) == (5 * 32 * 32 * 4, 0)
    assert same(taken(kept), taken(fresh))


def test_the_mask_takes_the_nearest_id(folder: Path) -> None:
    source = decoded(folder)
    _, mask = source.read(0)
    whole = read_mask(source.samples[0].mask)
    assert np.array_equal(mask, mask_at_network_size(whole, View(whole.shape, SIZE, SIZE), SIZE))
    assert set(np.unique(mask)) <= {0, 1, 255}


def test_a_bad_image_is_told_in_its_own_words(folder: Path) -> None:
    import tensorflow as tf

    folders.write_mask(folder / "SegmentationClass" / "c.png", [[7] * 40] * 40)
    source = decoded(folder)
    with pytest.raises(tf.errors.OpError):
        taken(source)
    assert isinstance(source.failure, RejectedError)
    assert "c.png: expected ids 0 to 2, and 255 for void, found 7" in source.failure.message
    (folder / "SegmentationClass" / "a.png").unlink()
    with pytest.raises(RequestError, match=r"a\.png: no such mask"):
        decoded(folder).read(0)
    folders.write_mask(folder / "SegmentationClass" / "b.png", [[0] * 4] * 4)
    with pytest.raises(RejectedError, match="expected the image's size 40x40, found 4x4"):
        decoded(folder).read(1)
