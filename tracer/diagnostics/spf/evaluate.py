"""check_host() of RFC 7208, with a tree of what was read.

All DNS goes through a Lookup. Counted as the RFC says: lookups and void lookups are terms
(4.6.4), a redirect counts when it is followed, a host of an mx without an address is not
void, a DNS error of a name from PTR only passes over that name (5.5).
"""

from __future__ import annotations

import ipaddress
import time
from dataclasses import dataclass, field

from tracer.diagnostics.lookup import Lookup, ascii_name
from tracer.diagnostics.spf.grammar import Mechanism
from tracer.diagnostics.spf.matching import Matcher
from tracer.diagnostics.spf.model import (
    SpfNode,
    SpfResult,
    SpfTerm,
    SpfTrouble,
    SpfVerdict,
    permanent,
)
from tracer.diagnostics.spf.records import (
    Record,
    check_characters,
    fetch,
    kind_of,
    modifier,
    terms_of,
)

_LIMIT_S = 20.0  # for one verdict, RFC 7208, 4.6.4


def evaluate(
    lookup: Lookup,
    ip: str,
    mail_from: str,
    helo: str,
    *,
    receiver: str = "unknown",
    limit_s: float = _LIMIT_S,
) -> SpfVerdict:
    """The verdict about a client at `ip` that says `helo` and MAIL FROM:<mail_from>.

    An empty `mail_from` (or `<>`) makes the HELO name the identity (RFC 7208, 2.4). A domain
    may be written in any script. Never raises for what is given or for what DNS says.
    """
    sender = mail_from.removeprefix("<").removesuffix(">")
    identity = "mailfrom" if sender else "helo"
    helo = _a_labels(helo)
    local, _, domain = (sender or helo).rpartition("@")
    domain = _a_labels(domain)
    try:
        ipaddress.ip_address(ip)
    except ValueError:
        text = f"“{ip}” is not an IP address" if ip else "no IP address was given"
        return SpfVerdict(result=SpfResult.NONE, domain=domain, identity=identity, explanation=text)
    sender = f"{local or 'postmaster'}@{domain}"
    matcher = Matcher(lookup, time.monotonic() + limit_s, ip, sender, helo, receiver)
    return _Run(lookup, matcher).verdict(domain, identity)


def _a_labels(name: str) -> str:
    return name if name.isascii() else ascii_name(name) or name


@dataclass
class _Growing:
    """A node of the tree while it is evaluated."""

    record: Record
    terms: list[SpfTerm] = field(default_factory=list)
    result: str = ""

    def grown(self) -> SpfNode:
        return SpfNode(
            domain=self.record.domain,
            record=self.record.text,
            result=self.result,
            terms=tuple(self.terms),
            ttl_s=self.record.answer.ttl_s,
        )


@dataclass(frozen=True, slots=True)
class _Outcome:
    result: str
    mechanism: str = ""
    node: SpfNode | None = None
    explain: tuple[str, str] = ("", "")  # the value of exp= and the domain that has it
    trouble: SpfTrouble | None = None


