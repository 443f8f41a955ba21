"""Where `zoo lineage` finds records: beside a file, in the cache and in local mirrors. Never over a network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cli import places
from cli.model_file import meant, variant_of
from cli.session import open_catalog
from registry.digest import Digest
from registry.errors import RejectedError, RequestError, UnavailableError
from registry.lineage import document
from registry.lineage.step import MODEL, Item
from registry.lineage.walk import Elsewhere, Node, walk

if TYPE_CHECKING:
    from cli.session import Voice
    from registry.card import Variant
    from registry.settings import Settings


@dataclass(frozen=True)
class Subject:
    """What is asked about.

    Attributes:
        name: As the user knows it: a variant's name, or a path.
        item: Its model file; None where no card has a digest of it.
        variant: The variant that it is, or None for a file that no card has.
        path: The file, when one was given.
    """

    name: str
    item: Item | None
    variant: Variant | None
    path: Path | None


class Records:
    """Looks up records and what cards say of bytes.

    Args:
        settings: Cache, cards and mirrors; those that need a network are left out.
        voice: Hears of documents that were left out.
    """

    def __init__(self, settings: Settings, voice: Voice) -> None:
        self.settings, self._voice = settings._replace(offline=True), voice
        self.catalog = open_catalog(self.settings, voice)
        self._obtainer = places.make_obtainer(self.settings, voice)
        self._folder: Path | None = None

    def subject(self, what: str) -> Subject:
        """What the words of a command mean.

        Raises:
            RequestError: Neither a file nor one variant.
        """
        found = meant(what, self.settings, self._voice)
        if isinstance(found, Path):
            variant = variant_of(found, None, self.settings, self._voice)
            name = variant.full_name if variant else None
            return Subject(what, Item(MODEL, found.name, Digest.of_file(found), name), variant, found)
        told = [one for one in found if one.lineage_file] if len(found) > 1 else found
        if len(told) != 1:
            listed = ", ".join(one.full_name for one in (told or found)[:8])
            raise RequestError(f"{what!r} means {len(told or found)} variants", hint=f"one of: {listed}")
        return Subject(told[0].full_name, _model(told[0]), told[0], None)

    def way_back(self, subject: Subject) -> Node | None:
        """From a file back to its data; None where it has no record at all."""
        if subject.item is None:
            return None
        self._folder = subject.path.parent if subject.path else None
        found = self._record(subject)
        if found is None:
            return None
        if found.lineage is None:
            return Node(subject.item, broken=found.broken)
        if found.lineage.maker(subject.item.digest) is None:
            return Node(subject.item, broken="no step of its record made these bytes")
        return walk(subject.item, found.lineage, self.elsewhere)

    def elsewhere(self, item: Item) -> Elsewhere:
        """What is known of bytes that no step of a record in hand made."""
        names = [item.variant] if item.variant else self.catalog.with_digest(item.digest.hex)[:1]
        if not names:
            return self._beside(item.digest) or Elsewhere(told=item.url or "")
        if names[0] not in self.catalog.find(names[0]):
            return Elsewhere(broken=f"the catalogue no longer has {names[0]}")
        (variant,) = self.catalog.variants(names)
        digests = [artifact.digest for artifact in variant.artifacts if artifact.digest]
        if item.digest not in digests:
            now = _model(variant)
            stated = f"has {now.digest}" if now else "has no digest of its file"
            return Elsewhere(broken=f"expected {item.digest}, but the card of {variant.full_name} {stated}")
        return self._of_variant(variant) or Elsewhere(
            told=f"published as {variant.full_name}; how it was made is not recorded"
        )

    def _record(self, subject: Subject) -> Elsewhere | None:
        """The record that travels with a file: the one that its card vouches for goes before any beside it."""
        if subject.variant is not None and (found := self._of_variant(subject.variant)):
            return found
        if subject.path is None or subject.item is None:
            return None
        own = subject.path.with_name(subject.path.stem + document.ENDING)
        return self._read(own, own.name) if own.is_file() else self._beside(subject.item.digest)

    def _of_variant(self, variant: Variant) -> Elsewhere | None:
        """The record that a card names, proven by its digest; None where it names none."""
        artifact = variant.lineage_file
        if artifact is None or artifact.digest is None:
            return None
        beside = self._folder / artifact.file if self._folder else None
        if beside is not None and beside.is_file():
            found = Digest.of_file(beside)
            if found != artifact.digest:
                return Elsewhere(
                    broken=f"its record {beside} has changed: expected {artifact.digest}, found {found}"
                )
            return self._read(beside, artifact.file)
        try:
            path = self._obtainer.obtain(variant, artifact, artifact.digest).path
        except UnavailableError:
            return Elsewhere(
                broken=f"its record {artifact.file}, {artifact.digest}, is neither in the cache nor in a folder"
            )
        except RejectedError as error:
            return Elsewhere(broken=f"its record has changed: {error.message}")
        return self._read(path, artifact.file)

    def _beside(self, digest: Digest) -> Elsewhere | None:
        """A record in the file's folder that tells how these bytes were made."""
        for path in sorted(self._folder.glob(f"*{document.ENDING}")) if self._folder else ():
            found = self._read(path, path.name)
            if found.lineage is not None and found.lineage.maker(digest):
                return found
        return None

    def _read(self, path: Path, name: str) -> Elsewhere:
        try:
            return Elsewhere(document.read(path))
        except (RejectedError, UnavailableError) as error:
            return Elsewhere(broken=f"its record {name} cannot be used: {error.message}")


def _model(variant: Variant) -> Item | None:
    """The model file of a variant, where its card has a digest of it."""
    models = (one for one in variant.files if one.role == MODEL and one.digest)
    found = next(models, None)
    return Item(MODEL, found.file, found.digest, variant.full_name) if found and found.digest else None
