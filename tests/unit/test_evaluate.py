"""The verb on small pictures, with an engine that implements the real interface and says what the picture says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from registry.digest import Digest
from registry.errors import RejectedError
from registry.evaluate import Entrant, evaluate, limited
from registry.evaluation import Evaluation, Outcome, Subject, percentiles
from registry.metrics import Run
from registry.preparation import Preparation
from registry.progress import Silent
from registry.runtime.base import Model, Port
from registry.samples import Sample
from registry.segmenter import Segmenter

SIZE = 8


class RedIsOne(Model):
    """Class 1 where red is above 128, else 0; counts how often it runs, and may be stopped."""

    name, version = "simulator", "1"

    def __init__(self, stop_after: int = 1000) -> None:
        self.inputs = (Port("image", (1, SIZE, SIZE, 3), "float32"),)
        self.outputs = (Port("scores", (1, SIZE, SIZE, 2), "float32"),)
        self.runs, self._stop_after = 0, stop_after

    def invoke(self, stored: Any) -> list[Any]:
        self.check(stored)
        if self.runs >= self._stop_after:
            raise KeyboardInterrupt
        self.runs += 1
        red = stored[..., 0] > 128
        return [np.stack([~red, red], axis=-1).astype(np.float32)]


def segmenter(model: Model) -> Segmenter:
    plain = Preparation(SIZE, SIZE, "stretch", "nearest", (0.0,) * 3, (1.0,) * 3, "RGB", "NHWC")
    return Segmenter(model, plain, 0, 2, 0)


def subject(**changes: Any) -> Subject:
    digest = Digest.of(b"")
    values = {
        "variant": "acme/net/small",
        "artifact": digest,
        "dataset": "shapes",
        "split": "val",
        "images": digest,
        "preprocessing": digest,
        "engine": "simulator",
        "version": "1",
        "threads": 1,
    }
    return Subject(**{**values, **changes})


def test_what_a_cropping_model_does_not_see_counts_as_wrong(tmp_path: Path) -> None:
    """A picture twice as wide as high, of which a network of `shorter-side` sees the middle half, all right."""
    picture, mask = np.zeros((SIZE, 2 * SIZE, 3), np.uint8), np.zeros((SIZE, 2 * SIZE), np.uint8)
    picture[: SIZE // 2, :, 0] = 255
    mask[: SIZE // 2] = 1
    sample = Sample("wide", tmp_path / "wide.png", tmp_path / "wide-mask.png")
    Image.fromarray(picture).save(sample.image)
    Image.fromarray(mask).save(sample.mask)
    cropping = replace(
        segmenter(RedIsOne()), preparation=replace(segmenter(RedIsOne()).preparation, resize="shorter-side")
    )
    entrant = Entrant(cropping, subject())
    (found,) = evaluate([entrant], [sample], lambda: Run(2, ("voc", "per-image")), Silent()).evaluations
    assert found.bad == ()
    for scores in found.scores.values():
        assert (scores.unseen, scores.mean_iou, scores.pixel_accuracy) == (0.5, 0.5, 0.5)


@pytest.fixture
def samples(tmp_path: Path) -> list[Sample]:
    """Six pictures whose red part is class 1 in the mask, but for one column that the mask has wrong."""
    found = []
    for number in range(6):
        picture = np.zeros((SIZE, SIZE, 3), np.uint8)
        picture[:, : number + 1, 0] = 255
        mask = np.zeros((SIZE, SIZE), np.uint8)
        mask[:, : number + 1] = 1
        mask[:, number] = 0
        sample = Sample(f"{number}", tmp_path / f"{number}.png", tmp_path / f"{number}-mask.png")
        Image.fromarray(picture).save(sample.image)
        Image.fromarray(mask).save(sample.mask)
        found.append(sample)
    return found


def run(samples: list[Sample], model: Model | None = None, **options: Any) -> Evaluation:
    own = options.pop("subject", subject())
    entrant = Entrant(segmenter(model or RedIsOne()), own)
    (found,) = evaluate([entrant], samples, lambda: Run(2), Silent(), **options).evaluations
    return found


def test_the_figures_are_those_of_the_masks(samples: list[Sample]) -> None:
    found = run(samples)
    pixels = 6 * SIZE * SIZE
    wrong = 6 * SIZE
    right_ones, right_zeros = sum(range(6)) * SIZE, pixels - wrong - sum(range(6)) * SIZE
    expected = (right_ones / (right_ones + wrong) + right_zeros / (right_zeros + wrong)) / 2
    assert found.scores["voc"].mean_iou == pytest.approx(expected)
    assert found.scores["voc"].pixel_accuracy == pytest.approx(1 - wrong / pixels)
    assert (found.samples, found.bad) == (6, ())
    assert len(found.milliseconds) == 5  # the first is a warm-up


def test_all_protocols_come_from_one_inference_of_each_image(samples: list[Sample]) -> None:
    model = RedIsOne()
    found = run(samples, model)
    assert model.runs == 6
    assert set(found.scores) == {"voc", "st-present-classes", "per-image", "ti-global"}


def test_an_interrupted_run_goes_on_and_gives_the_same_figures(samples: list[Sample], tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with pytest.raises(KeyboardInterrupt):
        run(samples, RedIsOne(stop_after=4), state=state)
    rest = RedIsOne()
    found = run(samples, rest, state=state)
    assert 2 <= rest.runs < 6  # what was under way is run again
    assert found.scores == run(samples).scores
    assert found.samples == 6
    assert not state.exists()


@pytest.mark.parametrize("damage", ["garbage", '{"schema": "evaluation-state/2"}', "[]", "null"])
def test_a_damaged_state_begins_anew(samples: list[Sample], tmp_path: Path, damage: str) -> None:
    state = tmp_path / "state.json"
    state.write_text(damage)
    model = RedIsOne()
    run(samples, model, state=state)
    assert model.runs == 6


def test_the_state_of_other_bytes_does_not_count(samples: list[Sample], tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with pytest.raises(KeyboardInterrupt):
        run(samples, RedIsOne(stop_after=4), state=state)
    model = RedIsOne()
    run(samples, model, state=state, subject=subject(artifact=Digest.of(b"another file")))
    assert model.runs == 6


def test_bad_images_are_named_and_a_bound_says_when_to_stop(samples: list[Sample]) -> None:
    samples[1].image.write_bytes(b"no picture")
    samples[3].mask.unlink()
    Image.fromarray(np.zeros((3, 3), np.uint8)).save(samples[4].mask)
    found = run(samples, most_bad=3)
    assert [bad.name for bad in found.bad] == ["1", "3", "4"]
    assert found.samples == found.scores["voc"].images == 3
    with pytest.raises(RejectedError, match="3 of 5 images cannot be evaluated, expected at most 2"):
        run(samples, most_bad=2)


def test_ids_that_the_dataset_does_not_have_are_told(samples: list[Sample]) -> None:
    Image.fromarray(np.full((SIZE, SIZE), 7, np.uint8)).save(samples[0].mask)
    found = run(samples, most_bad=1)
    assert "7" in found.bad[0].reason


def test_percentiles_by_nearest_rank() -> None:
    assert percentiles([]) == {}
    assert percentiles([float(number) for number in range(1, 101)]) == {"p50": 50, "p90": 90, "p99": 99, "max": 100}
    assert percentiles([3.0]) == {"p50": 3, "p90": 3, "p99": 3, "max": 3}


def test_a_limit_takes_the_first_of_the_list(samples: list[Sample]) -> None:
    assert limited(iter(samples), 2) == samples[:2]
    assert limited(iter(samples), None) == samples


def test_the_result_names_everything_that_it_depends_on(samples: list[Sample]) -> None:
    document = run(samples).to_json()
    assert document["artifact"] == Digest.of(b"").hex
    assert {"dataset", "split", "images", "preprocessing", "runtime", "host", "samples", "latency_ms"} <= set(
        document
    )
    assert document["protocols"]["voc"]["protocol"] == "voc"


class BlueIsOne(RedIsOne):
    """Class 1 where blue is above 128: nowhere in the samples."""

    def invoke(self, stored: Any) -> list[Any]:
        return super().invoke(stored[..., ::-1])


def both(samples: list[Sample], first: Model, second: Model, **options: Any) -> Outcome:
    entrants = [Entrant(segmenter(first), subject()), Entrant(segmenter(second), subject(variant="acme/net/other"))]
    return evaluate(entrants, samples, lambda: Run(2), Silent(), **options)


def test_two_models_are_held_against_each_other_on_the_same_images(samples: list[Sample]) -> None:
    found = both(samples, RedIsOne(), BlueIsOne())
    alone = run(samples)
    assert found.evaluations[0].scores == alone.scores
    assert found.evaluations[1].subject.variant == "acme/net/other"
    assert found.evaluations[1].scores["voc"].class_iou[1] == 0
    assert found.agreement is not None
    red = sum(range(1, 7)) * SIZE
    assert found.agreement.changes() == [(1, 0, red)]
    wrong = 6 * SIZE  # the column that is red but of class 0: there only the second is right
    zeros = 6 * SIZE * SIZE - red
    assert found.agreement.verdicts == (zeros, red - wrong, wrong, 0, 0)
    assert [sight.name for sight in found.agreement.apart][:2] == ["5", "4"]


def test_one_model_has_no_agreement(samples: list[Sample]) -> None:
    entrant = Entrant(segmenter(RedIsOne()), subject())
    assert evaluate([entrant], samples, lambda: Run(2), Silent()).agreement is None


def test_an_interrupted_comparison_goes_on_and_gives_the_same(samples: list[Sample], tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with pytest.raises(KeyboardInterrupt):
        both(samples, RedIsOne(), BlueIsOne(stop_after=4), state=state)
    rest = BlueIsOne()
    found = both(samples, RedIsOne(), rest, state=state)
    whole = both(samples, RedIsOne(), BlueIsOne())
    assert rest.runs < 6
    assert found.agreement is not None
    assert whole.agreement is not None
    assert found.agreement.to_json() == whole.agreement.to_json()
    for one, other in zip(found.evaluations, whole.evaluations, strict=True):
        assert (one.scores, one.worst) == (other.scores, other.worst)


def test_the_worst_images_come_first_also_after_an_interruption(samples: list[Sample], tmp_path: Path) -> None:
    whole = run(samples)
    columns = SIZE - 1  # image k has k right columns of class 1 and one wrong; 2 and 5 are as good, so are 3 and 4
    expected = [(k / (k + 1) + (columns - k) / (columns - k + 1)) / 2 for k in range(6)]
    assert [one.mean_iou for one in whole.worst] == pytest.approx(sorted(expected))
    assert [one.name for one in whole.worst[:2]] == ["0", "1"]
    assert {one.pixel_accuracy for one in whole.worst} == {1 - 1 / SIZE}
    state = tmp_path / "state.json"
    with pytest.raises(KeyboardInterrupt):
        run(samples, RedIsOne(stop_after=4), state=state)
    assert run(samples, state=state).worst == whole.worst


def test_no_more_than_twelve_are_remembered(samples: list[Sample]) -> None:
    many = [Sample(f"{number:02}", samples[0].image, samples[0].mask) for number in range(15)]
    assert [one.name for one in run(many).worst] == [f"{number:02}" for number in range(12)]
