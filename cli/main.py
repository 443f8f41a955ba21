"""Entry point of `zoo`: finds commands lazily and maps errors to exit codes.

A command's module is imported only when it runs, so that `zoo --help` costs little more than click itself.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from keyword import iskeyword

import click

from registry import __version__
from registry.errors import RejectedError, RequestError, UnavailableError, ZooError

SECTIONS: dict[str, dict[str, str]] = {
    "Find": {
        "list": "Variants of all publishers, filtered and sorted.",
        "show": "Everything a card says of a model or variant.",
        "targets": "Boards, their engines, memories and rules.",
        "datasets": "Datasets, their classes and splits.",
        "compare": "Accuracy against latency on a target, and the Pareto front.",
        "update": "Read the registries' published variants anew.",
    },
    "Get": {
        "pull": "Choose a variant for a target, fetch and verify it.",
        "verify": "Hash what is here again: changed, missing, extra.",
        "repair": "Verify, then fetch only what is broken.",
    },
    "Prove": {
        "inspect": "What is in a model file: tensors, work, quantization, dangers.",
        "fit": "Does it fit my board? Engine, memory by pool, and why not.",
        "diff": "What changed between two models.",
        "predict": "Class maps of pictures, drawn and counted.",
        "eval": "Accuracy on images, bound to the bytes measured.",
        "selftest": "Does it compute here what its golden vectors say?",
        "bench": "How long an inference takes, here or on a board.",
    },
    "Make": {
        "train": "Train a segmentation network by a configuration.",
        "quantize": "Make a quantized model from a float one, and prove it.",
        "build": "Make a variant's file from its parent by its recipe.",
        "run": "A chain of steps: train, quantize, evaluate, and on.",
        "dataset": "Check, generate and derive datasets on disk.",
    },
    "Browse": {
        "lineage": "From a file back to its data, without a server.",
        "sync": "Put the catalogue into MLflow, and what waits.",
        "ui": "Open MLflow's pages on what is tracked.",
    },
    "Ship": {
        "deploy": "A folder that runs a model on a board, brought there by SSH.",
        "rollback": "Return a board to the release before.",
        "publish": "Put a card's variants, proven, into a store.",
        "history": "Versions of a variant in a store.",
        "yank": "Hide a published version without deleting it.",
        "sign": "Sign published versions with a key of your own.",
        "copy": "Copy published versions from store to store.",
        "mirror": "Bring a copy of a whole store up to date.",
        "bundle": "Write published versions into one file.",
        "import": "Prove a bundle, and copy it into a store.",
        "gc": "Remove blobs of a store that nothing needs.",
    },
    "Judge": {
        "validate": "Check cards against schema and cross-references.",
        "check": "Judge a submission: cards, files, claims, figures.",
        "new": "Begin a card from a model file.",
        "doctor": "What is wrong with this set-up, and how to mend it.",
    },
    "Set up": {
        "config": "Settings: which value wins, and why.",
        "completion": "Completion for bash, zsh or fish.",
    },
}
"""Commands by what a person is doing; the short help is repeated here so that no module is imported for it."""

EXIT_CODES: dict[type[ZooError], int] = {RejectedError: 1, RequestError: 2, UnavailableError: 3}
BUG, INTERRUPTED = 70, 130


class Zoo(click.Group):
    """A group whose commands are modules of `cli.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, in order of the help text."""
        return [name for commands in SECTIONS.values() for name in commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None when there is none of this name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command = getattr(import_module(f"cli.commands.{module}"), "command")  # noqa: B009 - mypy knows no such attribute
        assert isinstance(command, click.Command)  # noqa: S101 - narrows the type
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name a near command when the one asked for does not exist."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], known, n=1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by section."""
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))


@click.group(
    cls=Zoo,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Exit codes: 0 done, 1 the verdict is no, 2 asked wrongly, 3 could not tell, 70 a bug, 130 interrupted.",
)
@click.version_option(__version__, prog_name="zoo")
def zoo() -> None:
    """The registry for models that run on boards.

    \b
    Examples:
      zoo list deeplabv3 --target stm32n6 --sort latency
      zoo show st/deeplabv3/person-256-aspp2-int8-qdq
      zoo pull deeplabv3 --target imx8mp
    """  # noqa: D301 - click needs the backspace itself, which keeps the lines below it as they are


def run() -> None:
    """Run `zoo` and leave with its exit code."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: list[str]) -> int:
    """Run `zoo` with arguments and return its exit code. No user's mistake ends in a traceback."""
    try:
        result = zoo.main(arguments, prog_name="zoo", standalone_mode=False, color=_colour())
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except ZooError as error:
        _say(error)
        return next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind))
    except (click.Abort, KeyboardInterrupt):
        click.echo(
            "interrupted; nothing half-written is ever taken for a model",
            err=True,
        )
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):  # the reader of our output went away, as `head` does; click exits on it
        _silence_stdout()
        return 0
    except Exception:  # noqa: BLE001 - the last resort: a bug keeps its traceback
        import traceback

        traceback.print_exc()
        click.echo("this is a bug in zoo; please report it with the lines above", err=True)
        return BUG
    return result if isinstance(result, int) else 0


def _colour() -> bool | None:
    """False where NO_COLOR asks for none; None leaves it to whether there is a terminal."""
    return False if os.environ.get("NO_COLOR") else None


def _say(error: ZooError) -> None:
    click.echo(f"{click.style('error:', fg='red')} {_visible(error.message)}", err=True, color=_colour())
    if error.hint:
        click.echo(f"{click.style('next:', fg='yellow')} {_visible(error.hint)}", err=True, color=_colour())


def _visible(text: str) -> str:
    """Text without what could drive the terminal: a message may quote a server."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "?" for letter in text)


def _silence_stdout() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
