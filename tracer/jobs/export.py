"""The job that writes a search to a file."""

from __future__ import annotations

import msgspec

from tracer.exports.expected import expected_rows
from tracer.exports.order import Order
from tracer.exports.reach import parts
from tracer.exports.write import write_file
from tracer.jobs.kind import Kind, Place, Report
from tracer.model import when
from tracer.notify.notice import Notice
from tracer.store.jobs import Job, Made

NAME = "export"


def params_of(order: Order) -> str:
    """An order as a job keeps it."""
    return msgspec.json.encode(order).decode()


def order_of(job: Job) -> Order:
    """The order that a job keeps."""
    return msgspec.json.decode(job.params, type=Order)


def file_name(job: Job) -> str:
    """The name of the file under which it lies: only what we chose ourselves."""
    return f"{job.id}{order_of(job).form.suffix}"


def download_name(job: Job) -> str:
    """The name that whoever downloads it sees: `mailtracer-20261122T100341Z.csv`."""
    order = order_of(job)
    return f"mailtracer-{when(order.asked_us):%Y%m%dT%H%M%SZ}{order.form.suffix}"


def _run(place: Place, job: Job, report: Report) -> Made:
    order = order_of(job)
    report(0, None)
    total = _total(place, order)
    report(0, total)
    name = file_name(job)

    def told(rows: int) -> None:
        report(rows, None if total is None else max(rows, total))

    result = write_file(place.engine, order, place.folder / name, told, place.open_day)
    return Made(result.rows, result.octets, result.sha256, name)


def _total(place: Place, order: Order) -> int | None:
    """The rows to come; about, where some are in the archive, which is not opened twice."""
    query = order.query()
    found = parts(place.engine, query, place.open_day)
    with place.engine.connect() as conn:
        return expected_rows(conn, query, found)


def _notice(job: Job, link: str) -> Notice | None:
    order = order_of(job)
    if not order.tell:
        return None
    return Notice(
        job.id, job.state.value, order.q, order.form.title, order.columns, job.asked_by, job.rows,
        job.octets, job.sha256, job.expires_us, job.why or "", link, job.finished_us or 0,
    )  # fmt: skip


KIND = Kind(NAME, _run, _notice)
