"""The store: its searches and how they grow, the archive's size, dropping a day while somebody
reads."""

from __future__ import annotations

import gzip
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from shutil import copyfileobj

from sqlalchemy import Connection, Engine

from bench.drawing import newest_rows, scattered_rows, span_of
from bench.programs import STORE, ingest_seconds
from bench.scale import write_scaled
from bench.table import Figure, Goal, percentile, quantity
from bench.workplace import Workplace, octets_of, reader, tell
from collectors.formats import parse_line
from tracer.archive import sealing
from tracer.archive.files import Archive
from tracer.model import Row
from tracer.query import SearchQuery, parse_query
from tracer.store import day_making, days, deliveries
from tracer.store.engine import open_engine, reading

FAST, BROAD, SUBSTRING = (Goal(ms, at_most=True) for ms in (5, 20, 50))
GROWTH, GROWTH_OF_TEXT = Goal(1.5, at_most=True), Goal(3, at_most=True)
AGAINST_GZIP = Goal(0.6, at_most=True)
DROP, WAIT = Goal(1, at_most=True), Goal(0.2, at_most=True)
_LIMIT = 50
_CALLS = 100
_TENTH = 10


def quoted(text: str) -> str:
    """A value that a query takes as it is."""
    return '"' + text.replace("\\", "").replace('"', "").strip() + '"'


Ask = Callable[[Row], str]
Find = Callable[[Connection, SearchQuery], int]
Queries = list[SearchQuery]
SEARCHES: dict[str, tuple[str, Goal, Goal, Ask]] = {
    "one recipient": ("48h", FAST, GROWTH, lambda row: f"to:{row.recipient}"),
    "a Message-ID": ("30d", FAST, GROWTH, lambda row: f"msgid:{quoted(row.message_id)}"),
    "an IP address": ("48h", FAST, GROWTH, lambda row: f"ip:{row.client or '192.0.2.1'}"),
    "the latest page": ("48h", FAST, GROWTH, lambda row: ""),
    "counts of everything": ("30d", FAST, GROWTH, lambda row: ""),
    "a recipient by wildcard, and a status": (
        "48h", BROAD, GROWTH, lambda row: f"to:{row.recipient[:3]}* status:{row.status}",
    ),
    "a domain and a status": (
        "48h", BROAD, GROWTH, lambda row: f"to:@{row.recipient.rpartition('@')[2]} status:failed",
    ),
    "a word that is in no subject": ("30d", SUBSTRING, GROWTH, lambda row: "subject:qzxjkvbn"),
    "a part of a subject": (
        "30d", SUBSTRING, GROWTH_OF_TEXT, lambda row: f"subject:{quoted(row.subject[2:12])}",
    ),
}  # fmt: skip


def searches(place: Workplace) -> Iterator[Figure]:
    """Each search in the store, and against one with a tenth of the mail over the same days."""
    small = _tenth(place)
    with reader(small) as few, reader(place.home) as many:
        for name, (since, goal, growth, ask) in SEARCHES.items():
            tell(f"searching: {name}")
            find = _count if name.startswith("counts") else _page
            asked = [_asked(conn, name, since, ask) for conn in (few, many)]
            took = [_ms(partial(find, many, query)) for query in asked[1]]
            note = f"p50 {quantity(percentile(took, 50), 'ms')} of {_CALLS} calls"
            what = f"{name}, {since}, inside the process"
            yield Figure(f"{what}, p95", place.on_stored, (percentile(took, 95),), "ms", goal, note)
            pairs = list(_alike(find, (few, asked[0]), (many, asked[1])))
            whole = f"{what}, ten times the mail"
            if not pairs:
                note = "no two pages had the same length"
                yield Figure(whole, place.on_stored, goal=growth, note=note)
                continue
            p50 = [percentile(times, 50) for times in zip(*pairs, strict=True)]
            of = f"p50 of pages of the same length; with a tenth {quantity(p50[0], 'ms')}"
            yield Figure(whole, place.on_stored, (p50[1] / p50[0],), "x", growth, of)


