"""What is said about a domain's MX records."""

from __future__ import annotations

import pytest

from tests.unit.checking import LAB, checked, codes
from tracer.diagnostics.checks import mx
from tracer.diagnostics.model import Finding, Side, Target, Verdict

FAIL, WARNING, UNKNOWN, PASS = Verdict.FAIL, Verdict.WARNING, Verdict.UNKNOWN, Verdict.PASS
TO = Target(recipient="anna@example.com")


def found(zone: str, target: Target = TO) -> list[Finding]:
    return checked(mx.CHECK, target, zone)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("example.com MX 10 a.example.com.\na.example.com A 198.51.100.1", {"single": PASS}),
        (
            "example.com MX 10 a.example.com.\nexample.com MX 20 b.example.com.\n"
            "a.example.com A 198.51.100.1\nb.example.com AAAA 2001:db8::1",
            {"found": PASS},
        ),
        ("other.test A 198.51.100.1", {"no_domain": FAIL}),
        ("example.com TXT x", {"none": FAIL}),
        ("example.com A 198.51.100.1", {"implicit": WARNING}),
        ("example.com AAAA 2001:db8::1", {"implicit": WARNING}),
        ("example.com MX 0 .", {"null": FAIL}),
        (
            "example.com MX 0 .\nexample.com MX 10 a.example.com.\na.example.com A 198.51.100.1",
            {"null_with_others": FAIL},
        ),
        (
            "example.com MX 10 a.example.com.\na.example.com CNAME b.example.com.\n"
            "b.example.com A 198.51.100.1",
            {"alias": WARNING},
        ),
        ("example.com MX 10 192.0.2.1.", {"literal": FAIL}),
        ("example.com MX 10 gone.example.com.", {"unresolvable": FAIL}),
        (
            "example.com MX 10 gone.example.com.\nexample.com MX 20 a.example.com.\n"
            "a.example.com A 198.51.100.1",
            {"unresolvable": WARNING},
        ),
        ("example.com MX 10 a.example.com.\na.example.com A 10.1.2.3", {"not_public": FAIL}),
        ("example.com MX 10 a.example.com.\na.example.com A 127.0.0.1", {"not_public": FAIL}),
        (
            "example.com MX 10 a.example.com.\na.example.com A 10.1.2.3\n"
            "a.example.com A 198.51.100.1",
            {"not_public": WARNING},
        ),
        (
            "example.com MX 10 a.example.com.\nexample.com MX 20 a.example.com.\n"
            "a.example.com A 198.51.100.1",
            {"duplicate": WARNING},
        ),
        (
            "example.com MX 10 a.example.com.\na.example.com AAAA 2001:db8::1",
            {"only_ipv6": WARNING},
        ),
        ("example.com MX !TIMEOUT", {"unknown": UNKNOWN}),
        ("example.com MX !SERVFAIL", {"unknown": UNKNOWN}),
        (
            "example.com MX 10 a.example.com.\na.example.com A !TIMEOUT\n"
            "a.example.com AAAA !TIMEOUT",
            {"host_unknown": UNKNOWN},
        ),
        ("example.com TXT x\nexample.com A !TIMEOUT", {"unknown": UNKNOWN}),
    ],
)
def test_a_domains_records_have_exactly_this_fault(zone: str, expected: dict[str, Verdict]) -> None:
    assert codes(found(zone)) == expected


def test_an_address_of_the_laboratory_is_no_fault_where_the_settings_say_so() -> None:
    zone = "example.com MX 10 a.example.com.\na.example.com A 127.0.0.9"
    assert codes(checked(mx.CHECK, TO, zone, outbound=LAB)) == {"single": PASS}


def test_the_senders_null_mx_is_a_warning_on_the_senders_side() -> None:
    target = Target(sender="a@example.com", recipient="b@example.org")
    zone = "example.com MX 0 .\nexample.org MX 5 m.example.org.\nm.example.org A 198.51.100.2"
    findings = found(zone, target)
    assert codes(findings) == {"null_sender": WARNING, "single": PASS}
    assert [finding.side for finding in findings] == [Side.SENDER, Side.RECIPIENT]


def test_a_fix_is_ready_to_paste_and_says_when_it_holds() -> None:
    zone = (
        "example.com 7200 MX 10 a.example.com.\na.example.com CNAME b.example.com.\n"
        "b.example.com A 198.51.100.1"
    )
    (finding,) = found(zone)
    assert finding.fix is not None
    assert finding.fix.records == ("example.com. 3600 IN MX 10 b.example.com.",)
    assert finding.fix.effective_s == 7200
    assert finding.fix.reference == "RFC 2181, 10.3"


def test_every_finding_shows_the_answer_it_rests_on() -> None:
    (finding,) = found("example.com MX 0 .")
    assert [(one.question, one.answer) for one in finding.evidence] == [("example.com MX", "0 .")]
