"""The checks, in the order of a report: one file and one line each."""

from __future__ import annotations

from tracer.diagnostics.check import Check

CHECKS: tuple[Check, ...] = ()
