"""The registries of the settings: their cards join the catalogue, their bytes are pulled.

Nothing here imports more than it needs: `zoo list` only asks where the cards lie.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from zlib import crc32

import click

from registry.errors import RejectedError, RequestError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registry.card import Variant
    from registry.catalog import Catalog
    from registry.lock import Entry, LockedRelease
    from registry.progress import Progress
    from registry.published import LocalCopy
    from registry.settings import Settings
    from registry.store.index import Version

Command = TypeVar("Command", bound=Callable[..., Any])


class Choice(NamedTuple):
    """A variant that will be pulled, with the card that describes it.

    Attributes:
        variant: The variant.
        card: Its card, at least without the variants.
        card_bytes: The card's document.
        release: The published version that it is; None for a card in a folder.
        documents: Reads what was published beside it, by file name; None for a card in a folder.
    """

    variant: Variant
    card: Mapping[str, Any]
    card_bytes: bytes
    release: LockedRelease | None = None
    documents: Callable[[], Mapping[str, bytes]] | None = None


def registry_option(command: Command) -> Command:
    """`--registry`, of the commands that find or fetch variants."""
    return click.option(
        "--registry",
        "registries",
        multiple=True,
        metavar="ADDRESS",
        help="Store whose published variants join the catalogue; repeat for several.",
    )(command)


def card_roots(settings: Settings) -> list[str]:
    """Folders of the registries' cards, whether they were read already or not."""
    return [os.path.join(_folder(settings, address), "cards") for address in settings.registries]


def unread(settings: Settings) -> list[str]:
    """Registries that were never read."""
    return [one for one in settings.registries if not os.path.isdir(os.path.join(_folder(settings, one), "cards"))]


def refresh(settings: Settings, progress: Progress, addresses: list[str] | None = None) -> None:
    """Bring the copies of registries up to date. A copy that is there serves where its registry does not answer.

    Raises:
        UnavailableError: A registry does not answer, and was never read.
        RequestError: There is no registry at an address.
    """
    from cli.stores import open_readable

    for address in settings.registries if addresses is None else addresses:
        if settings.offline and _needs_network(address):
            if address in unread(settings):
                progress.note(f"registry {shown(address)}: never read, and the network is off")
            continue
        store = open_readable(address)
        try:
            left_out = local_copy(settings, address).refresh(store)
        except (UnavailableError, RequestError) as error:  # the latter of a folder that is not mounted
            if address in unread(settings):
                raise
            progress.note(f"{error.message}; its cards are those of the last time")
            continue
        for told in left_out:
            progress.note(f"left out: {told}")


def published(settings: Settings) -> list[tuple[str, Version]]:
    """The newest versions of all registries, with the registry's address, as they were read last."""
    return [
        (shown(address), version)
        for address in settings.registries
        for version in local_copy(settings, address).current().values()
    ]


def local_copy(settings: Settings, address: str) -> LocalCopy:
    """The copy of one registry's cards."""
    import functools
    from pathlib import Path

    from registry.policy import rule_for
    from registry.published import LocalCopy
    from registry.store.cache import Cache
    from registry.trust import Trust, trust_in

    @functools.cache
    def trust_for(publisher: str) -> Trust:
        return trust_in(rule_for(settings.trust, publisher))

    return LocalCopy(Path(_folder(settings, address)), Cache(Path(settings.cache)), trust_for)


def choice_of(settings: Settings, catalog: Catalog, variant: Variant) -> Choice:
    """A resolved variant with its card: a registry's as it was published, else the file's."""
    path, card = catalog.card(f"{variant.publisher}/{variant.model}")
    for address, root in zip(settings.registries, card_roots(settings), strict=True):
        if path.startswith(root + os.sep):
            copy = local_copy(settings, address)
            version = copy.current().get(variant.full_name)
            if version is not None:
                return _published(settings, address, copy, version)
    with open(path, "rb") as file:
        return Choice(variant, card, file.read())


