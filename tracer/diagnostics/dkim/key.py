"""A DKIM key as it stands in DNS (RFC 6376, 3.6), classified before anybody uses it."""

from __future__ import annotations

import base64
import binascii
import re
from enum import StrEnum

import msgspec

from tracer.diagnostics.lookup import Answer, Lookup

_ED25519_OCTETS = 32  # RFC 8463, 4
SMALLEST_RSA = 1024  # bits, RFC 8301, 3.2


class KeyState(StrEnum):
    """Whether there is a key to verify with."""

    FOUND = "found"
    MISSING = "missing"  # DNS says that no key stands there
    REVOKED = "revoked"  # an empty p=
    SEVERAL = "several"  # more than one record: which one counts is undefined (3.6.2.2)
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"  # DNS does not answer, so nothing can be said


class DkimKey(msgspec.Struct, frozen=True, kw_only=True):
    """What stands at `SELECTOR._domainkey.DOMAIN`."""

    name: str
    state: KeyState
    text: str = ""  # the record
    kind: str = ""  # rsa, ed25519
    bits: int | None = None
    is_test: bool = False  # t=y
    is_strict: bool = False  # t=s: i= must have the very domain of d=
    hashes: tuple[str, ...] = ()  # h=; empty: all
    services: tuple[str, ...] = ()  # s=; empty: all
    problem: str = ""  # English, "" if there is none
    answer: Answer | None = None

    @property
    def is_too_small(self) -> bool:
        return self.kind == "rsa" and self.bits is not None and self.bits < SMALLEST_RSA

    @property
    def serves_mail(self) -> bool:
        return not self.services or "*" in self.services or "email" in self.services

    @property
    def allows_sha256(self) -> bool:
        return not self.hashes or "sha256" in self.hashes


def key_name(selector: str, domain: str) -> str:
    """Where the key stands."""
    return f"{selector}._domainkey.{domain}"


def fetch_key(lookup: Lookup, selector: str, domain: str) -> DkimKey:
    """The key of a selector; never raises, and never calls a key missing by guessing."""
    name = key_name(selector, domain)
    answer = lookup.ask(name, "TXT")
    if not answer.known:
        return DkimKey(
            name=name,
            state=KeyState.UNKNOWN,
            problem=f"DNS does not answer: {answer.evidence.note}",
            answer=answer,
        )
    keys = [text for text in answer.records if _is_meant_as_key(text)]
    if not keys:
        problem = "what stands there is no DKIM key" if answer.records else ""
        return DkimKey(name=name, state=KeyState.MISSING, problem=problem, answer=answer)
    if len(keys) > 1:
        problem = f"{len(keys)} keys stand under one name"
        return DkimKey(name=name, state=KeyState.SEVERAL, problem=problem, answer=answer)
    return msgspec.structs.replace(read_key(name, keys[0]), answer=answer)


def _is_meant_as_key(text: str) -> bool:
    """A record that a wildcard or another program put there is not a key."""
    return re.search(r"(?:^|;)\s*p\s*=", text) is not None or text.startswith("v=DKIM1")


def read_key(name: str, text: str) -> DkimKey:
    """Take a key record apart; never raises."""
    tags = _tags(text)
    if tags is None:
        return _unreadable(name, text, "it is not a list of tags")
    if tags.get("v", "DKIM1") != "DKIM1":
        return _unreadable(name, text, f"its version is {tags['v']}")
    if "p" not in tags:
        return _unreadable(name, text, "it has no p=")
    flags = _words(tags.get("t", ""))
    kind = tags.get("k", "rsa").lower()
    key = DkimKey(
        name=name,
        state=KeyState.FOUND,
        text=text,
        kind=kind,
        is_test="y" in flags,
        is_strict="s" in flags,
        hashes=_words(tags.get("h", "")),
        services=_words(tags.get("s", "")),
    )
    if not tags["p"]:
        return msgspec.structs.replace(key, state=KeyState.REVOKED)
    bits, problem = _size(kind, tags["p"])
    state = KeyState.UNREADABLE if problem else KeyState.FOUND
    return msgspec.structs.replace(key, state=state, bits=bits, problem=problem)


def _unreadable(name: str, text: str, problem: str) -> DkimKey:
    return DkimKey(name=name, state=KeyState.UNREADABLE, text=text, problem=problem)


def _tags(text: str) -> dict[str, str] | None:
    """Tags of a list (RFC 6376, 3.2); None for a broken one or a tag twice."""
    tags: dict[str, str] = {}
    for part in text.split(";"):
        if not part.strip():
            continue
        name, equals, value = part.partition("=")
        if not equals or name.strip() in tags:
            return None
        tags[name.strip()] = re.sub(r"\s+", "", value)
    return tags


def _words(value: str) -> tuple[str, ...]:
    return tuple(word for word in value.lower().split(":") if word)


def _size(kind: str, value: str) -> tuple[int | None, str]:
    """Bits of a public key, and what is wrong with it."""
    try:
        octets = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None, "its p= is not base64: it may be cut short or have a stray character"
    if kind == "ed25519":
        right = len(octets) == _ED25519_OCTETS
        return (256, "") if right else (None, f"an Ed25519 key has 32 octets, not {len(octets)}")
    if kind != "rsa":
        return None, f"nobody knows a key of type {kind}"
    return _rsa_bits(octets)


def _rsa_bits(octets: bytes) -> tuple[int | None, str]:
    from dkim.crypto import UnparsableKeyError, parse_public_key

    try:
        return int(parse_public_key(octets)["modulus"]).bit_length(), ""
    except (UnparsableKeyError, ValueError, TypeError, IndexError, KeyError):
        return None, "its p= is no RSA key: it may be cut short"
