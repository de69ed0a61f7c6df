"""Starting diagnoses from the web: limits, and threads that belong to the application."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from math import ceil

import msgspec
from flask import Flask, current_app
from sqlalchemy import Engine

from tracer.config_diagnostics import DiagnosticsSettings
from tracer.diagnostics.check import Check
from tracer.diagnostics.checks import CHECKS
from tracer.diagnostics.kept import open_again, open_report, run_into, subject_of, target_of
from tracer.diagnostics.model import Finding, Target
from tracer.diagnostics.opening import open_world
from tracer.diagnostics.world import World
from tracer.errors import Phrase
from tracer.model import DAY_US
from tracer.store import reports
from tracer.store.reports import Kept
from webui.rate_limits import RateLimit, TooMany

AT_ONCE = 6
WATCHERS = 8  # pages that are told of findings as they come
MINUTE_S = 60.0
_RUNS = "mailtracer.diagnoses"
_TOO_MANY = Phrase(
    "You have started many diagnoses in the last minute. The other mail hosts would take us for "
    "an attacker; please wait a little."
)
_TOO_OFTEN = Phrase(
    "This target has just been diagnosed several times. Its earlier reports are below; "
    "please wait a little before you ask its hosts again."
)
_BUSY = Phrase("As many diagnoses are running as we let run at once. Please try again shortly.")

Opener = Callable[[Target], tuple[Target, World]]


class Runs:
    """What starts diagnoses: in `AT_ONCE` threads at most, and not more often than allowed.

    `opener` opens the world of a run; without one, `open_world` does as the settings say.
    """

    def __init__(
        self, engine: Engine, settings: DiagnosticsSettings, now_us: Callable[[], int],
        checks: Sequence[Check] = CHECKS, opener: Opener | None = None,
    ) -> None:  # fmt: skip
        self.settings = settings
        self.checks = checks
        self.watchers = threading.BoundedSemaphore(WATCHERS)
        self._engine, self._now_us = engine, now_us
        self._opener = opener or self._open
        self._free = threading.BoundedSemaphore(AT_ONCE)
        most = settings.runs_per_minute
        self._clients = RateLimit(most, MINUTE_S, time.monotonic)
        self._targets = RateLimit(max(1, most // 2), MINUTE_S, time.monotonic)

    def start(self, target: Target, checks: Sequence[Check], client: str) -> Kept:
        """A new report, running in the background. Raises TooMany."""
        return self._started(
            subject_of(target), client, checks,
            lambda: open_report(self._engine, target, self._now_us(), checks=checks),
        )  # fmt: skip

    def start_again(
        self, kept: Kept, found: Sequence[Finding], checks: Sequence[Check], client: str
    ) -> Kept:
        """A new report of which only these checks are run. Raises TooMany."""
        return self._started(
            kept.subject, client, checks,
            lambda: open_again(self._engine, kept, found, self._now_us(), checks),
        )  # fmt: skip

    def _started(
        self, subject: str, client: str, checks: Sequence[Check], opened: Callable[[], Kept]
    ) -> Kept:
        if wait_s := self._clients.wait_s(client):
            raise TooMany(_TOO_MANY, ceil(wait_s))
        if wait_s := self._targets.wait_s(subject):
            raise TooMany(_TOO_OFTEN, ceil(wait_s))
        if not self._free.acquire(blocking=False):
            raise TooMany(_BUSY, 5)
        try:
            reports.prune(self._engine, self._now_us() - self.settings.keep_days * DAY_US)
            kept = opened()
            threading.Thread(target=self._run, args=(kept, checks), daemon=True).start()
        except BaseException:
            self._free.release()
            raise
        return kept

    def _run(self, kept: Kept, checks: Sequence[Check]) -> None:
        try:
            run_into(self._engine, kept, self._opener, checks)
        finally:
            self._free.release()

    def _open(self, target: Target) -> tuple[Target, World]:
        return open_world(target, self.settings, self._engine, self._now_us())


def runs() -> Runs:
    """What starts diagnoses of the application that answers."""
    held: Runs = current_app.extensions[_RUNS]
    return held


def install(app: Flask, held: Runs) -> None:
    """Gives the application what starts its diagnoses."""
    app.extensions[_RUNS] = held


def asked_of(kept: Kept) -> Target:
    """What somebody asked for, without what was taken from our log and settings."""
    target = target_of(kept)
    empty = Target()
    changes = {name: getattr(empty, name) for name in target.taken_from}
    return msgspec.structs.replace(target, **changes, taken_from={})
