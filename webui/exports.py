"""Exports: the list, one export, asking for one, its file."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine

from tracer.config_exports import ExportsSettings
from tracer.errors import NotFound, Phrase
from tracer.exports.order import FORMATS, Order
from tracer.exports.reach import OpenDay
from tracer.exports.write import pieces
from tracer.jobs import export, telling
from tracer.jobs.desk import TooMany
from tracer.model import when
from tracer.notify import mail
from tracer.notify.notice import NotTold
from tracer.store import deliveries, jobs, sealed
from tracer.store.jobs import Job, State
from webui import exports_view, results_view
from webui.asking import DEFAULT_SINCE, Asked, asked, asked_in
from webui.db import connection, store, store_time
from webui.desk import asker, desk
from webui.errors import error_page
from webui.i18n import gettext, language, site, translated, zone_name

pages = Blueprint("exports", __name__)

SEE_OTHER = 303
REFRESH_S = 5


@pages.get("/exports")
def every() -> ResponseReturnValue:
    """Every export; the newest finished one is shown in full."""
    return _list("")


@pages.get("/exports/<id>")
def one(id: str) -> ResponseReturnValue:
    """The same list with this export shown in full."""
    return _list(id)


def _list(id: str, *, sent: str = "") -> ResponseReturnValue:
    with store_time():
        listed = exports_view.every()
    if id:
        chosen = next((one for one in listed if one.job.id == id), None)
        chosen = chosen or exports_view.shown(desk().find(id))
    else:
        chosen = next((one for one in listed if one.job.state is State.DONE), None)
    return render_template(
        "exports.html",
        heading=exports_view.heading(listed),
        pending=[one for one in listed if one.is_pending],
        finished=[one for one in listed if not one.is_pending],
        chosen=chosen,
        states=exports_view.STATES,
        columns=exports_view.COLUMNS,
        titles=exports_view.TITLES,
        settings=_settings(),
        mail_to=mail.addresses(_settings().mail_to) if desk().config.smtp.host else (),
        refresh_s=0 if sent or "still" in request.args else REFRESH_S,
        sent=sent,
    )


def _settings() -> ExportsSettings:
    return desk().config.exports


@pages.get("/exports/new")
def form() -> ResponseReturnValue:
    """The form: what would be exported, how long it takes, as what."""
    search = asked()
    query = search.parsed()
    with store_time():
        rows = deliveries.count(connection(), query)
        away = sealed.reached(connection(), query)
        at_once_rows = -1 if away else _settings().at_once_rows
        choices = exports_view.choices(rows, at_once_rows)
    return render_template(
        "export_form.html",
        search=search,
        query=query,
        ranges=results_view.ranges(search),
        range_words=results_view.range_words(search),
        rows=rows,
        away=away,
        is_small=rows <= at_once_rows,
        choices=choices,
        kinds=exports_view.kinds(),
        titles=exports_view.TITLES,
        settings=_settings(),
        is_told=telling.is_wanted(desk()),
        chosen=request.args.get("format", "csv"),
    )


@pages.post("/exports")
def ask() -> ResponseReturnValue:
    """Start an export; a small text file is sent at once if that was asked for."""
    order = _order(asked_in(request.form))
    if request.form.get("how") == "now" and _is_small(order):
        return _sent(order)
    job = desk().submit(order, asker())
    return redirect(url_for(".one", id=job.id), SEE_OTHER)


def _order(search: Asked) -> Order:
    form = request.form
    return Order(
        search.q, site().now_us(), search.since, search.until, DEFAULT_SINCE, zone_name(),
        format=form.get("format", "csv"), columns=form.get("columns", "all"),
        exact="exact" in form, lang=language(), tell="tell" in form,
    ).checked()  # fmt: skip


def _is_small(order: Order) -> bool:
    if not order.form.is_text:
        return False
    query = order.query()
    with store_time():
        if sealed.reached(connection(), query):
            return False
        return deliveries.count(connection(), query) <= _settings().at_once_rows


def _sent(order: Order) -> Response:
    name = f"mailtracer-{when(order.asked_us):%Y%m%dT%H%M%SZ}{order.form.suffix}"
    return Response(
        _pieces(store(), order, desk().open_day),
        mimetype=order.form.mimetype,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _pieces(engine: Engine, order: Order, open_day: OpenDay | None) -> Iterator[bytes]:
    yield from pieces(engine, order, open_day)


@pages.post("/exports/<id>/cancel")
def cancel(id: str) -> ResponseReturnValue:
    """Stop it."""
    desk().cancel(id)
    return redirect(url_for(".one", id=id), SEE_OTHER)


@pages.post("/exports/<id>/again")
def again(id: str) -> ResponseReturnValue:
    """The same once more."""
    return redirect(url_for(".one", id=desk().again(id, asker()).id), SEE_OTHER)


@pages.post("/exports/<id>/delete")
def delete(id: str) -> ResponseReturnValue:
    """Take it away with its file."""
    desk().delete(id)
    return redirect(url_for(".every"), SEE_OTHER)


@pages.get("/exports/<id>/file")
def file(id: str) -> ResponseReturnValue:
    """The file; a download that broke off can be resumed (RFC 9110, 14.2: Range, If-Range)."""
    return download(desk().find(id))


def download(job: Job) -> Response:
    """The file of a job, or a part of it; its hash is its entity tag. Raises NotFound."""
    path = desk().file_of(job)
    if "Range" not in request.headers and request.method == "GET":
        with desk().engine.begin() as conn:
            jobs.note_fetched(conn, job.id)
    order = export.order_of(job)
    response = send_file(
        path,
        mimetype=FORMATS[order.format].mimetype,
        as_attachment=True,
        download_name=export.download_name(job),
        etag=job.sha256,
        last_modified=when(job.finished_us or 0),
        conditional=True,
        max_age=0,
    )
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@pages.post("/exports/test-message")
def test_message() -> ResponseReturnValue:
    """Send a test message to those whom the settings name."""
    try:
        telling.send_test(desk(), _settings().mail_to, language())
    except NotTold as error:
        return _list("", sent=_why(error))
    return _list("", sent="ok")


def _why(error: NotTold) -> str:
    (said,) = error.args
    return translated(said) if isinstance(said, Phrase) else str(said)


@pages.get("/exports/test-message")
def after_test_message() -> ResponseReturnValue:
    """Where a reader arrives who changes the language after a test."""
    return redirect(url_for(".every"), SEE_OTHER)


@pages.errorhandler(NotFound)
def _gone(_error: NotFound) -> ResponseReturnValue:
    title = gettext("There is no such export, or its file is gone.")
    return _told(404, title, gettext("Files are deleted after some days."))


@pages.errorhandler(TooMany)
def _too_many(_error: TooMany) -> ResponseReturnValue:
    title = gettext("Many exports wait already.")
    return _told(429, title, gettext("Cancel those that nobody needs, or try again later."))


def _told(status: int, title: str, advice: str) -> ResponseReturnValue:
    to_list = gettext("The list of exports"), url_for(".every")
    return error_page(status, title, advice, way_on=to_list)
