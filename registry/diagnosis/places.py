"""Registries and mirrors: whether each answers, and lets this user read. Writing is never tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from registry.diagnosis.finding import Finding, State, of_error, told
from registry.digest import Digest
from registry.errors import RejectedError, RequestError, UnavailableError
from registry.store.base import DeniedError, ForbiddenError, Mirror, NoStoreError, NotHeldError
from registry.store.indexed import IndexedReader
from registry.store.web import shown
from registry.store.writable import ReadableStore, current_index

Place = TypeVar("Place", bound=Mirror)

_NOTHING = Digest.of(b"")
"""Digest of an empty file, which no place needs to hold: that it does not is an answer as well."""


def named(kind: str, address: str) -> str:
    """A kind of place and its address, without the credentials in it."""
    return f"{kind} {shown(address) if '://' in address else address}"


def examine_registry(address: str, open_readable: Callable[[str], ReadableStore], *, offline: bool) -> Finding:
    """Read what a registry has; of one whose index is made of many requests only whether it answers."""
    subject = named("registry", address)

    def ask(store: ReadableStore) -> Finding:
        if isinstance(store, IndexedReader):
            return Finding(subject, "ok", f"answers, with {len(current_index(store).versions())} versions")
        return _probe(subject, store)

    return _asked(subject, address, open_readable, ask, offline=offline)


def examine_mirror(address: str, open_mirror: Callable[[str], Mirror], *, offline: bool) -> Finding:
    """Ask a mirror for a file that it need not have."""
    subject = named("mirror", address)
    return _asked(subject, address, open_mirror, lambda mirror: _probe(subject, mirror), offline=offline)


def _asked(
    subject: str,
    address: str,
    open_place: Callable[[str], Place],
    ask: Callable[[Place], Finding],
    *,
    offline: bool,
) -> Finding:
    """Ask a place, and tell apart: no answer, no entry, nothing there."""
    local = False
    try:
        place = open_place(address)
        local = place.local
        if offline and not local:
            return Finding(subject, "note", "not asked: the network is off")
        return ask(place)
    except DeniedError as error:
        return Finding(subject, "fault", told(error), advice=error.hint or "give a login for this host in ~/.netrc")
    except (RequestError, RejectedError) as error:
        return of_error(subject, error)
    except UnavailableError as error:
        state: State = "fault" if local or isinstance(error, NoStoreError) else "unknown"
        advice = "mount it, or correct its path" if local else "see the address, proxies, and whether it runs"
        return Finding(subject, state, told(error), advice=error.hint or advice)


def _probe(subject: str, place: Mirror) -> Finding:
    try:
        with place.open(_NOTHING) as opened:
            if opened.size:
                found = f"gives {opened.size} bytes for a file that is empty: a page in place of what it lacks?"
                return Finding(subject, "warning", found, advice="pulls refuse such pages; see the address")
    except NotHeldError:
        return Finding(subject, "ok", "answers")
    except ForbiddenError as error:
        found = f"{told(error)}, which some places say of what they do not hold, too"
        return Finding(subject, "warning", found, advice=error.hint or "")
    return Finding(subject, "ok", "answers")
