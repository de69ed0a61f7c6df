"""What the page of exports shows: jobs in words, the heading, estimates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import LazyString, lazy_gettext, lazy_pgettext

from tracer.errors import InvalidQuery
from tracer.exports.columns import KINDS
from tracer.exports.format import Format
from tracer.exports.order import FORMATS, Order
from tracer.jobs import export
from tracer.model import SECOND_US
from tracer.store import jobs
from tracer.store.jobs import PENDING, Job, State
from webui import show
from webui.asking import Asked
from webui.db import connection
from webui.i18n import gettext, ngettext, site

_ = lazy_gettext
LEAST_S = 0.1

STATES: dict[State, tuple[str, str, LazyString]] = {  # tone, glyph, word
    State.QUEUED: ("wait", "pending", lazy_pgettext("export", "queued")),
    State.RUNNING: ("wait", "pending", lazy_pgettext("export", "running")),
    State.DONE: ("good", "delivered", lazy_pgettext("export", "done")),
    State.FAILED: ("bad", "bounced", lazy_pgettext("export", "failed")),
    State.CANCELLED: ("mute", "removed", lazy_pgettext("export", "cancelled")),
    State.EXPIRED: ("mute", "removed", lazy_pgettext("export", "expired")),
}
COLUMNS: dict[str, LazyString] = {
    "all": _("all of ours"),
    "summary": _("summary, as Microsoft 365"),
    "enhanced": _("enhanced, as Microsoft 365"),
    "extended": _("extended, as Microsoft 365"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A job with its order, as the page shows it; times in microseconds, None: not known."""

    job: Job
    order: Order
    since_us: int | None
    until_us: int | None

    @property
    def is_pending(self) -> bool:
        """Whether it is still to be made."""
        return self.job.state in PENDING

    @property
    def percent(self) -> int:
        """How far it is."""
        total = self.job.total or 0
        return min(99, self.job.rows * 100 // total) if total else 0

    @property
    def left_s(self) -> float | None:
        """Seconds it will take yet, at its pace so far."""
        job = self.job
        if not job.rows or not job.total or job.started_us is None:
            return None
        spent_s = (site().now_us() - job.started_us) / SECOND_US
        return max(0.0, spent_s * (job.total - job.rows) / job.rows)

    @property
    def took_s(self) -> float | None:
        """Seconds it was made in."""
        job = self.job
        if job.started_us is None or job.finished_us is None:
            return None
        return (job.finished_us - job.started_us) / SECOND_US

    @property
    def covers(self) -> str:
        """The time that it covers, with years where they are not this one."""
        if self.until_us is None:
            return ""
        until = _moment(self.until_us)
        if self.since_us is None:
            return gettext("all up to %(time)s", time=until)
        return f"{_moment(self.since_us)} – {until}"

    @property
    def told(self) -> tuple[str, str]:
        """Ways on which a notice arrived, and what kept others from it."""
        ways, _, fault = self.job.told.partition("!")
        return ways, fault

    @property
    def trace_url(self) -> str:
        """The same search as a results page."""
        order = self.order
        since = order.since or ("" if order.until else order.default_since)
        return Asked(order.q, since, order.until).url()


def _moment(at_us: int) -> str:
    at, now = show.local(at_us), show.local(site().now_us())
    year = "" if at.year == now.year else f" {at.year}"
    return f"{show.day_short(at_us)}{year}, {show.clock_short(at_us)}"


def shown(job: Job) -> Shown:
    """A job for the page."""
    order = export.order_of(job)
    try:
        query = order.query()
    except InvalidQuery:  # asked for by a version that understood more
        return Shown(job, order, None, None)
    until_us = order.asked_us if query.until_us is None else query.until_us
    return Shown(job, order, query.since_us, until_us)


def every() -> list[Shown]:
    """All exports, those to be made first, each group newest first."""
    return [shown(job) for job in jobs.listed(connection(), export.NAME)]


def heading(exports: Iterable[Shown]) -> str:
    """The state of things as one sentence."""
    states = [one.job.state for one in exports]
    running, waiting = states.count(State.RUNNING), states.count(State.QUEUED)
    ready = states.count(State.DONE)
    if running and waiting:
        told = ngettext("%(num)s export is running", "%(num)s exports are running", running)
        more = ngettext("%(num)s waits", "%(num)s wait", waiting)
        return gettext("%(running)s, %(waiting)s.", running=told, waiting=more)
    if running:
        return ngettext("%(num)s export is running.", "%(num)s exports are running.", running)
    if waiting:
        return ngettext("%(num)s export waits.", "%(num)s exports wait.", waiting)
    if ready:
        return ngettext(
            "%(num)s export is ready to be downloaded.",
            "%(num)s exports are ready to be downloaded.",
            ready,
        )
    return gettext("There are no exports to download.")


@dataclass(frozen=True, slots=True)
class Choice:
    """A file format on offer, with what it would take."""

    form: Format
    about: LazyString
    seconds: float
    at_once: bool


TITLES: dict[str, str | LazyString] = {form.name: form.title for form in FORMATS.values()} | {
    "excel": _("CSV for Excel")
}
ABOUT: dict[str, LazyString] = {
    "csv": _("For other programs and most spreadsheets; comma between cells, times in ISO 8601"),
    "excel": _("Opens in Excel by a double click; a semicolon between cells where that is usual"),
    "ndjson": _("One JSON object a line, for scripts"),
    "xlsx": _("An Excel workbook with real dates; takes longest"),
    "parquet": _("Smallest; for DuckDB, pandas and the like"),
}


def choices(rows: int, at_once_rows: int) -> list[Choice]:
    """Every format, with how long the rows would take in it."""
    return [
        Choice(
            form,
            ABOUT[name],
            max(LEAST_S, rows / pace(form)),
            form.is_text and rows <= at_once_rows,
        )
        for name, form in FORMATS.items()
    ]


def pace(form: Format) -> float:
    """Rows a second: what the latest exports of this format reached, else what is usual."""
    known = jobs.pace(
        connection(), export.NAME, lambda job: export.order_of(job).format == form.name
    )
    return known or form.rows_per_s


def kinds() -> list[tuple[str, LazyString, str]]:
    """(name, words, the names of its columns) of every choice of columns."""
    return [
        (name, COLUMNS[name], ", ".join(column.name for column in KINDS[name].columns))
        for name in ("all", "summary", "enhanced", "extended")
    ]
