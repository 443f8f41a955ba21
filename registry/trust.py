"""Whether a variant's manifest is signed by somebody its user trusts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from registry.digest import Digest
from registry.errors import MismatchError
from registry.keys import PublicKey, read_public
from registry.policy import Rule
from registry.signature import PAYLOAD_TYPE, Envelope, Statement

State = Literal["trusted", "unknown-key", "wrong"]


@dataclass(frozen=True)
class Trust:
    """Whose signature counts for a publisher.

    Attributes:
        keys: Any one of them.
        required: Whether there must be one.
    """

    keys: tuple[PublicKey, ...] = ()
    required: bool = False


@dataclass(frozen=True)
class Finding:
    """What is found of one signature.

    Attributes:
        state: `trusted`; `unknown-key`, made by a key that is not trusted, or damaged: without the key nobody can
            tell which; `wrong`, no signature of this manifest under this name.
        key: Identifier of the key: proven where trusted, otherwise only what the signature says.
        reason: One sentence.
    """

    state: State
    key: str
    reason: str


@dataclass(frozen=True)
class Verdict:
    """Whether a variant may be taken for its publisher's.

    Attributes:
        name: Full name of the variant.
        manifest: Digest of its manifest.
        trusted: Whether a trusted key signed just this manifest under just this name.
        required: Whether the policy takes nothing less.
        reason: Why, in one sentence.
        signatures: All that were found.
    """

    name: str
    manifest: Digest
    trusted: bool
    required: bool
    reason: str
    signatures: tuple[Finding, ...]

    @property
    def refused(self) -> bool:
        """Whether the policy forbids to use it."""
        return self.required and not self.trusted


def trust_in(rule: Rule) -> Trust:
    """Read the keys of a rule.

    Raises:
        RequestError: A file is missing or holds no Ed25519 public key.
        UnavailableError: The extra `sign` is missing.
    """
    return Trust(tuple(read_public(Path(path)) for path in rule.keys), rule.require)


def judge(
    name: str, manifest: bytes, envelopes: Iterable[bytes], trust: Trust, *, damaged: Iterable[str] = ()
) -> Verdict:
    """Judge a manifest by its signatures. Pure: no I/O.

    One good signature is enough, whatever else is attached: anybody who may write to a store can attach something.

    Args:
        name: Full name of the variant, as it was asked for.
        manifest: The bytes that would be used.
        envelopes: What claims to sign them.
        trust: Whose signature counts for the variant's publisher.
        damaged: Why further signatures could not be read.
    """
    wanted = Statement(name, Digest.of(manifest))
    findings = [finding for data in envelopes for finding in _findings(data, wanted, trust)]
    findings += [Finding("wrong", "", reason) for reason in damaged]
    trusted = any(finding.state == "trusted" for finding in findings)
    return Verdict(name, wanted.manifest, trusted, trust.required, _reason(name, findings, trust), tuple(findings))


def _findings(data: bytes, wanted: Statement, trust: Trust) -> list[Finding]:
    try:
        envelope = Envelope.parse(data, "signature")
    except MismatchError as error:
        return [Finding("wrong", "", error.message)]
    signers = envelope.signers(trust.keys)
    objection = _objection(envelope, wanted)
    known = {str(key.identifier) for key in trust.keys}
    found = []
    for place, one in enumerate(envelope.signatures):
        made = signers.get(place)
        if made is not None:
            reason = objection or f"signed with {made.name}"
            found.append(Finding("wrong" if objection else "trusted", str(made.identifier), reason))
        elif one.key in known:
            found.append(Finding("wrong", one.key, "the signature does not fit what is signed"))
        else:
            reason = objection or "signed with a key that is not trusted for this publisher"
            found.append(Finding("wrong" if objection else "unknown-key", one.key, reason))
    return found


def _objection(envelope: Envelope, wanted: Statement) -> str | None:
    """Why an envelope signs something else, whoever signed it."""
    if envelope.payload_type != PAYLOAD_TYPE:
        return f"expected a payload of type {PAYLOAD_TYPE}, found {ascii(envelope.payload_type)[:80]}"
    try:
        statement = Statement.parse(envelope.payload, "signed statement")
    except MismatchError as error:
        return error.message
    if statement.manifest != wanted.manifest:
        return f"it signs another manifest: expected {wanted.manifest}, found {statement.manifest}"
    if statement.name != wanted.name:
        return f"it signs this under another name: expected {wanted.name}, found {ascii(statement.name)[:120]}"
    return None


def _reason(name: str, findings: list[Finding], trust: Trust) -> str:
    publisher = name.partition("/")[0]
    by_state = {finding.state: finding for finding in reversed(findings)}
    if "trusted" in by_state:
        return by_state["trusted"].reason
    if not findings:
        return "nobody signed it"
    if not trust.keys:
        return f'no key is trusted for {publisher}: zoo.toml has no keys in [trust.{publisher}] or [trust."*"]'
    return by_state["wrong" if "wrong" in by_state else "unknown-key"].reason
