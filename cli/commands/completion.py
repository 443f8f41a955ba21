"""`zoo completion`."""

from __future__ import annotations

import click


@click.command(
    "completion",
    epilog="""\b
Examples:
  zoo completion bash > ~/.local/share/bash-completion/completions/zoo
  eval "$(zoo completion zsh)"
  zoo completion fish > ~/.config/fish/completions/zoo.fish""",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script for a shell: commands, options, model and target names."""
    from click.shell_completion import get_completion_class

    from cli.main import zoo

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - the three shells are click's own
    click.echo(kind(zoo, {}, "zoo", "_ZOO_COMPLETE").source())
