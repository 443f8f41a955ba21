"""Settings: flag over `ZOO_*` over `./zoo.toml` over the user's file over the default.

The caller hands in the flags, the environment and the two files; nothing here looks around by itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from registry.errors import RequestError

if TYPE_CHECKING:
    from registry.admission import Admission
    from registry.policy import Rule

BUILTIN = "builtin"
"""Word in `cards` for the catalogue that is shipped with the distribution."""

TABLES = {
    "trust": "whose signatures count for this publisher, and whether one is required",
    "policy": "what `zoo check` asks of every submission",
    "data": "folder of this dataset's pictures, on which `zoo check` measures again",
}
"""Tables of `zoo.toml`, each with what one of its keys says; only files have them: no variable can lend trust."""

COMMANDS = ("ssh",)
"""Settings that are run as a command, so that no project that somebody else wrote may have them."""

MLFLOW_VARIABLE = "MLFLOW_TRACKING_URI"
"""MLflow's own variable of the tracking address: stands below every place of ours, above the default."""

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
    Definition("registries", "ZOO_REGISTRY", "addresses", "stores whose published variants join the catalogue"),
    Definition("mirrors", "ZOO_MIRROR", "addresses", "folders, sites, buckets or registries that hold the bytes"),
    Definition("offline", "ZOO_OFFLINE", "flag", "never use the network"),
    Definition(
        "target", "ZOO_TARGET", "text", "target of `zoo pull`, `fit`, `deploy` and `compare` where none is given"
    ),
    Definition("prefer", "ZOO_PREFER", "choice", "what orders equally supported variants", PREFERENCES),
    Definition(
        "tracking", "ZOO_TRACKING", "text", "MLflow's tracking address, where `--track` puts what was measured"
    ),
    Definition("ssh", "ZOO_SSH", "text", "command that reaches boards, with options; not in a project's file"),
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
        registries: Stores whose published variants join the catalogue, before `cards`.
        mirrors: Folders and addresses, tried in order.
        offline: Whether the network is out of bounds.
        target: Default target, or None.
        prefer: Default preference.
        tracking: MLflow's tracking address; may hold credentials.
        ssh: Command that reaches boards, its words as a shell would split them.
        candidates: Every value that any place gives, by setting, the winner first; of a table `TABLE.KEY`.
        trust: Whose signatures count, by publisher.
        policy: What is asked of submissions.
        data: Folders of pictures, by dataset.
    """

    cache: str
    cards: tuple[str, ...]
    registries: tuple[str, ...]
    mirrors: tuple[str, ...]
    offline: bool
    target: str | None
    prefer: str
    tracking: str
    ssh: str
    candidates: Mapping[str, tuple[Candidate, ...]]
    trust: Mapping[str, Rule]
    policy: Admission
    data: Mapping[str, str]


def user_folder(environ: Mapping[str, str], kind: Literal["cache", "config", "data"]) -> str:
    """The user's folder for `zoo`, by the XDG base directory rules; `%LOCALAPPDATA%` on Windows."""
    stated = environ.get(f"XDG_{kind.upper()}_HOME") or environ.get("LOCALAPPDATA")
    home = environ.get("HOME") or os.path.expanduser("~")
    usual = os.path.join(".local", "share") if kind == "data" else f".{kind}"
    return os.path.join(stated or os.path.join(home, usual), "zoo")


