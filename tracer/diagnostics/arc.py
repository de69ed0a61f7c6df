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
        cv, found, reason = dkim.arc_verify(message, dnsfunc=key)
    except (dkim.DKIMException, ValueError, IndexError, TypeError, KeyError) as error:
        cv, found, reason = dkim.CV_Fail, [], f"the chain cannot be read: {error}"
    sets = tuple(_set(one) for one in found)
    result = _RESULTS.get(cv or b"fail", ArcResult.FAIL)
    if result is ArcResult.FAIL and trouble:
        result, reason = ArcResult.TEMPERROR, trouble[0]
    return ArcVerdict(
        result=result,
        instances=max((one.instance for one in sets), default=0),
        reason=_plain(reason) if result in (ArcResult.FAIL, ArcResult.TEMPERROR) else "",
        sets=sets,
    )


_RESULTS = {b"pass": ArcResult.PASS, b"fail": ArcResult.FAIL, b"none": ArcResult.NONE}


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
