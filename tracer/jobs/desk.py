"""Where jobs are handed in, looked up, cancelled and thrown away."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine

from tracer.config import Config
from tracer.errors import NotFound, TracerError
from tracer.exports.order import Order
from tracer.exports.reach import OpenDay
from tracer.exports.write import CannotWrite
from tracer.jobs import export
from tracer.model import DAY_US
from tracer.store import jobs
from tracer.store.jobs import Job, State

FOLDER = "exports"
SETTLED_S = 600
MOST_WAITING = 100
_TOO_MANY = "many exports wait already; cancel those that nobody needs, or try again later"


class TooMany(TracerError):
    """More jobs wait than could be done soon."""

    exit_code = 75
    http_status = 429


class Carrier(Protocol):
    """What brings ids of jobs to those who run them."""

    def put(self, id: str) -> None:
        """Bring this id; losing it is no harm."""


class _Nobody:
    """Carries nothing: whoever looks for waiting jobs finds them in the table."""

    def put(self, id: str) -> None:
        """Leave it where it is."""


def clock_us() -> int:
    """This moment."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Desk:
    """The store that jobs stand in, the settings, the folder of files, and the carrier of ids."""

    engine: Engine
    config: Config
    carrier: Carrier = field(default_factory=_Nobody)
    now_us: Callable[[], int] = clock_us
    open_day: OpenDay | None = None  # without it exports pass over the archive

    @property
    def folder(self) -> Path:
        """Where files lie."""
        return self.config.home / FOLDER

    def make_folder(self) -> None:
        """Make the folder of files; raises CannotWrite."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotWrite(self.folder, error) from error

    def expiry(self, finished_us: int) -> int:
        """Until when the file of a job that ended then is kept."""
        return finished_us + self.config.exports.keep_days * DAY_US

    def submit(self, order: Order, asked_by: str) -> Job:
        """Hand an export in; raises InvalidQuery, TooMany."""
        params = export.params_of(order.checked())
        with self.engine.begin() as conn:
            if len(jobs.waiting(conn)) >= MOST_WAITING:
                raise TooMany(_TOO_MANY)
            job = jobs.add(conn, export.NAME, params, asked_by, self.now_us())
        self.carrier.put(job.id)
        return job

    def find(self, id: str) -> Job:
        """The job; raises NotFound."""
        with self.engine.connect() as conn:
            return jobs.get(conn, id)

    def again(self, id: str, asked_by: str) -> Job:
        """The same export once more, as a job of its own; raises NotFound."""
        return self.submit(export.order_of(self.find(id)), asked_by)

    def cancel(self, id: str) -> Job:
        """Stop a job, if it is not over; raises NotFound."""
        now_us = self.now_us()
        with self.engine.begin() as conn:
            jobs.get(conn, id)
            jobs.cancel(conn, id, now_us, self.expiry(now_us))
            return jobs.get(conn, id)

    def delete(self, id: str) -> None:
        """Take away a job and its file; raises NotFound."""
        with self.engine.begin() as conn:
            job = jobs.delete(conn, id)
        self._remove_file(job)

    def file_of(self, job: Job) -> Path:
        """The file of a job that is done; raises NotFound when there is none (any more)."""
        file = self.folder / job.file
        if job.state is not State.DONE or not job.file or not file.is_file():
            raise NotFound("this export has no file; run it again")
        return file

    def tidy(self) -> list[str]:
        """Remove what has expired and what was left half-made; ids of jobs that wait."""
        now_us = self.now_us()
        with self.engine.begin() as conn:
            gone = jobs.expire(conn, now_us)
            jobs.forget(conn, now_us - self.config.exports.keep_days * DAY_US)
            waiting = jobs.waiting(conn)
            wanted, making = jobs.files(conn)
        for job in gone:
            self._remove_file(job)
        self._sweep(wanted, making)
        return waiting

    def _remove_file(self, job: Job) -> None:
        if job.file:
            with contextlib.suppress(OSError):
                (self.folder / job.file).unlink()

    def _sweep(self, wanted: set[str], making: set[str]) -> None:
        """Remove what no job speaks of: it is of processes that were killed, of jobs deleted."""
        with contextlib.suppress(OSError):
            for found in self.folder.iterdir():
                if found.name in wanted or found.name.partition(".")[0] in making:
                    continue
                if time.time() - found.stat().st_mtime < SETTLED_S:  # of a job just begun, perhaps
                    continue
                if found.is_dir():
                    shutil.rmtree(found, ignore_errors=True)
                else:
                    found.unlink(missing_ok=True)
