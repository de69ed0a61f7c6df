"""Who runs a job, and whether that process still lives."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from tracer.model import SECOND_US
from tracer.store.jobs import Job

SILENT_US = 600 * SECOND_US
"""A process of another machine that has said nothing for so long is taken for gone."""


def owner() -> str:
    """This process: `host/pid/start`; the start tells it from a later one with its number."""
    pid = os.getpid()
    return f"{socket.gethostname()}/{pid}/{_start_of(pid)}"


def is_gone(job: Job, now_us: int) -> bool:
    """Whether whoever runs the job has ended without a word."""
    host, pid, start = job.owner.rsplit("/", 2)
    if host != socket.gethostname():
        return now_us - (job.seen_us or 0) > SILENT_US
    return not (_lives(int(pid)) and _start_of(int(pid)) == start)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _start_of(pid: int) -> str:
    """When it started, in ticks since boot (proc(5), field 22); "" where there is no /proc."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return ""
    return told.rpartition(")")[2].split()[19]
