"""Exports: their time against gzip over the same file, and their memory."""

from __future__ import annotations

import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shutil import rmtree

from sqlalchemy import Connection

from bench.programs import STORE, Failed, mailtracer, seconds, start
from bench.table import Figure, Goal, number, ratios
from bench.watching import MEGABYTE, Watched, watch
from bench.workplace import Workplace, lines_of, tell
from tracer.model import DAY_US
from tracer.store import day_making, days
from tracer.store.driver import change, fetch
from tracer.store.engine import open_engine
from tracer.store.schema import day_tables

ROWS = 1_000_000
AGAINST_GZIP = Goal(3, at_most=True)
MEMORY = Goal(200, at_most=True)
RUNS = 3
FORMATS = ("csv", "excel", "ndjson", "parquet")
_NO_STORE = Path("/nowhere")


def exports(place: Workplace) -> Iterator[Figure]:
    """A million rows as CSV in turn with gzip over the same file, then once as the others."""
    file, home = place.folder / "export.csv", place.folder / "million"
    tell(f"repeating days until there are {ROWS:,} rows to export")
    repeat_days(place.home, home, ROWS if place.scaled_lines > ROWS else 0)
    ours: list[Watched] = []
    theirs: list[float] = []
    for run in range(RUNS):
        tell(f"export {run + 1} of {RUNS}: CSV, then cat | gzip -1")
        ours.append(exported(home, file, "csv"))
        theirs.append(seconds(["sh", "-c", f"cat '{file}' | gzip -1 > /dev/null"]))
    rows = lines_of(file) - 1
    on = f"{rows:,} rows"
    took = [one.seconds for one in ours]
    note = f"best {number(rows / min(took))} rows/s, gzip {number(rows / min(theirs))}"
    what = "`mailtracer export` as CSV, time against `cat FILE | gzip -1`"
    yield Figure(what, on, ratios(took, theirs), "x", AGAINST_GZIP, note)
    yield _memory("csv", on, max(one.proportional for one in ours))
    for form in FORMATS[1:]:
        tell(f"export as {form}")
        run_of = exported(home, file, form)
        yield Figure(f"the same as {form}", on, (rows / run_of.seconds,), "rows/s")
        yield _memory(form, on, run_of.proportional)
    file.unlink()
    rmtree(home)


def repeat_days(home: Path, copy: Path, rows: int) -> None:
    """Copy a store, and its days to days before until it has so many rows to export."""
    rmtree(copy, ignore_errors=True)
    copy.mkdir()
    with closing(sqlite3.connect(home / STORE)) as whole:
        whole.execute("VACUUM INTO ?", (str(copy / STORE),))
    engine = open_engine(f"sqlite:///{copy}/{STORE}")
    with engine.begin() as conn:
        listed = days.live(conn)
        span_us = days.start_of(listed[0]) - days.start_of(listed[-1]) + DAY_US
        shown = sum(_shown(conn, day) for day in listed)
        rounds = range(1, -(-rows // shown)) if shown else ()
        for number in rounds:
            for day in listed:
                _repeat(conn, day, number * span_us)
    engine.dispose()


def _shown(conn: Connection, day: str) -> int:
    return int(fetch(conn, f"SELECT count(*) FROM deliveries_{day} WHERE next_id = 0", ())[0][0])


def _repeat(conn: Connection, day: str, earlier_us: int) -> None:
    """The hops and deliveries of a day once more, that much earlier; found by nothing but time."""
    other = days.day_of(days.start_of(day) - earlier_us)
    earlier = days.first_id(earlier_us)
    day_making.ensure(conn, other)
    for table in day_tables(day)[:2]:
        names = [column.name for column in table.columns]
        values = ", ".join(f"hop_id - {earlier}" if name == "hop_id" else name for name in names)
        target = table.name.replace(day, other)
        statement = f"INSERT INTO {target} ({', '.join(names)}) SELECT {values} FROM {table.name}"
        change(conn, statement)


def _memory(form: str, on: str, octets: int) -> Figure:
    what = f"peak memory of an export as {form}, all processes"
    if not octets:
        return Figure(what, on, (), "MB", MEMORY, "this system does not tell, or it was too short")
    return Figure(what, on, (octets / MEGABYTE,), "MB", MEMORY)


def exported(home: Path, file: Path, form: str) -> Watched:
    """One export of everything, watched. Raises Failed."""
    command = [*mailtracer(), "export", "--home", str(home), "--format", form, "-o", str(file)]
    process = start(command, heard=subprocess.DEVNULL)
    watched = watch(process, _NO_STORE)
    if process.returncode:
        raise Failed(f"{' '.join(command)} ended with {process.returncode}")
    return watched
