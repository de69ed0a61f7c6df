"""Ingest alone, beside somebody who searches, and into PostgreSQL, in turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from bench.drawing import span_of
from bench.programs import STORE, ingest_seconds, mailtracer, seconds
from bench.store import SEARCHES
from bench.table import Figure, Goal, number, ratios
from bench.workplace import Workplace, reader, tell
from tests import postgres
from tracer.query import parse_query
from tracer.store import deliveries

BESIDE_A_READER, INTO_POSTGRESQL = Goal(0.85), Goal(0.8)
PAUSE_S = 0.5
"""Between two searches: one person in a hurry, or ten who read what they find."""
_LIMIT = 50


class Reader:
    """Asks a store that is being filled one search after the other, with pauses."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self.asked = 0
        self.busy_s = 0.0  # processor time

    def __enter__(self) -> Reader:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _read(self) -> None:
        while not (self._home / STORE).exists():
            if self._stop.wait(PAUSE_S):
                return
        with reader(self._home) as conn:
            for name in cycle(SEARCHES):
                if self._stop.wait(PAUSE_S):
                    return
                began = time.thread_time()
                self.asked += ask(conn, name)
                self.busy_s += time.thread_time() - began


def ask(conn: Connection, name: str) -> bool:
    """One search about a new message; whether there was any. Leaves no transaction open."""
    since, _, _, words = SEARCHES[name]
    try:
        found = deliveries.search(conn, parse_query("", now_us=0, since="all"), limit=_LIMIT).rows
        rows = [row for row in found if row.message_id and len(row.subject.strip()) > 14]
        if not rows:
            return False
        query = parse_query(words(rows[0]), now_us=span_of(conn).newest_us, since=since)
        if name.startswith("counts"):
            deliveries.count(conn, query)
        else:
            deliveries.search(conn, query, limit=_LIMIT)
        return True
    except OperationalError:  # it is being made
        return False
    finally:
        conn.rollback()


def beside(place: Workplace) -> Iterator[Figure]:
    """Three ways to read the same log, each run in another order."""
    alone: list[float] = []
    watched: list[float] = []
    served: list[float] = []
    readers: list[Reader] = []
    on = f"{place.log_lines:,} lines"
    with postgres.server(durable=True) as address:
        ways: list[Callable[[], None]] = [
            lambda: alone.append(ingest_seconds(place.log, place.folder / "alone")),
            lambda: watched.append(_watched(place, readers)),
            lambda: served.append(_served(address, place)),
        ]
        for run in range(place.sizes.pairs):
            tell(f"run {run + 1} of {place.sizes.pairs}: alone, beside a reader, into PostgreSQL")
            for way in (*ways[run % 3 :], *ways[: run % 3]):
                way()
    what = "`mailtracer ingest`, its rate"
    asked, busy_s = sum(one.asked for one in readers), sum(one.busy_s for one in readers)
    note = (
        f"{asked} searches, one each {PAUSE_S:g} s after the one before; they took "
        f"{number(100 * busy_s / sum(watched))} % of one processor"
    )
    yield Figure(
        f"{what} beside a reader against alone", on, ratios(alone, watched), "x", BESIDE_A_READER,
        note,
    )  # fmt: skip
    yield Figure(
        f"{what} into PostgreSQL against SQLite", on, ratios(alone, served), "x", INTO_POSTGRESQL,
        "the server on the same processors, with its own settings of durability",
    )  # fmt: skip


def _watched(place: Workplace, readers: list[Reader]) -> float:
    home = place.folder / "beside"
    if (home / STORE).exists():
        (home / STORE).unlink()  # else the reader opens the store of the run before
    with Reader(home) as one:
        readers.append(one)
        return ingest_seconds(place.log, home)


def _served(server: str, place: Workplace) -> float:
    """What a run leaves behind is gone before the next: the server would go on looking after it."""
    address = postgres.database(server)
    took = _into(address, place)
    postgres.drop(address)
    return took


def _into(address: str, place: Workplace) -> float:
    home = place.folder / "served"
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(f'[store]\nurl = "{address}"\n')
    return seconds([*mailtracer(), "ingest", "--home", str(home), str(place.log)])
