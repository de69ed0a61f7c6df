"""What RFC 9989 and RFC 9990 show by example: their records, their walks, their leave to report.

Sources: RFC 9989, 4.10, 4.10.2, 5.1.8, B.2, B.3.1; RFC 9990, 4. The rest of B is in test_dmarc.
"""

from __future__ import annotations

import pytest

from tests.fakes import FakeLookup
from tests.zone_text import Records
from tracer.diagnostics.dmarc import (
    AuthResult,
    DmarcResult,
    Walks,
    evaluate,
    parse_record,
    report_addresses,
    walk_names,
)

OURS = "mailto:dmarc-feedback@example.com"
THEIRS = "thirdparty.example.net"


def organisation(zone: str, domain: str = "a.mail.example.com") -> str:
    return Walks(FakeLookup(zone)).up_from(domain).organizational_domain


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (
            '_dmarc.mail.example.com TXT "v=DMARC1"\n_dmarc.example.com TXT "v=DMARC1"',
            "example.com",
        ),
        (
            '_dmarc.mail.example.com TXT "v=DMARC1; psd=n"\n_dmarc.example.com TXT "v=DMARC1"',
            "mail.example.com",
        ),
        ('_dmarc.com TXT "v=DMARC1; psd=y"', "example.com"),
        ('_dmarc.example.com TXT "v=DMARC1; psd=y"', "mail.example.com"),
        ("", "a.mail.example.com"),
    ],
)
def test_4_10_2_the_organisational_domain(zone: str, expected: str) -> None:
    assert organisation(zone) == expected


@pytest.mark.parametrize(
    ("domain", "second"),
    [
        ("a.b.c.d.e.f.g.h.i.j.mail.example.com", "g.h.i.j.mail.example.com"),
        ("mail.a.b.c.d.e.f.g.example.com", "c.d.e.f.g.example.com"),
        ("a.b.c.d.e.f.example.com", "b.c.d.e.f.example.com"),
        ("a.b.c.d.e.example.com", "b.c.d.e.example.com"),
    ],
)
def test_4_10_and_5_1_8_names_in_the_middle_are_left_out(domain: str, second: str) -> None:
    names = list(walk_names(domain))
    assert names[:2] == [domain, second]
    assert names[-1] == "com"
    assert len(names) == min(8, domain.count(".") + 1)


def test_4_10_a_record_in_the_middle_that_is_left_out_does_not_apply() -> None:
    zone = """
        _dmarc.b.c.d.e.f.g.example.com TXT "v=DMARC1; p=reject"
        _dmarc.example.com TXT "v=DMARC1; p=none; sp=quarantine"
        mail.a.b.c.d.e.f.g.example.com A 192.0.2.1
    """
    found = evaluate(FakeLookup(zone), "mail.a.b.c.d.e.f.g.example.com", None, ())
    assert (found.record_domain, found.policy) == ("example.com", "quarantine")


@pytest.mark.parametrize(
    ("text", "policy", "rua", "ruf"),
    [
        (f"v=DMARC1; p=none; rua={OURS}", "none", (OURS,), ()),
        (
            f"v=DMARC1; p=none; rua={OURS}; ruf=mailto:auth-reports@example.com",
            "none", (OURS,), ("mailto:auth-reports@example.com",),
        ),
        (
            f"v=DMARC1; p=quarantine; rua={OURS},mailto:tld-test@{THEIRS}; t=y",
            "none", (OURS, f"mailto:tld-test@{THEIRS}"), (),
        ),
        (
            f"v=DMARC1; p=reject; rua={OURS},mailto:tld-test@{THEIRS}",
            "reject", (OURS, f"mailto:tld-test@{THEIRS}"), (),
        ),
    ],
)  # fmt: skip
def test_b_2_records_of_an_owner(
    text: str, policy: str, rua: tuple[str, ...], ruf: tuple[str, ...]
) -> None:
    record = parse_record("test.example.com", text)
    assert (record.applied(record.p), record.rua, record.ruf) == (policy, rua, ruf)
    assert (record.invalid, record.unknown, record.repeated) == ((), (), ())


