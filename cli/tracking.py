"""`--track`: the record of what a command measured, kept on disk and brought to MLflow."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli.output import counted
from registry.errors import UnavailableError

if TYPE_CHECKING:
    from cli.session import Voice
    from registry.lineage import Delivery, Record
    from registry.lineage.registered import Registered
    from registry.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])


def tracking_options(command: Command) -> Command:
    """`--track` and `--tracking`."""
    address = click.option(
        "--tracking", metavar="URI", help="Log there: a database's or an MLflow server's address."
    )
    return click.option("--track", is_flag=True, help="Log the result in MLflow.")(address(command))


class Tracking:
    """Where records go, by the settings. Making one checks what costs nothing: extra and address."""

    def __init__(self, settings: Settings, voice: Voice) -> None:
        """Look up the address.

        Raises:
            RequestError: MLflow takes no such address.
            UnavailableError: MLflow is not installed.
        """
        from registry.lineage import Address, Connection, Spool
        from registry.settings import user_folder

        data = Path(user_folder(os.environ, "data"))
        self.address = Address.parse(settings.tracking, data / "artifacts")
        self._connection = Connection(self.address, os.environ)
        self._spool = Spool(data / "spool")
        self._voice, self._offline = voice, settings.offline
        self.started = now()

    def log(self, record: Record, documents: Mapping[str, bytes], paths: Sequence[Path] = ()) -> str | None:
        """Keep a record, then bring it and whatever else waits for the address there; say where it went.

        Args:
            record: What was done.
            documents: Files that belong to it, by name.
            paths: Files and folders that belong to it, under their own names.

        Returns:
            The id of its run; None where nothing is sent to a server now.

        Raises:
            UnavailableError: The record is kept but could not be delivered, or could not be kept.
        """
        from registry.lineage.spool import tree

        files: dict[str, Path | bytes] = dict(documents)
        for path in paths:
            files |= tree(path, path.resolve().name)
        return self.log_all([(record, files)])[0]

    def log_all(self, items: Sequence[tuple[Record, Mapping[str, Path | bytes]]]) -> list[str | None]:
        """Keep records with their files by name, then bring all that waits for the address there.

        Returns:
            The ids of their runs; None where nothing is sent to a server now.

        Raises:
            UnavailableError: The records are kept but could not be delivered, or could not be kept.
        """
        kept = [self._spool.keep(record, files, self.address).digest.hex for record, files in items]
        if self._offline and self.address.is_remote:
            self._voice.note(f"offline: {self._waits()}")
            return [None] * len(kept)
        try:
            deliveries = {one.record: one for one in self._deliveries()}
        except UnavailableError as error:
            raise UnavailableError(f"{error.message}; {self._waits()}", hint=error.hint) from None
        refused = next((one.refused for digest in kept if (one := deliveries[digest]).refused), None)
        if refused:
            raise UnavailableError(f"{refused.message}; {self._waits()}", hint=refused.hint)
        for delivery in deliveries.values():
            self._tell(delivery, own=delivery.record in kept)
        return [one.run.run if (one := deliveries[digest]).run else None for digest in kept]

    def deliver(self) -> int:
        """Bring what waits for the address there, and say so. Returns how many records arrived.

        Raises:
            UnavailableError: It does not answer; what has not arrived waits on.
        """
        deliveries = self._deliveries()
        for delivery in deliveries:
            self._tell(delivery, own=False)
        return sum(delivery.run is not None for delivery in deliveries)

    def link(self) -> int:
        """Let versions of the model registry name the runs that made their files; how many are named anew.

        Raises:
            UnavailableError: It does not answer.
        """
        from registry.lineage.linked import link

        return link(self._connection)

    def registered(self) -> Registered:
        """The model registry there."""
        from registry.lineage.registered import Registered

        return Registered(self._connection)

    def _deliveries(self) -> list[Delivery]:
        from registry.lineage import Tracker

        return self._spool.deliver(Tracker(self._connection))

    def _waits(self) -> str:
        number = len(self._spool.waiting(self.address))
        kept = f"{counted(number, 'record')} kept in {self._spool.folder}"
        return f"{kept}, delivered by `zoo sync` or the next --track to this address"

    def _tell(self, delivery: Delivery, *, own: bool) -> None:
        which = "logged" if own else f"logged a record that waited, {delivery.record[:12]},"
        if delivery.refused is not None:
            self._voice.note(f"not {which}: {delivery.refused.message}")
        elif delivery.run is not None:
            run = delivery.run
            look = self.address.look(run.experiment, run.run)
            self._voice.note(f"{which} as run {run.run} of experiment {run.experiment_name}; to look: {look}")


def now() -> int:
    """Milliseconds since 1970 in UTC."""
    return time.time_ns() // 1_000_000
