"""The second opinion: told as checkdmarc's, only on request, and no question past our Lookup."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.fakes import FakeLookup
from tests.unit.checking import checked, codes
from tracer.diagnostics.checks import CHECKS, ORDINARY, second_opinion
from tracer.diagnostics.closed import ClosedLookup, OutboundOff
from tracer.diagnostics.model import Finding, Side, Target, Verdict
from tracer.diagnostics.run import chosen
from tracer.diagnostics.texts import told
from tracer.diagnostics.world import World

TARGET = Target(sender="anna@example.com", recipient="boris@example.net")
GOOD = """
    example.com MX 10 mx.example.com.
    mx.example.com A 192.0.2.1
    example.com TXT "v=spf1 mx -all"
    _dmarc.example.com TXT "v=DMARC1; p=reject; rua=mailto:dmarc@example.com"
    _mta-sts.example.net TXT "v=STSv1; id=1"
    _smtp._tls.example.net TXT "v=TLSRPTv1; rua=mailto:tls@example.net"
    example.net MX 10 mx.example.net.
"""


def found(zone: str, target: Target = TARGET) -> list[Finding]:
    return checked(second_opinion.CHECK, target, zone)


def warnings(findings: list[Finding]) -> list[tuple[str, str]]:
    return [
        (str(one.params["part"]), str(one.params["text"]))
        for one in findings
        if one.verdict is Verdict.WARNING
    ]


def test_it_has_nothing_to_add_to_good_records() -> None:
    findings = found(GOOD)
    assert [one.params["part"] for one in findings] == ["SPF", "DMARC", "MTA-STS", "TLS-RPT"]
    assert codes(findings) == {"agrees": Verdict.PASS}
    assert [one.side for one in findings] == [Side.SENDER] * 2 + [Side.RECIPIENT] * 2


@pytest.mark.parametrize(
    ("old", "new", "part", "words"),
    [
        ("v=spf1 mx -all", "v=spf1 mx mx2=x -all", "SPF", "unknown modifier mx2"),
        ("v=spf1 mx -all", "v=spf1 mx exp=why.example.com -all", "SPF", "exp value"),
        ("p=reject; rua", "sp=reject; p=reject; rua", "DMARC", "immediately follow"),
        ("p=reject;", "p=reject; ruf=https://example.com/x;", "DMARC", "https"),
        ('"v=STSv1; id=1"', '"v=STSv1; id=1; x=y"', "MTA-STS", "Unknown MTA-STS tag x"),
        ("v=TLSRPTv1; rua", "v=TLSRPTv1; x=y; rua", "TLS-RPT", "Unknown tag x"),
    ],
)
def test_what_it_alone_says_is_told_as_its_word(old: str, new: str, part: str, words: str) -> None:
    assert old in GOOD
    findings = found(GOOD.replace(old, new))
    assert [(name, words in text) for name, text in warnings(findings)] == [(part, True)]
    warning = next(one for one in findings if one.verdict is Verdict.WARNING)
    for lang in ("en", "ru"):
        assert "checkdmarc" in told(warning, lang).title
    assert words in told(warning, "en").text
    assert not re.search("[a-z]{3,} [a-z]{3,}|по-английски", told(warning, "ru").text)
    assert warning.evidence


@pytest.mark.parametrize(
    "zone",
    [
        GOOD.replace("v=spf1 mx -all", "v=spf1 mx ptr -all"),
        GOOD.replace("v=spf1 mx -all", "v=spf1 ip4:x -all"),
        GOOD.replace("p=reject;", "p=none; pct=50;"),
        GOOD.replace("p=reject;", "p=rejct;"),
        GOOD.replace("v=STSv1; id=1", "v=STSv1; id=-"),
        "example.com A 192.0.2.1\nexample.net A 192.0.2.1",
    ],
)
def test_what_our_own_checks_say_is_not_said_twice(zone: str) -> None:
    assert warnings(found(zone)) == []


@pytest.mark.parametrize("fault", ["TIMEOUT", "SERVFAIL", "BOGUS"])
@pytest.mark.parametrize("name", ["example.com", "mx.example.com", "_dmarc.example.com"])
def test_trouble_of_dns_is_unknown_and_no_opinion(name: str, fault: str) -> None:
    findings = found(f"{GOOD}\n{name} TXT !{fault}\n{name} A !{fault}")
    assert warnings(findings) == []
    if name != "mx.example.com":
        assert Verdict.UNKNOWN in {one.verdict for one in findings}


def test_no_question_leaves_our_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    import dns.query
    import dns.resolver

    def leak(*args: object, **more: object) -> object:
        raise AssertionError("a question past the Lookup")

    for name in ("udp", "tcp", "tls", "https", "udp_with_fallback"):
        monkeypatch.setattr(dns.query, name, leak)
    lookup = FakeLookup(GOOD.replace("mx -all", "mx ptr a:a.example.com exp=why.example.com -all"))
    assert list(second_opinion.run(TARGET, World(dns=lookup)))
    assert ("why.example.com", "TXT") in lookup.asked
    assert ("_dmarc.example.com", "TXT") in lookup.asked


def test_nothing_is_asked_when_the_network_is_closed() -> None:
    with pytest.raises(OutboundOff):
        list(second_opinion.run(TARGET, World(dns=ClosedLookup())))


def test_what_it_trips_over_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    import checkdmarc.spf

    def broken(*args: object, **more: object) -> object:
        raise KeyError("oops")

    monkeypatch.setattr(checkdmarc.spf, "check_spf", broken)
    first = found(GOOD)[0]
    assert first.verdict is Verdict.UNKNOWN
    assert "KeyError" in str(first.params["reason"])


def test_its_caches_keep_nothing_from_one_run_to_the_next() -> None:
    odd = GOOD.replace("v=spf1 mx -all", "v=spf1 mx mx2=x -all")
    assert [len(warnings(found(zone))) for zone in (odd, GOOD, odd)] == [1, 0, 1]


def test_it_is_run_only_when_it_is_named() -> None:
    assert second_opinion.CHECK in CHECKS
    assert second_opinion.CHECK not in ORDINARY
    assert second_opinion.CHECK not in chosen([])
    assert chosen(["second_opinion"]) == (second_opinion.CHECK,)


def test_a_run_without_it_does_not_import_checkdmarc() -> None:
    code = (
        "import sys; from tests.fakes import FakeLookup\n"
        "from tracer.diagnostics.model import Target\n"
        "from tracer.diagnostics.run import diagnose\n"
        "from tracer.diagnostics.world import World\n"
        "assert diagnose(Target(sender='a@example.com'), World(dns=FakeLookup())).findings\n"
        "sys.exit('checkdmarc' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
