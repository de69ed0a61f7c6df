"""Syntax of mechanisms, and macros, by pyspf; where it differs from RFC 7208 it is mended.

pyspf 2.0.14 is used for nothing that asks DNS: its own lookups use the system's search
list, count hosts of an mx as void lookups and take a DNS error of a PTR for an error.
Mended here: names longer than 253 octets lose labels from the left until they fit (7.3); a
record may include itself as long as that is not reached; the last @ of a sender divides it;
macros that the grammar does not know are errors.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from tracer.diagnostics.spf.model import SpfTrouble, permanent
from tracer.diagnostics.spf.records import check_characters, mechanism

if TYPE_CHECKING:
    import spf

_LONGEST = 253
_KNOWN_TERMS = 8192  # without macros; they come again in every verdict about a domain
_ANYBODY = {"A": "192.0.2.1", "AAAA": "2001:db8::1"}
_QUALIFIERS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A mechanism whose syntax is right."""

    text: str
    kind: str
    result: str  # what its qualifier says if it matches
    target: str  # domain or address
    prefix: int  # length of the network prefix, for the client's family


class Grammar:
    """Reads terms for one client; `family` is the type of address record that it needs."""

    def __init__(
        self, ip: str, sender: str, helo: str, receiver: str, names: Callable[[], list[str]]
    ) -> None:
        import spf

        self._query: spf.query = spf.query(i=ip, s=sender, h=helo, receiver=receiver)
        local, _, domain = sender.rpartition("@")
        self._query.l, self._query.o = local, domain
        self._query.validated_ptrs = names
        self.family: str = self._query.A
        client = ipaddress.ip_address(str(self._query.ipaddr))
        self._client, self._bits = int(client), client.max_prefixlen

    @property
    def reverse_name(self) -> str:
        """Where the PTR records of the client are."""
        return f"{'.'.join(reversed(self._query.i.split('.')))}.{self._query.v}.arpa".lower()

    def mechanism(self, term: str, domain: str) -> Mechanism:
        """Raises SpfTrouble."""
        if "%" not in term:
            return _without_macros(term, domain, self.family)
        return self.read(term, domain)

    def read(self, term: str, domain: str) -> Mechanism:
        """The same without a look at what is known. Raises SpfTrouble."""
        check_characters(term)
        if mechanism(term) == "include":
            return self._include(term, domain)
        with _Translated(term):
            self._enter(domain)
            text, kind, target, prefix, result = self._query.validate_mechanism(term)
        return Mechanism(text, kind, str(result), _fitting(target or ""), prefix)

    def _include(self, term: str, domain: str) -> Mechanism:
        target = term.partition(":")[2]
        if not target:
            raise permanent("syntax", f"“{term}” names no domain", term)
        result = _QUALIFIERS.get(term[0], "pass")
        return Mechanism(term, "include", result, self.domain(target, domain, term), 0)

    def domain(self, spec: str, domain: str, term: str) -> str:
        """A domain-spec with its macros expanded; raises SpfTrouble."""
        check_characters(term)
        with _Translated(term):
            self._enter(domain)
            expanded = _fitting(self._query.expand_domain(spec))
        if not expanded:
            raise permanent("syntax", f"“{term}” names no domain", term)
        return expanded

    def text(self, spec: str, domain: str) -> str:
        """An explanation with its macros expanded; raises SpfTrouble."""
        check_characters(spec.replace(" ", ""))
        with _Translated(spec):
            self._enter(domain)
            return str(self._query.expand(spec, stripdot=False))

    def _enter(self, domain: str) -> None:
        """%{d} is another in each record, and %{p} is chosen by it (7.3)."""
        if self._query.d != domain:
            self._query.d, self._query.p = domain, None

    def holds(self, addresses: list[str], prefix: int) -> bool:
        """Whether the client is in the network of one of the addresses."""
        beyond = self._bits - prefix
        return any(self._number(text) >> beyond == self._client >> beyond for text in addresses)

    def _number(self, address: str) -> int:
        family = socket.AF_INET if self.family == "A" else socket.AF_INET6
        try:
            return int.from_bytes(socket.inet_pton(family, address))
        except OSError as error:
            raise permanent("syntax", f"“{address}” is not an address", "") from error


@lru_cache(_KNOWN_TERMS)
def _without_macros(term: str, domain: str, family: str) -> Mechanism:
    """A term that says the same for every client of a family. Raises SpfTrouble."""
    anybody = Grammar(_ANYBODY[family], f"postmaster@{domain}", domain, "unknown", list)
    return anybody.read(term, domain)


class _Translated:
    """Turns pyspf's errors into ours."""

    def __init__(self, term: str) -> None:
        self._term = term

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        import spf

        if isinstance(error, spf.PermError):
            term = self._term
            said = f"“{term}” is not written as SPF wants it: {error.msg.strip()}"
            raise permanent("syntax", said, term) from error
        if isinstance(error, (ValueError, IndexError)) and not isinstance(error, SpfTrouble):
            raise permanent("syntax", f"“{self._term}” cannot be read", self._term) from error


def _fitting(name: str) -> str:
    """RFC 7208, 7.3: too long a name loses labels from the left."""
    while len(name) > _LONGEST and "." in name:
        name = name.partition(".")[2]
    return name
