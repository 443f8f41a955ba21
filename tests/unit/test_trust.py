import json
from pathlib import Path

import pytest

from registry import keys
from registry.digest import Digest
from registry.errors import RequestError
from registry.policy import Rule
from registry.signature import PAYLOAD_TYPE, Envelope, Signature, Statement, pre_authentication_encoding
from registry.trust import Trust, judge, trust_in
from tests.unit.signing import MANIFEST, NAME, STATEMENT, envelope, key

ACME = Trust((key().public,), required=True)


def of_type(payload_type: str, payload: bytes) -> bytes:
    """Any payload, signed properly with the trusted key."""
    value = key().sign(pre_authentication_encoding(payload_type, payload))
    return Envelope(payload_type, payload, (Signature("", value),)).to_bytes()


OTHERS = {
    "nobody": ([], "nobody signed it", []),
    "another-key": ([envelope(name="other")], "a key that is not trusted", ["unknown-key"]),
    "another-manifest": (
        [envelope(Statement(NAME, Digest.of(b"x")))],
        "it signs another manifest",
        ["wrong"],
    ),
    "another-name": (
        [envelope(Statement("acme/net/large", STATEMENT.manifest))],
        "under another name: expected acme/net/small, found 'acme/net/large'",
        ["wrong"],
    ),
    "another-payload-type": ([of_type("text/plain", STATEMENT.to_bytes())], "payload of type", ["wrong"]),
    "another-statement": ([of_type(PAYLOAD_TYPE, b"{}")], "_type", ["wrong"]),
    "another-signature": (
        [json.dumps({**json.loads(envelope()), "payload": "e30="}).encode()],
        "does not fit what is signed",
        ["wrong"],
    ),
    "garbage": ([b"\x1b[2J"], "expected JSON", ["wrong"]),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_trusted_is_not_and_says_why(name: str) -> None:
    envelopes, reason, states = OTHERS[name]
    verdict = judge(NAME, MANIFEST, envelopes, ACME)
    assert not verdict.trusted
    assert verdict.refused
    assert reason in verdict.reason
    assert [finding.state for finding in verdict.signatures] == states


@pytest.mark.parametrize("name", OTHERS)
def test_one_good_signature_is_enough_whatever_hangs_beside_it(name: str) -> None:
    verdict = judge(NAME, MANIFEST, [*OTHERS[name][0], envelope()], ACME, damaged=["one was lost"])
    assert verdict.trusted
    assert not verdict.refused
    assert verdict.signatures[-2].state == "trusted"
    assert verdict.signatures[-2].key == str(key().public.identifier)
    assert verdict.signatures[-1].reason == "one was lost"


def test_a_changed_byte_of_the_manifest_is_another_manifest() -> None:
    assert not judge(NAME, MANIFEST + b" ", [envelope()], ACME).trusted


def test_a_key_that_left_the_policy_counts_no_more() -> None:
    both = Trust((key().public, key("other").public))
    assert judge(NAME, MANIFEST, [envelope()], both).trusted
    verdict = judge(NAME, MANIFEST, [envelope()], Trust((key("other").public,)))
    assert (verdict.trusted, verdict.signatures[0].state) == (False, "unknown-key")


def test_without_a_policy_nobody_is_trusted_and_nothing_refused() -> None:
    verdict = judge(NAME, MANIFEST, [envelope()], Trust())
    assert (verdict.trusted, verdict.refused) == (False, False)
    assert "no key is trusted for acme" in verdict.reason


def test_two_signatures_in_one_envelope_are_two_findings() -> None:
    mine, other = (Envelope.parse(envelope(name=name), "it") for name in ("acme", "other"))
    both = Envelope(mine.payload_type, mine.payload, (*other.signatures, *mine.signatures)).to_bytes()
    found = judge(NAME, MANIFEST, [both], ACME).signatures
    assert [finding.state for finding in found] == ["unknown-key", "trusted"]


def test_the_keys_of_a_rule_are_read_from_its_files(tmp_path: Path) -> None:
    public = keys.create(tmp_path / "k", None)
    trust = trust_in(Rule((public.name,), True))
    assert ([one.identifier for one in trust.keys], trust.required) == ([public.identifier], True)
    with pytest.raises(RequestError, match="cannot be read"):
        trust_in(Rule((str(tmp_path / "none.pub"),)))
