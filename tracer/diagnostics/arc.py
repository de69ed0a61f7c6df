"""The ARC chain of a message (RFC 8617), validated by dkimpy with keys from a Lookup."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any

import msgspec

from tracer.diagnostics.lookup import Lookup

_MOST = 50  # sets, RFC 8617, 4.2.1
_HEADER_OCTETS = 1024 * 1024
_SEALS = re.compile(rb"^arc-seal[ \t]*:", re.IGNORECASE | re.MULTILINE)
_INSTANCE = re.compile(rb"(?:^|;)\s*i\s*=\s*(\d{1,3})\s*(?:;|$)")
_RESULTS_BEGIN = re.compile(rb"\s*i\s*=\s*\d+\s*;")  # RFC 8617, 4.1.1
_SET = (b"arc-seal", b"arc-message-signature", b"arc-authentication-results")


class ArcResult(StrEnum):
    """RFC 8617, 4.4, and temperror where DNS did not answer."""

    PASS = "pass"
    FAIL = "fail"
    NONE = "none"
    TEMPERROR = "temperror"


class ArcSet(msgspec.Struct, frozen=True, kw_only=True):
    """One ARC set, the newest first."""

    instance: int
    domain: str  # of the seal
    selector: str
    cv: str  # what the sealer found: none, pass, fail
    seal_holds: bool
    message_holds: bool  # only that of the newest set has to
    results: str = ""  # ARC-Authentication-Results as written


class ArcVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the chain. `reason`: English, "" for none and pass."""

    result: ArcResult
    instances: int = 0
    reason: str = ""
    sets: tuple[ArcSet, ...] = ()


def verify_arc(lookup: Lookup, message: bytes) -> ArcVerdict:
    """Validate the chain of a message as received; never raises."""
    import dkim

    if len(_SEALS.findall(message, 0, _HEADER_OCTETS)) > _MOST:
        return ArcVerdict(result=ArcResult.FAIL, reason=f"there are more than {_MOST} ARC sets")
    trouble: list[str] = []

    def key(name: bytes, timeout: int = 5) -> bytes | None:
        answer = lookup.ask(name.decode("utf-8", "replace"), "TXT")
        if not answer.known:
            trouble.append(f"DNS does not answer for {answer.name}: {answer.evidence.note}")
        if len(answer.records) != 1:
            return None
        return answer.records[0].encode("latin-1")

    try:
        chain = dkim.ARC(message)
        chain.headers = _in_order(chain.headers)
        cv, found, reason = chain.verify(dnsfunc=key)
    except (dkim.DKIMException, ValueError, IndexError, TypeError, KeyError) as error:
        cv, found, reason = dkim.CV_Fail, [], f"the chain cannot be read: {error}"
    sets = tuple(_set(one) for one in found)
    result = _RESULTS.get(cv or b"fail", ArcResult.FAIL)
    if result is ArcResult.PASS and not _results_begin_well(found):
        result, reason = ArcResult.FAIL, "ARC-Authentication-Results does not begin with i="
    if result is ArcResult.FAIL and trouble:
        result, reason = ArcResult.TEMPERROR, trouble[0]
    return ArcVerdict(
        result=result,
        instances=max((one.instance for one in sets), default=0),
        reason=_plain(reason) if result in (ArcResult.FAIL, ArcResult.TEMPERROR) else "",
        sets=sets,
    )


_RESULTS = {b"pass": ArcResult.PASS, b"fail": ArcResult.FAIL, b"none": ArcResult.NONE}


def _results_begin_well(found: list[dict[str, Any]]) -> bool:
    """dkimpy 1.1 takes an i= from anywhere in the field."""
    return all(_RESULTS_BEGIN.match(one["aar-value"]) for one in found)


class _Signature(bytes):
    """An ARC-Message-Signature as written, which dkimpy 1.1 finds again by ` i=N;` in its
    lower case, so that other white space around these would hide it."""

    def lower(self) -> bytes:
        found = _INSTANCE.search(self)
        return b" i=%d;" % int(found[1]) if found else super().lower()


def _in_order(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The sets on top, the newest first, as dkimpy needs them; they may stand anywhere."""
    sets: list[tuple[int, tuple[bytes, bytes]]] = []
    others = []
    for name, value in headers:
        found = _INSTANCE.search(value) if name.lower() in _SET else None
        if found is None:
            others.append((name, value))
            continue
        is_signature = name.lower() == b"arc-message-signature"
        sets.append((int(found[1]), (name, _Signature(value) if is_signature else value)))
    sets.sort(key=lambda one: -one[0])
    return [field for _, field in sets] + others


def _set(found: dict[str, Any]) -> ArcSet:
    def text(name: str) -> str:
        value: bytes = found.get(name, b"")
        return value.decode("utf-8", "replace").strip()

    return ArcSet(
        instance=int(found["instance"]),
        domain=text("as-domain"),
        selector=text("as-selector"),
        cv=text("cv"),
        seal_holds=bool(found.get("as-valid")),
        message_holds=bool(found.get("ams-valid")),
        results=text("aar-value"),
    )


def _plain(reason: str) -> str:
    """dkimpy's words without Python's marks of octets."""
    return reason.replace("b'", "“").replace("'", "”") if "b'" in reason else reason
