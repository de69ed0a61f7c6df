"""Small stand-ins for the world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import dns.name
import dns.rdata
import dns.rdatatype

from tests.zone_text import Found, Records
from tracer.diagnostics.lookup import Answer, Answered, Lookup, ascii_name
from tracer.diagnostics.model import Evidence, Source

_FAULTS = {"BOGUS": Answered.BOGUS, "EMPTY": Answered.NODATA}


class FakeLookup(Lookup):
    """A Lookup that reads its answers from zone text (see `zone_text`) and asks nobody.

        lookup = FakeLookup('''
            example.com 300 TXT "v=spf1 -all"
            slow.example.com TXT !TIMEOUT
        ''')
        lookup.asked == [("example.com", "TXT"), …]     each question once, as in a run

    `authenticated` sets the AD bit of every answer.
    """

    def __init__(
        self,
        zone: str | Mapping[tuple[str, str], object] | Records = "",
        *,
        authenticated: bool = False,
    ) -> None:
        super().__init__(["127.0.0.1:1"])
        self.records = zone if isinstance(zone, Records) else Records.read(zone)
        self.authenticated = authenticated
        self.asked: list[tuple[str, str]] = []
        self._known: dict[tuple[str, str], Answer] = {}

    def ask(self, name: str, rdtype: str) -> Answer:
        absolute = ascii_name(name)
        if absolute is None:
            return super().ask(name, rdtype)
        key = absolute, rdtype.upper()
        if key not in self._known:
            self.asked.append(key)
            self._known[key] = self._answer(*key)
        return self._known[key]

    def ask_all(self, questions: Iterable[tuple[str, str]]) -> tuple[Answer, ...]:
        return tuple(self.ask(*question) for question in questions)

    def answers(self) -> tuple[Answer, ...]:
        return tuple(self._known.values())

    def _answer(self, name: str, rdtype: str) -> Answer:
        labels = [label.encode("latin-1") for label in name.split(".")]
        found = self.records.find(dns.name.Name([*labels, b""]), rdtype)
        if found.fault == "TC":  # cut by UDP, whole by TCP
            found = self.records.find(dns.name.Name([*labels, b""]), rdtype, heeding_faults=False)
        rows = [row for row in found.rows if row[2].rdtype == dns.rdatatype.from_text(rdtype)]
        outcome = _outcome(found, bool(rows))
        records = tuple(_text(row[2]) for row in rows)
        ttl_s = min((row[1] for row in found.rows), default=60)
        evidence = Evidence(
            source=Source.DNS,
            question=f"{name} {rdtype}",
            answer="\n".join(records),
            server="127.0.0.1:53",
            outcome=outcome.value,
            ttl_s=ttl_s,
            authenticated=self.authenticated and not found.fault,
            note=found.fault,
        )
        last = rows[0][0].to_text(omit_final_dot=True).lower() if rows else ""
        return Answer(
            name=name,
            rdtype=rdtype,
            outcome=outcome,
            records=records,
            canonical=last if last != name else "",
            ttl_s=ttl_s if not found.fault else None,
            evidence=evidence,
        )


def _outcome(found: Found, has_rows: bool) -> Answered:
    if found.fault:
        return _FAULTS.get(found.fault, Answered.TEMPORARY)
    if has_rows:
        return Answered.ANSWER
    return Answered.NODATA if found.exists else Answered.NXDOMAIN


def _text(rdata: dns.rdata.Rdata) -> str:
    strings = getattr(rdata, "strings", None)
    return b"".join(strings).decode("latin-1") if strings is not None else rdata.to_text()
