"""The passphrase of a private key: from `ZOO_KEY_PASSPHRASE`, else asked on a terminal; never shown, never kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from registry.errors import RequestError

VARIABLE = "ZOO_KEY_PASSPHRASE"


def for_new_key(path: Path) -> bytes | None:
    """What encrypts a new key; None where its owner wants none, or cannot be asked.

    Raises:
        RequestError: The two answers differ, or the variable is empty.
    """
    if VARIABLE in os.environ:
        return _from_environment()
    if not sys.stdin.isatty():
        return None
    text = _asked(f"Passphrase for {path} (empty for none)")
    if text and _asked("The same again") != text:
        raise RequestError("the two passphrases differ; no key was made", hint="run the command again")
    return text or None


def for_key(path: Path) -> bytes:
    """What opens an encrypted key.

    Raises:
        RequestError: There is neither the variable nor a terminal.
    """
    if VARIABLE in os.environ:
        return _from_environment()
    if not sys.stdin.isatty():
        raise RequestError(
            f"{path} is encrypted: expected a passphrase, found none",
            hint=f"run the command on a terminal, which asks for it, or set {VARIABLE}",
        )
    return _asked(f"Passphrase of {path}")


def _asked(question: str) -> bytes:
    return os.fsencode(str(click.prompt(question, default="", show_default=False, hide_input=True, err=True)))


def _from_environment() -> bytes:
    text = os.environ[VARIABLE]
    if not text:
        raise RequestError(f"{VARIABLE} is set, but empty", hint="unset it, or give it the passphrase")
    return os.fsencode(text)