class _Run:
    """One verdict in the making."""

    def __init__(self, lookup: Lookup, matcher: Matcher) -> None:
        self._lookup = lookup
        self._matcher = matcher
        self._grammar = matcher.grammar

    def verdict(self, domain: str, identity: str) -> SpfVerdict:
        node, trouble = None, None
        explanation, mechanism = "", ""
        try:
            record = self._record(domain)
            if record is None or not record.text:
                result = SpfResult.NONE
                if record:
                    node = _Growing(record, result=result).grown()
            else:
                outcome = self._evaluate(record)
                result, mechanism = SpfResult(outcome.result), outcome.mechanism
                node, trouble = outcome.node, outcome.trouble
                if result is SpfResult.FAIL:
                    explanation = self._explanation(*outcome.explain)
        except SpfTrouble as error:
            result, trouble = error.result, error
        return SpfVerdict(
            result=result,
            domain=domain,
            identity=identity,
            explanation=str(trouble) if trouble else explanation,
            mechanism=mechanism,
            lookups=self._matcher.lookups,
            void_lookups=self._matcher.voids,
            strict_void_lookups=self._matcher.voids + self._matcher.hosts_without_address,
            problem=trouble.problem if trouble else "",
            tree=node,
        )

    def _record(self, domain: str) -> Record | None:
        self._matcher.check_time()
        return fetch(self._lookup, domain)

    def _evaluate(self, record: Record) -> _Outcome:
        """What a record says; an error is a value here, so that the tree is kept."""
        growing = _Growing(record)
        try:
            outcome = self._walked(record, growing)
        except SpfTrouble as error:
            growing.result = error.result
            self._mark(growing, error)
            return _Outcome(error.result, node=growing.grown(), trouble=error)
        growing.result = outcome.result
        return _Outcome(
            outcome.result, outcome.mechanism, growing.grown(), outcome.explain, outcome.trouble
        )

    def _mark(self, growing: _Growing, error: SpfTrouble) -> None:
        """Show the terms that were not reached, and the fault where it is."""
        for text in terms_of(growing.record.text)[len(growing.terms) :]:
            problem = str(error) if text == error.term else ""
            growing.terms.append(SpfTerm(text=text, kind=kind_of(text), problem=problem))

    def _walked(self, record: Record, growing: _Growing) -> _Outcome:
        parsed, redirect, explain = self._parsed(record)
        outcome = None
        for text in terms_of(record.text):
            mechanism = parsed.get(text)
            if mechanism is None or outcome is not None:
                growing.terms.append(SpfTerm(text=text, kind=kind_of(text)))
                continue
            if self._matches_as_term(mechanism, growing):
                outcome = _Outcome(mechanism.result, mechanism.text, explain=explain)
        if outcome is None and redirect and not _has_all(parsed):
            return self._redirected(*redirect, growing)
        return outcome or _Outcome(SpfResult.NEUTRAL)

    def _parsed(
        self, record: Record
    ) -> tuple[dict[str, Mechanism], tuple[str, str] | None, tuple[str, str]]:
        """Every term is read before any is evaluated (RFC 7208, 4.6)."""
        mechanisms: dict[str, Mechanism] = {}
        redirect, explain = None, ("", "")
        seen: set[str] = set()
        for term in terms_of(record.text):
            named = modifier(term)
            if named is None:
                mechanisms[term] = self._grammar.mechanism(term, record.domain)
                continue
            name, value = named
            check_characters(term)
            if name in ("redirect", "exp"):
                if name in seen:
                    raise permanent("syntax", f"{name}= stands there twice", term)
                target = self._grammar.domain(value, record.domain, term)
                if name == "redirect":
                    redirect = target, term
                else:
                    explain = target, record.domain
            seen.add(name)
        return mechanisms, redirect, explain

    def _matches_as_term(self, mechanism: Mechanism, growing: _Growing) -> bool:
        """Whether a mechanism matches; notes in the tree what it cost, also when it fails."""
        lookups, voids = self._matcher.lookups, self._matcher.voids
        node, matched, trouble = None, False, None
        try:
            if mechanism.kind == "include":
                node, matched, trouble = self._included(mechanism)
            else:
                matched = self._matcher.matches(mechanism)
        except SpfTrouble as error:
            trouble = error
        growing.terms.append(
            SpfTerm(
                text=mechanism.text,
                kind=mechanism.kind,
                lookups=self._matcher.lookups - lookups,
                void_lookups=self._matcher.voids - voids,
                matched=matched,
                problem=str(trouble) if trouble else "",
                node=node,
            )
        )
        if trouble:
            raise trouble
        return matched

    def _included(self, mechanism: Mechanism) -> tuple[SpfNode | None, bool, SpfTrouble | None]:
        """RFC 7208, 5.2."""
        self._matcher.count_lookup()
        record = self._record_there(mechanism.target, mechanism.text)
        outcome = self._evaluate(record)
        return outcome.node, outcome.result == SpfResult.PASS, outcome.trouble

    def _redirected(self, target: str, term: str, growing: _Growing) -> _Outcome:
        """RFC 7208, 6.1: the other record's verdict, its explanation too."""
        lookups, voids = self._matcher.lookups, self._matcher.voids
        outcome: _Outcome | None = None
        trouble: SpfTrouble | None = None
        try:
            self._matcher.count_lookup()
            outcome = self._evaluate(self._record_there(target, term))
            trouble = outcome.trouble
        except SpfTrouble as error:
            trouble = error
        place = next(n for n, old in enumerate(growing.terms) if old.text == term)
        growing.terms[place] = SpfTerm(
            text=term,
            kind="redirect",
            lookups=self._matcher.lookups - lookups,
            void_lookups=self._matcher.voids - voids,
            matched=True,
            problem=str(trouble) if trouble else "",
            node=outcome.node if outcome else None,
        )
        if trouble:
            raise trouble
        assert outcome is not None
        return outcome

    def _record_there(self, domain: str, term: str) -> Record:
        """The record of an include or a redirect, which must be there."""
        record = self._record(domain)
        if record is not None and record.text:
            return record
        if record is not None and record.answer.absent:
            self._matcher.count_void()
        raise permanent("no_record_there", f"{domain} has no SPF record", term)

    def _explanation(self, target: str, domain: str) -> str:
        """The text of exp=; anything wrong with it is passed over (RFC 7208, 6.2)."""
        if not target:
            return ""
        answer = self._lookup.ask(target, "TXT")
        if len(answer.records) != 1 or not answer.records[0].isascii():
            return ""
        try:
            return self._grammar.text(answer.records[0], domain)
        except SpfTrouble:
            return ""


def _has_all(parsed: dict[str, Mechanism]) -> bool:
    return any(mechanism.kind == "all" for mechanism in parsed.values())
