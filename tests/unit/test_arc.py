"""ARC: chains that hold, chains that do not, and why."""

from __future__ import annotations

import re

import pytest

from tests.arc_sealing import sealed
from tests.dkim_signing import MESSAGE, key_line, rsa_key
from tests.fakes import FakeLookup
from tracer.diagnostics.arc import ArcResult, ArcVerdict, verify_arc

RECORD = f"v=DKIM1; p={rsa_key()[1]}"
KEYS = "\n".join(
    key_line(f"arc._domainkey.{name}", RECORD) for name in ("list.example", "fwd.example")
)


def twice() -> bytes:
    """A message that two hosts sealed."""
    return sealed(sealed(MESSAGE), instance=2, domain="fwd.example")


def verdict(message: bytes, zone: str = KEYS) -> ArcVerdict:
    return verify_arc(FakeLookup(zone), message)


def test_a_message_without_a_chain_is_none() -> None:
    assert verdict(MESSAGE).result is ArcResult.NONE


def test_a_chain_of_one_and_of_two_holds() -> None:
    assert (verdict(sealed(MESSAGE)).result, verdict(sealed(MESSAGE)).instances) == (
        ArcResult.PASS,
        1,
    )
    found = verdict(twice())
    assert (found.result, found.instances, found.reason) == (ArcResult.PASS, 2, "")
    assert [one.domain for one in found.sets] == ["fwd.example", "list.example"]
    assert "arc=none" in found.sets[1].results


def test_a_changed_text_breaks_the_newest_set_only() -> None:
    found = verdict(twice().replace(b"At one?", b"At two?"))
    assert found.result is ArcResult.FAIL
    assert "Message-Signature" in found.reason
    assert not found.sets[0].message_holds


def test_a_text_changed_between_two_sets_does_not_break_the_chain() -> None:
    once = sealed(MESSAGE).replace(b"At one?", b"[list] At one?")
    found = verdict(sealed(once, instance=2, domain="fwd.example"))
    assert found.result is ArcResult.PASS
    assert [one.message_holds for one in found.sets] == [True, False]


def test_a_missing_seal_breaks_the_chain() -> None:
    found = verdict(re.sub(rb"ARC-Seal: i=1.*\r\n", b"", twice()))
    assert found.result is ArcResult.FAIL
    assert found.reason


def test_a_forged_seal_breaks_the_chain() -> None:
    forged = re.sub(rb"(ARC-Seal: i=1;.*; b=)....", rb"\1AAAA", twice())
    found = verdict(forged)
    assert found.result is ArcResult.FAIL
    assert not any(one.seal_holds for one in found.sets)


def test_a_sealer_that_found_a_broken_chain_ends_it() -> None:
    ended = sealed(sealed(MESSAGE), instance=2, cv="fail", domain="fwd.example")
    found = verdict(ended)
    assert found.result is ArcResult.FAIL
    assert "chain is terminated" in found.reason


def test_a_first_seal_that_claims_a_chain_is_wrong() -> None:
    assert verdict(sealed(MESSAGE, cv="pass")).result is ArcResult.FAIL


def test_a_key_that_is_not_there_breaks_the_chain() -> None:
    assert verdict(sealed(MESSAGE), "list.example A 192.0.2.1").result is ArcResult.FAIL


@pytest.mark.parametrize("fault", ["TIMEOUT", "SERVFAIL", "BOGUS"])
def test_dns_that_fails_is_no_broken_chain(fault: str) -> None:
    found = verdict(sealed(MESSAGE), f"arc._domainkey.list.example TXT !{fault}")
    assert found.result is ArcResult.TEMPERROR
    assert "DNS does not answer" in found.reason


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b" folded first",
        b"ARC-Seal: i=x\r\n\r\n",
        b"ARC-Seal: i=1; cv=none\r\n\r\n",
        b"ARC-Seal: i=9999999999; cv=none; a=rsa-sha256\r\n\r\n",
        b"ARC-Seal: \xff\r\nARC-Message-Signature: i=1\r\n\r\n",
        b"ARC-Seal: i=1\r\n" * 200 + b"\r\n",
    ],
)
def test_a_hostile_chain_does_not_hold_and_does_not_raise(message: bytes) -> None:
    assert verdict(message).result in (ArcResult.FAIL, ArcResult.NONE)
