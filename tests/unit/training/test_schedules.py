from __future__ import annotations

import pytest

from registry.training.configuration import Schedule, Watch
from registry.training.schedules import learning_rate
from registry.training.watching import Plateau, Watcher


@pytest.mark.parametrize(
    ("schedule", "done", "expected"),
    [
        (Schedule(), 7, 1.0),
        (Schedule("polynomial", power=1.0), 5, 0.5),
        (Schedule("polynomial", power=2.0), 5, 0.25),
        (Schedule("polynomial", end=0.2, power=1.0), 10, 0.2),
        (Schedule("cosine"), 5, 0.5),
        (Schedule("cosine", end=0.1), 10, 0.1),
        (Schedule("exponential", factor=0.5), 3, 0.125),
        (Schedule("exponential", factor=0.5, end=0.2), 3, 0.2),
        (Schedule("cosine", warmup_epochs=2), 1, 0.5),
        (Schedule("cosine", warmup_epochs=2, hold_epochs=2), 3.9, 1.0),
        (Schedule("polynomial", warmup_epochs=1, hold_epochs=1, power=1.0), 6, 0.5),
    ],
)
def test_rates(schedule: Schedule, done: float, expected: float) -> None:
    assert learning_rate(schedule, 1.0, 10, done) == pytest.approx(expected)


def test_a_run_that_is_all_warm_up_has_a_rate_to_its_end() -> None:
    schedule = Schedule("cosine", warmup_epochs=3)
    assert [learning_rate(schedule, 3.0, 3, done) for done in (1, 2, 3)] == pytest.approx([1.0, 2.0, 3.0])


def test_a_watcher_gets_tired_and_knows_the_best() -> None:
    watcher = Watcher(Watch("val_loss", patience=2))
    seen = [watcher.see({"val_loss": value}) for value in (3.0, 2.0, 2.5, None, 2.0)]
    assert seen == [True, True, False, False, False]
    assert (watcher.best, watcher.tired) == (2.0, True)
    again = Watcher(watcher.watch)
    again.restore(watcher.to_json())
    assert again == watcher


def test_not_a_number_is_never_the_best() -> None:
    watcher = Watcher(Watch())
    assert not watcher.see({"val_mean_iou": float("nan")})
    assert watcher.see({"val_mean_iou": 0.1})


def test_a_plateau_lowers_the_rate_to_its_end_and_never_raises_it() -> None:
    plateau = Plateau(Watcher(Watch("loss", patience=1, factor=0.1, end=0.05)))
    rates = []
    for loss in (1.0, 1.0, 1.0, 0.5):
        plateau.see({"loss": loss})
        rates.append(plateau.applied(1.0))
    assert rates == pytest.approx([1.0, 0.1, 0.05, 0.05])
    assert plateau.applied(0.01) == 0.01
    again = Plateau(Watcher(plateau.watcher.watch))
    again.restore(plateau.to_json())
    assert again == plateau