def _alike(
    find: Find, few: tuple[Connection, Queries], many: tuple[Connection, Queries]
) -> Iterator[tuple[float, float]]:
    """The times of questions in either store, in turn, that find as many rows.

    More mail is more to show; what is measured is how much longer it takes to find. A page that
    is not full is looked for everywhere, one that is cut short is not: so none is.
    """
    found = [_by_rows(conn, queries) for conn, queries in (few, many)]
    for rows in found[0].keys() & found[1].keys():
        for of_few, of_many in zip(found[0][rows], found[1][rows], strict=False):
            asked = (few[0], of_few), (many[0], of_many)
            for conn, query in asked:
                find(conn, query)
            first, second = (_ms(partial(find, conn, query)) for conn, query in asked)
            yield first, second


def _by_rows(conn: Connection, queries: Queries) -> dict[int, Queries]:
    found: dict[int, Queries] = defaultdict(list)
    for query in queries:
        found[_page(conn, query)].append(query)
    return found


def _tenth(place: Workplace) -> Path:
    log, home = place.folder / "tenth.log", place.folder / "tenth"
    write_scaled(place.log, log, lines=place.scaled_lines // _TENTH, days=place.scaled_days)
    tell("reading a tenth of the mail over the same days")
    ingest_seconds(log, home)
    return home


def _asked(conn: Connection, name: str, since: str, ask: Ask) -> Queries:
    """Questions drawn from a store; its first ones have been asked."""
    now_us = span_of(conn).newest_us
    rows = [row for row in newest_rows(conn, 9 * _CALLS) if _is_whole(row)][:_CALLS]
    rows = rows or newest_rows(conn, _CALLS)
    if name == "a part of a subject":
        rows = [row for row in scattered_rows(conn, _CALLS) if _is_whole(row)] or rows
    asked = [parse_query(ask(row), now_us=now_us, since=since) for row in rows]
    for query in asked[:3]:
        _page(conn, query)
    return asked


def _is_whole(row: Row) -> bool:
    return bool(row.message_id) and len(row.subject.strip()) > 14


def _page(conn: Connection, query: SearchQuery) -> int:
    return len(deliveries.search(conn, query, limit=_LIMIT).rows)


def _count(conn: Connection, query: SearchQuery) -> int:
    return deliveries.count(conn, query)


def _ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def archived(place: Workplace) -> Iterator[Figure]:
    """The newest whole day in the archive against its log packed by gzip; and dropping a day."""
    home = place.folder / "archived"
    tell("reading the log, to seal a day")
    ingest_seconds(place.log, home)
    engine = open_engine(f"sqlite:///{home}/{STORE}")
    with engine.connect() as conn:
        listed = days.live(conn)
    packed = place.folder / "log.gz"
    with place.log.open("rb") as log, gzip.open(packed, "wb", compresslevel=6) as out:
        copyfileobj(log, out)
    archive = Archive(str(place.folder / "sealed"))
    took, longest = [], 0.0
    for day in listed:
        file = sealing.seal(engine, archive, day, parse_line, 0)
        sealing.restore(engine, archive, day, parse_line)
        assert file.rows
        dropped, waited = _drop(engine, day)
        took.append(dropped)
        longest = max(longest, waited)
    engine.dispose()
    of_archive, of_log = octets_of(place.folder / "sealed"), packed.stat().st_size
    on = f"{place.log_lines:,} lines, {len(listed)} days"
    yield Figure("archive against the log packed by gzip", on, (of_archive / of_log,), "x",
                 AGAINST_GZIP)  # fmt: skip
    yield Figure("dropping a day", on, tuple(took), "s", DROP)
    yield Figure("the longest that a reader waits meanwhile", on, (longest,), "s", WAIT)


def _drop(engine: Engine, day: str) -> tuple[float, float]:
    """Seconds that dropping a day takes, and the longest answer to a reader meanwhile."""
    stop = threading.Event()
    waited: list[float] = [0.0]

    def read() -> None:
        while not stop.is_set():
            began = time.perf_counter()
            with reading(engine).connect() as conn:
                days.live(conn)
            waited.append(time.perf_counter() - began)

    thread = threading.Thread(target=read)
    thread.start()
    began = time.perf_counter()
    with engine.begin() as conn:
        day_making.drop(conn, day)
        conn.exec_driver_sql("DELETE FROM days WHERE day = ?", (day,))
    took = time.perf_counter() - began
    stop.set()
    thread.join()
    return took, max(waited)
