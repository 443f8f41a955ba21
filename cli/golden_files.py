"""Files of a variant for a self-test: from a folder of one's own, else from the cache and the settings' places."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cli import places
from registry.errors import MismatchError, UnavailableError

if TYPE_CHECKING:
    from cli.session import Voice
    from registry.card import Artifact, Variant
    from registry.settings import Settings


class Files:
    """Finds proven files.

    Args:
        settings: Cache, mirrors and registries.
        voice: Hears of transfers.
        folder: A folder that is looked into instead: files by name, or below `blobs/sha256`.
    """

    def __init__(self, settings: Settings, voice: Voice, folder: Path | None) -> None:
        self._obtainer = places.make_obtainer(settings, voice)
        self._folder = folder

    def path(self, variant: Variant, artifact: Artifact) -> Path:
        """Where the bytes of an artifact with a digest lie.

        Raises:
            RejectedError: They are not what the card says.
            UnavailableError: No place gives them.
        """
        if self._folder is None:
            return self._obtainer.obtain(variant, artifact, artifact.digest).path
        return _in_folder(self._folder, artifact)

    def golden(self, variant: Variant, artifact: Artifact) -> bytes:
        """The bytes of a golden vector's file.

        Raises:
            RejectedError: They are not what the card says.
            UnavailableError: No place gives them.
        """
        path = self.path(variant, artifact)
        try:
            return path.read_bytes()
        except OSError as error:
            raise UnavailableError(f"{path}: cannot be read: {error.strerror or error}") from None


def _in_folder(folder: Path, artifact: Artifact) -> Path:
    from registry.digest import Digest

    digest = artifact.digest
    assert digest is not None  # noqa: S101 - a valid card pins its vectors, and the model was asked for
    for path in (folder / artifact.file, folder / digest.blob_path):
        if path.is_file():
            found = Digest.of_file(path)
            if found != digest:
                hint = "the card is of another file; --from takes the folder with the card's files"
                raise MismatchError(str(path), expected=str(digest), found=str(found), hint=hint)
            return path
    raise UnavailableError(
        f"{artifact.file}: expected it or {digest.blob_path} in {folder}, found nothing",
        hint="without --from it is taken from the cache, mirrors and public addresses",
    )
