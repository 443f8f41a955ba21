"""Settings: flag over `ZOO_*` over `./zoo.toml` over the user's file over the default.

The caller hands in the flags, the environment and the two files; nothing here looks around by itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from registry.errors import RequestError

BUILTIN = "builtin"
"""Word in `cards` for the catalogue that is shipped with the distribution."""

PREFERENCES = ("accuracy", "latency", "ram", "flash", "size")

Kind = Literal["path", "paths", "addresses", "flag", "choice", "text"]


class Definition(NamedTuple):
    """A setting that exists.

    Attributes:
        name: Key in `zoo.toml`.
        variable: Environment variable.
        kind: Form of the value.
        help: What it does, in one line.
        choices: Allowed words, for a choice.
    """

    name: str
    variable: str
    kind: Kind
    help: str
    choices: tuple[str, ...] = ()


DEFINITIONS = (
    Definition("cache", "ZOO_CACHE", "path", "folder of verified files and of the compiled catalogue"),
    Definition("cards", "ZOO_CARDS", "paths", f"folders of cards, in order; `{BUILTIN}` is the shipped catalogue"),
    Definition(
        "mirrors", "ZOO_MIRROR", "addresses", "folders, sites, buckets or registries with blobs/sha256/<hex>"
    ),
    Definition("offline", "ZOO_OFFLINE", "flag", "never use the network"),
    Definition("target", "ZOO_TARGET", "text", "target that `zoo pull` resolves for when none is given"),
    Definition("prefer", "ZOO_PREFER", "choice", "what orders equally supported variants", PREFERENCES),
)


class Candidate(NamedTuple):
    """A value that some place gives to a setting; `origin` names the place."""

    value: Any
    origin: str


class Settings(NamedTuple):
    """The winning values.

    Attributes:
        cache: Folder of verified files and of the compiled catalogue.
        cards: Folders of cards, or `builtin`.
        mirrors: Folders and addresses, tried in order.
        offline: Whether the network is out of bounds.
        target: Default target, or None.
        prefer: Default preference.
        candidates: Every value that any place gives, by setting, the winner first.
    """

    cache: str
    cards: tuple[str, ...]
    mirrors: tuple[str, ...]
    offline: bool
    target: str | None
    prefer: str
    candidates: Mapping[str, tuple[Candidate, ...]]


def user_folder(environ: Mapping[str, str], kind: Literal["cache", "config"]) -> str:
    """The user's folder for `zoo`, by the XDG base directory rules; `%LOCALAPPDATA%` on Windows."""
    stated = environ.get("XDG_CACHE_HOME" if kind == "cache" else "XDG_CONFIG_HOME") or environ.get("LOCALAPPDATA")
    home = environ.get("HOME") or os.path.expanduser("~")
    return os.path.join(stated or os.path.join(home, f".{kind}"), "zoo")


def load(flags: Mapping[str, Any], environ: Mapping[str, str], project: str, user: str) -> Settings:
    """Settings from all four places.

    Args:
        flags: Values from the command line, None for those not given.
        environ: Environment variables.
        project: `zoo.toml` of the working folder; need not exist.
        user: The user's file; need not exist.

    Raises:
        RequestError: A file cannot be read, or a value or key is wrong.
    """
    places: list[tuple[str, Mapping[str, Any]]] = [("default", _defaults(environ))]
    places += [(path, _read_file(path)) for path in (user, project) if os.path.isfile(path)]
    variables = {
        item.name: _from_text(item, environ[item.variable]) for item in DEFINITIONS if environ.get(item.variable)
    }
    places.append(("environment", variables))
    places.append(("flag", {name: value for name, value in flags.items() if value not in (None, ())}))

    candidates: dict[str, tuple[Candidate, ...]] = {}
    for item in DEFINITIONS:
        found = [
            Candidate(values[item.name], f"{origin} {item.variable}" if origin == "environment" else origin)
            for origin, values in reversed(places)
            if item.name in values
        ]
        candidates[item.name] = tuple(found)
    winners = {name: found[0].value for name, found in candidates.items()}
    return Settings(**winners, candidates=candidates)


def _defaults(environ: Mapping[str, str]) -> dict[str, Any]:
    cache = user_folder(environ, "cache")
    return {
        "cache": cache,
        "cards": (BUILTIN,),
        "mirrors": (),
        "offline": False,
        "target": None,
        "prefer": "accuracy",
    }


def _read_file(path: str) -> dict[str, Any]:
    import tomllib

    try:
        with open(path, "rb") as file:
            document = tomllib.load(file)
    except (OSError, ValueError, RecursionError) as error:  # ValueError: not TOML, or not UTF-8
        raise RequestError(
            f"{path}: cannot be read as TOML: {error}", hint="`zoo config` lists the settings"
        ) from None
    known = {item.name: item for item in DEFINITIONS}
    values = {}
    for key, value in document.items():
        if key not in known:
            import difflib

            near = difflib.get_close_matches(key, known, n=1)
            expected = f"did you mean {near[0]!r}?" if near else "known are " + ", ".join(known)
            raise RequestError(f"{path}: unknown setting {key!r}", hint=expected)
        values[key] = _from_toml(known[key], value, path)
    return values


def _from_toml(item: Definition, value: Any, path: str) -> Any:
    listed = item.kind in ("paths", "addresses")
    if item.kind == "flag" and isinstance(value, bool):
        return value
    if listed and isinstance(value, str):
        value = [value]
    if listed and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(_anchored(one, path) for one in value)
    if isinstance(value, str) and item.kind not in ("flag", "paths", "addresses"):
        return _beside(value, path) if item.kind == "path" else _chosen(item, value, path)
    form = "true or false" if item.kind == "flag" else "a list of strings" if listed else "a string"
    raise RequestError(
        f"{path}: {item.name}: expected {form}, found {value!r}",
        hint="`zoo config` lists the settings and their forms",
    )


def _from_text(item: Definition, text: str) -> Any:
    match item.kind:
        case "path":
            return os.path.expanduser(text)
        case "paths":
            return tuple(part for part in text.split(os.pathsep) if part)
        case "addresses":
            return tuple(text.replace(",", " ").split())
        case "flag":
            if text.lower() not in ("0", "1", "true", "false", "yes", "no", "on", "off"):
                raise RequestError(f"{item.variable}: expected 1 or 0, found {text!r}", hint="set it to 1 or 0")
            return text.lower() in ("1", "true", "yes", "on")
        case _:
            return _chosen(item, text, item.variable)


def _chosen(item: Definition, value: str, place: str) -> str:
    if item.choices and value not in item.choices:
        raise RequestError(
            f"{place}: {item.name}: {value!r} is not allowed", hint="use one of " + ", ".join(item.choices)
        )
    return value


def _anchored(text: str, file: str) -> str:
    """A path in a settings file means a path beside that file; words and addresses stay."""
    return text if text == BUILTIN or "://" in text else _beside(text, file)


def _beside(text: str, file: str) -> str:
    return os.path.join(os.path.dirname(file), os.path.expanduser(text))
