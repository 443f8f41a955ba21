"""Releases in a folder of a device: whole folders side by side, and two links that say which counts.

    releases/<id>/    the files of one release
    current           link to the release in use
    previous          link to the one before

Everything is done by scripts for a POSIX shell, with the tools that busybox has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from registry.device import shell
from registry.device.base import Answer, Device
from registry.device.failure import no_digest_tool, not_written
from registry.errors import RejectedError

_ID = re.compile(r"[0-9a-f]{12}")
_FREE = re.compile(r"\s([0-9]{1,18})\s+[0-9]{1,3}%")
"""In the answer of `df -kP`: KiB that are free, before the share that is taken (POSIX's format)."""

_MAX_LINE_BYTES = 60_000
"""Half of what Linux takes as one argument (MAX_ARG_STRLEN, 128 KiB), which the whole line is to a login shell."""

_SURVEY = r"""
cd -- "$1" 2>/dev/null || exit 0
for link in current previous; do
    if [ -h "$link" ]; then
        place=$(cd -- "$link" 2>/dev/null && pwd -P)
        echo "$link ${place##*/}"
    elif [ -e "$link" ]; then
        echo "foreign $link"
    fi
done
for one in releases/*; do
    if [ -d "$one" ]; then echo "release ${one##*/}"; fi
done
df -kP . 2>/dev/null | while read -r line; do echo "df $line"; done
"""
_READ = r"""
cd -- "$1" || exit 1
shift
for one in "$@"; do
    cat "releases/$one/deployment.json" 2>/dev/null
    printf '\0'
done
"""
_DIGESTS = (
    shell.DIGEST
    + r"""
for one in "$@"; do
    if [ -f "$one" ] && [ ! -h "$one" ]; then digest "$one"; else echo -; fi
done
"""
)
_LINK = r"""
umask 022
while [ $# -gt 1 ]; do
    part=$2.zoo-part-$$
    mkdir -p -- "${2%/*}" || exit 1
    rm -f -- "$2".zoo-part-*
    ln -- "$1" "$part" 2>/dev/null || cat < "$1" > "$part" || { rm -f -- "$part"; exit 1; }
    mv -f -- "$part" "$2" || exit 1
    shift 2
done
"""
_CHMOD = r"""
while [ $# -gt 1 ]; do
    chmod "$1" "$2" || exit 1
    shift 2
done
"""
# mv without -T would go into the folder that the link points at; where there is no -T, ln is the next best
_SWITCH = r"""
cd -- "$1" || exit 1
shift
sync
while [ $# -gt 1 ]; do
    rm -f -- ".zoo-$1"
    ln -s "releases/$2" ".zoo-$1" || exit 1
    if ! mv -T -f ".zoo-$1" "$1" 2>/dev/null; then
        ln -sfn "releases/$2" "$1" || exit 1
        rm -f ".zoo-$1"
    fi
    shift 2
done
sync
"""
_REMOVE = r"""
cd -- "$1/releases" || exit 1
shift
rm -rf -- "$@"
"""


@dataclass(frozen=True)
class Releases:
    """What is in the folder.

    Attributes:
        current: The release in use, or None.
        previous: The one before, or None.
        all: Every release that is there, finished or not.
        free_bytes: Room in the file system, or None where the device does not say.
    """

    current: str | None
    previous: str | None
    all: tuple[str, ...]
    free_bytes: int | None


def folder_of(path: str, release: str) -> str:
    """Folder of a release."""
    return f"{path}/releases/{release}"


def survey(device: Device, path: str) -> Releases:
    """See what is there; a missing folder has nothing in it.

    Raises:
        RejectedError: `current` or `previous` is there, but is no link to a release.
        UnavailableError: The device is lost.
    """
    lines = device.run(shell.script(_SURVEY, path)).output.decode(errors="replace").splitlines()
    found = [line.partition(" ") for line in lines]
    links = {name: target for name, _, target in found if name in ("current", "previous") and target}
    foreign = [target for name, _, target in found if name == "foreign"]
    foreign += [name for name, target in links.items() if not _ID.fullmatch(target)]
    if foreign:
        raise RejectedError(
            f"{device.name}: {path}/{foreign[0]}: expected a link to one of our releases, found something else",
            hint="nothing of others is replaced: name another folder, or move it away",
        )
    free = _FREE.search("\n".join(rest for name, _, rest in found if name == "df"))
    return Releases(
        links.get("current"),
        links.get("previous"),
        tuple(target for name, _, target in found if name == "release" and _ID.fullmatch(target)),
        int(free[1]) << 10 if free else None,
    )


def manifests(device: Device, path: str, releases: Sequence[str]) -> dict[str, bytes]:
    """The manifest of each release that has one: what the device says, still to be judged."""
    if not releases:
        return {}
    answer = device.run(shell.script(_READ, path, *releases))
    return {name: data for name, data in zip(releases, answer.output.split(b"\0"), strict=False) if data}


def digests(device: Device, paths: Sequence[str]) -> dict[str, str]:
    """SHA-256 digests, computed on the device, of those of the files that are there and can be read.

    Raises:
        UnavailableError: The device has no tool for it, or is lost.
    """
    found: dict[str, str] = {}
    for some in _batches(paths):
        lines = device.run(shell.script(_DIGESTS, *some)).output.decode(errors="replace").splitlines()
        if "none" in lines:
            raise no_digest_tool(device.name)
        found.update((path, line) for path, line in zip(some, lines, strict=False) if line != "-")
    return found


def link(device: Device, pairs: Iterable[tuple[str, str]]) -> None:
    """Give files of the device further names, by hard links, or by copying where it has none."""
    for some in _batches([word for pair in pairs for word in pair]):
        _done(device, shell.script(_LINK, *some), some[-1])


def protect(device: Device, files: Iterable[tuple[str, bool]]) -> None:
    """Make files read-only, since releases share them; of each its path, and whether it is run."""
    for some in _batches([word for path, executable in files for word in ("555" if executable else "444", path)]):
        _done(device, shell.script(_CHMOD, *some), some[-1])


def switch(device: Device, path: str, links: Sequence[tuple[str, str]]) -> None:
    """Point `current` and `previous` at releases, in this order, each of them in one step."""
    _done(device, shell.script(_SWITCH, path, *(word for pair in links for word in pair)), path)


def remove(device: Device, path: str, releases: Sequence[str]) -> None:
    """Remove releases."""
    if releases:
        _done(device, shell.script(_REMOVE, path, *releases), path)


def _done(device: Device, command: Sequence[str], path: str) -> Answer:
    answer = device.run(command)
    if answer.code:
        raise not_written(device.name, path, answer)
    return answer


def _batches(words: Sequence[str]) -> Iterator[Sequence[str]]:
    """Words for one command each: an even number of them, and no longer a line than every device takes."""
    start, size = 0, 0
    for index in range(0, len(words), 2):
        length = sum(len(shell.line([word]).encode(errors="replace")) + 1 for word in words[index : index + 2])
        if size and size + length > _MAX_LINE_BYTES:
            yield words[start:index]
            start, size = index, 0
        size += length
    if words[start:]:
        yield words[start:]
