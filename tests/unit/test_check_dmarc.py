"""The check of DMARC: what it finds, and the record that it gives."""

from __future__ import annotations

import pytest

from tests.fakes import FakeLookup
from tests.nameserver import NameServer
from tracer.diagnostics.checks import arc, dmarc
from tracer.diagnostics.lookup import Lookup
from tracer.diagnostics.model import Finding, Side, Target, Verdict
from tracer.diagnostics.world import World

RUA = "rua=mailto:d@e.test"


def found(zone: str, **target: str) -> dict[str, Finding]:
    asked = Target(**({"sender": "anna@e.test"} | target))  # type: ignore[arg-type]
    findings = list(dmarc.CHECK.run(asked, World(dns=FakeLookup(zone))))
    assert {finding.code for finding in findings} <= set(dmarc.CODES)
    return {finding.code.removeprefix("dmarc."): finding for finding in findings}


def at(text: str, domain: str = "e.test") -> str:
    return f'_dmarc.{domain} 900 TXT "{text}"\n'


def test_a_good_record_passes() -> None:
    findings = found(at(f"v=DMARC1; p=reject; {RUA}"))
    assert {code: finding.verdict for code, finding in findings.items()} == {"valid": Verdict.PASS}


@pytest.mark.parametrize(
    ("record", "code", "verdict", "mended"),
    [
        ("p=none; {rua}", "policy_none", "warning", "p=quarantine; {rua}; t=y"),
        ("p=reject; t=y; {rua}", "test_mode", "warning", "p=reject; {rua}"),
        ("p=reject; sp=none; {rua}", "subdomains_open", "warning", "p=reject; {rua}"),
        ("p=reject", "no_reports", "warning", "p=reject; rua=mailto:dmarc@e.test"),
        ("p=reject; pct=20; ri=60; {rua}", "removed_tags", "warning", "p=reject; {rua}"),
        ("p=reject; pc=20; {rua}", "unknown_tags", "warning", "p=reject; {rua}"),
        ("p=reject; adkim=x; {rua}", "bad_tags", "warning", "p=reject; {rua}"),
        ("p=reject; fo=0:1; {rua}", "bad_tags", "warning", "p=reject; {rua}"),
        ("p=reject; {rua}; p=none", "repeated_tags", "warning", "p=reject; {rua}"),
        ("p=rejct; {rua}", "bad_policy", "fail", "p=none; {rua}"),
    ],
)
def test_a_fault_comes_with_the_record_mended(
    record: str, code: str, verdict: str, mended: str
) -> None:
    findings = found(at("v=DMARC1; " + record.format(rua=RUA)))
    assert {name: finding.verdict for name, finding in findings.items()} == {code: verdict}
    fix = findings[code].fix
    assert fix is not None
    text = f"v=DMARC1; {mended.format(rua=RUA)}"
    assert fix.records == (f'_dmarc.e.test. 900 IN TXT "{text}"',)
    assert fix.effective_s == 900


def test_every_fault_comes_with_a_record_rid_of_what_nobody_heeds() -> None:
    findings = found(at(f"v=DMARC1; p=none; pct=50; oops=1; {RUA}"))
    fixes = {code: finding.fix.records[0] for code, finding in findings.items() if finding.fix}
    assert set(fixes) == {"unknown_tags", "removed_tags", "policy_none"}
    assert all("pct" not in record and "oops" not in record for record in fixes.values())


def test_pct_of_all_is_no_fault() -> None:
    assert set(found(at(f"v=DMARC1; p=reject; pct=100; {RUA}"))) == {"valid"}


def test_no_record_is_told_with_a_first_one() -> None:
    finding = found("e.test A 192.0.2.1")["missing"]
    assert finding.verdict is Verdict.WARNING
    assert finding.fix is not None
    assert finding.fix.records == (
        '_dmarc.e.test. 60 IN TXT "v=DMARC1; p=none; rua=mailto:dmarc@e.test"',
    )
    assert [one.question for one in finding.evidence] == ["_dmarc.e.test TXT", "_dmarc.test TXT"]


def test_a_record_at_the_domain_itself_is_in_the_wrong_place() -> None:
    finding = found('e.test TXT "v=DMARC1; p=reject"')["wrong_place"]
    assert finding.fix is not None
    assert finding.fix.records == ('_dmarc.e.test. 60 IN TXT "v=DMARC1; p=reject"',)


