"""`commands.md`: every command by section, read from click itself."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator

import click

from cli.main import SECTIONS, zoo
from docs.generator.allowed import between
from docs.generator.markdown import block, code, link, page, prose, table
from registry.settings import DEFINITIONS

COMMON = ("registries", "mirrors", "offline", "cache", "cards", "quiet", "verbose")
"""Options that most commands have, described once."""

TARGET_FROM_SETTINGS = ("zoo compare", "zoo deploy", "zoo fit", "zoo pull")
"""Commands whose `--target` the setting `target` stands in for; in others it is a filter, or must be given."""

_OPTION_HEADS = ("Option", "Default", "Variable", "What it does")
_COMMON_TITLE = "Options that many commands have"
_VARIABLES = {item.name: item.variable for item in DEFINITIONS}
_INTRO = """\
Help groups the commands by what a person is doing. `zoo COMMAND --help` says the same as this page; what
[exit codes](exit-codes.md) mean and which [settings](settings.md) stand in for options is told there.

Standard output is data, everything else goes to standard error. `-h` is short for `--help`. Of what stands in
capitals, `NAME` is `publisher/model/variant` or any unambiguous part of it (of targets and datasets, their name),
`FILE` a path, `DIR` a folder, and `ADDRESS` a folder, `s3://BUCKET/PREFIX`, `oci://HOST/REPOSITORY` or
`https://HOST/PATH`."""


def render() -> str:
    """The page."""
    parts = [_INTRO, f"## {_COMMON_TITLE}", table(_OPTION_HEADS, [_row(*one) for one in _common().values()])]
    for section, commands in SECTIONS.items():
        rows = [(link(f"zoo {name}", f"`zoo {name}`"), prose(told)) for name, told in commands.items()]
        parts += [f"## {section}", table(("Command", "What it does"), rows)]
        for name in commands:
            parts += [_described(path, command) for path, command in tree(f"zoo {name}", _command(name))]
    return page("Commands", *parts)


def _command(name: str) -> click.Command:
    command = zoo.get_command(click.Context(zoo), name)
    assert command is not None  # noqa: S101 - narrows the type: the name is one of SECTIONS
    return command


def every_command() -> Iterator[tuple[str, click.Command]]:
    """All commands with the words they are called by, subcommands included."""
    for commands in SECTIONS.values():
        for name in commands:
            yield from tree(f"zoo {name}", _command(name))


def tree(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """A command, then those below it."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from tree(f"{path} {name}", below)


def options_of(command: click.Command) -> list[click.Option]:
    """Options of a command that are not hidden, as click lists them."""
    return [one for one in command.params if isinstance(one, click.Option) and not one.hidden]


def variable_of(path: str, option: click.Option) -> str:
    """Environment variable that stands in for an option; empty where there is none."""
    if option.name == "target" and path not in TARGET_FROM_SETTINGS:
        return ""
    return _VARIABLES.get(option.name or "", "")


@functools.cache
def _common() -> dict[str, tuple[str, click.Option]]:
    """The common options, each as the first command that has it says it."""
    found: dict[str, tuple[str, click.Option]] = {}
    for path, command in every_command():
        for option in options_of(command):
            if option.name in COMMON:
                found.setdefault(str(option.name), (path, option))
    return {name: found[name] for name in COMMON if name in found}


def _is_common(option: click.Option) -> bool:
    """Whether an option is a common one, and means here what it means elsewhere."""
    _, usual = _common().get(option.name or "", ("", None))
    return usual is not None and (usual.opts, usual.help) == (option.opts, option.help)


def _described(path: str, command: click.Command) -> str:
    context = click.Context(command, info_name=path, max_content_width=110, terminal_width=110)
    usage = " ".join((path, *command.collect_usage_pieces(context)))
    own = [_row(path, option) for option in options_of(command) if not _is_common(option)]
    common = [code("/".join(option.opts)) for option in options_of(command) if _is_common(option)]
    parts = [
        f"{'#' * min(len(path.split()) + 1, 4)} {path}",
        _text(command.help),
        block(usage),
        table(("Argument", "How many", "Allowed"), map(_argument, _arguments(command))),
        table(_OPTION_HEADS, own),
        f"And {', '.join(common)}: {link(_COMMON_TITLE, 'see above')}." if common else "",
        _text(command.epilog),
    ]
    return "\n\n".join(part for part in parts if part)


def _arguments(command: click.Command) -> list[click.Argument]:
    return [one for one in command.params if isinstance(one, click.Argument)]


def _argument(argument: click.Argument) -> tuple[str, str, str]:
    name = (argument.metavar or argument.name or "").strip("[].").upper()
    least = "one" if argument.required else "none"
    many = f"{least} or more" if argument.nargs == -1 else least if argument.required else "none or one"
    allowed = argument.type.choices if isinstance(argument.type, click.Choice) else ()
    return code(name), many, ", ".join(code(str(one)) for one in allowed)


def _row(path: str, option: click.Option) -> tuple[str, str, str, str]:
    context = click.Context(click.Command(path), show_default=True)
    record = option.get_help_record(context)
    extra = option.get_help_extra(context)
    default = code(extra.get("default", "")) or extra.get("required", "")
    shown = (record[0] if record else "").replace(" RANGE", "")
    return code(shown), default, code(variable_of(path, option)), prose((option.help or "") + _limits(option))


def _limits(option: click.Option) -> str:
    if not isinstance(option.type, click.IntRange | click.FloatRange):
        return ""
    bounds = between(option.type.min, option.type.max)
    return f" {bounds.capitalize()}." if bounds else ""


def _text(text: str | None) -> str:
    """Help text as Markdown: what click would wrap is prose, what it leaves alone is code."""
    return "\n\n".join(_paragraph(part) for part in inspect.cleandoc(text or "").split("\n\n") if part.strip())


def _paragraph(text: str) -> str:
    if not text.startswith("\b"):
        return prose(" ".join(text.split()))
    first, *rest = text.removeprefix("\b").strip("\n").splitlines()
    if first.endswith(":"):
        return f"{first}\n\n{block(inspect.cleandoc(chr(10).join(rest)), 'sh')}"
    return block("\n".join((first, *rest)))
