"""STARTTLS, DANE, MTA-STS and TLS-RPT."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.fakes import FakeLookup
from tests.unit.checking import (
    ADDRESS,
    HOST,
    MX,
    NOW_US,
    FakeHttps,
    FakeSmtp,
    checked,
    codes,
    encrypted,
    issued,
    talk,
    tls,
)  # fmt: skip
from tracer.diagnostics.checks import dane, mta_sts, starttls, tls_rpt
from tracer.diagnostics.https import Fetched
from tracer.diagnostics.lookup import Answer
from tracer.diagnostics.model import Finding, Side, Target, Verdict
from tracer.diagnostics.smtp import Conversation
from tracer.diagnostics.smtp_tls import covers
from tracer.diagnostics.world import World
from tracer.model import DAY_US

FAIL, WARNING, UNKNOWN, PASS, NA = (
    Verdict.FAIL, Verdict.WARNING, Verdict.UNKNOWN, Verdict.PASS, Verdict.NA,
)  # fmt: skip
TO = Target(recipient="anna@example.com")


def of_tls(said: Conversation) -> list[Finding]:
    return checked(starttls.CHECK, TO, MX, smtp=FakeSmtp({ADDRESS: said}))


@pytest.mark.parametrize(
    ("certificate", "expected"),
    [
        ({}, {"encrypted": PASS}),
        ({"names": ("*.example.com",)}, {"encrypted": PASS}),
        ({"trusted": None}, {"encrypted": PASS}),
        ({"not_after_us": NOW_US - DAY_US}, {"expired": WARNING}),
        ({"not_before_us": NOW_US + DAY_US}, {"not_yet_valid": WARNING}),
        ({"names": ("other.example",)}, {"wrong_name": WARNING}),
        ({"trusted": False, "why": "self-signed"}, {"untrusted": WARNING}),
        ({"not_after_us": NOW_US + 3 * DAY_US}, {"expires_soon": WARNING}),
        (
            {"not_before_us": NOW_US - 3 * DAY_US, "not_after_us": NOW_US + 3 * DAY_US},
            {"encrypted": PASS},
        ),
    ],
)
def test_a_certificate_is_judged_and_never_read_as_no_starttls(
    certificate: dict[str, Any], expected: dict[str, Verdict]
) -> None:
    assert codes(of_tls(encrypted(tls=tls(**certificate)))) == expected


def test_an_old_version_is_told() -> None:
    old = msgspec.structs.replace(tls(), version="TLSv1.1")
    assert codes(of_tls(encrypted(tls=old))) == {"old_version": WARNING}


@pytest.mark.parametrize(
    ("said", "code", "side"),
    [
        ({"ehlo": f"250 {HOST}\nSIZE 1"}, "not_offered", Side.RECIPIENT),
        ({"ehlo": f"250 {HOST}\nXXXXXXXA"}, "stripped", Side.PROVIDER),
        ({"starttls": "554 5.7.3 no"}, "refused", Side.RECIPIENT),
        ({"starttls": "220 go", "tls_error": "WRONG_VERSION_NUMBER"}, "failed", Side.RECIPIENT),
    ],
)
def test_what_keeps_a_host_from_encrypting(said: dict[str, Any], code: str, side: Side) -> None:
    (finding,) = of_tls(talk(**said))
    assert (finding.code, finding.verdict, finding.side) == (f"starttls.{code}", WARNING, side)


@pytest.mark.parametrize(
    ("names", "host", "expected"),
    [
        (("mx.example.com",), "MX.example.com.", True),
        (("*.example.com",), "mx.example.com", True),
        (("*.example.com",), "a.mx.example.com", False),
        (("*.example.com",), "example.com", False),
        (("m*.example.com",), "mx.example.com", False),
        ((), "mx.example.com", False),
    ],
)
def test_a_certificate_covers_a_host_by_whole_labels(
    names: tuple[str, ...], host: str, expected: bool
) -> None:
    assert covers(names, host) is expected


def _spki(der: bytes) -> bytes:
    key = x509.load_der_x509_certificate(der).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


LEAF, *_, ROOT = issued(HOST)
GOOD = hashlib.sha256(_spki(LEAF)).hexdigest()
NONE = "0" * 64


def pinned(*records: str, said: Conversation | None = None, signed: bool = True) -> list[Finding]:
    zone = MX + "".join(f"\n_25._tcp.{HOST} TLSA {record}" for record in records)
    world = FakeSmtp({ADDRESS: said or encrypted()})
    return checked(dane.CHECK, TO, zone, smtp=world, authenticated=signed)


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ([], {"none": NA}),
        ([f"3 1 1 {GOOD}"], {"matches": PASS}),
        ([f"3 1 1 {NONE}", f"3 1 1 {GOOD}"], {"matches": PASS}),
        ([f"3 0 1 {hashlib.sha256(LEAF).hexdigest()}"], {"matches": PASS}),
        ([f"3 1 2 {hashlib.sha512(_spki(LEAF)).hexdigest()}"], {"matches": PASS}),
        ([f"3 0 0 {LEAF.hex()}"], {"matches": PASS}),
        ([f"2 1 1 {hashlib.sha256(_spki(ROOT)).hexdigest()}"], {"matches": PASS}),
        ([f"2 0 1 {hashlib.sha256(ROOT).hexdigest()}"], {"matches": PASS}),
        ([f"3 1 1 {NONE}"], {"mismatch": FAIL}),
        ([f"3 0 1 {GOOD}"], {"mismatch": FAIL}),
        ([f"1 1 1 {GOOD}"], {"unusable": WARNING}),
        (["3 1 9 00ff"], {"unusable": WARNING}),
        (["!TIMEOUT"], {"unknown": UNKNOWN}),
        (["!BOGUS"], {"bogus": FAIL}),
    ],
)
def test_pinned_keys(records: list[str], expected: dict[str, Verdict]) -> None:
    assert codes(pinned(*records)) == expected


class PartlySigned(FakeLookup):
    """Signed are the answers to questions of these types alone."""

    signed: frozenset[str] = frozenset()

    def ask(self, name: str, rdtype: str) -> Answer:
        answer = super().ask(name, rdtype)
        is_signed = rdtype in self.signed
        evidence = msgspec.structs.replace(answer.evidence, authenticated=is_signed)
        return msgspec.structs.replace(answer, evidence=evidence)


@pytest.mark.parametrize(
    ("signed", "expected"),
    [
        ({"MX", "TLSA", "A"}, {"matches": PASS}),
        ({"TLSA", "A"}, {"mx_unsigned": NA}),
        ({"DS"}, {"unsigned": WARNING}),
        (set(), {"not_validated": UNKNOWN}),
    ],
)
def test_pins_count_as_far_as_dnssec_reaches(
    signed: set[str], expected: dict[str, Verdict]
) -> None:
    lookup = PartlySigned(f"{MX}\n_25._tcp.{HOST} TLSA 3 1 1 {GOOD}")
    lookup.signed = frozenset(signed)
    world = World(dns=lookup, smtp=FakeSmtp({ADDRESS: encrypted()}))
    assert codes(list(dane.CHECK.run(TO, world))) == expected


def test_pins_of_the_target_of_a_signed_alias_count_first() -> None:
    zone = f"""
        example.com MX 10 alias.example.com.
        alias.example.com CNAME {HOST}.
        {HOST} A {ADDRESS}
        _25._tcp.alias.example.com TLSA 3 1 1 {NONE}
        _25._tcp.{HOST} TLSA 3 1 1 {GOOD}
    """
    world = FakeSmtp({ADDRESS: encrypted()})
    findings = checked(dane.CHECK, TO, zone, smtp=world, authenticated=True)
    assert codes(findings) == {"matches": PASS}


def test_usage_3_asks_for_no_name_and_no_date() -> None:
    expired = tls(names=("other.example",), not_after_us=NOW_US - DAY_US, trusted=False)
    assert codes(pinned(f"3 1 1 {GOOD}", said=encrypted(tls=expired))) == {"matches": PASS}


def test_usage_2_asks_for_the_name() -> None:
    record = f"2 1 1 {hashlib.sha256(_spki(ROOT)).hexdigest()}"
    wrong = encrypted(tls=tls(names=("other.example",)))
    assert codes(pinned(record, said=wrong)) == {"mismatch": FAIL}


def test_a_mismatch_comes_with_the_record_of_the_key_in_use() -> None:
    (finding,) = pinned(f"3 1 1 {NONE}")
    assert finding.fix is not None
    assert finding.fix.records == (f"_25._tcp.{HOST}. 3600 IN TLSA 3 1 1 {GOOD}",)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (talk(ehlo=f"250 {HOST}"), {"no_starttls": FAIL}),
        (talk(banner="421 busy", ehlo=None), {"not_compared": UNKNOWN}),
        (talk(starttls="454 later"), {"not_compared": UNKNOWN}),
    ],
)
def test_pins_and_a_host_that_shows_no_key(
    said: Conversation, expected: dict[str, Verdict]
) -> None:
    assert codes(pinned(f"3 1 1 {GOOD}", said=said)) == expected


STS = f"""{MX}
    _mta-sts.example.com 600 TXT "v=STSv1; id=20261122;"
    mta-sts.example.com A 192.0.2.80
