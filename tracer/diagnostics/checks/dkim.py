"""DKIM keys of the sender's domain, for the selectors that are known; never by guessing.

Sources: RFC 6376, 3.6; RFC 8301 (sizes, algorithms); RFC 8463 (Ed25519). A domain that
sends no mail needs no key: SPF `-all` alone, or a null MX.
"""

from __future__ import annotations

from collections.abc import Iterator

from tracer.diagnostics.about import About, Params
from tracer.diagnostics.check import Check
from tracer.diagnostics.dkim import DkimKey, KeyState, fetch_key, key_name
from tracer.diagnostics.lookup import Lookup, ascii_name
from tracer.diagnostics.model import Finding, Fix, Side, Target
from tracer.diagnostics.spf.records import spf_records
from tracer.diagnostics.world import World
from tracer.diagnostics.zone_lines import txt_line

CODES = (
    "dkim.valid", "dkim.no_selector", "dkim.sends_nothing",
    "dkim.missing", "dkim.doubled_name", "dkim.not_a_key",
    "dkim.revoked", "dkim.several", "dkim.unreadable", "dkim.unknown", "dkim.too_small",
    "dkim.small", "dkim.test_mode", "dkim.not_for_mail", "dkim.no_sha256",
)  # fmt: skip

_ADVISED_BITS = 2048


def run(target: Target, world: World) -> Iterator[Finding]:
    """A finding for each selector, or why there is nothing to look at."""
    given = (target.header_from or target.sender).rpartition("@")[2].lower().rstrip(".")
    domain = ascii_name(given) or given
    about = About("dkim", Side.SENDER, domain)
    if not target.selectors:
        yield _without_selector(about, world.dns, domain)
        return
    names = [key_name(selector, domain) for selector in target.selectors]
    world.dns.ask_all((name, "TXT") for name in names)
    for selector in target.selectors:
        key = fetch_key(world.dns, selector, domain)
        yield from _key(about.of(key.name), world.dns, key, selector, domain)


def _without_selector(about: About, lookup: Lookup, domain: str) -> Finding:
    spf, mx = lookup.ask_all([(domain, "TXT"), (domain, "MX")])
    evidence = (spf.evidence, mx.evidence)
    is_silent = [text.lower().split() for text in spf_records(spf)] == [["v=spf1", "-all"]]
    if is_silent or mx.records == ("0 .",):
        return about.na("sends_nothing", *evidence, domain=domain)
    return about.unknown("no_selector", domain=domain)


def _key(
    about: About, lookup: Lookup, key: DkimKey, selector: str, domain: str
) -> Iterator[Finding]:
    assert key.answer is not None
    evidence = key.answer.evidence
    params: Params = {
        "selector": selector,
        "domain": domain,
        "name": key.name,
        "problem": key.problem,
        "bits": key.bits or 0,
        "kind": key.kind,
    }
    if key.state is KeyState.UNKNOWN:
        yield about.unknown("unknown", evidence, **params, reason=evidence.note)
    elif key.state is KeyState.MISSING and (strayed := _doubled(lookup, selector, domain)):
        assert strayed.answer is not None
        record = txt_line(key.name, strayed.text, strayed.answer.ttl_s)
        fix = Fix(records=(record,), reference="RFC 6376, 3.6.2", effective_s=key.answer.ttl_s)
        told = params | {"wrong_name": strayed.name}
        yield about.fail("doubled_name", evidence, strayed.answer.evidence, fix=fix, **told)
    elif key.state is not KeyState.FOUND:
        what = _STATES[key.state]
        if what == "missing" and key.answer.records:
            what = "not_a_key"
        yield about.fail(what, evidence, fix=_new(key), **params)
    else:
        faults = [*_faults(about, key, params)]
        yield from faults
        if not faults:
            yield about.passed("valid", evidence, **params)


def _doubled(lookup: Lookup, selector: str, domain: str) -> DkimKey | None:
    """The key under a name with the domain twice: many panels append it to what is typed."""
    key = fetch_key(lookup, selector, f"{domain}.{domain}")
    return key if key.state is KeyState.FOUND else None


_STATES = {
    KeyState.MISSING: "missing",
    KeyState.REVOKED: "revoked",
    KeyState.SEVERAL: "several",
    KeyState.UNREADABLE: "unreadable",
}


def _faults(about: About, key: DkimKey, params: Params) -> Iterator[Finding]:
    assert key.answer is not None
    evidence = key.answer.evidence
    if key.is_too_small:
        yield about.fail("too_small", evidence, fix=_new(key, "RFC 8301, 3.2"), **params)
    elif key.kind == "rsa" and (key.bits or 0) < _ADVISED_BITS:
        yield about.warning("small", evidence, fix=_new(key, "RFC 8301, 3.2"), **params)
    if not key.serves_mail:
        fix = _without(key, "s")
        yield about.fail("not_for_mail", evidence, fix=fix, **params)
    if not key.allows_sha256:
        yield about.fail("no_sha256", evidence, fix=_without(key, "h"), **params)
    if key.is_test:
        yield about.warning("test_mode", evidence, fix=_without_flag(key, "y"), **params)


def _new(key: DkimKey, reference: str = "RFC 6376, 3.6.2") -> Fix:
    """No record to paste: only whoever signs has the key."""
    return Fix(reference=reference, effective_s=key.answer.ttl_s if key.answer else None)


def _without(key: DkimKey, tag: str) -> Fix:
    parts = [part.strip() for part in key.text.split(";")]
    kept = [part for part in parts if part and part.partition("=")[0].strip() != tag]
    return _rewritten(key, "; ".join(kept))


def _without_flag(key: DkimKey, flag: str) -> Fix:
    others = "s" if key.is_strict and flag != "s" else ""
    parts = [part.strip() for part in key.text.split(";") if part.strip()]
    kept = [part for part in parts if part.partition("=")[0].strip() != "t"]
    return _rewritten(key, "; ".join([*kept, *([f"t={others}"] if others else [])]))


def _rewritten(key: DkimKey, text: str) -> Fix:
    ttl_s = key.answer.ttl_s if key.answer else None
    record = txt_line(key.name, text, ttl_s)
    return Fix(records=(record,), reference="RFC 6376, 3.6.1", effective_s=ttl_s)


CHECK = Check(name="dkim", run=run, concerns=lambda target: bool(target.sender_domain))
