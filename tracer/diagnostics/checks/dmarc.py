"""DMARC of the domain in From:, which policy applies, and whether reports may be sent.

Sources: RFC 9989 (policy, walk up the tree), RFC 9990, 4 (leave to send reports elsewhere).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tracer.diagnostics.about import About, Params
from tracer.diagnostics.check import Check
from tracer.diagnostics.dmarc import (
    AuthResult,
    DmarcRecord,
    DmarcResult,
    DmarcVerdict,
    evaluate,
    parse_record,
    report_addresses,
    walk_names,
)
from tracer.diagnostics.dmarc.record import REMOVED, is_record, with_version
from tracer.diagnostics.lookup import Lookup, ascii_name
from tracer.diagnostics.model import Evidence, Finding, Fix, Side, Target
from tracer.diagnostics.world import World
from tracer.diagnostics.zone_lines import txt_line

CODES = (
    "dmarc.valid", "dmarc.missing", "dmarc.wrong_place", "dmarc.bad_version", "dmarc.unknown",
    "dmarc.several_records", "dmarc.bad_policy", "dmarc.bad_tags", "dmarc.repeated_tags",
    "dmarc.unknown_tags", "dmarc.removed_tags", "dmarc.policy_none", "dmarc.test_mode",
    "dmarc.subdomains_open", "dmarc.no_reports", "dmarc.report_not_allowed",
    "dmarc.report_elsewhere", "dmarc.report_unknown", "dmarc.spf_aligned",
    "dmarc.spf_not_aligned", "dmarc.alignment_unknown",
)  # fmt: skip

_POLICIES = ("none", "quarantine", "reject")


def run(target: Target, world: World) -> Iterator[Finding]:
    """The record that applies to the author's domain, then its reports and alignment."""
    domain = _author(target)
    about = About("dmarc", Side.SENDER, domain)
    _ask_ahead(world.dns, domain, ascii_name(target.sender_domain) or domain)
    verdict = evaluate(world.dns, domain, None, ())
    for several in verdict.several_records:
        yield _several(about, world.dns, several)
    if verdict.result is DmarcResult.TEMPERROR:
        evidence = _walked(world.dns, verdict)
        yield about.unknown("unknown", *evidence, domain=domain, reason=verdict.reason)
    elif not verdict.record:
        if not verdict.several_records:
            yield _missing(about, world.dns, verdict)
    else:
        yield from _record(about, world.dns, verdict)
        yield from _alignment(about, world.dns, target, verdict)


def _author(target: Target) -> str:
    given = (target.header_from or target.sender).rpartition("@")[2].lower().rstrip(".")
    return ascii_name(given) or given


def _ask_ahead(lookup: Lookup, domain: str, envelope: str) -> None:
    """A walk asks one name after another; to know them all at once costs no more time."""
    names = [name for start in (domain, envelope) for name in walk_names(start)]
    walked = [(f"_dmarc.{name}", "TXT") for name in names if ascii_name(f"_dmarc.{name}")]
    lookup.ask_all(dict.fromkeys([*walked, (domain, "TXT"), (domain, "A")]))


def _walked(lookup: Lookup, verdict: DmarcVerdict) -> list[Evidence]:
    return [lookup.ask(name, "TXT").evidence for name in verdict.queries]


def _first_record(domain: str) -> str:
    return f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"


def _missing(about: About, lookup: Lookup, verdict: DmarcVerdict) -> Finding:
    """No record applies: nobody wrote one, or it is not where or what it should be."""
    own, apex = lookup.ask(f"_dmarc.{about.subject}", "TXT"), lookup.ask(about.subject, "TXT")
    evidence = _walked(lookup, verdict)
    if nearly := [text for text in own.records if with_version(text)]:
        fix = Fix(
            records=(txt_line(own.name, with_version(nearly[0]), own.ttl_s),),
            reference="RFC 9989, 4.8",
            effective_s=own.ttl_s,
        )
        return about.fail("bad_version", own.evidence, fix=fix, record=nearly[0])
    if astray := [text for text in apex.records if is_record(text)]:
        fix = Fix(
            records=(txt_line(own.name, astray[0], own.ttl_s),),
            reference="RFC 9989, 4.10",
            effective_s=own.ttl_s,
        )
        return about.fail("wrong_place", apex.evidence, *evidence, fix=fix, record=astray[0])
    fix = Fix(
        records=(txt_line(own.name, _first_record(about.subject), own.ttl_s),),
        reference="RFC 9989, 5.1",
        effective_s=own.ttl_s,
    )
    return about.warning("missing", *evidence, fix=fix, domain=about.subject)


def _several(about: About, lookup: Lookup, domain: str) -> Finding:
    answer = lookup.ask(f"_dmarc.{domain}", "TXT")
    records = [text for text in answer.records if is_record(text)]
    fix = Fix(
        records=(txt_line(answer.name, records[0], answer.ttl_s),),
        reference="RFC 9989, 4.10",
        effective_s=answer.ttl_s,
    )
    return about.fail(
        "several_records", answer.evidence, fix=fix, domain=domain, count=len(records)
    )


def _record(about: About, lookup: Lookup, verdict: DmarcVerdict) -> Iterator[Finding]:
    answer = lookup.ask(f"_dmarc.{verdict.record_domain}", "TXT")
    record = parse_record(verdict.record_domain, verdict.record, answer.ttl_s)
    params: Params = {
        "domain": record.domain,
        "policy": verdict.policy or "none",
        "record": record.text,
        "org_domain": verdict.org_domain,
    }
    faults = [*_faults(about, record, answer.evidence, params)]
    yield from faults
    yield from _reports(about, lookup, record, params)
    if not faults:
        yield about.passed("valid", answer.evidence, **params)


