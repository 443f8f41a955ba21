"""One artifact: from the cache, else from a mirror, else from the card's own addresses."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from registry.card import Artifact, Variant
from registry.digest import Digest
from registry.errors import MismatchError, RejectedError, UnavailableError, ZooError
from registry.progress import Progress
from registry.store.base import Mirror, NotHeldError, Opened, Source, Wanted
from registry.store.cache import Cache

FROM_CACHE = "cache"

OpenUrl = Callable[[str, Wanted], AbstractContextManager[Opened]]


@dataclass(frozen=True)
class Obtained:
    """One file that is now there.

    Attributes:
        artifact: What the card says of it.
        digest: What its bytes hash to.
        size: Bytes.
        origin: Address that it came from, or `cache`.
        path: Where it lies in the cache.
    """

    artifact: Artifact
    digest: Digest
    size: int
    origin: str
    path: Path


class Obtainer:
    """Gets artifacts from the cache, then the mirrors, then the card's own addresses.

    Args:
        cache: The local cache.
        mirrors: Tried in order.
        open_url: Opens a public address, or None when the network is out of bounds.
        progress: Hears of transfers and of places that failed.
    """

    def __init__(
        self, cache: Cache, mirrors: Sequence[Mirror], open_url: OpenUrl | None, progress: Progress
    ) -> None:
        self._cache = cache
        self._mirrors = [mirror for mirror in mirrors if mirror.local or open_url is not None]
        self._open_url = open_url
        self.progress = progress

    def heard_by(self, progress: Progress) -> Obtainer:
        """The same, with another listener."""
        return Obtainer(self._cache, self._mirrors, self._open_url, progress)

    def obtain_all(
        self, variant: Variant, wanted: Sequence[tuple[Artifact, Digest | None]]
    ) -> tuple[Obtained, ...]:
        """Get several artifacts; those that are not in the cache come at the same time.

        Args:
            variant: The variant that they belong to.
            wanted: What to get, and what its bytes must hash to; see `obtain`.

        Raises:
            RejectedError: As `obtain`, for the first file that fails, in the order of `wanted`.
            UnavailableError: The same.
        """
        absent: dict[object, tuple[Artifact, Digest | None]] = {}
        for artifact, digest in wanted:
            if digest is None or not self._cached(digest):
                # files with the same bytes are one transfer: the others find them in the cache
                absent.setdefault(digest or artifact, (artifact, digest))
        if len(absent) < 2:
            return tuple(self.obtain(variant, *item) for item in wanted)
        return self._obtain_together(variant, wanted, tuple(absent.values()))

    def _obtain_together(
        self,
        variant: Variant,
        wanted: Sequence[tuple[Artifact, Digest | None]],
        absent: Sequence[tuple[Artifact, Digest | None]],
    ) -> tuple[Obtained, ...]:
        from registry import together  # a cached pull does without it

        def job(item: tuple[Artifact, Digest | None]) -> together.Job[Obtained]:
            return lambda progress: self.heard_by(progress).obtain(variant, *item)

        sizes = [artifact.size for artifact, _ in absent]
        total = None if None in sizes else sum(size or 0 for size in sizes)
        got = together.run([job(item) for item in absent], self.progress, f"{len(absent)} files", total)
        fetched = dict(zip(absent, got, strict=True))
        return tuple(fetched.get(item) or self.obtain(variant, *item) for item in wanted)

    def obtain(self, variant: Variant, artifact: Artifact, digest: Digest | None) -> Obtained:
        """Get one artifact.

        Args:
            variant: The variant that it belongs to.
            artifact: What to get.
            digest: What its bytes must hash to: the card's, or the lock file's; None takes what comes.

        Raises:
            RejectedError: Every place that answered gave other bytes than promised.
            UnavailableError: No place gave the bytes.
        """
        if digest is not None and (cached := self._cached(digest)):
            return Obtained(artifact, digest, cached.stat().st_size, FROM_CACHE, cached)
        try:
            if digest is None:
                return self._fetch(variant, artifact, None)
            with self._cache.only_writer(digest, lambda: self._waiting(artifact)):
                if cached := self._cached(digest):  # another process brought it meanwhile
                    return Obtained(artifact, digest, cached.stat().st_size, FROM_CACHE, cached)
                return self._fetch(variant, artifact, digest)
        except OSError as error:
            raise UnavailableError(
                f"{artifact.file}: the cache {self._cache.folder} cannot be written: {error.strerror or error}",
                hint="free space or fix the permissions there, or choose another folder with --cache or ZOO_CACHE",
            ) from error

    def _waiting(self, artifact: Artifact) -> None:
        self.progress.note(f"waiting for another process that fetches {artifact.file} into the same cache")

    def _fetch(self, variant: Variant, artifact: Artifact, digest: Digest | None) -> Obtained:
        from registry.transfer import Expected, receive  # a cached pull does without it

        format_ = variant.format if artifact.role == "model" else None
        expected = Expected(artifact.file, digest, artifact.size, format_)
        failures: list[ZooError] = []
        with self._cache.partial(digest) as partial:
            for source in self._sources(artifact, digest):
                if failures and not isinstance(failures[-1], NotHeldError):
                    self.progress.note(f"{failures[-1].message}; trying the next place")
                if digest is None:
                    partial.restart()
                try:
                    got = receive(source, self._cache, partial, expected, self.progress)
                    return Obtained(artifact, got.digest, got.size, got.address, got.path)
                except (MismatchError, UnavailableError) as error:
                    failures.append(error)
        wrong = next((error for error in failures if isinstance(error, MismatchError)), None)
        raise self._gave_up(variant, artifact, failures) from wrong

    def _cached(self, digest: Digest) -> Path | None:
        try:
            return self._cache.verified(digest)
        except OSError as error:
            raise UnavailableError(
                f"the cache {self._cache.folder} cannot be read: {error.strerror or error}",
                hint="fix the permissions there, or choose another folder with --cache or ZOO_CACHE",
            ) from error

    def _sources(self, artifact: Artifact, digest: Digest | None) -> Iterator[Source]:
        if digest is not None:
            for mirror in self._mirrors:
                yield Source(mirror.address, functools.partial(mirror.open, digest))
        if self._open_url is not None:
            from registry.store.web import shown

            for source in artifact.sources:
                if source.kind == "file":
                    yield Source(shown(source.url), functools.partial(self._open_url, source.url))

    def _kept_from(self, artifact: Artifact) -> bool:
        """Whether there are addresses that were not asked, because the network is off."""
        return self._open_url is None and any(source.kind == "file" for source in artifact.sources)

    def _gave_up(self, variant: Variant, artifact: Artifact, failures: list[ZooError]) -> ZooError:
        told = "".join(f"\n  {error.message}" for error in failures)
        wrong = [error for error in failures if isinstance(error, MismatchError)]
        if wrong:
            return RejectedError(
                f"no place gave the right bytes of {artifact.file} ({variant.full_name}):{told}",
                hint=wrong[0].hint,
            )
        offline = "; the network is off (--offline)" if self._open_url is None else ""
        hints = [error.hint for error in failures if error.hint]
        hint = (
            hints[0] if hints else "give a place that holds it with --mirror, or check the network and pull again"
        )
        # nowhere to be had, and nobody failed to answer: a place that holds it has to be named
        nowhere = all(isinstance(error, NotHeldError) for error in failures) and not self._kept_from(artifact)
        kind = NotHeldError if nowhere else UnavailableError
        return kind(f"no place gave {artifact.file} ({variant.full_name}){offline}{told}", hint=hint)
