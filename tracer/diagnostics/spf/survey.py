"""The whole of an SPF record and of those it includes, whoever asks: counts and faults.

An evaluation stops at the first match and at the first error. This walks on, so that what
every include costs is seen, and every fault at once. Macros depend on the client: a term
with one counts as a lookup, where it leads is not followed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from tracer.diagnostics.lookup import Answer, Lookup
from tracer.diagnostics.spf.grammar import Grammar
from tracer.diagnostics.spf.model import (
    MAX_HOSTS,
    MAX_LOOKUPS,
    MAX_VOIDS,
    SpfNode,
    SpfTerm,
    SpfTrouble,
)
from tracer.diagnostics.spf.records import (
    asks_dns,
    fetch,
    has_macro,
    kind_of,
    modifier,
    spf_records,
    terms_of,
    value_of,
)

_QUESTIONS = 150  # asked ahead
_RECORDS = 50  # read at most; a record that is in order leads to no more than eleven
_LONG = 450  # octets of a record that still fit into one UDP answer, RFC 7208, 3.4


class SpfFault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong, or unwise, in a record.

    `code`: dns several_records syntax no_record_there loop too_many_mx too_many_lookups
    too_many_voids; and of what works but is unwise: open_all neutral_all no_all after_all
    redirect_unused ptr long_record.
    """

    code: str
    domain: str  # whose record
    term: str = ""
    text: str = ""  # English, for syntax and DNS
    count: int = 0


class SpfSurvey(msgspec.Struct, frozen=True, kw_only=True):
    """What a domain's SPF record amounts to."""

    tree: SpfNode
    faults: tuple[SpfFault, ...]
    lookups: int
    void_lookups: int
    has_macros: bool  # then the counts are "up to"
    answer: Answer | None  # of the question for the domain's own record


def survey(lookup: Lookup, domain: str, families: Iterable[str] = ()) -> SpfSurvey:
    """Walk the record of `domain` and all that it includes; never raises.

    `families`, A and AAAA, are those in which clients will be evaluated: the addresses that
    this takes are then asked for ahead.
    """
    _fetch_ahead(lookup, domain, tuple(families))
    walk = _Walk(lookup)
    tree = walk.node(domain, ())
    faults = [*walk.faults]
    if tree.lookups > MAX_LOOKUPS:
        faults.append(SpfFault(code="too_many_lookups", domain=domain, count=tree.lookups))
    if tree.void_lookups > MAX_VOIDS:
        faults.append(SpfFault(code="too_many_voids", domain=domain, count=tree.void_lookups))
    return SpfSurvey(
        tree=tree,
        faults=tuple(dict.fromkeys(faults)),
        lookups=tree.lookups,
        void_lookups=tree.void_lookups,
        has_macros=walk.has_macros,
        answer=walk.first,
    )


def _fetch_ahead(lookup: Lookup, domain: str, families: tuple[str, ...]) -> None:
    """Ask for a level of the tree at once, so that its depth alone makes it slow."""
    pending, seen = [(domain, "TXT")], {(domain, "TXT")}
    while pending and len(seen) <= _QUESTIONS:
        answers = lookup.ask_all(pending)
        found = [question for answer in answers for question in _next(answer, families)]
        pending = [question for question in dict.fromkeys(found) if question not in seen]
        seen.update(pending)


