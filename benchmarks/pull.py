"""A cached pull, verified anew, against a click program of one command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Command, pairs
from benchmarks.report import Row, ratio_row
from benchmarks.setting import Setting

BOUND = 2.5
REAL = Path(__file__).resolve().parents[2] / "shared" / "real"
"""A mirror with the real file; beside the checkout where it exists."""


def measure(setting: Setting) -> Iterator[Row]:
    """One row."""
    folder = setting.fresh("pull")
    if (REAL / "blobs").is_dir():
        name, command = "real file of 760 904 bytes", _real(setting, folder)
    else:
        setting.say("no ../shared/real: the pull is measured on a generated card and file instead")
        name, command = "generated file of 760 904 bytes", _generated(setting, folder)
    yield ratio_row(
        f"cached `zoo pull`, {name} / bare click", pairs(command, setting.bare(), setting.rounds), BOUND
    )


def _real(setting: Setting, folder: Path) -> Command:
    return setting.ours("pull", "deeplabv3", "--target", "imx8mp", "--mirror", str(REAL), folder=folder)


def _generated(setting: Setting, folder: Path) -> Command:
    from benchmarks.catalogue import write_single

    family = write_single(folder / "cards", folder / "mirror", setting.seed)
    places = ("--cards", str(folder / "cards"), "--mirror", str(folder / "mirror"))
    return setting.ours("pull", family, "--target", "imx8mp", *places, folder=folder)