def load(flags: Mapping[str, Any], environ: Mapping[str, str], project: str, user: str) -> Settings:
    """Settings from all four places; of `tracking`, MLflow's own variable is the default where it is set.

    Args:
        flags: Values from the command line, None for those not given.
        environ: Environment variables.
        project: `zoo.toml` of the working folder; need not exist.
        user: The user's file; need not exist.

    Raises:
        RequestError: A file cannot be read, or a value or key is wrong, or a project's file names a command.
    """
    places: list[tuple[str, Mapping[str, Any]]] = [("default", _defaults(environ))]
    if address := environ.get(MLFLOW_VARIABLE):
        places.append((f"environment {MLFLOW_VARIABLE}", {"tracking": address}))
    places += [(path, _read_file(path)) for path in (user, project) if os.path.isfile(path)]
    _require_no_commands(places, project, user)
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
    tables: dict[str, dict[str, Any]] = {table: {} for table in TABLES}
    for origin, values in reversed(places):
        for table, found_here in tables.items():
            for key, value in values.get(table, {}).items():
                found_here.setdefault(key, value)
                name = f"{table}.{key}"
                candidates[name] = (*candidates.get(name, ()), Candidate(value, origin))
    return Settings(
        **winners,
        candidates=candidates,
        trust=tables["trust"],
        policy=policy_of(tables["policy"]),
        data=tables["data"],
    )


def policy_of(values: Mapping[str, Any]) -> Admission:
    """The policy of the values of `[policy]`, by key."""
    from registry.admission import admission

    return admission(values)


def as_of(settings: Settings, project: str, text: str) -> tuple[Admission, dict[str, str]]:
    """Policy and data where the project's file is what it was at another time.

    Args:
        settings: As they are now.
        project: The project's file.
        text: What it had then.

    Raises:
        RequestError: It is no TOML, or a table has another form.
    """
    import tomllib

    then = f"{project} as it was"
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{then}: cannot be read as TOML: {error}", hint="mend it there first") from None
    values: dict[str, dict[str, Any]] = {}
    for table in ("policy", "data"):
        kept = {
            name.partition(".")[2]: one.value
            for name, found in settings.candidates.items()
            if name.startswith(f"{table}.")
            for one in reversed(found)
            if one.origin != project
        }
        values[table] = kept | _table(table, document.get(table, {}), project)
    return policy_of(values["policy"]), values["data"]


def _defaults(environ: Mapping[str, str]) -> dict[str, Any]:
    cache = user_folder(environ, "cache")
    return {
        "cache": cache,
        "cards": (BUILTIN,),
        "registries": (),
        "mirrors": (),
        "offline": False,
        "target": None,
        "prefer": "accuracy",
        "tracking": f"sqlite:///{os.path.join(user_folder(environ, 'data'), 'mlflow.db')}",
        "ssh": "ssh",
    }


def _require_no_commands(places: list[tuple[str, Mapping[str, Any]]], project: str, user: str) -> None:
    for name in COMMANDS:
        if any(path == project and name in values for path, values in places):
            raise RequestError(
                f"{project}: {name}: expected no command in a project's file, which anybody may have written",
                hint=f"set it in {user}, or with ZOO_{name.upper()}",
            )


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
    values: dict[str, Any] = {}
    for key, value in document.items():
        if key in TABLES:
            values[key] = _table(key, value, path)
            continue
        if key not in known:
            import difflib

            names = (*known, *TABLES)
            near = difflib.get_close_matches(key, names, n=1)
            expected = f"did you mean {near[0]!r}?" if near else "known are " + ", ".join(names)
            raise RequestError(f"{path}: unknown setting {key!r}", hint=expected)
        values[key] = _from_toml(known[key], value, path)
    return values


def _table(name: str, table: Any, path: str) -> dict[str, Any]:
    if name == "data":
        return _folders(table, path)
    if name == "policy":
        from registry import admission

        return admission.read(table, path)
    from registry import policy

    rules = policy.read(table, path)
    return {
        name: rule._replace(keys=tuple(_beside(key, path) for key in rule.keys)) for name, rule in rules.items()
    }


def _folders(table: Any, path: str) -> dict[str, str]:
    if not isinstance(table, dict) or not all(isinstance(one, str) and one for one in table.values()):
        raise RequestError(
            f"{path}: data: expected a folder for each dataset, found {str(table)[:80]!r}",
            hint='such as [data] with pascal-voc-2012 = "VOCdevkit/VOC2012"',
        )
    return {name: _beside(folder, path) for name, folder in table.items()}


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
