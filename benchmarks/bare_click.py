"""The peer of the start-up rows: a click program of one command and nothing else."""

import click


@click.command()
@click.option("--limit", type=click.IntRange(min=1), help="Most rows.")
def command(limit: int | None) -> None:
    """Print one line."""
    click.echo(f"one line, limit {limit}")


if __name__ == "__main__":
    command()
