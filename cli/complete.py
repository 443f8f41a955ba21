"""Names for shell completion. Never says anything and never fails: no completion is the worst that happens."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from cli.session import Voice, load_settings, open_catalog

if TYPE_CHECKING:
    import click

    from registry.catalog import Catalog

_MOST = 200


def models(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Models, families and full names that begin with what was typed."""
    return _names(lambda catalog: catalog.starting_with(incomplete.lower(), _MOST))


def targets(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Targets that begin with what was typed."""
    return [
        name
        for name in _names(lambda catalog: [target.name for target in catalog.targets()])
        if name.startswith(incomplete.lower())
    ]


def datasets(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Datasets that begin with what was typed."""
    return [
        name
        for name in _names(lambda catalog: [dataset.name for dataset in catalog.datasets()])
        if name.startswith(incomplete.lower())
    ]


def _names(ask: Callable[[Catalog], list[str]]) -> list[str]:
    with contextlib.suppress(Exception):
        return ask(open_catalog(load_settings(offline=True), Voice(quiet=True)))
    return []
