"""BIMI: whether the record for the sender's logo can be used. Nothing it points to is fetched.

Source: draft-brand-indicators-for-message-identification (-14): 4.2 record, 4.2.4 declining,
3.3 and 7.1 (only under a DMARC policy of quarantine or reject).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from tracer.diagnostics.about import About
from tracer.diagnostics.check import Check
from tracer.diagnostics.lookup import Answer
from tracer.diagnostics.model import Finding, Fix, Side, Target
from tracer.diagnostics.world import World

CODES = (
    "bimi.published", "bimi.none", "bimi.declined", "bimi.several_records", "bimi.bad_record",
    "bimi.no_evidence", "bimi.policy_too_weak", "bimi.unknown",
)  # fmt: skip

_REFERENCE = "draft-brand-indicators-for-message-identification-14, 4.2"
_OURS = re.compile(r"v=BIMI1[ \t]*(;|$)", re.IGNORECASE)


def run(target: Target, world: World) -> Iterator[Finding]:
    """One finding."""
    about = About("bimi", Side.SENDER, _author_domain(target))
    txt, dmarc = world.dns.ask_all(
        [(f"default._bimi.{about.subject}", "TXT"), (f"_dmarc.{about.subject}", "TXT")]
    )
    records = [record for record in txt.records if _OURS.match(record)]
    if not txt.known:
        yield about.unknown("unknown", txt.evidence, reason=txt.evidence.note)
    elif not records:
        yield about.na("none", txt.evidence)
    elif len(records) > 1:
        fix = _fix(about, txt)
        yield about.warning("several_records", txt.evidence, fix=fix, count=len(records))
    else:
        yield _record(about, txt, tags(records[0]), dmarc)


def tags(record: str) -> dict[str, str]:
    """`v=BIMI1; l=…; a=…` as a dictionary; names in lower case."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, equals, value in pairs if equals}


def _record(about: About, txt: Answer, found: dict[str, str], dmarc: Answer) -> Finding:
    logo, authority = found.get("l", ""), found.get("a", "")
    if "l" in found and not logo and not authority:
        return about.na("declined", txt.evidence)
    wrong = [url for url in (logo, authority) if url and not _is_https(url)]
    if wrong or not logo:
        fix = _fix(about, txt)
        record = "; ".join(txt.records)
        return about.warning("bad_record", txt.evidence, fix=fix, record=record)
    policy = _policy(dmarc)
    if policy == "none":
        fix = Fix(reference=_REFERENCE, effective_s=dmarc.ttl_s)
        return about.warning("policy_too_weak", txt.evidence, dmarc.evidence, fix=fix)
    if not authority:
        return about.na("no_evidence", txt.evidence, fix=_fix(about, txt))
    return about.passed("published", txt.evidence, logo=logo)


def _policy(dmarc: Answer) -> str:
    """The `p` of a record at this very name; "" where it stands higher up or is unknown."""
    records = [record for record in dmarc.records if record.startswith("v=DMARC1")]
    return tags(records[0]).get("p", "").lower() if len(records) == 1 else ""


def _is_https(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme.lower() == "https" and bool(parts.hostname)


def _fix(about: About, txt: Answer) -> Fix:
    domain = about.subject
    text = f"v=BIMI1; l=https://{domain}/bimi.svg; a=https://{domain}/bimi.pem"
    record = f'default._bimi.{domain}. 3600 IN TXT "{text}"'
    return Fix(records=(record,), reference=_REFERENCE, effective_s=txt.ttl_s)


def _author_domain(target: Target) -> str:
    author = target.header_from.rpartition("@")[2].lower().rstrip(".")
    return author or target.sender_domain


CHECK = Check(
    name="bimi", run=run, concerns=lambda target: bool(target.sender or target.header_from)
)
