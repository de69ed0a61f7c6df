"""SPF, DKIM, ARC and DMARC of one received message, and the same as the contract's JSON."""

from __future__ import annotations

import re
from email.utils import getaddresses
from typing import Any

import msgspec

from tracer.diagnostics.arc import ArcVerdict, verify_arc
from tracer.diagnostics.dkim import DkimSignature, verify_signatures
from tracer.diagnostics.dmarc import AuthResult, DmarcResult, DmarcVerdict
from tracer.diagnostics.dmarc import evaluate as evaluate_dmarc
from tracer.diagnostics.lookup import Lookup
from tracer.diagnostics.spf import SpfResult, SpfVerdict
from tracer.diagnostics.spf import evaluate as evaluate_spf

_HEADER_OCTETS = 256 * 1024  # read when looking for From: and Return-Path:
_FOLD = re.compile(rb"\r?\n(?=[ \t])")


class Authentication(msgspec.Struct, frozen=True, kw_only=True):
    """What the four say about a message."""

    spf: SpfVerdict
    dkim: tuple[DkimSignature, ...]
    arc: ArcVerdict
    dmarc: DmarcVerdict


def authenticate(
    lookup: Lookup, message: bytes, *, ip: str = "", helo: str = "", mail_from: str | None = None
) -> Authentication:
    """Verify a message as received from `ip`; never raises.

    `mail_from` is the reverse path, "" the null one; None takes it from Return-Path:, where
    the last server wrote it. The address of the client is never read from the message.
    """
    fields = _fields(message)
    if mail_from is None:
        mail_from = next(iter(fields.get("return-path", [])), "").strip()
    spf = _spf(lookup, ip, mail_from, helo)
    dkim = verify_signatures(lookup, message)
    return Authentication(
        spf=spf,
        dkim=dkim,
        arc=verify_arc(lookup, message),
        dmarc=_dmarc(lookup, fields.get("from", []), spf, dkim),
    )


def _spf(lookup: Lookup, ip: str, mail_from: str, helo: str) -> SpfVerdict:
    if not mail_from.strip("<>") and not helo:
        said = "neither a sender nor a HELO name was given"
        return SpfVerdict(result=SpfResult.NONE, explanation=said)
    return evaluate_spf(lookup, ip, mail_from, helo)


def _dmarc(
    lookup: Lookup, authors: list[str], spf: SpfVerdict, dkim: tuple[DkimSignature, ...]
) -> DmarcVerdict:
    domains = {domain for value in authors for domain in author_domains(value)}
    if len(domains) != 1:
        said = "From: names no domain" if not domains else "From: names more than one domain"
        return DmarcVerdict(result=DmarcResult.PERMERROR, reason=said)
    return evaluate_dmarc(
        lookup,
        domains.pop(),
        AuthResult(domain=spf.domain, result=spf.result) if spf.domain else None,
        [AuthResult(domain=one.domain, result=one.result) for one in dkim],
    )


def author_domains(value: str) -> set[str]:
    """The domains of the addresses in a From: field, in lower case."""
    addresses = [address for _, address in getaddresses([value])]
    found = {address.rpartition("@")[2].strip().lower() for address in addresses if "@" in address}
    return {domain for domain in found if domain}


def _fields(message: bytes) -> dict[str, list[str]]:
    """The header fields by name in lower case, unfolded, from the top."""
    head = re.split(rb"\r?\n\r?\n", message[:_HEADER_OCTETS], maxsplit=1)[0]
    fields: dict[str, list[str]] = {}
    for line in re.split(rb"\r?\n", _FOLD.sub(b"", head)):
        name, colon, value = line.partition(b":")
        if colon:
            text = value.decode("utf-8", "replace").strip()
            fields.setdefault(name.decode("latin-1").strip().lower(), []).append(text)
    return fields


def as_json(found: Authentication) -> dict[str, Any]:
    """The contract's object for `verify`, without the id."""
    return {
        "spf": spf_json(found.spf) | {"domain": found.spf.domain, "identity": found.spf.identity},
        "dkim": [_dkim_json(one) for one in found.dkim],
        "arc": _arc_json(found.arc),
        "dmarc": dmarc_json(found.dmarc) | {"domain": found.dmarc.domain},
    }


def spf_json(verdict: SpfVerdict) -> dict[str, Any]:
    """The contract's object for `spf`, without the id."""
    return {
        "result": verdict.result.value,
        "explanation": verdict.explanation,
        "lookups": verdict.lookups,
        "void_lookups": verdict.void_lookups,
        "mechanism": verdict.mechanism,
        "problem": verdict.problem,
    }


def _dkim_json(one: DkimSignature) -> dict[str, Any]:
    return {
        "domain": one.domain,
        "selector": one.selector,
        "result": one.result,
        "reason": one.reason,
        "detail": one.detail,
        "identity": one.identity,
        "algorithm": one.algorithm,
        "key_bits": one.key_bits,
        "test_mode": one.is_test,
        "unsigned_octets": one.unsigned_octets,
    }


def _arc_json(verdict: ArcVerdict) -> dict[str, Any]:
    return {
        "result": verdict.result.value,
        "instances": verdict.instances,
        "oldest_pass": verdict.oldest_pass,
        "reason": verdict.reason,
        "seals": [
            {
                "instance": one.instance,
                "domain": one.domain,
                "selector": one.selector,
                "cv": one.cv,
                "seal_holds": one.seal_holds,
                "message_holds": one.message_holds,
            }
            for one in verdict.sets
        ],
    }


def dmarc_json(verdict: DmarcVerdict) -> dict[str, Any]:
    """The contract's object for `dmarc`, without the id."""
    return {
        "result": verdict.result.value,
        "policy": verdict.policy,
        "record_domain": verdict.record_domain,
        "org_domain": verdict.org_domain,
        "queries": list(verdict.queries),
        "aligned": list(verdict.aligned),
        "reason": verdict.reason,
    }
