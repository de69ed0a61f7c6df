"""Stores of real-looking Postfix lines, filled by the product's own way of reading."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, Engine

from collectors.batches import steps
from collectors.files import expand
from collectors.formats import parse_line
from collectors.plan import Plan
from tracer.exports import as_json
from tracer.ingest import ingest
from tracer.model import Row
from tracer.query import EVERYTHING, SearchQuery, parse_query
from tracer.store import days, deliveries, sources, stays
from tracer.store.driver import change
from tracer.store.engine import open_engine
from tracer.store.migrate import migrate
from tracer.store.partitions import PARENTS
from tracer.store.schema import day_tables

HERE = Path(__file__).parent
LOGS = (HERE / "mx1.log", HERE / "mx2.log")
NOW_US = 1_795_348_800_000_000  # 2026-11-22 12:00 UTC
ALL = SearchQuery(EVERYTHING, None, None, "")


def sqlite_at(folder: Path) -> str:
    """The address of a SQLite store in a folder."""
    return f"sqlite:///{folder}/store.db"


def made(address: str) -> Engine:
    """A new store at an address."""
    engine = open_engine(address)
    migrate(engine)
    return engine


def empty(folder: Path) -> Engine:
    """A SQLite store without mail."""
    return made(sqlite_at(folder))


def read(engine: Engine, *logs: Path) -> int:
    """Read logs into the store, all in one run; the number of events known before."""
    inputs, problems = expand([str(log) for log in logs])
    assert not problems
    known = 0
    for step in steps(Plan(tuple(inputs), zone="UTC")):
        assert not step.problems
        known += ingest(engine, step.batch, parse_line)
    return known


def read_lines(engine: Engine, folder: Path, lines: Iterable[str], name: str = "mail.log") -> int:
    """Read lines as a log of their own."""
    log = folder / name
    log.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return read(engine, log)


def found(conn: Connection, text: str) -> list[Row]:
    """What a query of all times finds, newest first."""
    return list(deliveries.rows(conn, asked(text)))


def asked(text: str) -> SearchQuery:
    """A query of all times."""
    return parse_query(text, now_us=NOW_US, since="all")


def content(engine: Engine) -> list[dict[str, object]]:
    """Every row of the store as the contract has it."""
    with engine.connect() as conn:
        return [as_json.row(row) for row in deliveries.rows(conn, ALL)]


def without_parents(conn: Connection) -> None:
    """Days as PostgreSQL had them before they were partitions."""
    for day in days.live(conn):
        for parent in PARENTS:
            change(conn, f"ALTER TABLE {parent} DETACH PARTITION {parent}_{day}")
    for parent in PARENTS:
        change(conn, f"DROP TABLE {parent}")


def tables(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every day's tables, sorted, with names of sources for their numbers.

    Lines stand by the hop they are of: which lie together in a block is told by chance.
    """
    found = {}
    with engine.connect() as conn:
        names = sources.names(conn)
        for day in days.live(conn):
            for table in day_tables(day):
                rows = [
                    tuple(
                        names[value] if key == "source_id" else value
                        for key, value in row.items()
                        if key != "lines_at"
                    )
                    for row in conn.execute(table.select()).mappings()
                ]
                found[table.name] = sorted(rows, key=repr)
            kept = stays.load(conn, stays.of_day(conn, day), packed=True)
            found[f"lines_{day}"] = [(stay.hop.hop_id, stay.packed) for stay in kept]
    return {name: rows for name, rows in sorted(found.items()) if rows}
