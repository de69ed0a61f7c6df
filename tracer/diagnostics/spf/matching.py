"""Whether a client matches a mechanism, by asking DNS, and what that costs (RFC 7208, 5)."""

from __future__ import annotations

import time

from tracer.diagnostics.lookup import Answer, Lookup
from tracer.diagnostics.spf.grammar import Grammar, Mechanism
from tracer.diagnostics.spf.model import (
    MAX_HOSTS,
    MAX_LOOKUPS,
    MAX_VOIDS,
    permanent,
    temporary,
)


class Matcher:
    """One client's questions, counted: `lookups` and `voids` are terms (4.6.4).

    `ends` is a time of the monotonic clock. Every method raises SpfTrouble when DNS fails, a
    limit is passed or the time is over.
    """

    def __init__(
        self, lookup: Lookup, ends: float, ip: str, sender: str, helo: str, receiver: str
    ) -> None:
        self.grammar = Grammar(ip, sender, helo, receiver, self._validated_names)
        self.lookups = 0
        self.voids = 0
        self.hosts_without_address = 0
        self._lookup = lookup
        self._ends = ends
        self._names: list[str] | None = None
        self._is_unnamed = False

    def check_time(self) -> None:
        """Raise SpfTrouble when the time is over."""
        if time.monotonic() > self._ends:
            raise temporary("the evaluation took too long")

    def matches(self, mechanism: Mechanism) -> bool:
        """Whether the client matches any mechanism but include."""
        grammar, target, prefix = self.grammar, mechanism.target, mechanism.prefix
        if mechanism.kind == "all":
            return True
        if mechanism.kind == "ip4":
            return grammar.family == "A" and grammar.holds([target], prefix)
        if mechanism.kind == "ip6":
            return grammar.family == "AAAA" and grammar.holds([target], prefix)
        self.count_lookup()
        if mechanism.kind == "exists":
            return bool(self._asked(target, "A"))
        if mechanism.kind == "a":
            return grammar.holds(self._asked(target, grammar.family), prefix)
        if mechanism.kind == "mx":
            return grammar.holds(self._addresses_of_mx(target), prefix)
        return self._is_named(target)

    def _asked(self, name: str, rdtype: str) -> list[str]:
        """The records of a term's question; none is a void lookup."""
        answer = self._known(name, rdtype)
        if not answer.records and answer.evidence.server:
            self.count_void()
        return list(answer.records)

    def _known(self, name: str, rdtype: str) -> Answer:
        self.check_time()
        answer = self._lookup.ask(name, rdtype)
        if not answer.known:
            raise temporary(
                f"DNS does not answer for {name} {rdtype}: {answer.evidence.note or 'no reason'}"
            )
        return answer

    def _addresses_of_mx(self, domain: str) -> list[str]:
        """RFC 7208, 5.4; a host without an address of this family is no void lookup."""
        hosts = [text.split()[-1].removesuffix(".") for text in self._asked(domain, "MX")]
        if len(hosts) > MAX_HOSTS:
            raise permanent("too_many_mx", f"{domain} has more than {MAX_HOSTS} MX hosts")
        hosts = [host for host in hosts if host]
        self.check_time()
        self._lookup.ask_all((host, self.grammar.family) for host in hosts)
        found: list[str] = []
        for host in hosts:
            addresses = self._known(host, self.grammar.family).records
            self.hosts_without_address += not addresses
            found += addresses
        return found

    def _is_named(self, domain: str) -> bool:
        """RFC 7208, 5.5: whether a validated name of the client is `domain` or below it."""
        if not self._validated_names() and self._is_unnamed:
            self.count_void()
        below = "." + domain.lower()
        return any(("." + name).endswith(below) for name in self._validated_names())

    def _validated_names(self) -> list[str]:
        """Names from PTR that lead back to the client; DNS errors only pass over a name."""
        if self._names is None:
            self.check_time()
            answer = self._lookup.ask(self.grammar.reverse_name, "PTR")
            self._is_unnamed = answer.absent
            names = [text.removesuffix(".").lower() for text in answer.records[:MAX_HOSTS]]
            family = self.grammar.family
            answers = self._lookup.ask_all((name, family) for name in names)
            self._names = [
                name for name, found in zip(names, answers, strict=True) if self._leads_back(found)
            ]
        return self._names

    def _leads_back(self, answer: Answer) -> bool:
        whole = 32 if self.grammar.family == "A" else 128
        return self.grammar.holds(list(answer.records), whole)

    def count_lookup(self) -> None:
        """Count a term that asks DNS."""
        self.lookups += 1
        if self.lookups > MAX_LOOKUPS:
            raise permanent("too_many_lookups", f"more than {MAX_LOOKUPS} DNS lookups")

    def count_void(self) -> None:
        """Count a term whose question came back empty."""
        self.voids += 1
        if self.voids > MAX_VOIDS:
            raise permanent("too_many_voids", f"more than {MAX_VOIDS} DNS lookups came back empty")