"""
POLICY = f"version: STSv1\nmode: enforce\nmx: {HOST}\nmax_age: 604800\n"


def sts(zone: str = STS, said: Conversation | None = None, **page: Any) -> list[Finding]:
    doors: dict[str, Any] = {
        "smtp": FakeSmtp({ADDRESS: said or encrypted()}),
        "https": FakeHttps({"body": POLICY} | page),
    }
    return checked(mta_sts.CHECK, TO, zone, **doors)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ({}, {"enforced": PASS}),
        ({"body": POLICY.replace("\n", "\r\n")}, {"enforced": PASS}),
        ({"body": POLICY.replace(HOST, "*.example.com")}, {"enforced": PASS}),
        ({"body": POLICY.replace(HOST, "*.mx1.example.com")}, {"mx_not_named": FAIL}),
        ({"body": POLICY.replace(HOST, "other.example.com")}, {"mx_not_named": FAIL}),
        ({"body": POLICY.replace("enforce", "testing")}, {"testing": WARNING}),
        ({"body": "version: STSv1\nmode: none\nmax_age: 60\n"}, {"disabled": NA}),
        ({"body": POLICY.replace("STSv1", "STSv2")}, {"bad_policy": WARNING}),
        ({"body": POLICY.replace("enforce", "force")}, {"bad_policy": WARNING}),
        ({"body": "<html>"}, {"bad_policy": WARNING}),
        ({"status": 404}, {"status": WARNING}),
        ({"status": 503}, {"not_fetched": UNKNOWN}),
        ({"status": 301, "location": "https://x.example/"}, {"redirect": WARNING}),
        ({"content_type": "text/html"}, {"content_type": WARNING}),
        ({"outcome": Fetched.CERTIFICATE}, {"certificate": WARNING}),
        ({"outcome": Fetched.TIMEOUT}, {"not_fetched": UNKNOWN}),
        ({"outcome": Fetched.NOT_PUBLIC}, {"not_fetched": UNKNOWN}),
        ({"outcome": Fetched.TOO_BIG}, {"too_big": WARNING}),
        ({"outcome": Fetched.OFF}, {"off": NA}),
    ],
)
def test_policies(page: dict[str, Any], expected: dict[str, Verdict]) -> None:
    assert codes(sts(**page)) == expected


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (MX, {"none": NA}),
        (f'{MX}\n_mta-sts.example.com TXT "hello"', {"none": NA}),
        (f"{MX}\n_mta-sts.example.com TXT !TIMEOUT", {"unknown": UNKNOWN}),
        (STS + '_mta-sts.example.com TXT "v=STSv1; id=2;"', {"several_records": WARNING}),
        (STS + '_mta-sts.example.com TXT "unrelated"', {"enforced": PASS}),
        (STS.replace("id=20261122", "id=2026-11-22"), {"bad_record": WARNING}),
        (STS.replace("mta-sts.example.com A 192", "x.example.com A 192"),
         {"no_policy_host": WARNING}),
        (STS.replace("A 192.0.2.80", "A !TIMEOUT"), {"unknown": UNKNOWN}),
    ],
)  # fmt: skip
def test_records_of_mta_sts(zone: str, expected: dict[str, Verdict]) -> None:
    assert codes(sts(zone)) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (encrypted(tls=tls(not_after_us=NOW_US - 1)), {"mx_not_valid": FAIL}),
        (encrypted(tls=tls(trusted=False)), {"mx_not_valid": FAIL}),
        (talk(ehlo=f"250 {HOST}"), {"mx_not_valid": FAIL}),
        (talk(banner="421 busy", ehlo=None), {"enforced": PASS}),
    ],
)
def test_an_enforced_policy_and_hosts_that_do_not_keep_it(
    said: Conversation, expected: dict[str, Verdict]
) -> None:
    assert codes(sts(said=said)) == expected


def test_a_policy_host_at_an_internal_address_is_told() -> None:
    zone = STS.replace("192.0.2.80", "10.0.0.80")
    assert codes(sts(zone, outcome=Fetched.NOT_PUBLIC)) == {"not_public": WARNING}


def test_only_the_policy_of_the_domain_itself_is_fetched() -> None:
    door = FakeHttps({"body": POLICY})
    checked(mta_sts.CHECK, TO, STS, smtp=FakeSmtp({ADDRESS: encrypted()}), https=door)
    assert door.fetched == ["https://mta-sts.example.com/.well-known/mta-sts.txt"]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (MX, {"none": NA}),
        ('_mta-sts.example.com TXT "v=STSv1; id=1;"', {"missing": WARNING}),
        ('_smtp._tls.example.com TXT "v=TLSRPTv1; rua=mailto:t@example.com"', {"published": PASS}),
        (
            '_smtp._tls.example.com TXT "v=TLSRPTv1;rua=https://r.example/x,mailto:t@example.com"',
            {"published": PASS},
        ),
        ('_smtp._tls.example.com TXT "v=TLSRPTv1"', {"bad_record": WARNING}),
        ('_smtp._tls.example.com TXT "v=TLSRPTv1; rua=t@example.com"', {"bad_record": WARNING}),
        (
            '_smtp._tls.example.com TXT "v=TLSRPTv1; rua=mailto:t@example.com"\n'
            '_smtp._tls.example.com TXT "v=TLSRPTv1; rua=mailto:u@example.com"',
            {"several_records": WARNING},
        ),
        ("_smtp._tls.example.com TXT !TIMEOUT", {"unknown": UNKNOWN}),
    ],
)
def test_records_of_tls_rpt(zone: str, expected: dict[str, Verdict]) -> None:
    assert codes(checked(tls_rpt.CHECK, TO, zone)) == expected


def test_the_senders_side_is_looked_at_when_there_is_no_recipient() -> None:
    (finding,) = checked(tls_rpt.CHECK, Target(sender="example.com"), MX)
    assert finding.side is Side.SENDER
