"""`settings.md`: settings, environment variables and `zoo.toml`, from the definitions that load them."""

from __future__ import annotations

import inspect
import re
from typing import Any, get_args, get_type_hints

from cli.passphrase import VARIABLE as PASSPHRASE
from cli.session import PROJECT_FILE
from docs.generator.commands import every_command, options_of, variable_of
from docs.generator.markdown import block, code, page, prose, table
from registry.admission import Admission, Rerun
from registry.policy import Rule
from registry.settings import COMMANDS, DEFINITIONS, MLFLOW_VARIABLE, Definition, load, user_folder

HOME = {"HOME": "~"}
"""The environment that defaults are shown for."""

TABLES: tuple[tuple[str, type, str], ...] = (
    ("trust.PUBLISHER", Rule, 'keys = ["keys/acme.pub"]\nrequire = true'),
    ("policy", Admission, 'weights = ["Apache-2.0", "MIT"]\nsize = "64 MiB"\nloss = 0.02'),
)
"""Tables of `zoo.toml` beside the settings: name, the class that holds one, and an example."""

OTHERS = (
    (PASSPHRASE, "Passphrase of a private key, for `zoo sign`; without it a terminal is asked."),
    (
        MLFLOW_VARIABLE,
        "MLflow's own address of tracking: stands below every place of `tracking`, above its default.",
    ),
    ("NO_COLOR", "Any value: no colours."),
    ("COLUMNS", "Width of tables on a terminal; its own width where it is not set."),
    (
        "XDG_CACHE_HOME, XDG_CONFIG_HOME, XDG_DATA_HOME",
        "Where the folders `zoo` of a user lie; `LOCALAPPDATA` on Windows.",
    ),
    ("HTTP_PROXY, HTTPS_PROXY, NO_PROXY", "Proxies, as every program takes them."),
    ("REQUESTS_CA_BUNDLE", "Certificates that servers are held to."),
    (
        "AWS_PROFILE, AWS_ACCESS_KEY_ID, AWS_REGION, AWS_ENDPOINT_URL",
        "Credentials of buckets: boto3's own chain, see [stores](../stores.md).",
    ),
    (
        "REGISTRY_AUTH_FILE, DOCKER_CONFIG",
        "Where logins of OCI registries lie, as `docker login` and `skopeo login` write them.",
    ),
)
"""Variables that are no settings."""

_DATA = """\
Folders of pictures in the PASCAL VOC layout, by the name of their dataset's card: `zoo check` measures figures
again on them."""

_FORMS = {
    "path": "a path",
    "paths": "a list of paths; in the variable with `:` between them (`;` on Windows)",
    "addresses": "a list of paths and addresses; in the variable with spaces or commas between them",
    "flag": "`true` or `false`; in the variable `1` or `0`",
    "text": "a string",
}
_ANNOTATIONS: dict[Any, str] = {
    tuple[str, ...]: "a list of strings",
    bool: "`true` or `false`",
    int: "a whole number",
    float: "a number",
    str: "a string",
    Rerun: "one of " + ", ".join(map(code, get_args(Rerun))),
}


def render() -> str:
    """The page."""
    user = f"{user_folder(HOME, 'config')}/{PROJECT_FILE}"
    intro = f"""\
A setting is taken from the first place that has it:

1. the option on the command line,
2. its environment variable,
3. `{PROJECT_FILE}` in the working folder, which is the project's and may be committed,
4. `{user}`, which is the user's,
5. the default.

`zoo config` shows every setting, the place that gives its value, and what that overrides. A path in a file means a
path beside that file. A setting that a file misspells is refused, not ignored. A command
({", ".join(map(code, COMMANDS))}) may stand in the user's file only, since anybody may have written a project's."""
    heads = ("Setting", "Variable", "Options", "Form", "Default", "What it does")
    parts = [intro, "## Settings", table(heads, map(_row, DEFINITIONS)), "Such a file:", block(_example(), "toml")]
    for name, kept, example in TABLES:
        parts += [f"## Table `[{name}]`", prose(_summary(kept)), _table(kept)]
        parts.append(block(f"[{name.replace('PUBLISHER', 'acme')}]\n{example}", "toml"))
    parts += ["## Table `[data]`", _DATA, block('[data]\npascal-voc-2012 = "VOCdevkit/VOC2012"', "toml")]
    others = [(", ".join(map(code, name.split(", "))), prose(told)) for name, told in OTHERS]
    parts += ["## Other environment variables", table(("Variable", "What it does"), others)]
    return page("Settings and environment variables", *parts)


def _row(item: Definition) -> tuple[str, ...]:
    form = _FORMS.get(item.kind) or "one of " + ", ".join(map(code, item.choices))
    return code(item.name), code(item.variable), _options(item), form, code(_default(item.name)), prose(item.help)


def _options(item: Definition) -> str:
    """Options that give the setting; with its commands where it is not what the option always means."""
    named = [
        (path, option)
        for path, command in every_command()
        for option in options_of(command)
        if option.name == item.name
    ]
    given = {path: option.opts[-1] for path, option in named if variable_of(path, option)}
    shown = ", ".join(map(code, dict.fromkeys(given.values())))
    return shown if len(given) == len(named) else f"{shown} of {', '.join(map(code, given))}"


def _default(name: str) -> str:
    value: Any = getattr(load({}, HOME, "", ""), name)
    return ", ".join(value) if isinstance(value, tuple) else _said(value)


def _said(value: Any) -> str:
    """A value as it stands in a file; empty for none."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _example() -> str:
    return 'target = "stm32n6"\nmirrors = ["models", "https://models.example.org/edge"]\noffline = false'


def _summary(kept: type) -> str:
    return (inspect.getdoc(kept) or "").partition("\n\n")[0]


def _table(kept: type) -> str:
    """Keys of a table: the attributes that the class documents."""
    about = dict(re.findall(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", inspect.getdoc(kept) or "", flags=re.MULTILINE))
    hints = get_type_hints(kept)
    rows = []
    for name, parameter in inspect.signature(kept).parameters.items():
        default = "" if parameter.default in (parameter.empty, ()) else _said(parameter.default)
        form = _ANNOTATIONS.get(hints[name], str(hints[name]))
        rows.append((code(name), form, code(default), prose(about.get(name, ""))))
    return table(("Key", "Form", "Default", "What it says"), rows)
