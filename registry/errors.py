"""The errors a caller can act on; `cli` maps each class to an exit code.

An error names the thing, what was expected, what was found and what to do next.
"""

from __future__ import annotations


class ZooError(Exception):
    """Base of all errors of this library.

    Attributes:
        message: What happened, in one sentence that names the thing.
        hint: The next step for the user, or None.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class RejectedError(ZooError):
    """The verdict is no: an invalid card, wrong bytes, nothing that may be pulled."""


class RequestError(ZooError):
    """The question was wrong: unknown name, bad option, bad configuration."""


class UnavailableError(ZooError):
    """No verdict could be reached: a store, the network or the disk did not answer."""


class MismatchError(RejectedError):
    """Bytes are not the ones that were promised.

    Attributes:
        subject: What was read, such as a file name with its address.
        expected: The promised digest, size or kind.
        found: What was read instead.
        rule: Kind of mismatch: `digest`, `lfs-pointer`, `not-a-model`.
    """

    def __init__(
        self, subject: str, *, expected: str, found: str, hint: str | None = None, rule: str = "digest"
    ) -> None:
        super().__init__(f"{subject}: expected {expected}, found {found}", hint=hint)
        self.subject = subject
        self.expected = expected
        self.found = found
        self.rule = rule
