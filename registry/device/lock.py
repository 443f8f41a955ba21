"""One deployment to a folder of a device at a time: a lock file there that says who holds it.

The lock names the process of the holder's session on the device. Where that process has ended, because the
connection broke or the power did, the lock is stale, and whoever comes next takes it over.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

from registry.device import shell
from registry.device.base import Session
from registry.device.failure import not_written
from registry.errors import UnavailableError

FILE_NAME = ".zoo-lock"

# a hard link is made at once with its content, or not at all
_TAKE = (
    "name="
    + shell.SESSION
    + r"""
umask 022
mkdir -p -- "$1" && cd -- "$1" || exit 1
mine=.zoo-lock-$$
alive() {
    if [ -d /proc/self ]; then
        { line=$(cat "/proc/$1/cmdline"); } 2>/dev/null
        case $line in *"$name"*) return 0 ;; *) return 1 ;; esac
    fi
    kill -0 "$1" 2>/dev/null
}
printf '%s\n%s\n' "$2" "$3" > "$mine" || { rm -f "$mine"; exit 1; }
for attempt in 1 2 3; do
    if problem=$(ln "$mine" .zoo-lock 2>&1); then rm -f "$mine"; echo taken; exit 0; fi
    [ -f .zoo-lock ] || continue
    owner= process=
    { read -r owner; read -r process; } < .zoo-lock
    if alive "$process" && [ "$owner" != "$4" ]; then break; fi
    mv -f .zoo-lock "$mine-old" 2>/dev/null || continue
    { read -r found; } < "$mine-old"
    if [ "$found" != "$owner" ]; then ln "$mine-old" .zoo-lock; fi  # somebody else was quicker
    rm -f "$mine-old"
done
rm -f "$mine"
if [ -n "$owner" ]; then echo "held $owner"; else echo "$problem" >&2; exit 1; fi
"""
)
_RELEASE = r"""
cd -- "$1" && { read -r owner; } < .zoo-lock && [ "$owner" = "$2" ] && rm -f .zoo-lock
"""


@contextlib.contextmanager
def locked(device: Session, path: str) -> Iterator[None]:
    """Hold the lock of a folder, which is made if it is missing.

    Raises:
        UnavailableError: Somebody else holds it; or the folder cannot be written, or the device is lost.
    """
    owner = f"{_here()}, process {os.getpid()}, session {device.process}"
    holder = _take(device, path, owner, "")
    if holder and _has_ended(holder):
        holder = _take(device, path, owner, holder)
    if holder:
        raise UnavailableError(
            f"{device.name}: {path}: another deployment is running, by {holder}",
            hint=f"wait until it has ended; if it surely has, remove {path}/{FILE_NAME} on the device",
        )
    try:
        yield
    finally:
        with contextlib.suppress(UnavailableError):  # the session ends with the connection, and with it the lock
            device.run(shell.script(_RELEASE, path, owner))


def _take(device: Session, path: str, owner: str, over: str) -> str:
    """Take the lock, also over the head of one owner. Gives who holds it instead, or nothing."""
    answer = device.run(shell.script(_TAKE, path, owner, str(device.process), over))
    if answer.code:
        raise not_written(device.name, path, answer)
    return answer.output.decode(errors="replace").strip().removeprefix("taken").removeprefix("held ")


def _has_ended(owner: str) -> bool:
    """Whether the owner was a process of this machine that runs no more: its device may not have noticed yet."""
    match = re.fullmatch(r"(?P<where>.*), process (?P<process>[0-9]{1,9}), session [0-9]+", owner)
    if not match or match["where"] != _here():
        return False
    try:
        os.kill(int(match["process"]), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _here() -> str:
    """User and machine, for people; and what tells the machine from another of its name."""
    try:
        import pwd

        user = pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        user = "somebody"
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
    except OSError:
        boot = "unknown"
    return f"{user}@{socket.gethostname()} ({boot})"
