"""Watching a reading from outside: the memory of its processes, and the lines it has stored."""

from __future__ import annotations

import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

MEGABYTE = 1_000_000
_EVERY_S = 0.2


@dataclass(slots=True)
class Watched:
    """What one run showed.

    Octets of memory are of all its processes at the same moment, at their highest: resident,
    where shared pages count for each process, and proportional, where they count once.
    """

    seconds: float = 0.0
    resident: int = 0
    proportional: int = 0
    progress: list[tuple[float, int]] = field(default_factory=list)
    """(seconds since the start, lines durable by then), whenever the lines changed."""


def watch(process: subprocess.Popen[bytes], store: Path) -> Watched:
    """Wait for a process that fills a store, and tell what it showed meanwhile."""
    watched, ended = Watched(), threading.Event()
    began = time.perf_counter()
    watcher = threading.Thread(target=_look, args=(watched, began, process.pid, store, ended))
    watcher.start()
    process.wait()
    watched.seconds = time.perf_counter() - began
    ended.set()
    watcher.join()
    return watched


def _look(watched: Watched, began: float, pid: int, store: Path, ended: threading.Event) -> None:
    while not ended.wait(_EVERY_S):
        stored = _stored_lines(store)
        if stored and (not watched.progress or watched.progress[-1][1] != stored):
            watched.progress.append((time.perf_counter() - began, stored))
        resident, proportional = _memory(pid)
        watched.resident = max(watched.resident, resident)
        watched.proportional = max(watched.proportional, proportional)


def _stored_lines(store: Path) -> int:
    """Lines that a store holds by now, without ever blocking its writer; 0 before it is made.

    The connection does not stay: the last one to leave empties the write-ahead log, and that
    work is the writer's.
    """
    if not store.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)) as conn:
            total = conn.execute("SELECT sum(lines) FROM sources").fetchone()[0]
    except sqlite3.OperationalError:  # it is being made
        return 0
    return int(total or 0)


def _memory(pid: int) -> tuple[int, int]:
    """Octets, resident and proportional, of a process and all that it started."""
    resident = proportional = 0
    for each in _tree(pid):
        told = _rollup(each)
        resident += told.get("Rss", 0)
        proportional += told.get("Pss", 0)
    return resident, proportional


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            started = children.read_text("ascii").split()
        except OSError:  # it ended meanwhile
            continue
        for child in started:
            yield from _tree(int(child))


def _rollup(pid: int) -> dict[str, int]:
    """Octets by name of a process; nothing if it has ended. Linux: smaps_rollup in proc(5)."""
    try:
        rows = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()[1:]
    except OSError:
        return {}
    named = (row.split() for row in rows)
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in named if len(words) == 3}


def rates(progress: list[tuple[float, int]], part: int) -> tuple[float, float] | None:
    """Lines a second of the first `part` lines and of the last; None if that is too few to tell.

    The clock starts when the first batch is durable, so that starting up does not count
    against the beginning.
    """
    if len(progress) < 4 or progress[-1][1] - progress[0][1] < part:
        return None
    (first_at, first), (last_at, last) = progress[0], progress[-1]
    early, late = _when(progress, first + part), _when(progress, last - part)
    return part / (early - first_at), part / (last_at - late)


def _when(progress: list[tuple[float, int]], lines: int) -> float:
    """When that many lines were durable, between the looks around it."""
    after = next(i for i, (_, stored) in enumerate(progress) if stored >= lines)
    at, stored = progress[after]
    if after == 0:
        return at
    at_before, before = progress[after - 1]
    return at_before + (at - at_before) * (lines - before) / (stored - before)
