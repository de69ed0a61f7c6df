"""The check of DKIM keys: never "absent" by guessing."""

from __future__ import annotations

import pytest

from tests.dkim_signing import SMALL_PUBLIC, key_line, rsa_key
from tests.fakes import FakeLookup
from tracer.diagnostics.checks import dkim
from tracer.diagnostics.model import Finding, Target, Verdict
from tracer.diagnostics.world import World

NAME = "s1._domainkey.e.test"
GOOD = f"v=DKIM1; p={rsa_key(2048)[1]}"


def found(zone: str, *selectors: str) -> dict[str, Finding]:
    target = Target(sender="anna@e.test", selectors=selectors)
    findings = list(dkim.CHECK.run(target, World(dns=FakeLookup(zone))))
    assert {finding.code for finding in findings} <= set(dkim.CODES)
    return {finding.code.removeprefix("dkim."): finding for finding in findings}


def test_without_a_selector_nothing_is_guessed() -> None:
    lookup = FakeLookup("e.test MX 10 mx.e.test.")
    (finding,) = dkim.CHECK.run(Target(sender="e.test"), World(dns=lookup))
    assert (finding.code, finding.verdict) == ("dkim.no_selector", Verdict.UNKNOWN)
    assert not [name for name, _ in lookup.asked if "_domainkey" in name]


@pytest.mark.parametrize("zone", ['e.test TXT "v=spf1 -all"', "e.test MX 0 ."])
def test_a_domain_that_sends_nothing_needs_no_key(zone: str) -> None:
    assert found(zone)["sends_nothing"].verdict is Verdict.NA


@pytest.mark.parametrize(
    ("record", "code", "verdict"),
    [
        (GOOD, "valid", Verdict.PASS),
        (f"v=DKIM1; t=s; p={rsa_key(2048)[1]}", "valid", Verdict.PASS),
        (f"v=DKIM1; p={rsa_key()[1]}", "small", Verdict.WARNING),
        (f"v=DKIM1; p={SMALL_PUBLIC}", "too_small", Verdict.FAIL),
        ("v=DKIM1; p=", "revoked", Verdict.FAIL),
        ("v=DKIM1; p=AAAA", "unreadable", Verdict.FAIL),
        (f"v=DKIM1; s=tlsrpt; p={rsa_key(2048)[1]}", "not_for_mail", Verdict.FAIL),
        (f"v=DKIM1; h=sha1; p={rsa_key(2048)[1]}", "no_sha256", Verdict.FAIL),
        (f"v=DKIM1; t=y:s; p={rsa_key(2048)[1]}", "test_mode", Verdict.WARNING),
        ("v=spf1 -all", "not_a_key", Verdict.FAIL),
    ],
)
def test_the_state_of_a_key_is_told(record: str, code: str, verdict: Verdict) -> None:
    findings = found(key_line(NAME, record), "s1")
    assert {name: finding.verdict for name, finding in findings.items()} == {code: verdict}
    assert findings[code].subject == NAME


def test_a_test_key_is_mended_by_leaving_out_the_flag() -> None:
    fix = found(key_line(NAME, f"v=DKIM1; t=y:s; {GOOD[9:]}"), "s1")["test_mode"].fix
    assert fix is not None
    assert "t=y" not in fix.records[0] and "t=s" in fix.records[0]


@pytest.mark.parametrize("fault", ["TIMEOUT", "SERVFAIL", "BOGUS"])
def test_silence_is_unknown_and_never_a_missing_key(fault: str) -> None:
    assert found(f"{NAME} TXT !{fault}", "s1")["unknown"].verdict is Verdict.UNKNOWN


def test_a_missing_key_is_told_only_for_a_selector_that_is_known() -> None:
    finding = found("e.test A 192.0.2.1", "s1")["missing"]
    assert (finding.verdict, finding.params["name"]) == (Verdict.FAIL, NAME)


def test_a_wildcard_above_the_keys_is_no_key() -> None:
    for text in ("v=spf1 -all", "site-verification=1234"):
        finding = found(f'*.e.test TXT "{text}"', "s1")["not_a_key"]
        assert finding.verdict is Verdict.FAIL
    assert "revoked" in found('*._domainkey.e.test TXT "v=DKIM1; p="', "s1")


def test_a_key_under_a_doubled_name_is_found_there() -> None:
    finding = found(key_line("s1._domainkey.e.test.e.test", GOOD), "s1")["doubled_name"]
    assert (finding.verdict, finding.params["wrong_name"]) == (Verdict.FAIL, f"{NAME}.e.test")
    assert finding.fix is not None
    assert finding.fix.records[0].startswith(f'{NAME}. 300 IN TXT "v=DKIM1; p=')


def test_every_selector_is_looked_at() -> None:
    zone = key_line(NAME, GOOD) + "\n" + key_line("s2._domainkey.e.test", "v=DKIM1; p=")
    assert set(found(zone, "s1", "s2")) == {"valid", "revoked"}
