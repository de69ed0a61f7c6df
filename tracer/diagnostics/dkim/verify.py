"""The DKIM signatures of a message, each with the reason if it does not hold.

The arithmetic is dkimpy's. Keys are fetched and classified here, since dkimpy 1.1 takes
trouble of DNS for a wrong signature; i= against t=s, h= and s= of the key, l= and the
signer's own rules are checked here too.
"""

from __future__ import annotations

import re
import time
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from tracer.diagnostics.dkim.key import DkimKey, KeyState, fetch_key
from tracer.diagnostics.lookup import Lookup, ascii_name

if TYPE_CHECKING:
    import dkim

_MOST = 20  # signatures that are verified; more are an attack, not mail


class DkimReason(StrEnum):
    """Why a signature does not hold; or, of one that does, what to know about it."""

    BODY_CHANGED = "body_changed"  # bh= differs
    HEADERS_CHANGED = "headers_changed"  # b= differs: headers changed, or another key
    KEY_MISSING = "key_missing"
    KEY_REVOKED = "key_revoked"
    KEY_SEVERAL = "key_several"
    KEY_UNREADABLE = "key_unreadable"
    KEY_TOO_SMALL = "key_too_small"
    KEY_MISMATCH = "key_mismatch"  # a= asks for another type, hash or service than the key has
    DNS = "dns"
    EXPIRED = "expired"
    FUTURE = "future"
    FROM_UNSIGNED = "from_unsigned"
    ALGORITHM = "algorithm"  # rsa-sha1 or an unknown one
    IDENTITY = "identity"  # i= is not d= or below it; with t=s, not d= itself
    SYNTAX = "syntax"
    TOO_MANY = "too_many"
    BODY_PARTLY_SIGNED = "body_partly_signed"  # of one that holds: l= leaves octets unsigned


class DkimSignature(msgspec.Struct, frozen=True, kw_only=True):
    """One signature. `result`: pass fail permerror temperror (RFC 8601, 2.7.1)."""

    domain: str
    selector: str
    result: str
    reason: str = ""  # a DkimReason, or ""
    detail: str = ""  # English
    identity: str = ""
    algorithm: str = ""
    key_bits: int | None = None
    is_test: bool = False
    unsigned_octets: int = 0
    key: DkimKey | None = None


class _Broken(Exception):
    def __init__(self, result: str, reason: DkimReason, detail: str) -> None:
        super().__init__(detail)
        self.result = result
        self.reason = reason


def verify_signatures(
    lookup: Lookup, message: bytes, *, now_s: float | None = None
) -> tuple[DkimSignature, ...]:
    """Every DKIM-Signature of a message from the top; never raises.

    `message` is as received; lines may end in LF.
    """
    import dkim

    try:
        headers, _ = dkim.rfc822_parse(message)
    except (dkim.DKIMException, IndexError):
        return ()
    values = [value for name, value in headers if name.lower() == b"dkim-signature"]
    now = time.time() if now_s is None else now_s
    return tuple(
        _Signature(lookup, message, place, value, now).verdict()
        for place, value in enumerate(values[: _MOST + 1])
    )


