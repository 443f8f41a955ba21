"""What a zoo admits: the table `[policy]` of `zoo.toml`. Form only; nothing is judged here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from registry.errors import RequestError
from registry.units import parse_bytes

Rerun = Literal["required", "possible", "never"]
RERUNS: tuple[Rerun, ...] = ("required", "possible", "never")


class Admission(NamedTuple):
    """What is asked of every submission.

    Attributes:
        weights: Licences (SPDX) that weights may have, `unknown` being one; empty allows any.
        data: The same of training data.
        size: Most bytes of one file.
        unpinned: Publishers whose files may be without a digest.
        loss: Most mean IoU that quantization may lose against the float parent, as a fraction of 1.
        rerun: Whether figures are measured again: `possible` where their data are at hand, `required` where the
            lack of data leaves the verdict open, or `never`.
    """

    weights: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    size: int = 512 << 20
    unpinned: tuple[str, ...] = ()
    loss: float = 0.02
    rerun: Rerun = "possible"


def read(table: object, place: str) -> dict[str, Any]:
    """The values that one settings file gives, by key.

    Args:
        table: What the file has under `policy`.
        place: The file, for messages.

    Raises:
        RequestError: It has another form; names the file and the key.
    """
    if not isinstance(table, dict):
        raise _wrong(f"{place}: policy", "a table", table)
    return {key: _value(key, value, f"{place}: policy.{key}") for key, value in table.items()}


def admission(values: Mapping[str, Any]) -> Admission:
    """The policy of values by key; what none of them says is the default's."""
    return Admission(**values)


def _value(key: str, value: object, where: str) -> Any:
    if key not in Admission._fields:
        import difflib

        near = difflib.get_close_matches(key, Admission._fields, n=1)
        known = f"did you mean {near[0]!r}?" if near else "known are " + ", ".join(Admission._fields)
        raise RequestError(f"{where}: unknown key", hint=known)
    if key in ("weights", "data", "unpinned"):
        return _words(value, where)
    if key == "size":
        return _size(value, where)
    if key == "loss":
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise _wrong(where, "a fraction of 1, such as 0.02 for two points", value)
        return float(value)
    if value not in RERUNS:
        raise _wrong(where, "one of " + ", ".join(RERUNS), value)
    return value


def _words(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise _wrong(where, "a list of words", value)
    return tuple(value)


def _size(value: object, where: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    if isinstance(value, str):
        try:
            return int(parse_bytes(value))
        except RequestError as error:
            raise RequestError(f"{where}: {error.message}", hint=error.hint) from None
    raise _wrong(where, 'bytes, or a size such as "64 MiB"', value)


def _wrong(where: str, expected: str, found: object) -> RequestError:
    return RequestError(
        f"{where}: expected {expected}, found {str(found)[:80]!r}",
        hint='such as [policy] with weights = ["Apache-2.0", "MIT"] and size = "64 MiB"',
    )
