"""What every group of measurements is given."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Command, environment

BARE = Path(__file__).with_name("bare_click.py")


@dataclass(frozen=True)
class Setting:
    """What is measured, where, how often and at what size.

    Attributes:
        zoo: The installed console script.
        work: Folder for generated cards, caches and the measured processes' home.
        rounds: Pairs of runs for each comparison.
        cards: Cards of the generated catalogue.
        validated: Cards that are validated.
        seed: Of the generated catalogue.
    """

    zoo: str
    work: Path
    rounds: int
    cards: int
    validated: int
    seed: int

    def say(self, message: str) -> None:
        """Progress, on stderr."""
        print(message, file=sys.stderr, flush=True)

    def ours(
        self, *arguments: str, folder: Path | None = None, before: Callable[[], None] | None = None
    ) -> Command:
        """`zoo` with arguments, as a user starts it."""
        return self._command((self.zoo, *arguments), folder, before)

    def bare(self, *arguments: str) -> Command:
        """The bare click program, by the same interpreter."""
        return self._command((sys.executable, str(BARE), *arguments), None, None)

    def command(self, *arguments: str) -> Command:
        """Another program, as a user starts it."""
        return self._command(arguments, None, None)

    def generated(self, cards: int) -> Path:
        """Folder of a generated catalogue; written in a process of its own unless it is there."""
        folder = self.work / f"cards-{cards}-seed-{self.seed}"
        if not folder.is_dir():
            self.say(f"writing {cards} cards of ten variants")
            part = folder.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            program = [sys.executable, "-m", "benchmarks.catalogue", str(part)]
            sizes = ["--cards", str(cards), "--seed", str(self.seed)]
            subprocess.run([*program, *sizes], check=True, cwd=Path(__file__).parents[1])
            part.rename(folder)
        return folder

    def fresh(self, name: str) -> Path:
        """An empty folder."""
        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def _command(
        self, arguments: tuple[str, ...], folder: Path | None, before: Callable[[], None] | None
    ) -> Command:
        home = self.work / "home"
        home.mkdir(exist_ok=True)
        return Command(arguments, environment(home), folder or home, before or (lambda: None))
