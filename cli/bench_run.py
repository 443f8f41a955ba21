"""What `zoo bench` and a pipeline's step `benchmark` share: where is measured, and with which input."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cli.device_run import reached

if TYPE_CHECKING:
    from registry.benchmark.base import Machine
    from registry.card import Variant


@contextlib.contextmanager
def machine(device: str | None, ssh: str | None = None, tool: str | None = None) -> Iterator[Machine]:
    """Where is measured: on this machine, or on a board.

    Args:
        device: `ssh://USER@HOST`; None for this machine.
        ssh: The `ssh` command; None for the one of the settings.
        tool: Where the board has `benchmark_model`; None where it is looked for.
    """
    if device is None:
        from registry.benchmark.cpu import ThisMachine

        yield ThisMachine()
        return
    from registry.benchmark.remote import OnDevice

    with reached(device, ssh) as session:
        yield OnDevice(session, tool)


def input_size(variant: Variant | None) -> tuple[int, int] | None:
    """Height and width for a file that leaves them open, by its card; None where that does not say both."""
    return (variant.height, variant.width) if variant and variant.height and variant.width else None
