"""Work that tests do in a process of its own, to kill it: tests/store/test_faults.py."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

from sqlalchemy import delete

from collectors.formats import parse_line
from tests.store.filling import LOGS, NOW_US, made, read
from tracer.archive import sealing
from tracer.archive.files import Archive
from tracer.errors import StoreUnavailable
from tracer.exports.order import Order
from tracer.exports.write import write_file
from tracer.store import copying, day_making, days, schema, sealed
from tracer.store.engine import open_engine, reading, shown

DAY = "20261122"


def ingest(url: str) -> None:
    """Forget what is stored, and read the logs."""
    engine = made(url)
    with engine.begin() as conn:
        for day in days.live(conn):
            day_making.drop(conn, day)
        conn.execute(delete(schema.days))
        conn.execute(delete(schema.sources))
    read(engine, *LOGS)


def seal_or_restore(url: str, place: str) -> None:
    """Move the day to where it is not, and back."""
    engine, archive = open_engine(url), Archive(place)
    for _ in range(2):
        with engine.connect() as conn:
            state = sealed.one(conn, DAY).state
        if state == "sealed":
            sealing.restore(engine, archive, DAY, parse_line)
        else:
            sealing.seal(engine, archive, DAY, parse_line, NOW_US)


def export(url: str, path: str) -> None:
    """Write everything to a file."""
    order = Order("", NOW_US, format="ndjson")
    write_file(reading(open_engine(url)), order, Path(path), lambda _rows: None)


def copy_anew(url: str, target: str) -> None:
    """Copy everything; what a copy that was through has left goes first."""
    there = made(target)
    with there.begin() as conn:
        if not copying.is_unfinished(conn):
            for day in days.live(conn):
                day_making.drop(conn, day)
            for table in copying.tables():
                conn.execute(delete(table))
    source = open_engine(url)
    list(copying.copy(source, there, shown(url)))
    source.dispose()
    there.dispose()


def seal_in_little_room(url: str, place: str, told: str) -> None:
    """Seal a day where no file may grow beyond a thousand octets; `told` is what is said then."""
    engine = open_engine(url)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, most))
    try:
        sealing.seal(engine, Archive(place), DAY, parse_line, NOW_US)
    except StoreUnavailable as error:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        Path(told).write_text(str(error))
