"""What a kind of job is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from tracer.notify.notice import Notice
from tracer.store.jobs import Job, Made

Report = Callable[[int, int | None], None]
"""Told rows so far and rows in all, often; what it raises stops the job."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How jobs of one kind are run and told about; `run` may be run any number of times."""

    name: str
    run: Callable[[Engine, Path, Job, Report], Made]  # store for reading, folder for files
    notice: Callable[[Job, str], Notice | None]  # job, link to it; None: nobody wants to know
