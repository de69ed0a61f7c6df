"""Reading logs: its rate against pflogsumm's, over time, and its price in memory and disk."""

from __future__ import annotations

from collections.abc import Iterator

from bench.programs import found, ingest_seconds, seconds
from bench.table import Figure, Goal, number, ratios
from bench.watching import MEGABYTE, rates
from bench.workplace import Workplace, octets_of, tell

AGAINST_PFLOGSUMM = Goal(1.3)
LAST_AGAINST_FIRST = Goal(0.9)
MEMORY = Goal(250, at_most=True)
SIZE = Goal(1.0, at_most=True)
_RATE = "`mailtracer ingest`, lines/s against pflogsumm"
_NONE = "this machine has no pflogsumm"


def pairs(place: Workplace) -> Iterator[Figure]:
    """Runs in turn with pflogsumm over one log."""
    on = f"{place.log_lines:,} lines"
    summer = found("pflogsumm")
    if not summer:
        yield Figure(_RATE, on, goal=AGAINST_PFLOGSUMM, note=_NONE)
        return
    ours, theirs = [], []
    for number_of in range(place.sizes.pairs):
        tell(f"pair {number_of + 1} of {place.sizes.pairs}: ingest, then pflogsumm")
        ours.append(ingest_seconds(place.log, place.folder / "pair"))
        theirs.append(seconds([summer, str(place.log)]))
    note = _rates_note(place.log_lines, min(ours), min(theirs))
    yield Figure(_RATE, on, ratios(theirs, ours), "x", AGAINST_PFLOGSUMM, note)


def long_log(place: Workplace) -> Iterator[Figure]:
    """One watched run over the scaled log, then pflogsumm over the same."""
    run = place.scaled_run
    on = place.on_scaled
    summer = found("pflogsumm")
    if summer:
        tell("pflogsumm over the scaled log")
        took = seconds([summer, str(place.scaled)])
        note = _rates_note(place.scaled_lines, run.seconds, took)
        yield Figure(_RATE, on, (took / run.seconds,), "x", AGAINST_PFLOGSUMM, note)
    else:
        yield Figure(_RATE, on, goal=AGAINST_PFLOGSUMM, note=_NONE)
    yield _over_time(place)
    for how, octets, goal in (
        ("shared pages counted once", run.proportional, MEMORY),
        ("shared pages counted for each", run.resident, None),
    ):
        what = f"peak memory of all processes, {how}"
        if octets:
            yield Figure(what, on, (octets / MEGABYTE,), "MB", goal)
        else:
            yield Figure(what, on, (), "MB", goal, "this system does not tell (smaps_rollup)")
    yield _size(place)


def _rates_note(lines: int, ours: float, theirs: float) -> str:
    return f"best {number(lines / ours)} lines/s, theirs {number(lines / theirs)}"


def _over_time(place: Workplace) -> Figure:
    part = min(place.sizes.part, place.scaled_lines // 4)
    what = f"the same, last {part:,} lines against the first"
    told = rates(place.scaled_run.progress, part)
    if told is None:
        note = "too few batches to tell"
        return Figure(what, place.on_scaled, goal=LAST_AGAINST_FIRST, note=note)
    first, last = told
    note = f"{number(last)} lines/s, at first {number(first)}"
    return Figure(what, place.on_scaled, (last / first,), "x", LAST_AGAINST_FIRST, note)


def _size(place: Workplace) -> Figure:
    stored, read = octets_of(place.folder / "scaled"), place.scaled.stat().st_size
    note = f"{stored / MEGABYTE:,.0f} MB of {read / MEGABYTE:,.0f} MB"
    return Figure("store against log, octets", place.on_scaled, (stored / read,), "x", SIZE, note)
