"""Reading from our own store what happened between a sender and a recipient."""

from __future__ import annotations

from sqlalchemy import Connection, Engine

from tracer.address import domain_of, normalise, to_ascii
from tracer.diagnostics.traces import History, Span
from tracer.model import FAILED, SUCCEEDED, Outcome, Row
from tracer.query import parse_query, with_term
from tracer.store import deliveries
from tracer.store.engine import reading

_SHOWN = 5
_WAITING = frozenset({Outcome.DEFERRED, Outcome.PENDING})


class StoreTraces:
    """Our own store, for `tracer.diagnostics.world.OwnTraces`; safe for threads."""

    def __init__(self, engine: Engine, now_us: int) -> None:
        self._engine = reading(engine)
        self._now_us = now_us

    def between(self, sender: str, recipient: str) -> History:
        """Mail of the last 14 days; raises StoreUnavailable."""
        asked = query_text(sender, recipient)
        with self._engine.connect() as conn:
            accepted = self._rows(conn, f"{asked} status:{_any(SUCCEEDED)}", 1)
            last_14d = f"{asked} last:14d"
            unwell = self._summary(conn, f"{last_14d} status:{_any(FAILED | _WAITING)}")
            return History(
                query=last_14d,
                last_48h=self._span(conn, f"{asked} last:48h"),
                last_14d=self._span(conn, last_14d),
                last_accepted=accepted[0] if accepted else None,
                last_failed=self._rows(conn, f"{asked} status:failed", _SHOWN),
                causes=unwell.causes,
                at_us=self._now_us,
            )

    def _rows(self, conn: Connection, text: str, limit: int) -> tuple[Row, ...]:
        query = parse_query(text, now_us=self._now_us, default_since="14d")
        return deliveries.search(conn, query, limit=limit).rows

    def _summary(self, conn: Connection, text: str) -> deliveries.Summary:
        return deliveries.summary(conn, parse_query(text, now_us=self._now_us), buckets=1)

    def _span(self, conn: Connection, text: str) -> Span:
        outcomes = dict(self._summary(conn, text).outcomes)
        return Span(
            total=sum(outcomes.values()),
            accepted=sum(outcomes.get(one, 0) for one in SUCCEEDED),
            failed=sum(outcomes.get(one, 0) for one in FAILED),
            waiting=sum(outcomes.get(one, 0) for one in _WAITING),
        )


def query_text(sender: str, recipient: str) -> str:
    """The pair in the query language: `from:a@b.example todomain:c.example`."""
    asked = ""
    for key, who in (("from", sender), ("to", recipient)):
        if "@" in who and domain_of(who):
            asked = with_term(asked, key, normalise(who))
        elif who:
            asked = with_term(asked, f"{key}domain", to_ascii(who.rpartition("@")[2]))
    return asked


def _any(outcomes: frozenset[Outcome]) -> str:
    return ",".join(sorted(outcomes))