def leave(tag: str, uri: str, text: str = "", domain: str = "example.com") -> bool | None:
    """Whether reports about `domain` may go to `uri` at THEIRS, whose record of leave is `text`."""
    zone = Records()
    zone.add(f'_dmarc.{domain} TXT "v=DMARC1"')
    if text:
        zone.add(f'{domain}._report._dmarc.{THEIRS} TXT "{text}"')
    record = parse_record(domain, f"v=DMARC1; p=none; {tag}={uri}")
    (address,) = report_addresses(FakeLookup(zone), record)
    return address.allowed


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("v=DMARC1;", True),
        ("v=DMARC1", True),
        ("", False),
        ("p=none", False),
        (f"v=DMARC1; rua=mailto:aggregate@{THEIRS}; ruf=mailto:failure@{THEIRS}", True),
        (f"v=DMARC1; ruf=mailto:failure@{THEIRS.upper()}", True),
        ("v=DMARC1; ruf=mailto:failure@elsewhere.example.net", False),
        (f"v=DMARC1; ruf=mailto:f@{THEIRS},mailto:g@elsewhere.example.net", False),
        ("v=DMARC1; rua=mailto:aggregate@elsewhere.example.net", True),
    ],
)
def test_b_2_3_and_b_2_4_leave_of_a_third_party(text: str, allowed: bool) -> None:
    """Another address of the same host may stand there, of another host not; only for its tag."""
    assert leave("ruf", f"mailto:auth-reports@{THEIRS}", text) is allowed


def test_where_the_reports_are_sent_instead_is_told() -> None:
    zone = 'blue.example.com._report._dmarc.red.example.net TXT "v=DMARC1; rua=mailto:a@b.example"'
    record = parse_record("blue.example.com", "v=DMARC1; rua=mailto:reports@red.example.net")
    (address,) = report_addresses(FakeLookup(zone), record)
    assert (address.allowed, address.elsewhere) == (False, "mailto:a@b.example")


def test_a_name_too_long_to_be_asked_for_gives_no_leave() -> None:
    long = ".".join(["x" * 60] * 4)
    record = parse_record("y" * 20 + ".example", f"v=DMARC1; rua=mailto:a@{long}")
    (address,) = report_addresses(FakeLookup(), record)
    assert address.allowed is False


def test_b_3_1_two_identifiers_that_are_aligned() -> None:
    zone = f'_dmarc.example.com TXT "v=DMARC1; p=reject; aspf=r; rua={OURS}"'
    spf = AuthResult(domain="mail.example.com", result="pass")
    dkim = [AuthResult(domain="example.com", result="pass")]
    found = evaluate(FakeLookup(zone), "example.com", spf, dkim)
    assert found.result is DmarcResult.PASS
    assert found.aligned == ("spf:mail.example.com", "dkim:example.com")
    assert evaluate(FakeLookup(zone), "example.com", None, ()).policy == "reject"


@pytest.mark.parametrize("value", ["0", "1", "d", "s", "d:s", "s:d", "0:d", "d:1:s", "1:s:d"])
def test_4_8_what_fo_may_be(value: str) -> None:
    assert parse_record("e.test", f"v=DMARC1; fo={value}").invalid == ()


@pytest.mark.parametrize("value", ["0:1", "d:d", "1:s:1", "2", "d:", "ds"])
def test_4_8_what_fo_must_not_be(value: str) -> None:
    assert parse_record("e.test", f"v=DMARC1; fo={value}").invalid == ("fo",)


def test_of_a_tag_written_twice_the_first_counts_and_it_is_told() -> None:
    record = parse_record("e.test", "v=DMARC1; p=reject; P=none; hm=1; hm=2; sp=none; p=none")
    assert (record.p, record.sp, record.repeated) == ("reject", "none", ("p",))
    assert record.is_usable
