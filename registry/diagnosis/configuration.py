"""Settings: each file and variable by itself, so that one that is wrong hides nothing of the others."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from registry import settings
from registry.diagnosis.finding import Finding, of_error
from registry.errors import RequestError, UnavailableError
from registry.settings import Settings


class Loaded(NamedTuple):
    """The settings without what is wrong with them, and what was found."""

    settings: Settings
    findings: tuple[Finding, ...]


def load(flags: Mapping[str, Any], environ: Mapping[str, str], project: str, user: str) -> Loaded:
    """The settings of all places that are right; see `settings.load` for the arguments.

    Raises:
        RequestError: A flag is wrong.
    """
    files = {"user": user, "project": project}
    wrong: dict[str, Finding] = {}
    for name, path in files.items():
        if error := _objection({}, **{name: path}):
            wrong[name] = of_error(f"file {path}", error)
    variables = {
        item.variable: environ[item.variable] for item in settings.DEFINITIONS if environ.get(item.variable)
    }
    for name, text in variables.items():
        if error := _objection({name: text}):
            wrong[name] = replace(of_error(f"variable {name}", error), command=f"unset {name}")
    kept = {name: "" if name in wrong else path for name, path in files.items()}
    good = {name: text for name, text in environ.items() if name not in wrong}
    present = [_present(path) for name, path in files.items() if name not in wrong]
    found = (*present, *wrong.values())
    return Loaded(settings.load(flags, good, kept["project"], kept["user"]), found)


def _objection(environ: Mapping[str, str], project: str = "", user: str = "") -> RequestError | None:
    """Why these settings by themselves are wrong; None when they are not."""
    try:
        settings.load({}, environ, project, user)
    except RequestError as error:
        return error
    return None


def _present(path: str) -> Finding:
    if Path(path).is_file():
        return Finding(f"file {path}", "ok", "read")
    if os.path.lexists(path):
        advice = "see what lies there in its place"
        return Finding(f"file {path}", "warning", "not read: it is no file", advice=advice)
    return Finding(f"file {path}", "ok", "not there: the defaults serve")


def examine_trust(loaded: Settings) -> Iterator[Finding]:
    """Look at the policy of each publisher, and at the keys that it names."""
    for publisher, rule in loaded.trust.items():
        subject = f"trust {publisher}"
        yield from (_key(subject, Path(key)) for key in rule.keys)
        if rule.require and not rule.keys:
            found = "signatures are required and no key is named, so nothing of this publisher can be pulled"
            yield Finding(subject, "fault", found, advice=f'give keys = ["FILE.pub"] in [trust.{publisher}]')


def _key(subject: str, path: Path) -> Finding:
    from registry.keys import read_public

    try:
        public = read_public(path)
    except RequestError as error:
        return of_error(subject, error, "ask the publisher for the public key, or correct the path in zoo.toml")
    except UnavailableError as error:  # the extra is missing, and its command is the hint
        return Finding(subject, "fault", f"{path} cannot be judged: {error.message}", command=error.hint or "")
    if os.name == "posix" and path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        found = f"{path} can be changed by others than its owner, who could then sign in the publisher's name"
        return Finding(subject, "warning", found, command=f"chmod go-w {shlex.quote(str(path))}")
    return Finding(subject, "ok", f"{path}, key {public.identifier}")
