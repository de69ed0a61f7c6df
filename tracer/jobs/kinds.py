"""The kinds of jobs: each one file, one line here."""

from __future__ import annotations

from tracer.jobs import export
from tracer.jobs.kind import Kind

JOBS: dict[str, Kind] = {kind.name: kind for kind in (export.KIND,)}