class _Signature:
    def __init__(
        self, lookup: Lookup, message: bytes, place: int, value: bytes, now: float
    ) -> None:
        self._lookup = lookup
        self._message = message
        self._place = place
        self._tags = _tags(value)
        self._now = now
        self._key: DkimKey | None = None
        self._unsigned = 0

    def verdict(self) -> DkimSignature:
        try:
            self._hold()
        except _Broken as broken:
            return self._made(broken.result, broken.reason, str(broken))
        if self._unsigned:
            detail = f"l= leaves {self._unsigned} octets at the end of the text unsigned"
            return self._made("pass", DkimReason.BODY_PARTLY_SIGNED, detail)
        return self._made("pass", "", "")

    def _hold(self) -> None:
        if self._place >= _MOST:
            raise _Broken("permerror", DkimReason.TOO_MANY, f"only {_MOST} are verified")
        self._check_tags()
        self._check_times()
        self._key = fetch_key(self._lookup, self._tag("s"), self._domain)
        self._check_key(self._key)
        self._check_cryptography(self._key)

    def _tag(self, name: str) -> str:
        return self._tags.get(name, "")

    @property
    def _domain(self) -> str:
        return ascii_name(self._tag("d")) or self._tag("d").lower()

    def _check_tags(self) -> None:
        if absent := [name for name in ("v", "a", "b", "bh", "d", "h", "s") if not self._tag(name)]:
            raise _syntax(f"it has no {absent[0]}=")
        if self._tag("v") != "1":
            raise _syntax(f"its version is {self._tag('v')}")
        if self._tag("a") not in ("rsa-sha256", "ed25519-sha256"):
            raise _Broken(
                "permerror", DkimReason.ALGORITHM, f"{self._tag('a')} is not accepted any more"
            )
        signed = [name.strip().lower() for name in self._tag("h").split(":")]
        if "from" not in signed:
            raise _Broken("permerror", DkimReason.FROM_UNSIGNED, "From: is not signed")
        identity = self._identity_domain
        if identity != self._domain and not identity.endswith("." + self._domain):
            raise _Broken(
                "permerror", DkimReason.IDENTITY, f"i={self._tag('i')} is outside d={self._domain}"
            )
        if self._tag("l") and not self._tag("l").isdigit():
            raise _syntax(f"l={self._tag('l')} is not a number")

    @property
    def _identity_domain(self) -> str:
        domain = self._tag("i").rpartition("@")[2] or self._domain
        return ascii_name(domain) or domain.lower()

    def _check_times(self) -> None:
        for name in ("t", "x"):
            if self._tag(name) and not re.fullmatch(r"\d{1,12}", self._tag(name)):
                raise _syntax(f"{name}={self._tag(name)} is not a time")
        if self._tag("x") and int(self._tag("x")) < self._now:
            raise _Broken("fail", DkimReason.EXPIRED, "x= is past")

    def _check_key(self, key: DkimKey) -> None:
        if key.state in _STATES:
            result, reason, detail = _STATES[key.state]
            raise _Broken(result, reason, key.problem or detail)
        kind = self._tag("a").partition("-")[0]
        if key.kind != kind:
            raise _mismatch(f"the signature is {kind}, the key is {key.kind}")
        if not key.allows_sha256:
            raise _mismatch(f"the key is only for {', '.join(key.hashes)}")
        if not key.serves_mail:
            raise _mismatch(f"the key is only for {', '.join(key.services)}")
        if key.is_too_small:
            raise _Broken("permerror", DkimReason.KEY_TOO_SMALL, f"it has {key.bits} bits")
        if key.is_strict and self._identity_domain != self._domain:
            detail = f"the key (t=s) forbids i={self._tag('i')}"
            raise _Broken("permerror", DkimReason.IDENTITY, detail)

    def _check_cryptography(self, key: DkimKey) -> None:
        import dkim

        # Signatures with UTF-8 in d= or s= (RFC 8616) reach dkimpy's decoding unchanged.
        signer = dkim.DKIM(self._message, minkey=0)
        octets = key.text.encode("latin-1")
        try:
            holds = signer.verify(idx=self._place, dnsfunc=lambda *_, **__: octets)
        except dkim.ValidationError as error:
            raise _read(str(error)) from error
        except (dkim.DKIMException, ValueError, IndexError, TypeError, KeyError) as error:
            raise _syntax(str(error)) from error
        if not holds:
            raise _Broken("fail", DkimReason.HEADERS_CHANGED, "the signature does not fit")
        self._unsigned = self._octets_beyond_l(signer)

    def _octets_beyond_l(self, signer: dkim.DKIM) -> int:
        from dkim.canonicalization import CanonicalizationPolicy

        if not self._tag("l"):
            return 0
        canonical = (self._tag("c") or "simple/simple").encode()
        policy = CanonicalizationPolicy.from_c_value(canonical)
        beyond = len(policy.canonicalize_body(signer.body)) - int(self._tag("l"))
        if beyond < 0:
            raise _syntax(f"l={self._tag('l')} is more than the text has")
        return beyond

    def _made(self, result: str, reason: str, detail: str) -> DkimSignature:
        return DkimSignature(
            domain=self._domain,
            selector=self._tag("s"),
            result=result,
            reason=reason,
            detail=detail,
            identity=self._tag("i"),
            algorithm=self._tag("a"),
            key_bits=self._key.bits if self._key else None,
            is_test=bool(self._key and self._key.is_test),
            unsigned_octets=self._unsigned,
            key=self._key,
        )


_STATES = {
    KeyState.MISSING: ("permerror", DkimReason.KEY_MISSING, "no key stands at the selector"),
    KeyState.REVOKED: ("permerror", DkimReason.KEY_REVOKED, "the key is revoked: p= is empty"),
    KeyState.SEVERAL: ("permerror", DkimReason.KEY_SEVERAL, "several keys"),
    KeyState.UNREADABLE: ("permerror", DkimReason.KEY_UNREADABLE, "the key cannot be read"),
    KeyState.UNKNOWN: ("temperror", DkimReason.DNS, "DNS does not answer"),
}


def _syntax(detail: str) -> _Broken:
    return _Broken("permerror", DkimReason.SYNTAX, detail)


def _mismatch(detail: str) -> _Broken:
    return _Broken("permerror", DkimReason.KEY_MISMATCH, detail)


def _read(said: str) -> _Broken:
    """dkimpy tells its reasons only in words."""
    if said.startswith("body hash mismatch"):
        return _Broken("fail", DkimReason.BODY_CHANGED, "the text differs from what was signed")
    if "in the future" in said:
        return _Broken("permerror", DkimReason.FUTURE, "it was signed in the future")
    return _syntax(said)


def _tags(value: bytes) -> dict[str, str]:
    """Tags of a signature without white space; the last of a name, broken ones left out.

    dkimpy refuses a list that is broken or has a tag twice.
    """
    text = value.decode("utf-8", "replace")
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip(): re.sub(r"\s+", "", given) for name, equals, given in pairs if equals}
