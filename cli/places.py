"""Where bytes come from, by the settings: the cache, mirrors, public addresses."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from cli.session import Voice
    from registry.card import Variant
    from registry.obtain import Obtainer
    from registry.settings import Settings
    from registry.store.base import Opened, Wanted
    from registry.store.cache import Cache
    from registry.store.connections import Connections


Command = TypeVar("Command", bound=Callable[..., Any])


def place_options(command: Command) -> Command:
    """`--mirror` and `--offline`, of every command that fetches."""
    mirror = click.option(
        "--mirror",
        "mirrors",
        multiple=True,
        metavar="ADDRESS",
        help="Folder, site, bucket or registry with the bytes; repeat for several.",
    )
    return mirror(click.option("--offline", is_flag=True, default=None, help="Never use the network.")(command))


def lock_option(command: Command) -> Command:
    """`--lock`, of every command that reads the lock file."""
    kind = click.Path(dir_okay=False, path_type=Path)
    option = click.option(
        "--lock",
        "lock_path",
        metavar="FILE",
        default=Path("zoo.lock"),
        type=kind,
        show_default=True,
        help="The lock file.",
    )
    return option(command)


def local_cache(settings: Settings) -> Cache:
    """The cache of the settings."""
    from registry.store.cache import Cache

    return Cache(Path(settings.cache))


def held(settings: Settings, variants: Iterable[Variant]) -> set[str]:
    """Full names of variants made by a recipe whose files the cache has."""
    made = [variant for variant in variants if variant.made_here]
    if not made:
        return set()
    cache = local_cache(settings)
    return {
        variant.full_name
        for variant in made
        if all(file.digest and cache.path(file.digest).is_file() for file in variant.files)
    }


def guards(settings: Settings) -> Path:
    """A folder for guard files: in the cache, or with the system's temporary files where that cannot be written."""
    cache = Path(settings.cache)
    if os.access(cache, os.W_OK) or not cache.exists():
        return cache / "guards"
    import tempfile

    return Path(tempfile.gettempdir(), "zoo-guards")


def make_obtainer(settings: Settings, voice: Voice, beside: Sequence[str] = ()) -> Obtainer:
    """What gets one artifact: from files that came with the cards, the settings' mirrors, and public addresses.

    Without public addresses when offline. A folder of cards may hold `blobs/sha256` like any mirror, as the shipped
    one does for the reference family.

    Args:
        settings: Of the command.
        voice: Hears of transfers.
        beside: Further folders of cards.

    Raises:
        RequestError: A mirror is of an unknown kind.
    """
    from cli.session import card_folders
    from cli.stores import open_mirror
    from registry.obtain import Obtainer

    folders = dict.fromkeys([*beside, *card_folders(settings)])
    carried = [folder for folder in folders if Path(folder, "blobs").is_dir()]
    mirrors = [open_mirror(address) for address in (*carried, *settings.mirrors, *settings.registries)]
    return Obtainer(local_cache(settings), mirrors, None if settings.offline else _open_url, voice)


def _open_url(url: str, wanted: Wanted) -> AbstractContextManager[Opened]:
    from registry.store.web import open_url

    return open_url(url, wanted, kept=_connections())


@functools.cache
def _connections() -> Connections:
    """Connections to public addresses, which several files of one host share."""
    from registry.store.connections import Connections

    return Connections()