@pytest.mark.parametrize(
    "text", ["v=dmarc1; p=reject", " v=DMARC1; p=reject", "v=DMARC1 p=reject", "v=DMARC1, p=reject"]
)
def test_a_version_that_is_nearly_right_is_told(text: str) -> None:
    finding = found(at(text))["bad_version"]
    assert finding.fix is not None
    assert finding.fix.records == ('_dmarc.e.test. 900 IN TXT "v=DMARC1; p=reject"',)


def test_several_records_are_told_together_with_what_applies_then() -> None:
    zone = at("v=DMARC1; p=none") + at("v=DMARC1; p=reject") + at("v=DMARC1; p=none", "test")
    findings = found(zone)
    assert findings["several_records"].verdict is Verdict.FAIL
    assert "policy_none" in findings


@pytest.mark.parametrize("fault", ["TIMEOUT", "SERVFAIL", "BOGUS"])
@pytest.mark.parametrize("name", ["_dmarc.e.test", "_dmarc.test"])
def test_silence_is_unknown_and_never_a_missing_record(name: str, fault: str) -> None:
    findings = found(f"{name} TXT !{fault}")
    assert {code: finding.verdict for code, finding in findings.items()} == {
        "unknown": Verdict.UNKNOWN
    }


def test_reports_to_others_need_leave_and_the_record_is_given() -> None:
    zone = at("v=DMARC1; p=reject; rua=mailto:a@r.example,mailto:b@wild.example")
    zone += '*._report._dmarc.wild.example TXT "v=DMARC1"\n'
    finding = found(zone)["report_not_allowed"]
    assert (finding.verdict, finding.side) == (Verdict.WARNING, Side.PROVIDER)
    assert finding.fix is not None
    assert finding.fix.records == ('e.test._report._dmarc.r.example. 60 IN TXT "v=DMARC1"',)
    zone += "e.test._report._dmarc.r.example TXT !TIMEOUT"
    assert found(zone)["report_unknown"].verdict is Verdict.UNKNOWN


def test_reports_that_are_passed_on_to_another_host_reach_nobody() -> None:
    zone = at("v=DMARC1; p=reject; rua=mailto:a@r.example")
    zone += 'e.test._report._dmarc.r.example 300 TXT "v=DMARC1; rua=mailto:b@x.example"'
    finding = found(zone)["report_elsewhere"]
    assert (finding.verdict, finding.side) == (Verdict.WARNING, Side.PROVIDER)
    assert finding.params["elsewhere"] == "mailto:b@x.example"
    assert finding.fix is not None
    assert finding.fix.records == ('e.test._report._dmarc.r.example. 300 IN TXT "v=DMARC1"',)


@pytest.mark.parametrize(
    ("sender", "code"),
    [
        ("bounce@mail.e.test", "spf_aligned"),
        ("bounce@esp.example", "spf_not_aligned"),
        ("anna@e.test", None),
    ],
)
def test_the_envelope_is_compared_with_the_author(sender: str, code: str | None) -> None:
    zone = at(f"v=DMARC1; p=reject; {RUA}")
    findings = found(zone, sender=sender, header_from="anna@e.test")
    assert set(findings) == {"valid"} | ({code} if code else set())


def test_the_author_s_domain_is_that_of_from() -> None:
    finding = found("", sender="a@esp.example", header_from="shop.example")["missing"]
    assert finding.subject == "shop.example"


def test_a_walk_costs_no_more_time_than_one_question() -> None:
    with NameServer("", delay_s=0.1) as server:
        lookup = Lookup([server.address])
        target = Target(sender="a.b.c.d.e.f.example")
        findings = list(dmarc.CHECK.run(target, World(dns=lookup)))
        times = [answer.evidence.at_us for answer in lookup.answers()]
        assert len(server.asked) == len(set(server.asked))
    assert findings[0].code == "dmarc.missing"
    assert max(times) - min(times) < 90_000


def test_arc_is_spoken_of_only_where_mail_is_sent_on() -> None:
    assert not arc.CHECK.concerns(Target(sender="anna@e.test"))
    target = Target(sender="list@l.test", header_from="anna@e.test")
    assert arc.CHECK.concerns(target)
    (finding,) = arc.CHECK.run(target, World(dns=FakeLookup()))
    assert (finding.code, finding.verdict) == (arc.CODES[0], Verdict.NA)
