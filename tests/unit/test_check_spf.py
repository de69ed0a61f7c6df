"""The check of SPF: what it finds, whom it blames, and the record that it gives."""

from __future__ import annotations

import msgspec
import pytest

from tests.dkim_signing import quoted
from tests.fakes import FakeLookup
from tracer.diagnostics.checks import spf
from tracer.diagnostics.model import Finding, Side, Target, Verdict
from tracer.diagnostics.spf import SpfNode
from tracer.diagnostics.world import World


def found(zone: str, *ips: str, sender: str = "anna@e.test") -> dict[str, Finding]:
    """Findings by code without the check's name."""
    target = Target(sender=sender, ips=ips)
    findings = list(spf.CHECK.run(target, World(dns=FakeLookup(zone))))
    codes = [finding.code.removeprefix("spf.") for finding in findings]
    assert {f"spf.{code}" for code in codes} <= set(spf.CODES)
    return dict(zip(codes, findings, strict=True))


def record(text: str, more: str = "") -> str:
    return f'e.test 600 TXT "{text}"\n{more}'


GOOD = record("v=spf1 ip4:192.0.2.0/24 ~all")


def test_a_good_record_and_an_address_in_it_pass() -> None:
    findings = found(GOOD, "192.0.2.7")
    assert {code: finding.verdict for code, finding in findings.items()} == {
        "valid": Verdict.PASS,
        "authorized": Verdict.PASS,
    }
    assert findings["authorized"].params["mechanism"] == "ip4:192.0.2.0/24"


def test_no_record_is_a_fault_with_a_record_to_paste() -> None:
    finding = found("e.test A 192.0.2.1", "192.0.2.7", "2001:db8::1")["missing"]
    assert finding.verdict is Verdict.FAIL and finding.fix is not None
    assert finding.fix.records == (
        'e.test. 3600 IN TXT "v=spf1 mx ip4:192.0.2.7 ip6:2001:db8::1 ~all"',
    )
    assert finding.fix.effective_s == 60  # how long its absence is remembered


@pytest.mark.parametrize("fault", ["TIMEOUT", "SERVFAIL", "REFUSED", "BOGUS"])
def test_silence_is_unknown_and_never_a_missing_record(fault: str) -> None:
    findings = found(f"e.test TXT !{fault}", "192.0.2.7")
    assert {code: finding.verdict for code, finding in findings.items()} == {
        "unknown": Verdict.UNKNOWN
    }


@pytest.mark.parametrize(
    ("text", "code", "verdict", "mended"),
    [
        ("v=spf1 mx +all", "open_all", Verdict.FAIL, "v=spf1 mx ~all"),
        ("v=spf1 mx all", "open_all", Verdict.FAIL, "v=spf1 mx ~all"),
        ("v=spf1 mx ?all", "neutral_all", Verdict.WARNING, "v=spf1 mx ~all"),
        ("v=spf1 mx", "no_all", Verdict.WARNING, "v=spf1 mx ~all"),
        ("v=spf1 mx -all a", "after_all", Verdict.WARNING, "v=spf1 mx -all"),
        ("v=spf1 mx ptr -all", "ptr", Verdict.WARNING, "v=spf1 mx -all"),
        ("v=spf1 mx redirect=x.test -all", "redirect_unused", Verdict.WARNING, "v=spf1 mx -all"),
        ("v=spf1 mx include:x.test -all", "no_record_there", Verdict.FAIL, "v=spf1 mx -all"),
        ("v=spf1 mx include:e.test -all", "loop", Verdict.FAIL, "v=spf1 mx -all"),
    ],
)
def test_a_fault_comes_with_the_record_mended(
    text: str, code: str, verdict: Verdict, mended: str
) -> None:
    more = "e.test MX 10 mx.e.test.\nmx.e.test A 192.0.2.1\ne.test A 192.0.2.1"
    findings = found(record(text, more))
    assert set(findings) == {code, "no_ip"}
    finding = findings[code]
    assert (finding.verdict, finding.side) == (verdict, Side.SENDER)
    assert finding.fix is not None
    assert finding.fix.records == (f'e.test. 600 IN TXT "{mended}"',)
    assert finding.fix.effective_s == 600


def test_every_fault_comes_with_the_same_record_rid_of_all() -> None:
    findings = found(record("v=spf1 include:gone.test ip4:192.0.2.1 ptr +all"))
    records = {finding.fix.records for finding in findings.values() if finding.fix}
    assert set(findings) == {"no_record_there", "ptr", "open_all", "no_ip"}
    assert records == {('e.test. 600 IN TXT "v=spf1 ip4:192.0.2.1 ~all"',)}


def test_two_records_are_merged() -> None:
    zone = record("v=spf1 include:a.test -all") + record("v=spf1 include:b.test mx -all")
    fix = found(zone + 'a.test TXT "v=spf1 -all"\nb.test TXT "v=spf1 -all"')["several_records"].fix
    assert fix is not None
    assert fix.records == ('e.test. 600 IN TXT "v=spf1 include:a.test include:b.test mx -all"',)


