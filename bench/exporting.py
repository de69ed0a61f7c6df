"""Exports: their time against gzip over the same file, and their memory."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from bench.programs import Failed, mailtracer, seconds, start
from bench.table import Figure, Goal, number, ratios
from bench.watching import MEGABYTE, Watched, watch
from bench.workplace import Workplace, lines_of, tell

AGAINST_GZIP = Goal(3, at_most=True)
MEMORY = Goal(200, at_most=True)
RUNS = 3
FORMATS = ("csv", "excel", "ndjson", "parquet")
_NO_STORE = Path("/nowhere")


def exports(place: Workplace) -> Iterator[Figure]:
    """Every row of the long log's store as CSV in turn with gzip, then once as the others."""
    file = place.folder / "export.csv"
    ours: list[Watched] = []
    theirs: list[float] = []
    for run in range(RUNS):
        tell(f"export {run + 1} of {RUNS}: CSV, then cat | gzip -1")
        ours.append(exported(place.home, file, "csv"))
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
        run_of = exported(place.home, file, form)
        yield Figure(f"the same as {form}", on, (rows / run_of.seconds,), "rows/s")
        yield _memory(form, on, run_of.proportional)
    file.unlink()


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
