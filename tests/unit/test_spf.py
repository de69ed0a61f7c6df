"""SPF verdicts: every section of RFC 7208 that decides something."""

from __future__ import annotations

import pytest

from tests.unit.spf_verdicts import IP4, IP6, OTHER4, WORLD, result, verdict
from tracer.diagnostics.spf import SpfResult


@pytest.mark.parametrize(
    ("record", "ip", "expected"),
    [
        # 4.5, 4.6.1, 12: what a record is
        ("v=spf1", IP4, "neutral"),
        ("V=SPF1 -ALL", IP4, "fail"),
        ("v=spf10 -all", IP4, "none"),
        ("v=spf1  a   -all  ", IP4, "pass"),
        ("v=spf1 -all moo", IP4, "permerror"),
        ("v=spf1 -all moo=", IP4, "fail"),
        ("v=spf1 a:  -all", IP4, "permerror"),
        ("v=spf1 !a -all", IP4, "permerror"),
        # 4.6.2: qualifiers
        ("v=spf1 ?all", IP4, "neutral"),
        ("v=spf1 ~all", IP4, "softfail"),
        ("v=spf1 +all", IP4, "pass"),
        # 5.1
        ("v=spf1 all:foo", IP4, "permerror"),
        ("v=spf1 -all/8", IP4, "permerror"),
        # 5.2
        ("v=spf1 include:ok.test -all", IP4, "pass"),
        ("v=spf1 include:no.test ~all", IP4, "softfail"),
        ("v=spf1 include:soft.test -all", IP4, "fail"),
        ("v=spf1 include:bad.test ?all", IP4, "permerror"),
        ("v=spf1 include:bare.test ?all", IP4, "permerror"),
        ("v=spf1 include:gone.test ?all", IP4, "permerror"),
        ("v=spf1 include", IP4, "permerror"),
        ("v=spf1 include:ok.test/24 -all", IP4, "permerror"),
        # 5.3
        ("v=spf1 a -all", IP4, "pass"),
        ("v=spf1 a -all", OTHER4, "fail"),
        ("v=spf1 a/24 -all", "192.0.2.200", "pass"),
        ("v=spf1 a:mx.e.test//64 -all", "2001:db8::ffff", "pass"),
        ("v=spf1 a/33 -all", IP4, "permerror"),
        ("v=spf1 a//129 -all", IP4, "permerror"),
        ("v=spf1 a:192.0.2.10 -all", IP4, "permerror"),
        ("v=spf1 a:single -all", IP4, "permerror"),
        # 5.4
        ("v=spf1 mx -all", OTHER4, "pass"),
        ("v=spf1 mx -all", IP6, "pass"),
        ("v=spf1 mx:ok.test -all", OTHER4, "fail"),
        # 5.5
        ("v=spf1 ptr -all", IP4, "pass"),
        ("v=spf1 ptr:test -all", IP4, "permerror"),
        ("v=spf1 ptr:mail.e.test -all", IP4, "pass"),
        ("v=spf1 ptr:other.test -all", IP4, "fail"),
        # 5.6
        ("v=spf1 ip4:192.0.2.0/24 -all", IP4, "pass"),
        ("v=spf1 ip4:192.0.2.0/24 -all", IP6, "fail"),
        ("v=spf1 ip4:192.0.2.10/0 -all", OTHER4, "pass"),
        ("v=spf1 ip4:192.0.2 -all", IP4, "permerror"),
        ("v=spf1 ip4:192.0.2.10//32 -all", IP4, "permerror"),
        ("v=spf1 ip6:2001:db8::/32 -all", IP6, "pass"),
        ("v=spf1 ip6:2001:db8::/129 -all", IP6, "permerror"),
        ("v=spf1 ip6:::1.2.3.4 -all", IP6, "fail"),
        ("v=spf1 ip:192.0.2.10 -all", IP4, "permerror"),
        # 5.7 and 7: exists, macros
        ("v=spf1 exists:mail.%{d} -all", IP6, "pass"),
        ("v=spf1 exists:nope.%{d} -all", IP4, "fail"),
        ("v=spf1 exists -all", IP4, "permerror"),
        ("v=spf1 exists:%{x}.e.test -all", IP4, "permerror"),
        ("v=spf1 exists:%{d0}.e.test -all", IP4, "permerror"),
        ("v=spf1 exists:%{d}%.e.test -all", IP4, "permerror"),
        ("v=spf1 exists:%{c}.e.test -all", IP4, "permerror"),
        ("v=spf1 exists:%(d).e.test -all", IP4, "permerror"),
        # 6.1
        ("v=spf1 redirect=ok.test", IP4, "pass"),
        ("v=spf1 redirect=ok.test", OTHER4, "fail"),
        ("v=spf1 redirect=gone.test", IP4, "permerror"),
        ("v=spf1 redirect=ok.test redirect=ok.test", IP4, "permerror"),
        ("v=spf1 redirect=", IP4, "permerror"),
        ("v=spf1 REDIRECT=ok.test", IP4, "pass"),
        # 6.2
        ("v=spf1 exp=a.test exp=b.test -all", IP4, "permerror"),
        ("v=spf1 exp=", IP4, "permerror"),
    ],
)
def test_the_record_decides(record: str, ip: str, expected: str) -> None:
    assert result(record, ip) == expected


