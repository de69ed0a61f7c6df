"""DNSSEC, BIMI, client set-up, the rules of large providers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.checking import MX, checked, codes
from tracer.diagnostics.checks import bimi, bulk_rules, client_setup, dnssec
from tracer.diagnostics.model import Side, Target, Verdict

FAIL, WARNING, UNKNOWN, PASS, NA = (
    Verdict.FAIL, Verdict.WARNING, Verdict.UNKNOWN, Verdict.PASS, Verdict.NA,
)  # fmt: skip
TO = Target(recipient="anna@example.com")
FROM = Target(sender="anna@example.com")


@pytest.mark.parametrize(
    ("zone", "signed", "expected"),
    [
        (MX, True, {"secure": PASS}),
        (MX, False, {"insecure": NA}),
        (MX + "example.com DS 1 13 2 " + "00" * 32, False, {"not_validated": UNKNOWN}),
        ("example.com MX !BOGUS", False, {"bogus": FAIL}),
        ("example.com MX !TIMEOUT", False, {"unknown": UNKNOWN}),
        (MX + "mx1.example.com AAAA !BOGUS", True, {"bogus": FAIL, "secure": PASS}),
    ],
)
def test_dnssec(zone: str, signed: bool, expected: dict[str, Verdict]) -> None:
    assert codes(checked(dnssec.CHECK, TO, zone, authenticated=signed)) == expected


BIMI = 'default._bimi.example.com TXT "v=BIMI1; {}"'
LOGO = "l=https://example.com/l.svg; a=https://example.com/a.pem"


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("", {"none": NA}),
        (BIMI.format(LOGO), {"published": PASS}),
        (BIMI.format("l=; a=;"), {"declined": NA}),
        (BIMI.format("l=http://example.com/l.svg"), {"bad_record": WARNING}),
        (BIMI.format("l=https://example.com/l.svg"), {"no_evidence": NA}),
        (BIMI.format(LOGO) + '\n_dmarc.example.com TXT "v=DMARC1; p=none"',
         {"policy_too_weak": WARNING}),
        (BIMI.format(LOGO) + '\n_dmarc.example.com TXT "v=DMARC1; p=reject; sp=none"',
         {"published": PASS}),
        (BIMI.format(LOGO) + "\n" + BIMI.format("l="), {"several_records": WARNING}),
        ("default._bimi.example.com TXT !TIMEOUT", {"unknown": UNKNOWN}),
    ],
)  # fmt: skip
def test_bimi(zone: str, expected: dict[str, Verdict]) -> None:
    assert codes(checked(bimi.CHECK, FROM, zone)) == expected


IMAPS = "_imaps._tcp.example.com SRV 0 1 993 mail.example.com.\n"
MAIL = "mail.example.com A 198.51.100.1\n"


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("", {"none": NA}),
        (IMAPS + MAIL, {"found": PASS}),
        ("autoconfig.example.com A 198.51.100.1", {"found": PASS}),
        (IMAPS, {"dangling": WARNING}),
        (IMAPS + "mail.example.com A !TIMEOUT", {"found": PASS}),
        ("_imap._tcp.example.com SRV 0 0 0 .\n" + IMAPS + MAIL, {"found": PASS}),
        ("_imap._tcp.example.com SRV 0 1 143 mail.example.com.\n" + MAIL,
         {"not_encrypted": WARNING}),
        ("_imaps._tcp.example.com SRV !TIMEOUT", {"unknown": UNKNOWN}),
    ],
)  # fmt: skip
def test_client_setup(zone: str, expected: dict[str, Verdict]) -> None:
    assert codes(checked(client_setup.CHECK, TO, zone)) == expected


GMAIL = """
    gmail.com MX 5 gmail-smtp-in.l.google.com.
    gmail-smtp-in.l.google.com A 198.51.100.25
    example.com TXT "v=spf1 -all"
    s1._domainkey.example.com TXT "v=DKIM1; p=MIIB"
    _dmarc.example.com TXT "v=DMARC1; p=none"
    7.100.51.198.in-addr.arpa PTR mail.example.com.
    mail.example.com A 198.51.100.7
"""
TO_GMAIL: dict[str, Any] = {
    "sender": "a@example.com", "recipient": "b@gmail.com", "ips": ("198.51.100.7",),
    "selectors": ("s1",),
}  # fmt: skip


@pytest.mark.parametrize(
    ("without", "expected"),
    [
        ("", {"met": PASS}),
        ("_dmarc.example.com", {"bulk_not_met": WARNING}),
        ("example.com TXT", {"bulk_not_met": WARNING}),
        ("7.100.51", {"basic_not_met": FAIL}),
    ],
)
def test_the_rules_of_a_large_provider(without: str, expected: dict[str, Verdict]) -> None:
    lines = [line for line in GMAIL.splitlines() if not without or without not in line]
    if without == "example.com TXT":
        lines = [line for line in GMAIL.splitlines() if not line.strip().startswith(without)]
    findings = checked(bulk_rules.CHECK, Target(**TO_GMAIL), "\n".join(lines))
    assert codes(findings) == expected


def test_a_sender_without_a_known_selector_is_not_told_to_lack_dkim() -> None:
    target = Target(**TO_GMAIL | {"selectors": ()})
    (finding,) = checked(bulk_rules.CHECK, target, GMAIL)
    assert (finding.verdict, finding.params["facts"]) == (UNKNOWN, "DKIM")


def test_dmarc_of_the_organisation_counts_for_a_subdomain() -> None:
    target = Target(**TO_GMAIL | {"sender": "a@news.example.com", "selectors": ()})
    zone = GMAIL + 'news.example.com TXT "v=spf1 -all"'
    (finding,) = checked(bulk_rules.CHECK, target, zone)
    assert finding.params["facts"] == "DKIM"


def test_other_recipients_are_not_concerned() -> None:
    target = Target(sender="a@example.org", recipient="b@example.com")
    (finding,) = checked(bulk_rules.CHECK, target, MX)
    assert (finding.verdict, finding.side) == (NA, Side.SENDER)
