"""SPF of the sender's domain: the record, all that it includes, and what it says of our addresses.

Source: RFC 7208. Counts are those of 4.6.4 (terms); receivers that count more strictly are
told of as a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from tracer.diagnostics.about import About, Params
from tracer.diagnostics.check import Check
from tracer.diagnostics.lookup import Lookup, ascii_name
from tracer.diagnostics.model import Evidence, Finding, Fix, Side, Target
from tracer.diagnostics.spf import (
    MAX_LOOKUPS,
    MAX_VOIDS,
    SpfFault,
    SpfResult,
    SpfSurvey,
    SpfVerdict,
    evaluate,
    survey,
)
from tracer.diagnostics.spf.records import spf_records
from tracer.diagnostics.spf.repair import (
    allowing,
    ending,
    merged,
    new_record,
    up_to_all,
    without,
)
from tracer.diagnostics.world import World
from tracer.diagnostics.zone_lines import txt_line

CODES = (
    "spf.valid", "spf.sends_nothing", "spf.missing", "spf.unknown", "spf.several_records",
    "spf.syntax", "spf.no_record_there", "spf.loop", "spf.too_many_mx", "spf.too_many_lookups",
    "spf.too_many_voids", "spf.open_all", "spf.neutral_all", "spf.no_all", "spf.after_all",
    "spf.redirect_unused", "spf.ptr", "spf.long_record", "spf.strict_voids",
    "spf.authorized", "spf.not_authorized", "spf.only_softfail", "spf.not_told",
    "spf.ip_unknown", "spf.ip_error", "spf.no_ip",
)  # fmt: skip

_FAILS = frozenset(
    "several_records syntax no_record_there loop too_many_mx too_many_lookups "
    "too_many_voids open_all".split()
)
_SECTIONS = {
    "several_records": "RFC 7208, 4.5",
    "syntax": "RFC 7208, 12",
    "no_record_there": "RFC 7208, 5.2",
    "loop": "RFC 7208, 4.6.4",
    "too_many_mx": "RFC 7208, 4.6.4",
    "too_many_lookups": "RFC 7208, 4.6.4",
    "too_many_voids": "RFC 7208, 4.6.4",
    "open_all": "RFC 7208, 5.1",
    "neutral_all": "RFC 7208, 5.1",
    "no_all": "RFC 7208, 4.7",
    "after_all": "RFC 7208, 5.1",
    "redirect_unused": "RFC 7208, 6.1",
    "ptr": "RFC 7208, 5.5",
    "long_record": "RFC 7208, 3.4",
}


def run(target: Target, world: World) -> Iterator[Finding]:
    """The record first, then a finding for each address that the mail comes from."""
    domain = ascii_name(target.sender_domain) or target.sender_domain
    about = About("spf", Side.SENDER, domain)
    families = ["AAAA" if ":" in ip else "A" for ip in target.ips]
    found = survey(world.dns, domain, dict.fromkeys(families))
    assert found.answer is not None
    evidence = found.answer.evidence
    if not found.answer.known:
        yield about.unknown("unknown", evidence, domain=domain, reason=evidence.note)
        return
    if not spf_records(found.answer):
        yield about.fail("missing", evidence, fix=_missing(domain, target, found))
        return
    yield from _record(about, world.dns, found)
    if found.tree.record and not _sends_nothing(found):
        yield from _addresses(about, target, world.dns, found)


def _missing(domain: str, target: Target, found: SpfSurvey) -> Fix:
    return Fix(
        records=(txt_line(domain, new_record(target.ips)),),
        reference="RFC 7208, 3",
        effective_s=found.answer.ttl_s if found.answer else None,
    )


def _record(about: About, lookup: Lookup, found: SpfSurvey) -> Iterator[Finding]:
    """What is wrong with the record; the first finding carries the tree."""
    tree = msgspec.json.encode(found.tree).decode()
    counts = {"lookups": found.lookups, "voids": found.void_lookups}
    shown: Params = {"tree": tree, **counts}
    for fault in found.faults:
        yield _fault(about, lookup, found, fault, shown)
        shown = {}
    if shown:
        evidence = _evidence(lookup, found.tree.domain)
        if _sends_nothing(found):
            yield about.passed("sends_nothing", evidence, record=found.tree.record, **shown)
        else:
            yield about.passed("valid", evidence, record=found.tree.record, **shown)


def _sends_nothing(found: SpfSurvey) -> bool:
    return [term.text.lower() for term in found.tree.terms] == ["-all"]


def _fault(
    about: About,
    lookup: Lookup,
    found: SpfSurvey,
    fault: SpfFault,
    shown: Params,
) -> Finding:
    params = shown | {
        "domain": fault.domain,
        "term": fault.term,
        "problem": fault.text,
        "count": fault.count,
        "limit": MAX_VOIDS if fault.code == "too_many_voids" else MAX_LOOKUPS,
    }
    evidence = [_evidence(lookup, fault.domain)]
    if fault.code == "no_record_there":
        evidence.append(_evidence(lookup, _target(fault.term)))
        params["target"] = _target(fault.term)
    if fault.code == "dns":
        return about.unknown("unknown", *evidence, reason=fault.text, **params)
    own = fault.domain == found.tree.domain
    where = about if own else about.of(about.subject, Side.PROVIDER)
    tell = where.fail if fault.code in _FAILS else where.warning
    return tell(fault.code, *evidence, fix=_fix(lookup, found, fault, own=own), **params)


def _target(term: str) -> str:
    value = term.partition("=" if term.lower().startswith("redirect=") else ":")[2]
    return value.lower().removesuffix(".")


def _evidence(lookup: Lookup, domain: str) -> Evidence:
    return lookup.ask(domain, "TXT").evidence


def _fix(lookup: Lookup, found: SpfSurvey, fault: SpfFault, *, own: bool) -> Fix:
    answer = lookup.ask(fault.domain, "TXT")
    record = ""
    if own and fault.code == "several_records":
        record = merged(spf_records(answer))
    elif own and fault.code in _MENDING:
        record = _mended(found)
    return Fix(
        records=(txt_line(fault.domain, record, answer.ttl_s),) if record else (),
        reference=_SECTIONS[fault.code],
        effective_s=answer.ttl_s,
    )


def _mended(found: SpfSurvey) -> str:
    """The domain's own record with every fault mended that can be: one record to paste."""
    record = found.tree.record
    for fault in found.faults:
        if fault.domain == found.tree.domain and fault.code in _MENDING:
            record = _MENDING[fault.code](record, fault)
    return record


