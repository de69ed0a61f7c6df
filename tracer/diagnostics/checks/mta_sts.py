"""MTA-STS: whether the domain asks for encryption with a valid certificate, and keeps to it.

Source: RFC 8461 (3.1 record, 3.2 policy, 3.3 fetching: the host `mta-sts` over HTTPS, no
redirects, `text/plain`; 4 how senders apply it). A policy that cannot be had protects nobody
but keeps no mail back; one in force that the hosts do not fulfil does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracer.diagnostics.about import About, Params
from tracer.diagnostics.check import Check
from tracer.diagnostics.checks.starttls import faults_of
from tracer.diagnostics.https import Fetched, Page
from tracer.diagnostics.lookup import Answer
from tracer.diagnostics.model import Finding, Fix, Side, Target
from tracer.diagnostics.mta_sts import Policy, has_id, read_policy, sts_records
from tracer.diagnostics.outbound import is_internal
from tracer.diagnostics.smtp import Conversation
from tracer.diagnostics.smtp_hosts import (
    conversations,
    inbound_domain,
    inbound_side,
    mail_hosts,
)
from tracer.diagnostics.world import World
from tracer.model import when

CODES = (
    "mta_sts.enforced", "mta_sts.none", "mta_sts.several_records", "mta_sts.bad_record",
    "mta_sts.no_policy_host", "mta_sts.certificate", "mta_sts.tls", "mta_sts.redirect",
    "mta_sts.status", "mta_sts.too_big", "mta_sts.not_http", "mta_sts.content_type",
    "mta_sts.bad_policy", "mta_sts.not_public", "mta_sts.refused", "mta_sts.testing",
    "mta_sts.disabled", "mta_sts.mx_not_named", "mta_sts.mx_not_valid", "mta_sts.unknown",
    "mta_sts.not_fetched", "mta_sts.off",
)  # fmt: skip

_PATH = "/.well-known/mta-sts.txt"
_BROKEN = {
    Fetched.CERTIFICATE: "certificate",
    Fetched.TLS: "tls",
    Fetched.REFUSED: "refused",
    Fetched.TOO_BIG: "too_big",
    Fetched.NOT_HTTP: "not_http",
    Fetched.NOT_PUBLIC: "not_public",
}


def run(target: Target, world: World) -> Iterator[Finding]:
    """What is wrong with the record, with the policy, or with the hosts that it speaks of."""
    about = About("mta_sts", inbound_side(target), inbound_domain(target))
    host = f"mta-sts.{about.subject}"
    txt, *addresses = world.dns.ask_all(
        [(f"_mta-sts.{about.subject}", "TXT"), (host, "A"), (host, "AAAA")]
    )
    records = sts_records(txt.records)
    if not txt.known:
        yield about.unknown("unknown", txt.evidence, reason=txt.evidence.note)
    elif not records:
        yield about.na("none", txt.evidence)
    elif fault := _record_fault(about, txt, records, world):
        yield fault
    else:
        yield from _policy(about, txt, addresses, target, world)


def _record_fault(
    about: About, txt: Answer, records: Sequence[str], world: World
) -> Finding | None:
    stamp = when(world.now_us or txt.evidence.at_us).strftime("%Y%m%d%H%M%S")
    fix = Fix(
        records=(f'_mta-sts.{about.subject}. 3600 IN TXT "v=STSv1; id={stamp};"',),
        reference="RFC 8461, 3.1",
        effective_s=txt.ttl_s,
    )
    if len(records) > 1:
        return about.warning("several_records", txt.evidence, fix=fix, count=len(records))
    if not has_id(records[0]):
        return about.warning("bad_record", txt.evidence, fix=fix, record=records[0])
    return None


def _policy(
    about: About, txt: Answer, answers: Sequence[Answer], target: Target, world: World
) -> Iterator[Finding]:
    host = f"mta-sts.{about.subject}"
    evidence = (txt.evidence, *(answer.evidence for answer in answers))
    addresses = [record for answer in answers for record in answer.records]
    if world.https is None:
        yield about.of(about.subject, Side.US).na("off", *evidence)
        return
    if not addresses:
        unsure = [answer for answer in answers if not answer.known]
        if unsure:
            yield about.unknown("unknown", *evidence, reason=unsure[0].evidence.note)
        else:
            records = (f"{host}. 3600 IN A 192.0.2.10",)
            fix = Fix(records=records, reference="RFC 8461, 3.3", effective_s=answers[0].ttl_s)
            yield about.warning("no_policy_host", *evidence, fix=fix, host=host)
        return
    page = world.https.fetch(host, addresses, _PATH)
    if fault := _page_fault(about, page, host, addresses):
        yield fault
        return
    yield from _content(about, txt, page, target, world)


def _page_fault(about: About, page: Page, host: str, addresses: Sequence[str]) -> Finding | None:
    """Why senders find no policy there."""
    fix = Fix(reference="RFC 8461, 3.3")
    params: Params = {"host": host, "url": page.url, "note": page.note, "status": page.status}
    if page.outcome is Fetched.OFF:
        return about.of(about.subject, Side.US).na("off", page.evidence)
    if page.outcome is Fetched.NOT_PUBLIC and not any(map(is_internal, addresses)):
        # Set aside for examples (RFC 5737) or no use at all: not ours to call wrong.
        return about.unknown(
            "not_fetched", page.evidence, **params | {"note": ", ".join(addresses)}
        )
    if what := _BROKEN.get(page.outcome):
        return about.warning(what, page.evidence, fix=fix, **params)
    if page.outcome is not Fetched.OK:
        return about.unknown("not_fetched", page.evidence, **params)
    if 300 <= page.status < 400:
        location = page.location
        return about.warning("redirect", page.evidence, fix=fix, location=location, **params)
    if page.status == 429 or page.status >= 500:
        return about.unknown("not_fetched", page.evidence, **params | {"note": f"{page.status}"})
    if page.status != 200:
        return about.warning("status", page.evidence, fix=fix, **params)
    if page.content_type != "text/plain":
        fix = Fix(settings=("Content-Type: text/plain",), reference="RFC 8461, 3.2")
        kind = page.content_type
        return about.warning("content_type", page.evidence, fix=fix, type=kind, **params)
    return None


def _content(
    about: About, txt: Answer, page: Page, target: Target, world: World
) -> Iterator[Finding]:
    policy = read_policy(page.body)
    evidence = (txt.evidence, page.evidence)
    if policy.faults:
        fix = Fix(settings=_example(about, world), reference="RFC 8461, 3.2")
        keys = ", ".join(policy.faults)
        yield about.warning("bad_policy", *evidence, fix=fix, keys=keys, url=page.url)
        return
    if policy.mode == "none":
        yield about.na("disabled", *evidence)
        return
    faults = list(_hosts(about, policy, page, target, world))
    yield from faults
    if policy.mode == "testing":
        fix = Fix(settings=("mode: enforce",), reference="RFC 8461, 5")
        yield about.warning("testing", *evidence, fix=fix, url=page.url)
    elif not faults:
        mx, days = ", ".join(policy.mx), (policy.max_age_s or 0) // 86_400
        yield about.passed("enforced", *evidence, mx=mx, days=days)


def _hosts(
    about: About, policy: Policy, page: Page, target: Target, world: World
) -> Iterator[Finding]:
    """The hosts that a sender may not deliver to under this policy."""
    tell = about.fail if policy.mode == "enforce" else about.warning
    found = mail_hosts(about.subject, world.dns)
    named = [host.name for host in found.hosts if policy.covers(host.name)]
    if missing := [host.name for host in found.hosts if host.name not in named]:
        fix = Fix(
            settings=tuple(f"mx: {name}" for name in missing),
            reference="RFC 8461, 4.1",
            effective_s=policy.max_age_s,
        )
        hosts = ", ".join(missing)
        yield tell("mx_not_named", found.mx.evidence, page.evidence, fix=fix, hosts=hosts)
    talks = conversations(target, world)
    bad = {
        talk.host: why for talk in talks if talk.host in named and (why := _invalid(talk, world))
    }
    if bad:
        fix = Fix(reference="RFC 8461, 4.2")
        evidence = [talk.evidence for talk in talks if talk.host in bad]
        faults = "; ".join(f"{host}: {why}" for host, why in bad.items())
        shown = ", ".join(bad)
        yield tell("mx_not_valid", page.evidence, *evidence, fix=fix, hosts=shown, faults=faults)


def _invalid(talk: Conversation, world: World) -> str:
    """Why a host does not fulfil RFC 8461, 4.2; "" where it does or nothing was found out."""
    if talk.offers_starttls is False:
        return "STARTTLS"
    if talk.tls is None:
        return ""
    faults = faults_of(talk.tls, talk.host, world.now_us or talk.at_us)
    return ", ".join(fault.replace("_", " ") for fault in faults)


def _example(about: About, world: World) -> tuple[str, ...]:
    hosts = mail_hosts(about.subject, world.dns).hosts
    names = [host.name for host in hosts] or [f"mail.{about.subject}"]
    mx = (f"mx: {name}" for name in names)
    return ("version: STSv1", "mode: testing", *mx, "max_age: 604800")


CHECK = Check(name="mta_sts", run=run, concerns=lambda target: bool(inbound_domain(target)))