def _faults(
    about: About, record: DmarcRecord, evidence: Evidence, params: Params
) -> Iterator[Finding]:
    """What is wrong with a record, or weaker than it looks."""
    garbled = [tag for tag in ("p", "sp", "np") if tag in record.invalid]
    others = [tag for tag in record.invalid if tag not in garbled]
    if garbled:
        fix = _changed(record, {}, "RFC 9989, 4.10.1")
        yield about.fail("bad_policy", evidence, fix=fix, **params, tags=", ".join(garbled))
    if others:
        fix = _changed(record, {}, "RFC 9989, 4.7")
        yield about.warning("bad_tags", evidence, fix=fix, **params, tags=", ".join(others))
    if record.repeated:
        fix = _changed(record, {}, "RFC 6376, 3.2")
        tags = ", ".join(record.repeated)
        yield about.warning("repeated_tags", evidence, fix=fix, **params, tags=tags)
    if record.unknown:
        fix = _changed(record, {}, "RFC 9989, 4.7")
        tags = ", ".join(record.unknown)
        yield about.warning("unknown_tags", evidence, fix=fix, **params, tags=tags)
    if record.tags.get("pct", "100") != "100":
        fix = _changed(record, {}, "RFC 9989, A.6")
        percent = record.tags["pct"]
        yield about.warning("removed_tags", evidence, fix=fix, **params, percent=percent)
    yield from _weak(about, record, evidence, params)


def _weak(
    about: About, record: DmarcRecord, evidence: Evidence, params: Params
) -> Iterator[Finding]:
    if record.is_test and record.p != "none":
        fix = _changed(record, {"t": None}, "RFC 9989, 4.7")
        yield about.warning("test_mode", evidence, fix=fix, **params, asked=str(record.p))
    elif record.p == "none" and "p" not in record.invalid:
        fix = _changed(record, {"p": "quarantine", "t": "y"}, "RFC 9989, 5.1")
        yield about.warning("policy_none", evidence, fix=fix, **params)
    if record.sp and _POLICIES.index(record.sp) < _POLICIES.index(record.p):
        fix = _changed(record, {"sp": None}, "RFC 9989, 4.7")
        yield about.warning(
            "subdomains_open", evidence, fix=fix, **params, sp=str(record.sp), p=str(record.p)
        )
    if not record.rua and "rua" not in record.invalid:
        rua = f"mailto:dmarc@{record.domain}"
        fix = _changed(record, {"rua": rua}, "RFC 9989, 5.1.3")
        yield about.warning("no_reports", evidence, fix=fix, **params)


def _changed(record: DmarcRecord, changes: Mapping[str, str | None], reference: str) -> Fix:
    """The record with tags set, or left out where the value is None; rid of what nobody heeds."""
    dead = {"v", *REMOVED, *record.unknown, *record.invalid}
    tags: dict[str, str | None] = {
        tag: value for tag, value in record.tags.items() if tag not in dead
    }
    tags |= {tag: "none" for tag in ("p", "sp", "np") if tag in record.invalid}
    tags |= changes
    order = sorted(tags, key=lambda tag: tag != "p")
    kept = [f"{tag}={tags[tag]}" for tag in order if tags[tag]]
    text = "; ".join(["v=DMARC1", *kept])
    return Fix(
        records=(txt_line(f"_dmarc.{record.domain}", text, record.ttl_s),),
        reference=reference,
        effective_s=record.ttl_s,
    )


def _reports(
    about: About, lookup: Lookup, record: DmarcRecord, params: Params
) -> Iterator[Finding]:
    seen: set[str] = set()
    for address in report_addresses(lookup, record):
        if address.allowed or address.domain in seen or address.answer is None:
            continue
        seen.add(address.domain)
        told = params | {"uri": address.uri, "reports": address.domain}
        if address.allowed is None:
            yield about.unknown("report_unknown", address.answer.evidence, **told)
            continue
        fix = Fix(
            records=(txt_line(address.record_name, "v=DMARC1", address.answer.ttl_s),),
            reference="RFC 9990, 4",
            effective_s=address.answer.ttl_s,
        )
        theirs = about.of(about.subject, Side.PROVIDER)
        code = "report_elsewhere" if address.elsewhere else "report_not_allowed"
        told |= {"elsewhere": address.elsewhere} if address.elsewhere else {}
        yield theirs.warning(code, address.answer.evidence, fix=fix, **told)


def _alignment(
    about: About, lookup: Lookup, target: Target, verdict: DmarcVerdict
) -> Iterator[Finding]:
    """Whether SPF, if it passes for the sender of the envelope, counts for this From:."""
    envelope = ascii_name(target.sender_domain)
    if not envelope or envelope == about.subject or "@" not in target.sender:
        return
    passed = AuthResult(domain=envelope, result="pass")
    found = evaluate(lookup, about.subject, passed, ())
    evidence = _walked(lookup, found)
    params: Params = {"envelope": envelope, "domain": about.subject}
    if found.result is DmarcResult.PASS:
        yield about.passed("spf_aligned", *evidence, **params)
    elif found.result is DmarcResult.FAIL:
        fix = Fix(reference="RFC 9989, 4.4")
        yield about.warning("spf_not_aligned", *evidence, fix=fix, **params)
    else:
        yield about.unknown("alignment_unknown", *evidence, **params, reason=found.reason)


CHECK = Check(name="dmarc", run=run, concerns=lambda target: bool(_author(target)))
