"""What OpenSSH says when it fails, with what a person can do about it.

The texts are those of OpenSSH's client, which are the same in every language.
"""

from __future__ import annotations

import re
import shlex

from registry.device.address import Address
from registry.device.base import Answer
from registry.device.shell import DIGEST_TOOLS
from registry.errors import UnavailableError

_CHANGED = re.compile(r"Host key for (?P<name>\S+) has changed")
_OFFENDING = re.compile(r"Offending .*key.* in (?P<file>.+):(?P<line>\d+)")
_SAID = (
    (("Permission denied", "Too many authentication failures"), "login was refused", "login"),
    (("Could not resolve hostname",), "the host was not found", "name"),
    (("Connection refused",), "the connection was refused", "listening"),
    (("timed out", "Timeout, server", "No route to host", "Network is unreachable"), "no answer", "reach"),
    (("Bad configuration option", "unknown option", "Bad owner or permissions"), "ssh does not start", "options"),
)
_HINTS = {
    "login": "log in with a key: `{login}` must work without a question; `ssh-copy-id` and `ssh-add` help",
    "name": "see the spelling, the network and ~/.ssh/config",
    "listening": "see that the SSH server runs on the device, and on which port",
    "reach": "see that the device is on and reachable: `{login}`",
    "options": "see ~/.ssh/config and the setting `ssh`: `{login}`",
    "lost": "run it again: what is whole on the device is not sent twice",
}


def failure(address: Address, errors: str) -> UnavailableError:
    """The error for what `ssh` wrote on standard error before it gave up."""
    if "HOST IDENTIFICATION HAS CHANGED" in errors or "REVOKED HOST KEY" in errors:
        return _changed_key(address, errors)
    if "Host key verification failed" in errors:
        return _unknown_key(address)
    last = _last_line(errors)
    what, kind = next(
        ((what, kind) for words, what, kind in _SAID if any(word in errors for word in words)),
        ("the connection was lost", "lost"),
    )
    return UnavailableError(
        f"{address.place}: {what}{f': {last}' if last else ''}", hint=_HINTS[kind].format(login=_login(address))
    )


def not_written(device: str, path: str, answer: Answer) -> UnavailableError:
    """The error of a place on a device where something could not be written."""
    reason = _last_line(answer.errors) or f"exit code {answer.code}"
    return UnavailableError(
        f"{device}: {path}: cannot be written: {reason}",
        hint="see to free space (`df`) and rights there",
    )


def no_digest_tool(device: str) -> UnavailableError:
    """The error of a device that cannot compute a digest."""
    return UnavailableError(
        f"{device}: expected a tool for SHA-256 digests, found none", hint=f"the device needs one of {DIGEST_TOOLS}"
    )


def _last_line(text: str) -> str:
    """The last line that says something, which is where a tool names its reason."""
    lines = [one.strip() for one in text.splitlines() if one.strip()]
    return lines[-1][:400] if lines else ""


def _changed_key(address: Address, errors: str) -> UnavailableError:
    match = _OFFENDING.search(errors)
    changed = _CHANGED.search(errors)
    name = shlex.quote(changed["name"] if changed else address.host)
    known = f"the one in {match['file']}, line {match['line']}" if match else "the known one"
    return UnavailableError(
        f"{address.place}: expected the host key that is known, found another; known is {known}",
        hint="another machine may be answering: ask who runs the device. Only if its key was really replaced,"
        f" remove the old one with `ssh-keygen -R {name}`, then accept the new one with `{_login(address)}`",
    )


def _unknown_key(address: Address) -> UnavailableError:
    return UnavailableError(
        f"{address.place}: its host key is not known here, and nothing is accepted unseen",
        hint=f"run `{_login(address)}` once, compare the fingerprint it shows with the device's own"
        " (`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` there), and accept it",
    )


def _login(address: Address) -> str:
    port = ["-p", str(address.port)] if address.port else []
    user = f"{address.user}@" if address.user else ""
    return shlex.join(["ssh", *port, f"{user}{address.host}"])
