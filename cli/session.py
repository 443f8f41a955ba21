"""What every command needs of its surroundings: settings, the catalogue, and a voice."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from cli import registries

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from tqdm import tqdm

    from registry.catalog import Catalog
    from registry.progress import Advance
    from registry.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])

PROJECT_FILE = "zoo.toml"
_SOON_SECONDS = 0.5


def voice_options(command: Command) -> Command:
    """Options of how much is said."""
    command = click.option("-v", "--verbose", is_flag=True, help="More on stderr.")(command)
    return click.option("-q", "--quiet", is_flag=True, help="Only errors on stderr.")(command)


def common_options(command: Command) -> Command:
    """Options of every command that reads the catalogue."""
    command = voice_options(command)
    for option in (
        click.option(
            "--cards",
            multiple=True,
            metavar="DIR",
            help="Folder of cards; `builtin` is the shipped catalogue.",
        ),
        click.option("--cache", metavar="DIR", help="Folder of verified files and of the compiled catalogue."),
    ):
        command = option(command)
    return command


class Voice:
    """Says things on stderr; shows bars there when it is a terminal."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self.quiet = quiet
        self.verbose = verbose
        self._bars: list[tqdm[NoReturn]] = []

    def note(self, message: str) -> None:
        """Say one thing, unless told to be quiet."""
        if self.quiet:
            return
        if self._bars:  # a line of its own, above them
            self._bars[-1].write(message, file=sys.stderr)
        else:
            click.echo(message, err=True)

    def detail(self, message: str) -> None:
        """Say one thing when told to be verbose."""
        if self.verbose:
            click.echo(message, err=True)

    @contextlib.contextmanager
    def hush(self) -> Iterator[None]:
        """Keep away what native libraries write on stderr by themselves, unless told to be verbose."""
        if self.verbose:
            yield
            return
        # TensorFlow reads it when it is loaded, and speaks accordingly for as long as it runs
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        sys.stderr.flush()
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)

    def task(
        self, title: str, total: int | None, *, unit: str = "B", done: int = 0
    ) -> AbstractContextManager[Advance]:
        """A progress bar with rate and remaining time, on a terminal only."""
        if self.quiet or not sys.stderr.isatty():
            return contextlib.nullcontext(lambda _amount: None)
        return self._bar(title, total, unit, done)

    @contextlib.contextmanager
    def _bar(self, title: str, total: int | None, unit: str, done: int) -> Iterator[Advance]:
        from tqdm import tqdm

        # what is counted in pieces may be over in no time, and then shows nothing
        style: dict[str, Any] = {"unit": f" {unit}", "delay": _SOON_SECONDS}
        if unit == "B":
            style = {"unit": "B", "unit_scale": True, "unit_divisor": 1024}
        with tqdm(
            total=total, desc=title, initial=done, file=sys.stderr, dynamic_ncols=True, leave=False, **style
        ) as bar:
            self._bars.append(bar)

            def advance(amount: int, /) -> None:
                bar.update(amount)

            try:
                yield advance
            finally:
                self._bars.remove(bar)


def load_settings(**flags: Any) -> Settings:
    """Settings of this process; flags that were not given are None or empty."""
    from registry import settings

    return settings.load(flags, os.environ, PROJECT_FILE, user_file())


def user_file() -> str:
    """The user's settings file."""
    from registry import settings

    return os.path.join(settings.user_folder(os.environ, "config"), PROJECT_FILE)


def open_catalog(settings: Settings, voice: Voice) -> Catalog:
    """The catalogue of the settings' cards; says which documents were left out."""
    from registry.catalog import Catalog
    from registry.catalog.index import require_roots

    own = card_folders(settings)
    require_roots(own)
    published = registries.card_roots(settings)
    if new := registries.unread(settings):
        registries.refresh(settings, voice, new)
    catalog = Catalog.open([*published, *own], os.path.join(settings.cache, "catalogue"), voice)
    for _path, problem in catalog.problems():
        if any(f"already defined by {root}" in problem for root in published):
            voice.detail(f"left out: {problem}")  # a registry's card goes before a folder's: that is its use
        else:
            voice.note(f"left out: {problem}; `zoo validate` tells more")
    return catalog


def card_folders(settings: Settings) -> list[str]:
    """Folders of cards, with `builtin` replaced by the shipped one."""
    from registry.resources import data_folder
    from registry.settings import BUILTIN

    return [data_folder("cards") if name == BUILTIN else name for name in settings.cards]
