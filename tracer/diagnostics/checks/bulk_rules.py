"""What Gmail, Yahoo and Outlook.com ask of those who send to them.

Sources: support.google.com/a/answer/81126, senders.yahooinc.com/best-practices,
sendersupport.olc.protection.outlook.com (from 5 May 2025: 550 5.7.515). Of every sender: SPF
or DKIM, and a reverse name that leads back. From 5,000 messages a day on: SPF and DKIM, and
DMARC. What only a message or a complaint shows is not judged here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tracer.diagnostics.about import About
from tracer.diagnostics.check import Check
from tracer.diagnostics.checks import ptr
from tracer.diagnostics.lookup import Answer
from tracer.diagnostics.model import Evidence, Finding, Fix, Side, Target, Verdict
from tracer.diagnostics.smtp_hosts import mail_hosts
from tracer.diagnostics.world import World

CODES = (
    "bulk_rules.met", "bulk_rules.basic_not_met", "bulk_rules.bulk_not_met",
    "bulk_rules.not_concerned", "bulk_rules.unknown",
)  # fmt: skip

_PROVIDERS = {
    "google.com": "Gmail",
    "googlemail.com": "Gmail",
    "yahoodns.net": "Yahoo",
    "olc.protection.outlook.com": "Outlook.com",
}
_ALL = "Gmail, Yahoo, Outlook.com"
_GUIDE = "https://support.google.com/a/answer/81126"


@dataclass(frozen=True, slots=True)
class _Fact:
    """Whether one rule is met: None where that could not be found out."""

    name: str  # SPF DKIM DMARC PTR
    is_met: bool | None
    evidence: tuple[Evidence, ...] = ()


def run(target: Target, world: World) -> Iterator[Finding]:
    """One finding: what is met, or what is missing at which volume."""
    about = About("bulk_rules", Side.SENDER, target.sender_domain)
    providers = _ALL
    if target.recipient_domain:
        hosts = mail_hosts(target.recipient_domain, world.dns)
        names = (host.name for host in hosts.hosts)
        providers = ", ".join(dict.fromkeys(filter(None, map(_provider, names))))
        if not hosts.mx.known:
            yield about.unknown("unknown", hosts.mx.evidence, facts="MX", providers=_ALL)
            return
        if not providers:
            yield about.na("not_concerned", hosts.mx.evidence)
            return
    yield _judged(about, _facts(target, world), providers)


def _provider(host: str) -> str:
    return next((name for end, name in _PROVIDERS.items() if f".{host}".endswith(f".{end}")), "")


def _judged(about: About, facts: Sequence[_Fact], providers: str) -> Finding:
    met = {fact.name: fact.is_met for fact in facts}
    evidence = [one for fact in facts for one in fact.evidence]
    fix = Fix(reference="Gmail 81126", url=_GUIDE)
    lacking = [name for name, is_met in met.items() if is_met is False]
    basic = [name for name in lacking if name == "PTR"]
    if met["SPF"] is False and met["DKIM"] is False:
        basic = ["SPF", "DKIM", *basic]
    params = {"providers": providers, "lacking": ", ".join(basic or lacking)}
    if basic:
        return about.fail("basic_not_met", *evidence, fix=fix, **params)
    if lacking:
        return about.warning("bulk_not_met", *evidence, fix=fix, **params)
    unknown = [name for name, is_met in met.items() if is_met is None]
    if unknown:
        return about.unknown("unknown", *evidence, facts=", ".join(unknown), **params)
    return about.passed("met", *evidence, **params)


def _facts(target: Target, world: World) -> tuple[_Fact, ...]:
    author = target.header_from.rpartition("@")[2].lower().rstrip(".") or target.sender_domain
    keys = [(f"{selector}._domainkey.{author}", "TXT") for selector in target.selectors]
    spf, *others = world.dns.ask_all([(target.sender_domain, "TXT"), *keys])
    return (
        _txt("SPF", [spf], "v=spf1"),
        _dkim(others),
        _txt("DMARC", _walk(author, world), "v=DMARC1"),
        *_ptr(target, world),
    )


def _walk(author: str, world: World) -> Sequence[Answer]:
    """The records at the domain and above it, all of which may hold its policy (RFC 9989, 4.10)."""
    labels = author.split(".")
    names = [".".join(labels[at:]) for at in range(max(1, len(labels) - 1))][:5]
    return world.dns.ask_all((f"_dmarc.{name}", "TXT") for name in names)


def _txt(name: str, answers: Sequence[Answer], start: str) -> _Fact:
    evidence = tuple(answer.evidence for answer in answers)
    if any(record.startswith(start) for answer in answers for record in answer.records):
        return _Fact(name, True, evidence)
    return _Fact(name, False if all(answer.known for answer in answers) else None, evidence)


def _dkim(keys: Sequence[Answer]) -> _Fact:
    """A key that is there is one that mail can be signed by; without selectors nobody knows."""
    evidence = tuple(key.evidence for key in keys)
    if any("p=" in record for key in keys for record in key.records):
        return _Fact("DKIM", True, evidence)
    return _Fact("DKIM", False if keys and all(key.known for key in keys) else None, evidence)


def _ptr(target: Target, world: World) -> Iterator[_Fact]:
    findings = [finding for finding in ptr.run(target, world) if finding.verdict is not Verdict.NA]
    if not findings:
        return
    evidence = tuple(one for finding in findings for one in finding.evidence)
    verdicts = {finding.verdict for finding in findings}
    is_met = None if Verdict.UNKNOWN in verdicts else True
    yield _Fact("PTR", False if Verdict.FAIL in verdicts else is_met, evidence)


CHECK = Check(name="bulk_rules", run=run, concerns=lambda target: bool(target.sender_domain))
