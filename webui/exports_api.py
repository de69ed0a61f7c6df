"""Exports for scripts: `POST /api/v1/exports`, then `GET` until it is done, then its file."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Conflict

from tracer.errors import InvalidQuery, NotFound
from tracer.exports.as_json import time_text
from tracer.exports.order import Order
from tracer.store import sources
from tracer.store.jobs import PENDING, Job, State
from webui import exports_view
from webui.db import connection, store_time
from webui.desk import asker, desk
from webui.errors import problem
from webui.exports import download
from webui.exports_view import Shown
from webui.i18n import gettext, language, site, zone_name

pages = Blueprint("exports_api", __name__)

LIMIT_OCTETS = 64 * 1024
RETRY_S = "1"


class _Given(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a POST; `query` and `q` are the same."""

    query: str = ""
    q: str = ""
    since: str = ""
    until: str = ""
    format: str = "csv"
    columns: str = "all"
    exact: bool = False
    lang: str = ""
    tell: bool = True


@pages.post("/exports")
def start() -> ResponseReturnValue:
    """Start an export: 202, `Location`, and the export as it is."""
    request.max_content_length = LIMIT_OCTETS
    given = _given()
    order = Order(
        given.query or given.q, site().now_us(), given.since, given.until, zone=zone_name(),
        format=given.format, columns=given.columns, exact=given.exact,
        lang=given.lang or language(), tell=given.tell,
    )  # fmt: skip
    job = desk().submit(order, asker())
    response = jsonify(as_data(exports_view.shown(job)))
    response.status_code = 202
    response.headers["Location"] = url_for(".one", id=job.id)
    return response


def _given() -> _Given:
    body: Any = request.get_json() if request.is_json else request.form.to_dict()
    try:
        return msgspec.convert(body, _Given, strict=request.is_json)
    except msgspec.ValidationError as error:
        raise InvalidQuery(str(error)) from error


@pages.get("/exports")
def every() -> ResponseReturnValue:
    """Every export: those to be made first, each group newest first."""
    with store_time():
        items = [as_data(one) for one in exports_view.every()]
        complete = time_text(sources.complete_until(connection()))
    return jsonify({"items": items, "next": None, "complete_until": complete})


@pages.get("/exports/<id>")
def one(id: str) -> ResponseReturnValue:
    """One export; ask again while `state` is queued or running."""
    job = desk().find(id)
    response = jsonify(as_data(exports_view.shown(job)))
    if job.state in PENDING:
        response.headers["Retry-After"] = RETRY_S
    return response


@pages.get("/exports/<id>/file")
def file(id: str) -> ResponseReturnValue:
    """The file of an export that is done; 409 while it is being made."""
    job = desk().find(id)
    if job.state in PENDING:
        raise Conflict("This export is not finished yet; its state tells when it is.")
    return download(job)


@pages.post("/exports/<id>/cancel")
def cancel(id: str) -> ResponseReturnValue:
    """Stop it; the export as it is then."""
    return jsonify(as_data(exports_view.shown(desk().cancel(id))))


@pages.delete("/exports/<id>")
def delete(id: str) -> ResponseReturnValue:
    """Take it away with its file."""
    desk().delete(id)
    return "", 204


def as_data(one: Shown) -> dict[str, Any]:
    """An export as JSON."""
    job, order = one.job, one.order
    return {
        "id": job.id,
        "state": job.state.value,
        "query": order.q,
        "since": time_text(one.since_us),
        "until": time_text(one.until_us),
        "format": order.format,
        "columns": order.columns,
        "exact": order.exact,
        "asked_by": job.asked_by,
        "asked_at": time_text(job.asked_us),
        "started_at": time_text(job.started_us),
        "finished_at": time_text(job.finished_us),
        "expires_at": time_text(job.expires_us),
        "rows": job.rows,
        "total": job.total,
        "progress": _progress(job),
        "octets": job.octets if job.sha256 else None,
        "sha256": job.sha256,
        "error": job.why or "",
        "file": url_for(".file", id=job.id) if job.state is State.DONE else "",
    }


def _progress(job: Job) -> float | None:
    if job.state is State.DONE:
        return 1.0
    return round(job.rows / job.total, 3) if job.total else None


@pages.errorhandler(NotFound)
def _gone(error: NotFound) -> ResponseReturnValue:
    title = gettext("There is no such export, or its file is gone.")
    return problem(404, title, str(error), "not-found")
