"""The words of what our own store knows about a pair: Span, History. `traces_store.py` reads."""

from __future__ import annotations

import msgspec

from tracer.diagnostics.model import Evidence, Source
from tracer.model import Row, when


class Span(msgspec.Struct, frozen=True):
    """Deliveries of the last days, counted."""

    total: int = 0
    accepted: int = 0  # delivered, relayed, expanded
    failed: int = 0  # bounced, expired, rejected, suppressed
    waiting: int = 0  # deferred, pending

    @property
    def settled(self) -> int:
        """Those whose end is known."""
        return self.accepted + self.failed


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What happened between a sender and a recipient, or with one of them.

    `query` finds the same rows in the search box. Rows are the newest, newest first.
    """

    query: str
    last_48h: Span
    last_14d: Span
    last_accepted: Row | None = None
    last_failed: tuple[Row, ...] = ()
    causes: tuple[tuple[str, int], ...] = ()  # of what failed or waits, the most frequent first
    at_us: int = 0

    @property
    def evidence(self) -> Evidence:
        rows = [self.last_accepted] if self.last_accepted else []
        return Evidence(
            source=Source.TRACES,
            question=self.query,
            answer="\n".join(_told(row) for row in (*rows, *self.last_failed)),
            outcome="ok",
            at_us=self.at_us,
        )


def _told(row: Row) -> str:
    stamp = when(row.updated_us).strftime("%Y-%m-%dT%H:%M:%SZ")
    return " ".join(filter(None, (stamp, row.status, row.id, row.relay, row.reply)))
