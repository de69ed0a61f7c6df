"""Verdicts of SPF for tests: a small world of records, and questions about it."""

from __future__ import annotations

from tests.fakes import FakeLookup
from tracer.diagnostics.spf import SpfVerdict, evaluate

IP4, OTHER4, IP6 = "192.0.2.10", "198.51.100.9", "2001:db8::10"


def verdict(zone: str, ip: str = IP4, mail_from: str = "anna@e.test", helo: str = "") -> SpfVerdict:
    return evaluate(FakeLookup(zone), ip, mail_from, helo)


def result(record: str, ip: str = IP4, more: str = "") -> str:
    """The result for `record` at e.test, where e.test, its MX and 192.0.2.10's name are right."""
    return verdict(f'e.test TXT "{record}"\n{WORLD}\n{more}', ip).result


WORLD = f"""
    e.test                       A    {IP4}
    e.test                       MX   10 mx.e.test.
    mx.e.test                    A    {OTHER4}
    mx.e.test                    AAAA {IP6}
    ok.test                      TXT  "v=spf1 ip4:192.0.2.0/24 -all"
    no.test                      TXT  "v=spf1 -all"
    soft.test                    TXT  "v=spf1 ~all"
    bare.test                    TXT  "no policy"
    bad.test                     TXT  "v=spf1 ip4:1.2.3 -all"
    10.2.0.192.in-addr.arpa      PTR  mail.e.test.
    mail.e.test                  A    {IP4}
"""
