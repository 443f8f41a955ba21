from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from registry import pictures
from registry.errors import RequestError
from registry.progress import Silent
from registry.quantization.calibration import calibration_set
from registry.quantization.configuration import Calibration
from registry.samples.lists import list_digest
from tests.unit.quantization.networks import World
from tests.unit.samples import folders


@pytest.fixture
def data(tmp_path: Path) -> str:
    """A list that is not sorted, without masks."""
    folders.write_list(tmp_path, "train", "c", "a", "b", "d")
    for seed, name in enumerate("abcd"):
        folders.write_image(tmp_path / "JPEGImages" / f"{name}.png", 32, 32, seed)
    return str(tmp_path)


def test_ids_stay_in_their_order_and_the_list_has_its_digest(data: str) -> None:
    found = calibration_set(Calibration(data, "train", ids=("d", "a")))
    assert found.names == ("d", "a")
    assert [path.name for path in found.images] == ["d.png", "a.png"]
    assert found.digest == list_digest(["d", "a"])


def test_the_first_of_the_sorted_list(data: str) -> None:
    assert calibration_set(Calibration(data, "train", count=2)).names == ("a", "b")


def test_a_share_of_the_list_is_at_least_one_image(data: str) -> None:
    assert calibration_set(Calibration(data, "train", share=0.5)).names == ("a", "b")
    assert calibration_set(Calibration(data, "train", share=0.01)).names == ("a",)
    assert set(calibration_set(Calibration(data, "train", share=1, seed=3)).names) == set("abcd")


def test_a_seed_draws_the_same_each_time_and_another_seed_others(data: str) -> None:
    drawn = {seed: calibration_set(Calibration(data, "train", count=3, seed=seed)).names for seed in range(8)}
    assert drawn[5] == calibration_set(Calibration(data, "train", count=3, seed=5)).names
    assert len(set(drawn.values())) > 1
    assert all(len(set(names)) == 3 for names in drawn.values())


def test_identifiers_that_do_not_exist_are_named_with_the_list(data: str) -> None:
    with pytest.raises(RequestError) as caught:
        calibration_set(Calibration(data, "train", ids=("a", "zebra", "yak")))
    assert "'yak', 'zebra': no such images in the list 'train'" in caught.value.message
    many = tuple(f"x{number}" for number in range(20))
    with pytest.raises(RequestError, match=r"'x15' and 12 more|and 12 more"):
        calibration_set(Calibration(data, "train", ids=many))


def test_more_images_than_there_are(data: str) -> None:
    with pytest.raises(RequestError, match="at most the 4 images of the list 'train', found 5"):
        calibration_set(Calibration(data, "train", count=5))


def test_calibration_sees_what_inference_sees_one_image_at_a_time(world: World, data: str) -> None:
    found = calibration_set(Calibration(data, "train", count=4))
    inputs = iter(found.inputs(world.segmenter, Silent()))
    found.images[3].unlink()  # not opened yet: a generator holds a few at most
    first = next(inputs)
    expected, _view = world.segmenter.prepare(pictures.read(found.images[0]))
    assert np.array_equal(first, expected)
    assert first.dtype == np.float32
    with pytest.raises(RequestError, match="no such file"):
        list(inputs)
