"""Words and scripts for the POSIX shell of a device, which may have nothing but busybox."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from registry.errors import RequestError

SESSION = "zoo-session"
"""Name of the process that lives on the device as long as a connection does."""

DIGEST = r"""
digest() {
    if command -v sha256sum >/dev/null 2>&1; then
        set -- "$(sha256sum < "$1")" && echo "${1%% *}"
    elif command -v openssl >/dev/null 2>&1; then
        set -- "$(openssl dgst -sha256 < "$1")" && echo "${1##* }"
    elif command -v python3 >/dev/null 2>&1; then
        python3 -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())' < "$1"
    else
        echo none
    fi
}
"""
"""Shell function: the SHA-256 digest of a file, or `none` where no tool can compute it."""

DIGEST_TOOLS = "sha256sum (coreutils or busybox), openssl or python3"


def script(text: str, *words: str) -> tuple[str, ...]:
    """The command that runs a script with words as its `$1`, `$2`, ..."""
    return ("sh", "-c", text, "zoo", *words)


def line(command: Sequence[str]) -> str:
    """A command as one line, in which the shell finds exactly these words.

    Raises:
        RequestError: There is no word, or a word holds a NUL, which no command line can carry.
    """
    if not command or any("\0" in word for word in command):
        raise RequestError(f"no command for a shell: {ascii(list(command))[:200]}")
    return shlex.join(command)
