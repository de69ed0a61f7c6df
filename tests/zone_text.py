"""Records for tests, written as a zone file's lines, and the answers that they give.

    example.com   300  TXT  "v=spf1 mx -all"      the TTL may be absent
    *.example.com      A    192.0.2.1
    slow.example.com   TXT  !TIMEOUT               a fault instead of an answer
    broken.example.com *    !SERVFAIL              … for every type

A name that is not there is NXDOMAIN, unless a longer one or a wildcard covers it (RFC 4592).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

FAULTS = ("TIMEOUT", "SERVFAIL", "REFUSED", "TC", "BOGUS", "EMPTY", "FILTERED")
_TTL = 300


@dataclass(frozen=True)
class Found:
    """What the records say about a question: a fault, or rows and whether the name is there."""

    exists: bool = False
    fault: str = ""
    rows: tuple[tuple[dns.name.Name, int, dns.rdata.Rdata], ...] = ()


@dataclass
class Records:
    """Rows by name and type; `follow=False` leaves CNAMEs to whoever asks."""

    follow: bool = True
    rows: dict[tuple[str, str], list[tuple[int, dns.rdata.Rdata]]] = field(default_factory=dict)
    faults: dict[tuple[str, str], str] = field(default_factory=dict)
    _known: tuple[tuple[int, int], frozenset[str]] = ((-1, -1), frozenset())

    @classmethod
    def read(cls, zone: str | Mapping[tuple[str, str], object] = "") -> Records:
        """Records from zone text, or from {(name, type): one or several texts}."""
        records = cls()
        for line in _lines(zone):
            records.add(line)
        return records

    def add(self, line: str) -> None:
        """Take in one line."""
        name, *rest = line.split(None, 1)[0], line.split(None, 1)[1]
        words = rest[0].split(None, 1)
        ttl = _TTL
        if words[0].isdigit():
            ttl = int(words[0])
            words = words[1].split(None, 1)
        if words[0] == "IN":
            words = words[1].split(None, 1)
        kind, text = words[0], words[1]
        key = _key(name), kind.upper()
        if text.startswith("!"):
            assert text[1:] in FAULTS, text
            self.faults[key] = text[1:]
            return
        rdata = dns.rdata.from_text("IN", kind, text, origin=dns.name.root, relativize=False)
        self.rows.setdefault(key, []).append((ttl, rdata))

    def fail(self, name: str, fault: str, kind: str = "*") -> None:
        """Answer with a fault from now on: TIMEOUT SERVFAIL REFUSED TC BOGUS EMPTY
        FILTERED."""
        self.faults[_key(name), kind] = fault

    def heal(self, name: str, kind: str = "*") -> None:
        """Answer again."""
        del self.faults[_key(name), kind]

    def find(self, name: dns.name.Name, kind: str, *, heeding_faults: bool = True) -> Found:
        """The answer to one question, with the CNAMEs on the way."""
        rows: list[tuple[dns.name.Name, int, dns.rdata.Rdata]] = []
        for _ in range(12):
            key = _key(name.to_text(omit_final_dot=True))
            fault = self.faults.get((key, kind)) or self.faults.get((key, "*"), "")
            if fault and heeding_faults:
                return Found(fault=fault)
            owner = self._owner(key)
            if owner is None:
                return Found(exists=False, rows=tuple(rows))
            if here := self.rows.get((owner, kind)):
                rows += [(name, ttl, rdata) for ttl, rdata in here]
                break
            alias = self.rows.get((owner, "CNAME"))
            if not alias:
                break
            rows.append((name, *alias[0]))
            if not self.follow:
                break
            name = alias[0][1].target  # type: ignore[attr-defined]
        return Found(exists=True, rows=tuple(rows))

    def _owner(self, key: str) -> str | None:
        """The name whose rows answer: the name itself, or a wildcard's; None: not there."""
        names = self._names()
        if key in names:
            return key
        parent = key
        while "." in parent:
            parent = parent.partition(".")[2]
            if f"*.{parent}" in names:
                return f"*.{parent}"
            if parent in names:
                return None  # the closest encloser is there, so no wildcard above it counts
        return None

    def _names(self) -> frozenset[str]:
        """Every name that exists, those above others too."""
        size = len(self.rows), len(self.faults)
        if self._known[0] != size:
            given = {name for name, _ in [*self.rows, *self.faults]}
            above = {
                ".".join(labels[cut:])
                for labels in (name.split(".") for name in given)
                for cut in range(len(labels))
            }
            self._known = size, frozenset(above | {""})
        return self._known[1]


def _key(name: str) -> str:
    return name.lower().rstrip(".")


def _lines(zone: str | Mapping[tuple[str, str], object]) -> Iterator[str]:
    if isinstance(zone, str):
        for line in zone.splitlines():
            text = line.strip()
            if text and not text.startswith((";", "#")):
                yield text
        return
    for (name, kind), texts in zone.items():
        for text in [texts] if isinstance(texts, str) else list(texts):  # type: ignore[call-overload]
            yield f"{name} {kind} {text}"
