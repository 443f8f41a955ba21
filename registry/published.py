"""What a registry publishes, as cards of a catalogue: a local copy that is brought up to date, and works offline.

The copy is a folder: `index.json` as the registry had it, and `cards/<publisher>/<model>.yaml` with the newest
version of each variant that is not yanked and that the user's policy allows. Manifests and the cards in them lie in
the cache like any blob.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from registry import document, excerpt, rules
from registry.beside import CARD_ENDING, layers_beside
from registry.beside import MAX_BYTES as MAX_CARD_BYTES
from registry.card import Variant, merged
from registry.digest import Digest
from registry.errors import MismatchError, RejectedError, UnavailableError
from registry.files import write_atomically
from registry.problem import Problem
from registry.progress import Silent
from registry.store import signatures
from registry.store.base import Source
from registry.store.cache import Cache
from registry.store.index import MAX_BYTES, Index, Version
from registry.store.writable import ReadableStore
from registry.transfer import Expected, receive
from registry.trust import Trust, judge

_AT_ONCE = 8
"""Documents that are fetched at the same time."""

_MOST_REFUSED = 20
"""Versions of a variant that are tried: whoever can publish must not be able to hide the last good one."""

TrustFor = Callable[[str], Trust]
"""Whose signatures count for a publisher, and whether there must be one."""


@dataclass(frozen=True)
class Release:
    """A published version of a variant, proven by the digest of its manifest.

    Attributes:
        version: The version.
        card: The card that it was published with: of this variant and its ancestors.
        card_bytes: The same as it was published.
    """

    version: Version
    card: Mapping[str, Any]
    card_bytes: bytes

    @property
    def variant(self) -> Variant:
        """The variant as its card says it."""
        name = self.version.name.rpartition("/")[2]
        return next(Variant.from_document(self.card, one) for one in merged(self.card) if one["name"] == name)


def candidates(index: Index) -> list[list[Version]]:
    """The versions of each variant that are not yanked: by name, and the newest first."""
    found: dict[str, list[Version]] = {}
    for version in index.versions():
        if version.yanked is None:
            found.setdefault(version.name, []).insert(0, version)
    return list(found.values())


def all_yanked(index: Index, name: str) -> list[Version]:
    """The newest versions of the variants that a name means, where every version is yanked."""
    shown = {versions[0].name for versions in candidates(index)}
    return [index.versions(full)[-1] for full in index.matching(name) if full not in shown]


class LocalCopy:
    """A registry's cards on this machine.

    Args:
        folder: Where they are kept; another one for another policy, since it remembers what was trusted.
        cache: Where manifests and cards are kept as blobs.
        trust_for: What is asked of a publisher.
    """

    def __init__(self, folder: Path, cache: Cache, trust_for: TrustFor = lambda _publisher: Trust()) -> None:
        self._folder, self._cache, self._trust_for = folder, cache, trust_for

    @property
    def cards(self) -> Path:
        """The folder of cards."""
        return self._folder / "cards"

    def index(self) -> Index:
        """The index as it was the last time; an empty one where it was never read.

        Raises:
            MismatchError: It is damaged.
        """
        path = self._folder / "index.json"
        with contextlib.suppress(FileNotFoundError):
            return Index.parse(path.read_bytes()[: MAX_BYTES + 1], str(path))
        return Index()

    def current(self) -> dict[str, Version]:
        """The version of each variant that the cards here are of, by full name: the newest that may be used."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            numbers = json.loads((self._folder / "current.json").read_bytes())
            return {one.name: one for one in self.index().versions() if numbers.get(one.name) == one.number}
        return {}

    def version(self, name: str, number: int) -> Version | None:
        """A version of a variant, yanked or not."""
        return next((one for one in self.index().versions(name) if one.number == number), None)

    def refresh(self, store: ReadableStore) -> list[str]:
        """Bring the copy up to date. Returns what was left out, and why.

        Raises:
            UnavailableError: The registry did not answer, or the copy cannot be written; what was there stays.
        """
        held = store.read_index()
        index = Index.parse(held.data, f"the index of {store.address}")
        left_out: list[str] = []
        parts: dict[str, list[Release]] = {}
        for release, refused in self._releases(store, candidates(index)):
            left_out += refused
            if release is not None:
                parts.setdefault(release.version.name.rpartition("/")[0], []).append(release)
        try:
            self._write(parts)
            write_atomically(self._folder / "index.json", index.to_bytes())
            current = {one.version.name: one.version.number for releases in parts.values() for one in releases}
            write_atomically(self._folder / "current.json", json.dumps(current, indent=1).encode())
        except OSError as error:
            raise UnavailableError(
                f"{self._folder}: the cards of {store.address} cannot be kept: {error.strerror or error}",
                hint="free space or fix the permissions there, or choose another folder with --cache or ZOO_CACHE",
            ) from error
        return left_out

    def release(self, store: ReadableStore | None, version: Version) -> Release:
        """A version with its card, from the cache, else from the registry.

        Raises:
            MismatchError: The manifest or the card is not what it should be.
            RejectedError: The policy asks for a signature that it does not have.
            UnavailableError: It is not in the cache, and the registry does not give it.
        """
        data = self._manifest(store, version)
        self._require_trust(store, version, data)
        subject = f"manifest of {version.name} version {version.number}"
        layers = [one for one in layers_beside(data, subject) if one.title.endswith(CARD_ENDING)]
        if len(layers) != 1:
            expected = f"one layer *{CARD_ENDING} of at most {MAX_CARD_BYTES} bytes"
            raise MismatchError(subject, expected=expected, found=f"{len(layers)} of them")
        content = self._blob(store, layers[0].digest, layers[0].size, f"card of {version.name}")
        return Release(version, _card(content, version), content)

    def documents(self, store: ReadableStore | None, version: Version) -> dict[str, bytes]:
        """Card, licence note and labels as they were published, by file name.

        Raises:
            MismatchError: The manifest or one of them is not what it should be.
            UnavailableError: One is not in the cache, and the registry does not give it.
        """
        data = self._manifest(store, version)
        layers = layers_beside(data, f"manifest of {version.name} version {version.number}")
        return {one.title: self._blob(store, one.digest, one.size, one.title) for one in layers}

    def _releases(
        self, store: ReadableStore, variants: Iterable[Sequence[Version]]
    ) -> Iterator[tuple[Release | None, list[str]]]:
        """Of each variant the newest version that may be used, and why newer ones may not."""

        def one(versions: Sequence[Version]) -> tuple[Release | None, list[str]]:
            refused: list[str] = []
            for version in versions[:_MOST_REFUSED]:
                try:
                    return self.release(store, version), refused
                except RejectedError as error:
                    label = f"{version.name} version {version.number}"
                    known = error.message.startswith(label)
                    refused.append(error.message if known else f"{label}: {error.message}")
            return None, refused

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            yield from pool.map(one, variants)

    def _require_trust(self, store: ReadableStore | None, version: Version, data: bytes) -> None:
        trust = self._trust_for(version.name.partition("/")[0])
        seen = self._folder / "trusted" / version.digest.hex
        if not trust.required or seen.exists():
            return
        if store is None:
            raise _absent(f"a signature of {version.name} version {version.number}")
        found = signatures.collect(store, version.digest)
        verdict = judge(version.name, data, found.envelopes, trust, damaged=found.damaged)
        if verdict.refused:
            raise RejectedError(
                f"{version.name} version {version.number} is not signed as the policy asks: {verdict.reason}",
                hint="ask its publisher to sign it; [trust] in zoo.toml says whose signature counts",
            )
        with contextlib.suppress(OSError):
            write_atomically(seen, b"")

    def _manifest(self, store: ReadableStore | None, version: Version) -> bytes:
        if path := self._cache.verified(version.digest):
            return path.read_bytes()
        if store is None:
            raise _absent(f"the manifest of {version.name} version {version.number}")
        data = store.manifest(version.digest)
        with self._cache.only_writer(version.digest, lambda: None), self._cache.partial(version.digest) as kept:
            kept.restart()
            kept.write(data)
            self._cache.admit(kept, version.digest)
        return data

    def _blob(self, store: ReadableStore | None, digest: Digest, size: int, what: str) -> bytes:
        if (path := self._cache.verified(digest)) is None:
            if store is None:
                raise _absent(f"the {what}")
            source = Source(store.address, partial(store.open, digest))
            with self._cache.only_writer(digest, lambda: None), self._cache.partial(digest) as kept:
                path = receive(source, self._cache, kept, Expected(what, digest, size, None), Silent()).path
        return path.read_bytes()

    def _write(self, parts: Mapping[str, list[Release]]) -> None:
        """Write the cards that changed, and remove those that are no more."""
        kept = set()
        for name, releases in parts.items():
            path = self.cards / f"{name}.yaml"
            kept.add(path)
            whole = excerpt.combine({one.version.name.rpartition("/")[2]: one.card for one in releases})
            content = (json.dumps(whole, indent=1, ensure_ascii=False) + "\n").encode()
            with contextlib.suppress(OSError):
                if path.read_bytes() == content:
                    continue
            write_atomically(path, content)
        self.cards.mkdir(parents=True, exist_ok=True)
        for path in set(self.cards.glob("*/*.yaml")) - kept:
            path.unlink(missing_ok=True)


_OTHER_DOCUMENTS = ("targets", "datasets")
"""Folders of a catalogue that hold no cards: no publisher can have such a name."""


def _card(content: bytes, version: Version) -> dict[str, Any]:
    """The card of a version: valid, of this very model, with this very variant."""
    publisher, model, name = version.name.split("/")
    subject = f"card of {version.name} version {version.number}"
    read = document.parse(content, f"{publisher}/{model}.yaml")
    problems = [read] if isinstance(read, Problem) else rules.check(read, "model-card")
    if isinstance(read, Problem) or problems:
        raise MismatchError(subject, expected="a valid card", found=problems[0].message)
    card: dict[str, Any] = read.value
    if publisher in _OTHER_DOCUMENTS or name not in [variant["name"] for variant in card["variants"]]:
        raise MismatchError(subject, expected=f"the variant {name!r}", found="a card without it")
    return card


def _absent(what: str) -> UnavailableError:
    return UnavailableError(
        f"{what} is not in the cache, and no registry may be asked", hint="pull once without --offline"
    )
