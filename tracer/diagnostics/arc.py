"""The ARC chain of a message (RFC 8617), validated by dkimpy with keys from a Lookup."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any

import msgspec

from tracer.diagnostics.dkim.key import DkimKey, KeyState, fetch_key
from tracer.diagnostics.lookup import Lookup

_MOST = 50  # sets, RFC 8617, 4.2.1
_INSTANCE = re.compile(rb"(?:^|;)\s*i\s*=\s*(\d{1,3})\s*(?:;|$)")
_RESULTS_BEGIN = re.compile(rb"\s*i\s*=\s*\d+\s*;")  # RFC 8617, 4.1.1
_TAG_ALONE = re.compile(r"b'\s*(.*?)\s*'")  # all that dkimpy tells of a list of tags that is wrong
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
    """The state of the chain. `reason`: English, "" for none and pass.

    `oldest_pass`: of a chain that passes, the lowest instance whose signature of the message
    holds together with all later ones; 0 if all hold (RFC 8617, 5.2); else None.
    """

    result: ArcResult
    instances: int = 0
    oldest_pass: int | None = None
    reason: str = ""
    sets: tuple[ArcSet, ...] = ()


def verify_arc(lookup: Lookup, message: bytes) -> ArcVerdict:
    """Validate the chain of a message as received; never raises."""
    import dkim

    keys = _Keys(lookup)
    try:
        chain = dkim.ARC(message)
        if sum(name.lower() == b"arc-seal" for name, _ in chain.headers) > _MOST:
            return ArcVerdict(result=ArcResult.FAIL, reason=f"there are more than {_MOST} ARC sets")
        chain.headers = _in_order(chain.headers)
        chain.verify_sig = _Verifier(chain)
        cv, found, reason = chain.verify(dnsfunc=keys)
    except (dkim.DKIMException, ValueError, IndexError, TypeError, KeyError) as error:
        cv, found, reason = dkim.CV_Fail, [], f"the chain cannot be read: {error}"
    result = _RESULTS.get(cv or b"fail", ArcResult.FAIL)
    if result is ArcResult.PASS and not _results_begin_well(found):
        result, reason = ArcResult.FAIL, "ARC-Authentication-Results does not begin with i="
    if result is ArcResult.FAIL and keys.trouble:
        result, reason = ArcResult.TEMPERROR, keys.trouble
    elif keys.problem:
        reason = f"{reason}; {keys.problem}"
    return _verdict(result, reason, tuple(_set(one) for one in found))


def _verdict(result: ArcResult, reason: str, sets: tuple[ArcSet, ...]) -> ArcVerdict:
    return ArcVerdict(
        result=result,
        instances=max((one.instance for one in sets), default=0),
        oldest_pass=_oldest_pass(sets) if result is ArcResult.PASS else None,
        reason=_plain(reason) if result in (ArcResult.FAIL, ArcResult.TEMPERROR) else "",
        sets=sets,
    )


def _oldest_pass(sets: tuple[ArcSet, ...]) -> int:
    """`sets`: the newest first."""
    broken = max((one.instance for one in sets if not one.message_holds), default=0)
    return broken + 1 if broken else 0


class _Keys:
    """Gives dkimpy the keys that may be used, and remembers why another may not.

    dkimpy 1.1 takes a key for SHA-1 or for another service than mail, and DNS that does not
    answer for a key that is not there.
    """

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self.trouble = ""  # of DNS
        self.problem = ""  # of a key

    def __call__(self, name: bytes, timeout: int = 5) -> bytes | None:
        selector, _, domain = name.decode("utf-8", "replace").partition("._domainkey.")
        key = fetch_key(self._lookup, selector, domain.removesuffix("."))
        if key.state is KeyState.UNKNOWN:
            note = key.answer.evidence.note if key.answer else ""
            self.trouble = self.trouble or f"DNS does not answer for {key.name}: {note}"
        elif problem := _unusable(key):
            self.problem = self.problem or f"the key at {key.name}: {problem}"
        else:
            return key.text.encode("latin-1")
        return None


def _unusable(key: DkimKey) -> str:
    """Why a seal cannot be verified with a key, "" if it can."""
    if key.state is not KeyState.FOUND:
        return key.problem or f"it is {key.state.value}"
    if key.kind != "rsa":
        return f"it is {key.kind}, the seal rsa"
    if not key.allows_sha256:
        return "it is not for SHA-256"
    if key.is_too_small:
        return f"it has only {key.bits} bits"
    return "" if key.serves_mail else "it is not for mail"


class _Verifier:
    """Verifies one signature or seal of a chain, as dkimpy does but for `c=` and `l=`.

    Without `c=`, a signature of the message holds in the simple form, as DKIM's does (RFC
    6376, 3.5, by RFC 8617, 4.1.2), and in the relaxed one too, which is what ARC's drafts and
    the public test suite take for granted. An `l=` beyond the end of the text is wrong.
    """

    def __init__(self, chain: Any) -> None:
        self._verify = chain.verify_sig
        self._body: bytes = chain.body

    def __call__(
        self, tags: dict[bytes, bytes], signed: list[bytes], field: tuple[bytes, bytes], dns: _Keys
    ) -> bool:
        from dkim import DKIMException
        from dkim.util import parse_tag_value

        if self._is_too_long(tags):
            return False
        if b"bh" not in tags or b"c" in parse_tag_value(field[1]):
            return bool(self._verify(tags, signed, field, dns))
        for form in (b"relaxed/relaxed", b"simple/simple"):
            try:
                if self._verify(tags | {b"c": form}, list(signed), field, dns):
                    return True
            except DKIMException:
                continue
        return False

    def _is_too_long(self, tags: dict[bytes, bytes]) -> bool:
        from dkim.canonicalization import CanonicalizationPolicy

        if b"l" not in tags:
            return False
        policy = CanonicalizationPolicy.from_c_value(tags.get(b"c", b"simple/simple"))
        return int(tags[b"l"] or 0) > len(policy.canonicalize_body(self._body))


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
    """dkimpy's words without Python's marks of octets, and ours where it has none."""
    if alone := _TAG_ALONE.fullmatch(reason):
        wrong = f"the tag “{alone[1]}” stands twice or is not written as NAME=VALUE"
        return wrong if alone[1] else "a tag is empty: there is a semicolon too many"
    if "rsa-sha1" in reason:
        return "it is signed with rsa-sha1, which no longer counts (RFC 8301, 3.1)"
    return reason.replace("b'", "“").replace("'", "”") if "b'" in reason else reason
