"""What happens to days by themselves: sealed when they are over, deleted when they are old."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from tracer.errors import TracerError
from tracer.model import Parse
from tracer.store import sealed

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """Where days go, after how many days, and for how long; see the settings."""

    place: str
    live_days: int
    keep_days: int
    parse: Parse
    now_us: Callable[[], int]
    lines_days: int = 0


def keep(engine: Engine, terms: Terms) -> tuple[list[str], list[str]]:
    """Delete lines that are old, seal what is due and delete what is old; the days sealed and
    those deleted.

    A day that cannot be sealed now stays where it is, is told in the log, and is tried again.
    """
    sealing: Any = import_module("tracer.archive.sealing")  # imports pyarrow, for this alone
    archive = import_module("tracer.archive.files").Archive(terms.place)
    _let_go_of_lines(engine, archive, terms)
    with engine.connect() as conn:
        due = sealing.due(conn, terms.now_us(), terms.live_days)
        old = sealing.expired(conn, terms.now_us(), terms.keep_days)
    return (
        [
            day
            for day in due
            if _done(day, lambda d: sealing.seal(engine, archive, d, terms.parse, terms.now_us()))
        ],
        [day for day in old if _done(day, lambda d: sealing.delete(engine, archive, d))],
    )


def _let_go_of_lines(engine: Engine, archive: Any, terms: Terms) -> None:
    raw_lines: Any = import_module("tracer.archive.raw_lines")
    with engine.connect() as conn:
        bare = raw_lines.old(conn, terms.now_us(), terms.lines_days)
    for day in bare:
        _done(day, lambda d: raw_lines.delete(engine, archive, d, terms.parse, terms.now_us()))


def _done(day: str, work: Callable[[str], object]) -> bool:
    try:
        work(day)
    except (TracerError, DBAPIError) as error:
        log.warning("%s stays where it is for now: %s", sealed.shown(day), error)
        return False
    log.info("%s: done", sealed.shown(day))
    return True
