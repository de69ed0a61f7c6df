"""The walk up the DNS tree (RFC 9989, 4.10): records, organisational domain, policy record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tracer.diagnostics.dmarc.record import DmarcRecord, is_record, parse_record
from tracer.diagnostics.lookup import Answer, Lookup, ascii_name

_MOST = 8  # queries of one walk, and labels that still are walked one by one


class DmarcUnclear(Exception):
    """DNS does not answer, so that nothing can be said."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"DNS does not answer for {answer.name}: {answer.evidence.note}")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Walk:
    """The way up from one domain, and the valid records found on it, the longest name first."""

    start: str
    found: tuple[DmarcRecord, ...]

    @property
    def organizational_domain(self) -> str:
        """RFC 9989, 4.10.2."""
        for record in self.found:
            if record.psd == "n":
                return record.domain
            if record.psd == "y" and record.domain != self.start:
                return _one_below(record.domain, self.start)
        return self.found[-1].domain if self.found else self.start

    @property
    def policy_record(self) -> DmarcRecord | None:
        """The record that applies: the start's own, its organisation's, its suffix's (4.10.1)."""
        by_name = {record.domain: record for record in self.found}
        if self.start in by_name:
            return by_name[self.start]
        if own := by_name.get(self.organizational_domain):
            return own
        return next((record for record in self.found if record.psd == "y"), None)


@dataclass
class Walks:
    """The walks of one evaluation. `queries`: the `_dmarc` names in the order asked."""

    lookup: Lookup
    queries: list[str] = field(default_factory=list)
    several: list[str] = field(default_factory=list)  # domains with more than one record

    def record_at(self, domain: str) -> DmarcRecord | None:
        """The one valid record of a domain. Raises DmarcUnclear."""
        name = f"_dmarc.{domain}"
        if ascii_name(name) is None:
            return None  # too long a name to have a record
        if name not in self.queries:
            self.queries.append(name)
        answer = self.lookup.ask(name, "TXT")
        if not answer.known:
            raise DmarcUnclear(answer)
        records = [text for text in answer.records if is_record(text)]
        if len(records) > 1 and domain not in self.several:
            self.several.append(domain)
        if len(records) != 1:
            return None
        return parse_record(domain, records[0], answer.ttl_s)

    def up_from(self, domain: str) -> Walk:
        """Walk up from `domain`. Raises DmarcUnclear."""
        found = []
        for name in walk_names(domain):
            if record := self.record_at(name):
                found.append(record)
                if record.psd in ("y", "n"):
                    break
        return Walk(domain, tuple(found))


def walk_names(domain: str) -> Iterator[str]:
    """The domains to ask, the start first; at most eight."""
    yield domain
    labels = domain.split(".")
    first = 1 if len(labels) < _MOST else len(labels) - (_MOST - 1)
    for cut in range(first, len(labels)):
        yield ".".join(labels[cut:])


def _one_below(suffix: str, domain: str) -> str:
    """The part of `domain` with one label more than `suffix`."""
    return ".".join(domain.split(".")[-(suffix.count(".") + 2) :])
