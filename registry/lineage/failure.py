"""What went wrong at a tracking address, for a user: without credentials, with a next step."""

from __future__ import annotations

import re

from registry.errors import RejectedError, UnavailableError, ZooError
from registry.lineage.address import Address

_FOREIGN = ("mlflow", "sqlalchemy", "alembic", "requests", "urllib3", "sqlite3", "psycopg2", "pymysql")
"""Packages whose errors tell of the address; any other error but those of the system is a bug."""

_REFUSED = ("INVALID_PARAMETER_VALUE", "BAD_REQUEST", "INVALID_STATE", "REQUEST_LIMIT_EXCEEDED")
"""MLflow's codes for what will not be taken the next time either."""

_HINTS = (
    (
        ("UNAUTHENTICATED", "401"),
        "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN",
    ),
    (("PERMISSION_DENIED", "403"), "ask who runs the server for the permission, or give another address"),
    (
        ("mlflow db upgrade", "resolve revision", "revision identified"),
        "the database is of another MLflow: back it up, then `mlflow db upgrade ADDRESS`",
    ),
    (("not a database",), "give another file with --tracking"),
    (
        ("readonly database", "Permission denied", "unable to open"),
        "give a database that can be written with --tracking",
    ),
)
_OTHERWISE = "start the server or give another address with --tracking; `mlflow server --help` tells of servers"


def failure(error: Exception, address: Address) -> ZooError | None:
    """The error to tell, or None for one that has nothing to do with the address."""
    if isinstance(error, ImportError):
        return UnavailableError(
            f"{address.shown}: its driver cannot be loaded: {without_secrets(str(error), address)}",
            hint="install the database's driver, such as psycopg2-binary for PostgreSQL",
        )
    package = type(error).__module__.partition(".")[0]
    if package not in _FOREIGN and not isinstance(error, OSError):
        return None
    if re.search(r"Max retries exceeded|timed out|Connection aborted|Connection broken", str(error)):
        reason = re.search(r"\[Errno -?\d+\] ([A-Za-z ]+)|(timed out)", str(error))
        said = next(filter(None, reason.groups())) if reason else "the connection was lost"
        return UnavailableError(f"{address.shown}: no answer from the tracking server: {said}", hint=_OTHERWISE)
    text = without_secrets(str(error), address)
    code = str(getattr(error, "error_code", ""))
    if code in _REFUSED:
        return RejectedError(f"{address.shown}: MLflow does not take the record: {text}")
    hint = next((hint for words, hint in _HINTS if any(word in f"{code} {error}" for word in words)), _OTHERWISE)
    return UnavailableError(f"{address.shown}: tracking does not answer as it should: {text}", hint=hint)


def without_secrets(text: str, address: Address) -> str:
    """The first line of a message, short, without the credentials of any address in it."""
    text = text.replace(address.uri, address.shown)
    line = text.strip().partition("\n")[0]
    line = re.sub(r"(?<=://)[^\s/'\"]*@", "", line)
    return line[:300]