def test_a_syntax_error_names_the_term() -> None:
    finding = found(record("v=spf1 ip:192.0.2.1 -all"))["syntax"]
    assert finding.params["term"] == "ip:192.0.2.1"
    assert "ip:192.0.2.1" in str(finding.params["problem"])


def test_a_fault_in_an_included_record_is_the_providers() -> None:
    zone = record("v=spf1 include:p.test -all", 'p.test TXT "v=spf1 ip4:x -all"')
    finding = found(zone)["syntax"]
    assert (finding.side, finding.params["domain"]) == (Side.PROVIDER, "p.test")
    assert finding.fix is not None and finding.fix.records == ()


def test_too_many_lookups_tell_how_many_and_show_the_tree() -> None:
    terms = " ".join(f"a:h{n}.test" for n in range(11))
    hosts = "\n".join(f"h{n}.test A 192.0.2.{n}" for n in range(11))
    finding = found(record(f"v=spf1 {terms} -all", hosts))["too_many_lookups"]
    assert (finding.params["count"], finding.params["limit"]) == (11, 10)
    tree = msgspec.json.decode(str(finding.params["tree"]), type=SpfNode)
    assert (tree.domain, tree.lookups) == ("e.test", 11)


def test_the_tree_is_kept_when_an_include_is_broken() -> None:
    zone = record(
        "v=spf1 include:gone.test include:ok.test -all", 'ok.test TXT "v=spf1 ip4:192.0.2.1 -all"'
    )
    finding = found(zone)["no_record_there"]
    tree = msgspec.json.decode(str(finding.params["tree"]), type=SpfNode)
    assert [term.node.record for term in tree.terms if term.node] == [
        "",
        "v=spf1 ip4:192.0.2.1 -all",
    ]


def test_too_many_voids_are_told() -> None:
    finding = found(record("v=spf1 a:1.n.test a:2.n.test exists:3.n.test -all"))["too_many_voids"]
    assert (finding.verdict, finding.params["count"]) == (Verdict.FAIL, 3)


@pytest.mark.parametrize(
    ("end", "code", "verdict", "mended"),
    [
        ("-all", "not_authorized", Verdict.FAIL, "-all"),
        ("~all", "only_softfail", Verdict.WARNING, "~all"),
        ("?all", "not_told", Verdict.WARNING, "~all"),
    ],
)
def test_an_address_that_is_not_allowed_is_told_with_the_record_that_allows_it(
    end: str, code: str, verdict: Verdict, mended: str
) -> None:
    finding = found(record(f"v=spf1 ip4:192.0.2.0/24 {end}"), "198.51.100.1")[code]
    assert finding.verdict is verdict
    assert finding.fix is not None
    assert finding.fix.records == (
        f'e.test. 600 IN TXT "v=spf1 ip4:198.51.100.1 ip4:192.0.2.0/24 {mended}"',
    )


def test_every_address_is_judged() -> None:
    target = Target(sender="e.test", ips=("192.0.2.1", "198.51.100.1", "2001:db8::1"))
    codes = [finding.code for finding in spf.CHECK.run(target, World(dns=FakeLookup(GOOD)))]
    assert codes == ["spf.valid", "spf.authorized", "spf.only_softfail", "spf.only_softfail"]


def test_a_broken_record_is_told_once_and_not_again_for_each_address() -> None:
    findings = found(record("v=spf1 ip4:oops -all"), "192.0.2.1")
    assert set(findings) == {"syntax"}


def test_ipv6_and_an_mx_of_ipv4_hosts_is_a_warning_with_both_counts() -> None:
    hosts = "\n".join(f"e.test MX 10 m{n}.test.\nm{n}.test A 192.0.2.{n}" for n in range(3))
    findings = found(record("v=spf1 mx ip6:2001:db8::/32 -all", hosts), "2001:db8::1")
    assert set(findings) == {"valid", "authorized", "strict_voids"}
    params = findings["strict_voids"].params
    assert (params["voids"], params["strict_voids"]) == (0, 3)


def test_a_domain_that_sends_nothing_is_in_order() -> None:
    findings = found(record("v=spf1 -all"))
    assert set(findings) == {"sends_nothing"}


def test_a_domain_in_any_script_is_shown_and_asked_in_a_labels() -> None:
    finding = found('xn--bcher-kva.test TXT "v=spf1 mx ~all"', sender="bücher.test")["valid"]
    assert finding.subject == "xn--bcher-kva.test"


def test_a_long_record_is_divided_into_strings() -> None:
    terms = " ".join(f"ip4:192.0.2.{n}" for n in range(40))
    fix = found(f"e.test TXT {quoted(f'v=spf1 {terms} ?all')}")["neutral_all"].fix
    assert fix is not None
    strings = fix.records[0].split("IN TXT ")[1].split('" "')
    assert len(strings) == 3 and max(map(len, strings)) <= 256


def test_evidence_is_the_answer_about_the_record() -> None:
    (evidence,) = found(GOOD)["valid"].evidence
    assert (evidence.question, evidence.answer) == ("e.test TXT", "v=spf1 ip4:192.0.2.0/24 ~all")
