"""What a name server's response says of one question, read from its octets.

The responses that verdicts in bulk are made of are read here, since dnspython takes ten times
as long to build its objects. Whatever is out of the ordinary (another type of record, a name
with odd characters, an extended error, anything that does not add up) is left to dnspython.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dns.message
    import dns.rdata

_HEAD = struct.Struct("!HHHHHH")
_RECORD = struct.Struct("!HHIH")
_AD = 0x0020
_NXDOMAIN = 3
_A, _CNAME, _SOA, _PTR, _MX, _TXT, _AAAA, _OPT, _RRSIG, _NSEC, _NSEC3 = (
    1, 5, 6, 12, 15, 16, 28, 41, 46, 47, 50
)  # fmt: skip
_PROOFS = frozenset({_RRSIG, _NSEC, _NSEC3})
_CHAIN = 16
_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


@dataclass(frozen=True, slots=True)
class Response:
    """A response in our terms. `records` is presentation text, as in `Answer`; None: no such
    record. `ttl_s` is None where a negative answer says nothing of how long it is good for."""

    rcode: int
    records: tuple[str, ...] | None = None
    canonical: str = ""  # where CNAMEs lead, A-labels in lower case without the last dot
    ttl_s: int | None = None
    is_authenticated: bool = False
    errors: frozenset[int] = frozenset()  # codes of extended errors (RFC 8914)
    error_texts: tuple[str, ...] = ()
    is_open: bool = False  # has records, but neither the asked-for one nor a SOA
    is_unclear: bool = False  # it contradicts itself


def read_octets(wire: bytes, rdtype: int) -> Response | None:
    """An ordinary response, header and all; None leaves it to `read_message`."""
    try:
        return _Octets(wire, rdtype).response()
    except (_Unusual, IndexError, struct.error, OSError, UnicodeDecodeError):
        return None


class _Unusual(Exception):
    """Not for this reader."""


class _Octets:
    def __init__(self, wire: bytes, rdtype: int) -> None:
        if rdtype not in _READERS:
            raise _Unusual
        self._wire = wire
        self._rdtype = rdtype
        _, self._flags, self._questions, *self._counts = _HEAD.unpack_from(wire)
        self._at = _HEAD.size

    def response(self) -> Response:
        if self._questions != 1 or self._flags & 0x000F not in (0, _NXDOMAIN):
            raise _Unusual
        asked = self._name().lower()
        self._at += 4
        found, aliases = self._answers()
        soa = self._authority()
        self._additional()
        if self._at != len(self._wire):
            raise _Unusual
        return self._told(asked, found, aliases, soa)

    def _told(
        self,
        asked: str,
        found: dict[str, tuple[list[str], int]],
        aliases: dict[str, tuple[str, int]],
        soa: tuple[str, int] | None,
    ) -> Response:
        name, ttls = asked, []
        while name not in found and name in aliases:
            name, ttl = aliases[name]
            ttls.append(ttl)
            if len(ttls) >= _CHAIN:
                raise _Unusual
        rcode = self._flags & 0x000F
        records = None
        if name in found:
            if rcode == _NXDOMAIN:
                raise _Unusual
            texts, ttl = found[name]
            records = tuple(texts)
            ttls.append(ttl)
        elif soa is not None:
            if not f".{name}".endswith(f".{soa[0]}") and soa[0]:
                raise _Unusual
            ttls.append(soa[1])
        return Response(
            rcode=rcode,
            records=records,
            canonical=name if name != asked else "",
            ttl_s=min(ttls, default=None),
            is_authenticated=bool(self._flags & _AD),
            is_open=soa is None and bool(found or aliases),
        )

    def _answers(
        self,
    ) -> tuple[dict[str, tuple[list[str], int]], dict[str, tuple[str, int]]]:
        found: dict[str, tuple[list[str], int]] = {}
        aliases: dict[str, tuple[str, int]] = {}
        for _ in range(self._counts[0]):
            owner, kind, ttl, length = self._head()
            end = self._at + length
            if kind == self._rdtype:
                text = _READERS[kind](self, length)
                texts, least = found.get(owner, ([], ttl))
                if text not in texts:
                    texts.append(text)
                found[owner] = texts, min(least, ttl)
            elif kind == _CNAME:
                if owner in aliases:
                    raise _Unusual
                aliases[owner] = self._name().lower(), ttl
            elif kind == _RRSIG:
                self._at = end
            else:
                raise _Unusual
            if self._at != end:
                raise _Unusual
        return found, aliases

    def _authority(self) -> tuple[str, int] | None:
        """Owner of the SOA, and how long a negative answer is good for (RFC 2308, 5)."""
        soa = None
        for _ in range(self._counts[1]):
            owner, kind, ttl, length = self._head()
            end = self._at + length
            if kind == _SOA:
                if soa is not None or length < 22:
                    raise _Unusual
                soa = owner, min(ttl, int.from_bytes(self._wire[end - 4 : end]))
            elif kind not in _PROOFS:
                raise _Unusual
            self._at = end
        return soa

    def _additional(self) -> None:
        for _ in range(self._counts[2]):
            if self._wire[self._at] or self._wire[self._at + 1 : self._at + 3] != b"\0\x29":
                raise _Unusual
            _, _, more, length = _RECORD.unpack_from(self._wire, self._at + 1)
            if more >> 24 or length:
                raise _Unusual  # a longer rcode, or options: an extended error may be among them
            self._at += 1 + _RECORD.size

    def _head(self) -> tuple[str, int, int, int]:
        owner = self._name().lower()
        kind, rdclass, ttl, length = _RECORD.unpack_from(self._wire, self._at)
        if rdclass != 1 or ttl > 0x7FFFFFFF:
            raise _Unusual
        self._at += _RECORD.size
        return owner, kind, ttl, length

    def _name(self) -> str:
        """The name here, without the dot at the end; leaves the place behind it."""
        wire, at, behind = self._wire, self._at, 0
        labels: list[bytes] = []
        while length := wire[at]:
            if length >= 0xC0:
                behind = behind or at + 2
                to = (length & 0x3F) << 8 | wire[at + 1]
                if to >= at:
                    raise _Unusual
                at = to
                continue
            label = wire[at + 1 : at + 1 + length]
            if length > 63 or len(label) != length or not _LETTERS.issuperset(label):
                raise _Unusual
            labels.append(label)
            at += 1 + length
        self._at = behind or at + 1
        if len(labels) > 127 or sum(map(len, labels)) + len(labels) > 254:
            raise _Unusual
        return b".".join(labels).decode("ascii")

    def _taken(self, length: int) -> bytes:
        octets = self._wire[self._at : self._at + length]
        if len(octets) != length:
            raise _Unusual
        self._at += length
        return octets

    def _address(self, length: int) -> str:
        family = {4: socket.AF_INET, 16: socket.AF_INET6}.get(length)
        if family is None or (length == 4) is not (self._rdtype == _A):
            raise _Unusual
        return socket.inet_ntop(family, self._taken(length))

    def _host(self, length: int) -> str:
        return f"{self._name()}."

    def _exchange(self, length: int) -> str:
        preference = int.from_bytes(self._taken(2))
        return f"{preference} {self._name()}."

    def _strings(self, length: int) -> str:
        octets, at, strings = self._taken(length), 0, []
        if not octets:
            raise _Unusual
        while at < length:
            size = octets[at]
            string = octets[at + 1 : at + 1 + size]
            if len(string) != size:
                raise _Unusual
            strings.append(string)
            at += 1 + size
        return b"".join(strings).decode("latin-1")


_READERS = {
    _A: _Octets._address,
    _AAAA: _Octets._address,
    _MX: _Octets._exchange,
    _PTR: _Octets._host,
    _TXT: _Octets._strings,
}


def read_message(message: dns.message.Message) -> Response:
    """Any response, as dnspython read it."""
    import dns.exception
    import dns.flags
    import dns.rdatatype

    errors = message.extended_errors()
    told = Response(
        rcode=int(message.rcode()),
        is_authenticated=bool(message.flags & dns.flags.AD),
        errors=frozenset(int(error.code) for error in errors),
        error_texts=tuple(error.to_text() for error in errors),
    )
    if told.rcode not in (0, _NXDOMAIN):
        return told
    return _chained(message, told)


def _chained(message: dns.message.Message, told: Response) -> Response:
    import dns.exception
    import dns.rdatatype

    try:
        chain = message.resolve_chaining()  # type: ignore[attr-defined]
    except dns.exception.DNSException:
        return replace(told, is_unclear=True)
    has_soa = any(rrset.rdtype == dns.rdatatype.SOA for rrset in message.authority)
    if chain.answer is not None or has_soa:
        ttl_s = chain.minimum_ttl
    else:
        ttl_s = min((rrset.ttl for rrset in chain.cnames), default=None)
    return replace(
        told,
        records=None if chain.answer is None else tuple(_text(one) for one in chain.answer),
        canonical=str(chain.canonical_name).removesuffix(".").lower() if chain.cnames else "",
        ttl_s=ttl_s,
        is_open=not has_soa and bool(message.answer),
    )


def _text(record: dns.rdata.Rdata) -> str:
    strings = getattr(record, "strings", None)
    return b"".join(strings).decode("latin-1") if strings is not None else record.to_text()
