"""The store: its searches and how they grow, ingest beside a reader and into PostgreSQL, the
archive's size, dropping a day while somebody reads."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copyfileobj

from sqlalchemy import Connection, Engine

from bench.drawing import newest_rows, scattered_rows, span_of
from bench.programs import STORE, ingest_seconds, mailtracer, seconds
from bench.scale import write_scaled
from bench.table import Figure, Goal, percentile, quantity, ratios
from bench.workplace import Workplace, octets_of, reader, tell
from collectors.formats import parse_line
from tests import postgres
from tracer.archive import sealing
from tracer.archive.files import Archive
from tracer.model import Row
from tracer.query import SearchQuery, parse_query
from tracer.store import days, deliveries
from tracer.store.engine import open_engine, reading

FAST, BROAD, SUBSTRING = (Goal(ms, at_most=True) for ms in (5, 20, 50))
GROWTH, GROWTH_OF_TEXT = Goal(1.5, at_most=True), Goal(3, at_most=True)
BESIDE_A_READER, INTO_POSTGRESQL = Goal(0.85), Goal(0.8)
AGAINST_GZIP = Goal(0.6, at_most=True)
DROP, WAIT = Goal(1, at_most=True), Goal(0.2, at_most=True)
_LIMIT = 50
_CALLS = 40
_TENTH = 10


def quoted(text: str) -> str:
    """A value that a query takes as it is."""
    return '"' + text.replace("\\", "").replace('"', "").strip() + '"'


Ask = Callable[[Row], str]
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
    "a part of a subject": (
        "30d", SUBSTRING, GROWTH_OF_TEXT, lambda row: f"subject:{quoted(row.subject[2:12])}",
    ),
}  # fmt: skip


def searches(place: Workplace) -> Iterator[Figure]:
    """Each search in the store and in one with a tenth of the mail over the same days, in turn."""
    small = _tenth(place)
    with reader(small) as few, reader(place.home) as many:
        for name, (since, goal, growth, ask) in SEARCHES.items():
            tell(f"searching: {name}")
            took = [_took_ms(conn, name, since, ask) for conn in (few, many)]
            note = f"p50 {quantity(percentile(took[1], 50), 'ms')} of {_CALLS} calls"
            p95 = [percentile(one, 95) for one in took]
            what = f"{name}, {since}, inside the process"
            yield Figure(f"{what}, p95", place.on_scaled, (p95[1],), "ms", goal, note)
            p50 = [percentile(one, 50) for one in took]
            of = f"p50; with a tenth {quantity(p50[0], 'ms')}"
            whole = f"{what}, ten times the mail"
            yield Figure(whole, place.on_scaled, (p50[1] / p50[0],), "x", growth, of)


def _tenth(place: Workplace) -> Path:
    log, home = place.folder / "tenth.log", place.folder / "tenth"
    write_scaled(place.log, log, lines=place.scaled_lines // _TENTH, days=place.scaled_days)
    tell("reading a tenth of the mail over the same days")
    ingest_seconds(log, home)
    return home


def _took_ms(conn: Connection, name: str, since: str, ask: Ask) -> list[float]:
    now_us = span_of(conn).newest_us
    rows = [row for row in newest_rows(conn, 9 * _CALLS) if _is_whole(row)][:_CALLS]
    rows = rows or newest_rows(conn, _CALLS)
    if name == "a part of a subject":
        rows = [row for row in scattered_rows(conn, _CALLS) if _is_whole(row)] or rows
    asked = [parse_query(ask(row), now_us=now_us, since=since) for row in rows]
    find = deliveries.count if name.startswith("counts") else _page
    for query in asked[:3]:
        find(conn, query)
    return [_ms(lambda query=query: find(conn, query)) for query in asked]  # type: ignore[misc]


def _is_whole(row: Row) -> bool:
    return bool(row.message_id) and len(row.subject.strip()) > 14


def _page(conn: Connection, query: SearchQuery) -> int:
    return len(deliveries.search(conn, query, limit=_LIMIT).rows)


def _ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def beside(place: Workplace) -> Iterator[Figure]:
    """The same ingest alone, beside a reader, and into PostgreSQL, in turn."""
    alone, watched, served = [], [], []
    on = f"{place.log_lines:,} lines"
    with postgres.server() as address:
        for run in range(place.sizes.pairs):
            tell(f"run {run + 1} of {place.sizes.pairs}: alone, beside a reader, into PostgreSQL")
            alone.append(ingest_seconds(place.log, place.folder / "alone"))
            watched.append(_beside_a_reader(place))
            served.append(_into(postgres.database(address), place))
    what = "`mailtracer ingest`, its rate"
    yield Figure(
        f"{what} beside a reader against alone", on, ratios(alone, watched), "x", BESIDE_A_READER
    )
    yield Figure(
        f"{what} into PostgreSQL against SQLite", on, ratios(alone, served), "x", INTO_POSTGRESQL
    )


def _beside_a_reader(place: Workplace) -> float:
    home = place.folder / "beside"
    stop = threading.Event()
    thread = threading.Thread(target=_read_all_the_time, args=(home, stop))
    thread.start()
    try:
        return ingest_seconds(place.log, home)
    finally:
        stop.set()
        thread.join()


def _read_all_the_time(home: Path, stop: threading.Event) -> None:
    """One reader who asks ten times a second."""
    while not stop.wait(0.1):
        if not (home / STORE).exists():
            continue
        engine = open_engine(f"sqlite:///{home}/{STORE}")
        try:
            with reading(engine).connect() as conn:
                deliveries.search(conn, parse_query("", now_us=0, since="all"))
        except Exception:  # it is being made
            continue
        finally:
            engine.dispose()


def _into(address: str, place: Workplace) -> float:
    home = place.folder / "served"
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(f'[store]\nurl = "{address}"\n')
    return seconds([*mailtracer(), "ingest", "--home", str(home), str(place.log)])


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
        days.drop(conn, day)
        conn.exec_driver_sql("DELETE FROM days WHERE day = ?", (day,))
    took = time.perf_counter() - began
    stop.set()
    thread.join()
    return took, max(waited)
