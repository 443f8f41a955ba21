"""The verbs behind `zoo deploy --to` and `zoo rollback`: packages on a device, in whole releases.

A release is a folder of its own, known by the digest of its manifest. It is used only once every file of it has
been proven on the device: then `current` is switched to it, and what was current becomes `previous`. So a lost
connection or a full disk, at any moment, leaves in use what was in use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from registry.deployment import manifest
from registry.deployment.delivery import (
    Content,
    Wanted,
    already_there,
    complete,
    packages,
    release_id,
    wanted_files,
)
from registry.deployment.manifest import FILE_NAME, Manifest
from registry.device import releases
from registry.device.base import Session
from registry.device.lock import locked
from registry.device.releases import Releases
from registry.errors import RejectedError, RequestError, UnavailableError
from registry.progress import Progress
from registry.units import format_bytes


@dataclass(frozen=True)
class Release:
    """A release on a device.

    Attributes:
        id: The first 12 digits of the SHA-256 digest of its manifest; its folder's name.
        name: Of the package; empty where its manifest cannot be read.
        target: The target it is for; empty likewise.
    """

    id: str
    name: str
    target: str


@dataclass(frozen=True)
class Installed:
    """What a device has now.

    Attributes:
        device: `user@host[:port]`.
        path: The folder on it.
        current: The release in use.
        previous: The one that `rollback` would return to, or None.
        switched: Whether another one was in use before.
        sent_files, sent_bytes: What was sent.
        reused_files: Files that were on the device already.
        removed: Releases that were removed: all but the two.
    """

    device: str
    path: str
    current: Release
    previous: Release | None
    switched: bool
    sent_files: int = 0
    sent_bytes: int = 0
    reused_files: int = 0
    removed: tuple[str, ...] = ()


def install(folder: Path, device: Session, path: str, progress: Progress) -> Installed:
    """Put a package on a device and into use; only what the device has nowhere yet is sent.

    Args:
        folder: A package as `zoo deploy` writes it.
        device: Where it goes.
        path: Absolute folder there, which then has `current`, `previous` and `releases`.
        progress: Hears of the bytes that are sent.

    Raises:
        RequestError: The folder is no package.
        RejectedError: The package is not valid or not whole; or other bytes arrived on the device; or something
            that is not ours is in the place of `current`.
        UnavailableError: The device cannot be reached or written, has too little room or no tool for digests, or
            another deployment is running there.
    """
    package = manifest.read(folder)
    manifest.require_whole(folder, package)
    wanted = wanted_files(folder, path, package)
    with locked(device, path):
        before = releases.survey(device, path)
        known = packages(device, path, (before.current, before.previous))
        there = already_there(device, wanted, path, known.values())
        missing: dict[Content, Wanted] = {}
        for one in wanted:
            if one.content not in there.values():
                missing.setdefault(one.content, one)
        size = sum(one.size for one in missing.values())
        _require_room(device, path, size, before.free_bytes)
        with progress.task(f"to {device.name}", size) as advance:
            for one in missing.values():
                device.put(one.source, one.place, advance)
                there[one.place] = one.content
        complete(device, wanted, there)
        current, previous, removed = _use(device, path, release_id(package), before)
    known = {**known, release_id(package): package}
    return Installed(
        device.name,
        path,
        _release(current, known),
        _release(previous, known) if previous else None,
        switched=current != before.current,
        sent_files=len(missing),
        sent_bytes=size,
        reused_files=len(wanted) - len(missing),
        removed=removed,
    )


def rollback(device: Session, path: str) -> Installed:
    """Use the release before the current one again, which becomes the previous one: so twice is back again.

    Raises:
        RequestError: There is no release before the current one.
        RejectedError: It is damaged; the current one stays.
        UnavailableError: The device cannot be reached or written, or a deployment is running there.
    """
    _both(device, path, releases.survey(device, path))  # before a lock is made where there is nothing
    with locked(device, path):
        current, previous = _both(device, path, releases.survey(device, path))
        known = packages(device, path, (current, previous))
        if previous not in known:
            raise _damaged(device, releases.folder_of(path, previous), FILE_NAME)
        _require_intact(device, path, previous, known[previous])
        releases.switch(device, path, (("current", previous), ("previous", current)))
    return Installed(device.name, path, _release(previous, known), _release(current, known), switched=True)


def status(device: Session, path: str) -> tuple[Release | None, Release | None]:
    """The current and the previous release of a folder on a device, None where there is none.

    Raises:
        RejectedError: Something that is not ours is in their place.
        UnavailableError: The device cannot be reached.
    """
    found = releases.survey(device, path)
    known = packages(device, path, (found.current, found.previous))
    return (
        _release(found.current, known) if found.current else None,
        _release(found.previous, known) if found.previous else None,
    )


def _use(device: Session, path: str, new: str, before: Releases) -> tuple[str, str | None, tuple[str, ...]]:
    """Switch to a release. Gives the current and the previous one then, and what was removed."""
    previous = before.previous
    if new != before.current:
        previous = before.current or before.previous
        # in this order a power cut between the two steps leaves what was in use in use
        links = (("previous", previous), ("current", new)) if previous else (("current", new),)
        releases.switch(device, path, links)
    removed = tuple(one for one in before.all if one not in (new, previous))
    releases.remove(device, path, removed)
    return new, previous, removed


def _both(device: Session, path: str, found: Releases) -> tuple[str, str]:
    """Current and previous release."""
    if found.current and found.previous and found.current != found.previous:
        return found.current, found.previous
    has = f"only {found.current}" if found.current else "none"
    raise RequestError(
        f"{device.name}: {path}: expected a current and a previous release, found {has}",
        hint="`zoo deploy ... --to` makes one, and keeps the one before it",
    )


def _require_intact(device: Session, path: str, release: str, package: Manifest) -> None:
    root = releases.folder_of(path, release)
    digests = releases.digests(device, [f"{root}/{one.path}" for one in package.files])
    for one in package.files:
        if digests.get(f"{root}/{one.path}") != one.digest.hex:
            raise _damaged(device, root, one.path)


def _damaged(device: Session, root: str, file: str) -> RejectedError:
    return RejectedError(
        f"{device.name}: {root}/{file}: expected the file that was deployed, found another or none",
        hint="the current release stays in use; deploy the other one again",
    )


def _require_room(device: Session, path: str, size: int, free: int | None) -> None:
    if free is not None and size > free:
        raise UnavailableError(
            f"{device.name}: {path}: expected room for {format_bytes(size)}, found {format_bytes(free)}",
            hint="make room there; a deployment keeps the release before it",
        )


def _release(name: str, known: Mapping[str, Manifest]) -> Release:
    package = known.get(name)
    return Release(name, package.name if package else "", package.target if package else "")
