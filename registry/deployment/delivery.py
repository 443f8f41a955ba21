"""A package on its way to a device: what of it is there already, and how the rest gets into place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from registry.deployment import manifest
from registry.deployment.manifest import FILE_NAME, Manifest
from registry.device import releases
from registry.device.base import Session
from registry.digest import Digest
from registry.errors import MismatchError, RejectedError

_ID_LENGTH = 12


@dataclass(frozen=True)
class Content:
    """What makes two files the same, so that they can share their place on the disk.

    Attributes:
        digest: Of the bytes.
        executable: Whether it is run.
    """

    digest: Digest
    executable: bool = False


@dataclass(frozen=True)
class Wanted:
    """A file that a release has to have.

    Attributes:
        place: Its path on the device.
        source: The same here.
        content: What it is.
        size: Bytes.
    """

    place: str
    source: Path
    content: Content
    size: int


def release_id(package: Manifest) -> str:
    """Name of its release: the first 12 digits of the digest of its manifest, which names all other files'."""
    return package.digest.hex[:_ID_LENGTH]


def wanted_files(folder: Path, path: str, package: Manifest) -> tuple[Wanted, ...]:
    """Every file of a package, and its manifest last."""
    root = releases.folder_of(path, release_id(package))
    files = [
        Wanted(f"{root}/{one.path}", folder / one.path, Content(one.digest, one.executable), one.size)
        for one in package.files
    ]
    own = Wanted(f"{root}/{FILE_NAME}", folder / FILE_NAME, Content(package.digest), len(package.data))
    return (*files, own)


def packages(device: Session, path: str, ids: Sequence[str | None]) -> dict[str, Manifest]:
    """The manifests of releases by id; without those that are missing, damaged or of another version of `zoo`."""
    found = {}
    for name, data in releases.manifests(device, path, [one for one in ids if one]).items():
        try:
            package = manifest.parse(data, f"{device.name}: {releases.folder_of(path, name)}/{FILE_NAME}")
        except RejectedError:
            continue
        if release_id(package) == name:
            found[name] = package
    return found


def already_there(
    device: Session, wanted: Sequence[Wanted], path: str, packages: Iterable[Manifest]
) -> dict[str, Content]:
    """Places on the device that hold what is wanted, proven there.

    The manifests there only say where to look. Files of an earlier try lie in their own places already.
    """
    places = {one.place: one.content for one in wanted}
    for package in packages:
        root = releases.folder_of(path, release_id(package))
        places.update((f"{root}/{one.path}", Content(one.digest, one.executable)) for one in package.files)
    contents = {one.content for one in wanted}
    digests = releases.digests(device, [place for place, content in places.items() if content in contents])
    return {place: places[place] for place, found in digests.items() if found == places[place].digest.hex}


def complete(device: Session, wanted: Sequence[Wanted], there: Mapping[str, Content]) -> None:
    """Bring every wanted file into its place from another place of the device, and prove them all."""
    source = {content: place for place, content in there.items()}
    releases.link(device, [(source[one.content], one.place) for one in wanted if one.place not in there])
    releases.protect(device, [(one.place, one.content.executable) for one in wanted])
    digests = releases.digests(device, [one.place for one in wanted])
    for one in wanted:
        if digests.get(one.place) != one.content.digest.hex:
            raise MismatchError(
                f"{device.name}: {one.place}",
                expected=str(one.content.digest),
                found=digests.get(one.place) or "nothing that can be read",
                hint="the release before stays in use; see who else changes files there, and deploy again",
            )
