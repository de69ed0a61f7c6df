"""What a kind of job is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine

from tracer.exports.reach import OpenDay
from tracer.notify.notice import Notice
from tracer.store.jobs import Job, Made

Report = Callable[[int, int | None], None]
"""Told rows so far and rows in all, often; what it raises stops the job."""


class Place(NamedTuple):
    """Where a job is done: the store for reading, the folder of files, what opens sealed days."""

    engine: Engine
    folder: Path
    open_day: OpenDay | None


@dataclass(frozen=True, slots=True)
class Kind:
    """How jobs of one kind are run and told about; `run` may be run any number of times."""

    name: str
    run: Callable[[Place, Job, Report], Made]
    notice: Callable[[Job, str], Notice | None]  # job, link to it; None: nobody wants to know