def documents_of(choice: Choice, catalog: Catalog) -> Mapping[str, bytes]:
    """Card, licence note and labels by file name: as they were published, else made of the card."""
    if choice.documents is not None:
        return choice.documents()
    from registry.fetch import sidecars

    return sidecars(choice.variant, choice.card, choice.card_bytes, catalog.class_names(choice.variant))


def locked_choice(settings: Settings, progress: Progress, entry: Entry) -> Choice | None:
    """The version that a lock file's entry holds, from its registry; None where that is not in the settings.

    Raises:
        RejectedError: The registry has another manifest under this number.
        UnavailableError: The manifest is neither in the cache nor to be had.
    """
    held = entry.release
    address = next((one for one in settings.registries if held and shown(one) == held.registry), None)
    if held is None or address is None:
        return None
    copy = local_copy(settings, address)
    version = copy.version(entry.variant, held.version)
    if version is None:  # published since the copy was made
        refresh(settings, progress, [address])
        version = copy.version(entry.variant, held.version)
    if version is None or version.digest != held.manifest:
        found = version.digest if version else "no such version"
        raise RejectedError(
            f"the lock file holds version {held.version} of {entry.variant} in {held.registry}:"
            f" expected {held.manifest}, found {found}",
            hint="a published version never changes: ask who runs the registry; --update chooses anew",
        )
    if version.yanked is not None:
        progress.note(
            f"{entry.variant} version {version.number} is yanked: {version.yanked}; the lock file holds it"
        )
    newer = copy.current().get(entry.variant)
    if newer is not None and newer.number > version.number:
        progress.note(f"the lock file holds version {version.number}; --update would take version {newer.number}")
    return _published(settings, address, copy, version)


def _published(settings: Settings, address: str, copy: LocalCopy, version: Version) -> Choice:
    import functools

    from cli.stores import open_readable
    from registry.lock import LockedRelease

    reachable = not (settings.offline and _needs_network(address))
    store = open_readable(address) if reachable else None
    release = copy.release(store, version)
    locked = LockedRelease(shown(address), version.number, version.digest)
    documents = functools.partial(copy.documents, store, version)
    return Choice(release.variant, release.card, release.card_bytes, locked, documents)


def explain_yanked(settings: Settings, name: str) -> None:
    """Tell a name that is unknown because all its versions were yanked.

    Raises:
        RejectedError: It is so.
    """
    from registry.published import all_yanked

    for address in settings.registries:
        for version in all_yanked(local_copy(settings, address).index(), name):
            raise RejectedError(
                f"{version.name} is yanked in {shown(address)}: {version.yanked}",
                hint=f"`zoo history {version.name} --store {shown(address)}` lists its versions;"
                " ask its publisher for another",
            )


def _folder(settings: Settings, address: str) -> str:
    """A folder of its own for each address, named so that a person sees whose it is."""
    full = address if "://" in address else os.path.abspath(os.path.expanduser(address))
    policy = _policy(settings)
    word = "".join(letter if letter.isalnum() else "-" for letter in full.partition("?")[0].rpartition("@")[2])
    return os.path.join(
        settings.cache, "registries", f"{word[-40:].strip('-')}-{crc32(policy, crc32(full.encode())):08x}"
    )


def _policy(settings: Settings) -> bytes:
    """The trust policy with its keys: what was accepted under one says nothing under another."""
    words = [repr(sorted(settings.trust.items())).encode()] if settings.trust else []
    for rule in settings.trust.values():
        for path in rule.keys:
            with contextlib.suppress(OSError), open(path, "rb") as file:
                words.append(file.read(1 << 16))
    return b"".join(words)


def _needs_network(address: str) -> bool:
    from cli.stores import scheme

    return scheme(address) != "file"


def shown(address: str) -> str:
    """An address fit for messages and the lock file."""
    from registry.store.web import shown

    return shown(address) if "://" in address else address
