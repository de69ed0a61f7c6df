"""What DNS holds when a message fails: looked up then and kept with the message.

A fault that was mended an hour later leaves no trace in DNS; who looks at the message the
day after would find everything in order and believe nobody.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Engine

from tracer.causes import catalog
from tracer.diagnostics.asking import BadTarget, asked_target
from tracer.diagnostics.check import Check
from tracer.diagnostics.checks import CHECKS
from tracer.diagnostics.kept import open_report, run_into, subject_of
from tracer.diagnostics.model import Target
from tracer.diagnostics.world import World
from tracer.errors import TracerError
from tracer.model import SECOND_US, Row
from tracer.query import parse_query
from tracer.store import deliveries, reports
from tracer.store.engine import reading
from tracer.store.reports import Kept

EVERY_S = 60.0
LATELY_US = 15 * 60 * SECOND_US
SAME_US = 3600 * SECOND_US  # for so long one answer stands for all messages of a pair
MOST_ROWS, MOST_RUNS = 300, 5  # in one round
_QUERY = "status:failed,deferred"
_SINCE = "2d"
_DNS = frozenset("mx spf dkim dmarc ptr helo dnsbl dnssec".split())

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Watch:
    """Looks for messages that have just failed, and for what DNS has to say about them."""

    engine: Engine
    now_us: Callable[[], int]
    open_world: Callable[[Target], tuple[Target, World]]
    checks: Sequence[Check] = CHECKS
    _over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Look every minute, in a thread that ends with the process."""
        threading.Thread(target=self._go_on, name="facts", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._over.set()

    def once(self) -> int:
        """One round: how many runs were made. Messages of one pair share a run."""
        runs = 0
        for (subject, names), rows in self._grouped(self._new_rows()).items():
            kept = self._lately(subject, names)
            if kept is None and runs < MOST_RUNS:
                kept = self._looked_up(rows[0], names)
                runs += kept is not None
            if kept is not None:
                reports.tie(self.engine, [row.id for row in rows], kept.id)
        return runs

    def _go_on(self) -> None:
        while not self._over.wait(EVERY_S):
            try:
                self.once()
            except TracerError as error:
                log.warning("facts could not be kept: %s", error)
            except Exception:  # the next round may go well
                log.exception("looking up facts broke")

    def _new_rows(self) -> list[Row]:
        """Deliveries that failed lately for a reason that DNS may explain, without facts yet."""
        now_us = self.now_us()
        query = parse_query(_QUERY, now_us=now_us, since=_SINCE)
        with reading(self.engine).connect() as conn:
            found = [
                row
                for row in deliveries.search(conn, query, limit=MOST_ROWS).rows
                if row.updated_us > now_us - LATELY_US and explaining_checks(row.cause)
            ]
            known = reports.tied(conn, [row.id for row in found])
        return [row for row in found if row.id not in known]

    def _grouped(self, rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
        grouped: dict[tuple[str, str], list[Row]] = {}
        for row in rows:
            target = _target(row)
            if target is not None:
                names = " ".join(explaining_checks(row.cause))
                grouped.setdefault((subject_of(target), names), []).append(row)
        return grouped

    def _lately(self, subject: str, names: str) -> Kept | None:
        """A report of the same question that is young enough to be this one's too."""
        oldest_us = self.now_us() - SAME_US
        with reading(self.engine).connect() as conn:
            found = reports.history(conn, subject, limit=5)
        return next(
            (one for one in found if one.checks == names and one.started_us > oldest_us), None
        )

    def _looked_up(self, row: Row, names: str) -> Kept | None:
        target = _target(row)
        wanted = set(names.split())
        checks = [check for check in self.checks if check.name in wanted]
        if target is None or not checks:
            return None
        kept = open_report(self.engine, target, self.now_us(), checks=checks)
        run_into(self.engine, kept, self.open_world, checks)
        return kept


def explaining_checks(cause: str) -> tuple[str, ...]:
    """The checks of a cause that ask DNS, in the order of a report; none: DNS explains nothing."""
    card = catalog().get(cause)
    named = _DNS.intersection(card.checks) if card else frozenset()
    return tuple(check.name for check in CHECKS if check.name in named)


def _target(row: Row) -> Target | None:
    try:
        return asked_target(
            sender="" if row.sender == "<>" else row.sender, recipient=row.recipient
        )
    except BadTarget:
        return None  # what a log has for an address may be anything
