"""What is said about the name and the greeting of a sending address."""

from __future__ import annotations

import pytest

from tests.unit.checking import checked, codes
from tracer.diagnostics.checks import helo, ptr
from tracer.diagnostics.checks.ptr import is_generic
from tracer.diagnostics.model import Target, Verdict

FAIL, WARNING, UNKNOWN, PASS, NA = (
    Verdict.FAIL, Verdict.WARNING, Verdict.UNKNOWN, Verdict.PASS, Verdict.NA,
)  # fmt: skip
IP = "198.51.100.7"
REVERSE = "7.100.51.198.in-addr.arpa"


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (f"{REVERSE} PTR mail.example.com.\nmail.example.com A {IP}", {"confirmed": PASS}),
        ("example.com A 198.51.100.1", {"missing": FAIL}),
        (
            f"{REVERSE} PTR mail.example.com.\nmail.example.com A 198.51.100.8",
            {"not_confirmed": FAIL},
        ),
        (f"{REVERSE} PTR gone.example.com.", {"not_confirmed": FAIL}),
        (
            f"{REVERSE} PTR a.example.com.\n{REVERSE} PTR b.example.com.\nb.example.com A {IP}",
            {"confirmed": PASS},
        ),
        (
            f"{REVERSE} PTR 7-100-51-198.isp.example.\n7-100-51-198.isp.example A {IP}",
            {"generic": WARNING},
        ),
        (f"{REVERSE} PTR !TIMEOUT", {"unknown": UNKNOWN}),
        (f"{REVERSE} PTR mail.example.com.\nmail.example.com A !SERVFAIL", {"unknown": UNKNOWN}),
        (
            f"{REVERSE} CNAME 7.sub.{REVERSE}.\n7.sub.{REVERSE} PTR mail.example.com.\n"
            f"mail.example.com A {IP}",
            {"confirmed": PASS},
        ),
    ],
)
def test_the_name_of_an_address(zone: str, expected: dict[str, Verdict]) -> None:
    assert codes(checked(ptr.CHECK, Target(sender="example.com", ips=(IP,)), zone)) == expected


def test_ipv6_is_asked_for_by_nibbles() -> None:
    name = "1." + "0." * 23 + "8.b.d.0.1.0.0.2.ip6.arpa"
    zone = f"{name} PTR mail.example.com.\nmail.example.com AAAA 2001:db8::1"
    assert codes(checked(ptr.CHECK, Target(ips=("2001:db8::1",)), zone)) == {"confirmed": PASS}


def test_an_internal_address_has_no_name_that_matters() -> None:
    assert codes(checked(ptr.CHECK, Target(ips=("10.0.0.5",)), "")) == {"internal": NA}


def test_the_missing_record_is_ready_to_paste() -> None:
    target = Target(sender="a@example.com", ips=(IP,), helo="mx.example.com")
    (finding,) = checked(ptr.CHECK, target, "")
    assert finding.fix is not None
    assert finding.fix.records == (f"{REVERSE}. 3600 IN PTR mx.example.com.",)


@pytest.mark.parametrize(
    ("name", "address", "generic"),
    [
        ("198-51-100-7.dyn.isp.example", IP, True),
        ("host-7-100-51-198.isp.example", IP, True),
        ("ip198.51.100.7.isp.example", IP, False),  # dots divide labels: another kind of name
        ("c6336407.isp.example", IP, True),
        ("dsl-51-100-7.isp.example", IP, True),
        ("mail.example.com", IP, False),
        ("mx1.example.com", IP, False),
        ("out-7.mail.example.com", IP, False),
        ("a7-100.smtp-out.amazonses.example", IP, False),
    ],
)
def test_names_made_from_the_address_are_generic(name: str, address: str, generic: bool) -> None:
    assert is_generic(name, address) is generic


@pytest.mark.parametrize(
    ("name", "zone", "expected"),
    [
        ("mail.example.com", f"mail.example.com A {IP}", {"matches": PASS}),
        ("mail.example.com", "mail.example.com A 198.51.100.9", {"differs": WARNING}),
        ("mail.example.com", "example.com A 198.51.100.9", {"unresolvable": FAIL}),
        ("mail.example.com", "mail.example.com A !TIMEOUT", {"unknown": UNKNOWN}),
        ("mail.example.com", f"mail.example.com A {IP}\nmail.example.com AAAA !TIMEOUT",
         {"matches": PASS}),
        ("localhost", "", {"not_qualified": FAIL}),
        ("WIN-SRV01", "", {"not_qualified": FAIL}),
        ("mail.corp.local", "", {"not_qualified": FAIL}),
        ("[198.51.100.7]", "", {"literal": WARNING}),
        (IP, "", {"literal": WARNING}),
    ],
)  # fmt: skip
def test_the_name_of_the_greeting(name: str, zone: str, expected: dict[str, Verdict]) -> None:
    target = Target(sender="a@example.com", ips=(IP,), helo=name)
    assert codes(checked(helo.CHECK, target, zone)) == expected


def test_without_an_address_a_greeting_needs_only_to_resolve() -> None:
    zone = f"mail.example.com A {IP}"
    target = Target(helo="mail.example.com")
    assert codes(checked(helo.CHECK, target, zone)) == {"resolves": PASS}
