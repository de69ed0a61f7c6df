"""Doing one job, whatever happens meanwhile: a cancellation, a stop, a fault."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable

from tracer.errors import Phrase, StoreUnavailable, TracerError
from tracer.jobs.desk import Desk
from tracer.jobs.kind import Place
from tracer.jobs.kinds import JOBS
from tracer.jobs.owner import owner
from tracer.store import jobs
from tracer.store.engine import reading
from tracer.store.jobs import Job, Made

log = logging.getLogger(__name__)

REPORT_S = 0.5
INSISTED = 6  # times; each waits as long as the store waits for a lock


class Cancelled(Exception):
    """Somebody does not want it any more."""


class Stopped(Exception):
    """This process is about to end; another one goes on."""


def work(desk: Desk, id: str, stopping: threading.Event) -> Job | None:
    """Run a queued job to its end; the job as it is then.

    None if it was not queued any more, or was given back because `stopping` was set.
    """
    me = owner()
    with desk.engine.begin() as conn:
        job = jobs.begin(conn, id, me, desk.now_us())
    if job is None:
        return None
    try:
        made = _run(desk, job, me, stopping)
    except Cancelled:
        log.info("job %s was cancelled", id)
    except Stopped:
        _insist(lambda: _give_back(desk, id, me))
        return None
    except Exception as error:
        why = _why(error)
        _insist(lambda: _fail(desk, id, me, why))
    else:
        if not _insist(lambda: _finish(desk, id, me, made)):
            (desk.folder / made.file).unlink(missing_ok=True)
    return desk.find(id)


def _run(desk: Desk, job: Job, me: str, stopping: threading.Event) -> Made:
    told_s = 0.0

    def report(rows: int, total: int | None) -> None:
        nonlocal told_s
        if stopping.is_set():
            raise Stopped
        if rows and time.monotonic() - told_s < REPORT_S:
            return
        with contextlib.suppress(StoreUnavailable):  # busy: the next report tells more
            with desk.engine.begin() as conn:
                if not jobs.advance(conn, job.id, me, desk.now_us(), rows, total):
                    raise Cancelled
        told_s = time.monotonic()

    desk.make_folder()
    place = Place(reading(desk.engine), desk.folder, desk.open_day)
    return JOBS[job.kind].run(place, job, report)


def _why(error: Exception) -> Phrase:
    if isinstance(error, TracerError):
        log.warning("a job failed: %s", error)
        phrase = getattr(error, "phrase", None)
        return phrase if isinstance(phrase, Phrase) else Phrase("%(why)s", why=str(error))
    log.exception("a job failed")
    return Phrase(
        "Something went wrong in Mailtracer itself (%(fault)s). It has been written to the "
        "service’s own log. Run it again; should it fail again, report it.",
        fault=type(error).__name__,
    )


def _give_back(desk: Desk, id: str, me: str) -> bool:
    with desk.engine.begin() as conn:
        return jobs.give_back(conn, id, me)


def _fail(desk: Desk, id: str, me: str, why: Phrase) -> bool:
    now_us = desk.now_us()
    with desk.engine.begin() as conn:
        return jobs.fail(conn, id, me, now_us, why, desk.expiry(now_us))


def _finish(desk: Desk, id: str, me: str, made: Made) -> bool:
    now_us = desk.now_us()
    with desk.engine.begin() as conn:
        return jobs.finish(conn, id, me, now_us, made, desk.expiry(now_us))


def _insist(write: Callable[[], bool]) -> bool:
    """Write down the end of a job, however busy the store is."""
    for _ in range(INSISTED - 1):
        with contextlib.suppress(StoreUnavailable):
            return write()
    return write()
