"""A DMARC policy record taken apart (RFC 9989, 4.7 and 4.8)."""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

_VERSION = re.compile(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)")
_NEARLY_VERSION = re.compile(r"\s*v\s*=\s*dmarc1\b[\s;,]*", re.IGNORECASE)
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[^\s,!]+(?:![0-9]+[kmgt]?)?", re.IGNORECASE)
_KNOWN = frozenset("v p sp np psd t adkim aspf fo rua ruf".split())
REMOVED = ("pct", "rf", "ri")  # tags that RFC 7489 had, A.6


class Policy(StrEnum):
    """What the owner asks for mail that fails."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


class DmarcRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One record, what it asks for, and what is wrong with it.

    `tags` are as written, the first of each name. Values that cannot be read count as
    absent and are listed in `invalid` by tag. `repeated` are tags written more than once, which
    RFC 6376, 3.2 forbids; receivers differ in which one they heed. `is_usable` is False where
    RFC 9989, 4.10.1 forbids to use the record: a policy that cannot be read, and no address
    for reports.
    """

    domain: str
    text: str
    tags: dict[str, str]
    invalid: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    ttl_s: int | None = None

    @property
    def p(self) -> Policy:
        """The policy; none if it is absent, or if one of p, sp, np cannot be read."""
        return Policy.NONE if self._is_garbled else self._policy("p") or Policy.NONE

    @property
    def sp(self) -> Policy | None:
        return None if self._is_garbled else self._policy("sp")

    @property
    def np(self) -> Policy | None:
        return None if self._is_garbled else self._policy("np")

    @property
    def psd(self) -> str:
        """y, n or u."""
        value = self.tags.get("psd", "u").lower()
        return value if value in ("y", "n") else "u"

    @property
    def is_test(self) -> bool:
        return self.tags.get("t", "n").lower() == "y"

    @property
    def adkim_strict(self) -> bool:
        return self.tags.get("adkim", "r").lower() == "s"

    @property
    def aspf_strict(self) -> bool:
        return self.tags.get("aspf", "r").lower() == "s"

    @property
    def rua(self) -> tuple[str, ...]:
        return _uris(self.tags.get("rua", ""))

    @property
    def ruf(self) -> tuple[str, ...]:
        return _uris(self.tags.get("ruf", ""))

    @property
    def is_usable(self) -> bool:
        return not self._is_garbled or bool(self.rua)

    @property
    def _is_garbled(self) -> bool:
        return any(tag in self.invalid for tag in ("p", "sp", "np"))

    def _policy(self, tag: str) -> Policy | None:
        value = self.tags.get(tag, "").lower()
        return Policy(value) if value in _VALUES["p"] else None

    def applied(self, policy: Policy) -> Policy:
        """The policy after t=y, which lowers it by one (4.7)."""
        if not self.is_test or policy is Policy.NONE:
            return policy
        return Policy.QUARANTINE if policy is Policy.REJECT else Policy.NONE


def is_record(text: str) -> bool:
    """Whether a TXT record is DMARC's: the version first, in capitals (4.8)."""
    return _VERSION.match(text) is not None


def with_version(text: str) -> str:
    """The record that a TXT record was meant to be: case, a space or a semicolon is wrong in
    its version. "" for one that is right, or that is none at all."""
    found = _NEARLY_VERSION.match(text)
    if found is None or is_record(text):
        return ""
    return f"v=DMARC1; {text[found.end() :]}".rstrip("; ")


def parse_record(domain: str, text: str, ttl_s: int | None = None) -> DmarcRecord:
    """Read a record; never raises. Unknown tags are ignored, unreadable values too."""
    tags: dict[str, str] = {}
    broken: list[str] = []
    repeated: list[str] = []
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        name, value = name.strip().lower(), value.strip()
        if not part.strip():
            continue
        if name in tags and name in _KNOWN:
            repeated.append(name)
        if not equals or not name.isalpha() or not value:
            broken.append(name if name in _KNOWN else part.strip())
        tags.setdefault(name, value)
    broken += [tag for tag, value in tags.items() if tag not in broken and _is_bad(tag, value)]
    return DmarcRecord(
        domain=domain,
        text=text,
        tags={tag: value for tag, value in tags.items() if tag},
        invalid=tuple(dict.fromkeys(broken)),
        unknown=tuple(tag for tag in tags if tag and tag not in _KNOWN and tag not in REMOVED),
        repeated=tuple(dict.fromkeys(repeated)),
        ttl_s=ttl_s,
    )


_VALUES = {
    "p": ("none", "quarantine", "reject"),
    "sp": ("none", "quarantine", "reject"),
    "np": ("none", "quarantine", "reject"),
    "psd": ("y", "n", "u"),
    "t": ("y", "n"),
    "adkim": ("r", "s"),
    "aspf": ("r", "s"),
}


def _is_bad(tag: str, value: str) -> bool:
    if tag in _VALUES:
        return value.lower() not in _VALUES[tag]
    if tag == "fo":
        return _is_bad_fo([part.strip().lower() for part in value.split(":")])
    if tag in ("rua", "ruf"):
        return not _uris(value)
    return False


def _is_bad_fo(options: list[str]) -> bool:
    """RFC 9989, 4.8: each at most once, and of 0 and 1 only one."""
    once = set(options)
    return not once <= {"0", "1", "d", "s"} or {"0", "1"} <= once or len(once) < len(options)


def _uris(value: str) -> tuple[str, ...]:
    """The addresses that can be read; a size after ! is left from RFC 7489."""
    found = [part.strip() for part in value.split(",")]
    return tuple(uri for uri in found if _URI.fullmatch(uri) and _has_target(uri))


def _has_target(uri: str) -> bool:
    scheme, _, rest = uri.partition(":")
    return scheme.lower() != "mailto" or ("@" in rest and not rest.startswith("@"))