@pytest.mark.parametrize(
    ("mail_from", "helo", "expected"),
    [
        ("", "e.test", "pass"),
        ("<>", "e.test", "pass"),
        ("<anna@e.test>", "", "pass"),
        ("", "single", "none"),
        ("", "[192.0.2.10]", "none"),
        ("", "", "none"),
        ("anna@nothing.test", "e.test", "none"),
        ("anna@single", "e.test", "none"),
        ("anna@e..test", "e.test", "none"),
        ("anna@[192.0.2.10]", "e.test", "none"),
        (f"anna@{'x' * 64}.test", "", "none"),
        (f"anna@{'x' * 60}.{'y' * 60}.{'z' * 60}.{'w' * 60}.{'v' * 60}.test", "", "none"),
        ('"a@b"@e.test', "", "pass"),
        ("anna@E.TEST", "", "pass"),
    ],
)
def test_the_identity_decides_whose_record_is_read(
    mail_from: str, helo: str, expected: str
) -> None:
    """RFC 7208, 2.4 and 4.3."""
    found = verdict(f'e.test TXT "v=spf1 a -all"\n{WORLD}', IP4, mail_from, helo)
    assert found.result == expected
    assert found.identity == ("mailfrom" if mail_from.strip("<>") else "helo")


@pytest.mark.parametrize("ip", ["", "192.0.2", "host.test", "192.0.2.10/24"])
def test_without_an_address_there_is_no_verdict(ip: str) -> None:
    found = verdict('e.test TXT "v=spf1 +all"', ip)
    assert found.result is SpfResult.NONE
    assert "IP address" in found.explanation


def test_an_ipv4_address_inside_an_ipv6_one_is_ipv4() -> None:
    assert result("v=spf1 ip4:192.0.2.10 -all", "::ffff:192.0.2.10") == "pass"


def test_two_records_are_an_error_and_other_text_is_not() -> None:
    zone = 'e.test TXT "v=spf1 +all"\ne.test TXT "google=1"'
    assert verdict(zone).result is SpfResult.PASS
    found = verdict(zone + '\ne.test TXT "v=spf1 -all"')
    assert (found.result, found.problem) == (SpfResult.PERMERROR, "several_records")


@pytest.mark.parametrize("fault", ["TIMEOUT", "SERVFAIL", "REFUSED", "BOGUS"])
@pytest.mark.parametrize(
    "zone",
    [
        "e.test TXT !{}",
        'e.test TXT "v=spf1 a -all"\ne.test A !{}',
        'e.test TXT "v=spf1 include:slow.test -all"\nslow.test TXT !{}',
        'e.test TXT "v=spf1 redirect=slow.test"\nslow.test TXT !{}',
        'e.test TXT "v=spf1 mx -all"\ne.test MX 10 m.test.\nm.test A !{}',
    ],
)
def test_dns_that_fails_is_a_temporary_error(zone: str, fault: str) -> None:
    found = verdict(zone.format(fault))
    assert found.result is SpfResult.TEMPERROR
    assert "DNS does not answer" in found.explanation