def _next(answer: Answer, families: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The questions that an answer leads to."""
    if answer.rdtype == "MX" and len(answer.records) <= MAX_HOSTS:
        hosts = (text.split()[-1].removesuffix(".") for text in answer.records)
        yield from ((host, family) for host in hosts if host for family in families)
    for record in spf_records(answer)[:1]:
        for term in terms_of(record):
            kind, target = kind_of(term), value_of(term) or answer.name
            if not has_macro(target):
                yield from ((target.lower(), rdtype) for rdtype in _ASKED.get(kind, ()))


_ASKED = {
    "a": ("A", "AAAA"),
    "mx": ("MX",),
    "exists": ("A",),
    "include": ("TXT",),
    "redirect": ("TXT",),
}


class _Walk:
    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._left = _RECORDS
        self.faults: list[SpfFault] = []
        self.has_macros = False
        self.first: Answer | None = None

    def node(self, domain: str, above: tuple[str, ...]) -> SpfNode:
        """The record of `domain`; what is wrong goes to `faults`."""
        self._left -= 1
        if not above:
            self.first = self._lookup.ask(domain, "TXT")
        try:
            record = fetch(self._lookup, domain)
        except SpfTrouble as error:
            self._fault(error.problem, domain, text=str(error))
            return SpfNode(domain=domain, result=error.result)
        if record is None or not record.text:
            return SpfNode(domain=domain, result="none")
        self._judge(domain, record.text, is_own=not above)
        grammar = Grammar("192.0.2.1", f"postmaster@{domain}", domain, "unknown", list)
        terms = terms_of(record.text)
        has_all = any(kind_of(term) == "all" for term in terms)
        return SpfNode(
            domain=domain,
            record=record.text,
            terms=tuple(
                self._term(grammar, domain, term, (*above, domain), is_dead=has_all)
                for term in terms
            ),
            ttl_s=record.answer.ttl_s,
        )

    def _term(
        self, grammar: Grammar, domain: str, text: str, above: tuple[str, ...], *, is_dead: bool
    ) -> SpfTerm:
        kind = kind_of(text)
        try:
            _check(grammar, domain, text, kind)
        except SpfTrouble as error:
            self._fault(error.problem, domain, text, str(error))
            return SpfTerm(text=text, kind=kind, problem=str(error))
        if not asks_dns(kind) or (kind == "redirect" and is_dead):
            return SpfTerm(text=text, kind=kind)
        if has_macro(text):
            self.has_macros = True
            return SpfTerm(text=text, kind=kind, lookups=1)
        if kind in ("include", "redirect"):
            return self._leading(domain, text, kind, above)
        is_void = self._is_void(domain, text, kind)
        return SpfTerm(text=text, kind=kind, lookups=1, void_lookups=int(is_void))

    def _leading(self, domain: str, text: str, kind: str, above: tuple[str, ...]) -> SpfTerm:
        target = value_of(text).lower().removesuffix(".")
        if target in above:
            self._fault("loop", domain, text)
            return SpfTerm(text=text, kind=kind, lookups=1, problem="leads back to itself")
        if self._left <= 0:
            return SpfTerm(text=text, kind=kind, lookups=1, problem="not followed any further")
        node = self.node(target, above)
        if node.result == "none":
            self._fault("no_record_there", domain, text)
        is_void = node.result == "none" and self._lookup.ask(target, "TXT").absent
        return SpfTerm(
            text=text,
            kind=kind,
            lookups=1 + node.lookups,
            void_lookups=int(is_void) + node.void_lookups,
            problem="there is no SPF record" if node.result == "none" else "",
            node=node,
        )

    def _is_void(self, domain: str, text: str, kind: str) -> bool:
        """Whether a term's question comes back empty for every client."""
        if kind == "ptr":
            self._fault("ptr", domain, text)
            return False
        target = value_of(text) or domain
        answers = self._lookup.ask_all((target, rdtype) for rdtype in _ASKED[kind])
        if kind == "mx" and len(answers[0].records) > MAX_HOSTS:
            self._fault("too_many_mx", domain, text, count=len(answers[0].records))
        return all(answer.absent for answer in answers)

    def _judge(self, domain: str, record: str, *, is_own: bool) -> None:
        """What works but is unwise; of other people's records only what they let through."""
        terms = terms_of(record)
        kinds = [kind_of(term) for term in terms]
        ends = [term.lower() for term, kind in zip(terms, kinds, strict=True) if kind == "all"]
        if ends and ends[0] in ("all", "+all"):
            self._fault("open_all", domain, ends[0])
        if not is_own:
            return
        if ends and ends[0] == "?all":
            self._fault("neutral_all", domain, ends[0])
        if not ends and "redirect" not in kinds:
            self._fault("no_all", domain)
        if ends and "redirect" in kinds:
            self._fault("redirect_unused", domain, terms[kinds.index("redirect")])
        after = terms[kinds.index("all") + 1 :] if ends else []
        if dead := [term for term in after if modifier(term) is None]:
            self._fault("after_all", domain, dead[0])
        if len(record) > _LONG:
            self._fault("long_record", domain, count=len(record))

    def _fault(
        self, code: str, domain: str, term: str = "", text: str = "", count: int = 0
    ) -> None:
        self.faults.append(SpfFault(code=code, domain=domain, term=term, text=text, count=count))


def _check(grammar: Grammar, domain: str, text: str, kind: str) -> None:
    named = modifier(text)
    if named is None:
        grammar.mechanism(text, domain)
    elif kind in ("redirect", "exp"):
        grammar.domain(named[1], domain, text)