_MENDING: dict[str, Callable[[str, SpfFault], str]] = {
    "no_record_there": lambda record, fault: without(record, fault.term),
    "loop": lambda record, fault: without(record, fault.term),
    "ptr": lambda record, fault: without(record, fault.term),
    "redirect_unused": lambda record, fault: without(record, fault.term),
    "open_all": lambda record, _: ending(record),
    "neutral_all": lambda record, _: ending(record),
    "no_all": lambda record, _: ending(record),
    "after_all": lambda record, _: up_to_all(record),
}


def _addresses(about: About, target: Target, lookup: Lookup, found: SpfSurvey) -> Iterator[Finding]:
    if not target.ips:
        yield about.na("no_ip", domain=about.subject)
    for ip in target.ips:
        verdict = evaluate(lookup, ip, _sender(target, about.subject), target.helo)
        yield from _address(about, ip, verdict, found)


def _sender(target: Target, domain: str) -> str:
    local, at, _ = target.sender.rpartition("@")
    return f"{local if at else 'postmaster'}@{domain}"


def _address(about: About, ip: str, verdict: SpfVerdict, found: SpfSurvey) -> Iterator[Finding]:
    """What the record says of one address; a broken record has been told of already."""
    assert found.answer is not None
    evidence, ttl_s = found.answer.evidence, found.answer.ttl_s
    params: Params = {
        "ip": ip,
        "mechanism": verdict.mechanism,
        "explanation": verdict.explanation,
    }
    record = txt_line(about.subject, allowing(_mended(found), ip), ttl_s)
    fix = Fix(records=(record,), reference="RFC 7208, 2.6", effective_s=ttl_s)
    match verdict.result:
        case SpfResult.PASS:
            yield about.passed("authorized", evidence, **params)
        case SpfResult.FAIL:
            yield about.fail("not_authorized", evidence, fix=fix, **params)
        case SpfResult.SOFTFAIL:
            yield about.warning("only_softfail", evidence, fix=fix, **params)
        case SpfResult.NEUTRAL | SpfResult.NONE:
            yield about.warning("not_told", evidence, fix=fix, **params)
        case SpfResult.PERMERROR if not _FAILS & {fault.code for fault in found.faults}:
            yield about.fail("ip_error", evidence, **params)
        case SpfResult.TEMPERROR:
            yield about.unknown("ip_unknown", evidence, **params)
    if verdict.void_lookups <= MAX_VOIDS < verdict.strict_void_lookups:
        counts = {"voids": verdict.void_lookups, "strict_voids": verdict.strict_void_lookups}
        strict = Fix(reference="RFC 7208, 4.6.4", effective_s=ttl_s)
        yield about.warning("strict_voids", evidence, fix=strict, **params, **counts)


CHECK = Check(name="spf", run=run, concerns=lambda target: bool(target.sender_domain))
