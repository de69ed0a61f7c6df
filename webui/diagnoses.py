"""Delivery diagnostics as pages: the form `/check`, a report `/check/<id>`, its progress.

A GET never asks anybody anything: runs are started by POST alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from flask import (
    Blueprint,
    Response,
    jsonify,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask.sansio.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from tracer.diagnostics import report_json
from tracer.diagnostics.asking import BadTarget, asked_target
from tracer.diagnostics.kept import findings, report_of, target_of
from tracer.diagnostics.model import Target
from tracer.diagnostics.notes import noted
from tracer.diagnostics.run import chosen
from tracer.errors import NotFound, Phrase
from tracer.store import reports
from tracer.store.reports import Kept
from webui.db import connection, store, store_time
from webui.diagnosis_runs import asked_of, runs
from webui.diagnosis_view import DiagnosisView, diagnosis_view, named, said, since_last
from webui.diagnosis_words import SIDES, VERDICT_GLYPHS, VERDICT_TONES, VERDICTS
from webui.errors import problem, wants_data
from webui.i18n import gettext, language, site, translated
from webui.rate_limits import TooMany

pages = Blueprint("diagnoses", __name__)

POLL_S = 0.25
LONGEST_FIELD = 2_000
_FIELDS = ("sender", "recipient", "ip", "helo", "selector", "header_from")
_WISHES = ("probe_recipient", "probe_catch_all")
_ALSO = "second_opinion"  # a check that the form adds to those of an ordinary run


@pages.record_once
def _dress(state: BlueprintSetupState) -> None:
    """What the templates of diagnoses may use."""
    state.app.jinja_env.globals.update(
        sides=SIDES,
        verdicts=VERDICTS,
        verdict_glyphs=VERDICT_GLYPHS,
        verdict_tones=VERDICT_TONES,
        said=said,
        named=named,
        noted=lambda remark: noted(remark, language()),
        target_of=target_of,
    )


@pages.get("/check")
def form() -> ResponseReturnValue:
    """The form, filled from the address: `?sender=&recipient=&ip=&helo=&selector=&check=`."""
    return _form(request.args)


@pages.post("/check")
def start() -> ResponseReturnValue:
    """Start a run and go to its report."""
    try:
        kept = runs().start(*asked(request.form), client())
    except (BadTarget, TooMany) as error:
        return _form(request.form, error)
    return redirect(url_for(".report", id=kept.id), 303)


@pages.get("/check/<id>")
def report(id: str) -> ResponseReturnValue:
    """One report; an id that ends in `.json` gives data."""
    if id.endswith(".json"):
        return jsonify(report_data(id.removesuffix(".json")))
    view = _view(id)
    fields = MultiDict(asked_fields(view.kept))
    return render_template(
        "diagnosis.html",
        view=view,
        fields=list(fields.items(multi=True)),
        filled=_filled(fields),
    )


@pages.get("/check/<id>/events")
def events(id: str) -> ResponseReturnValue:
    """The report's findings as they come, as server-sent events: `report` holds HTML."""
    with store().connect() as conn:  # not the request's: that would stay open with the stream
        reports.load(conn, id)
    stream = Response(stream_with_context(_events(id)), mimetype="text/event-stream")
    stream.headers["Cache-Control"] = "no-store"
    stream.headers["X-Accel-Buffering"] = "no"  # nginx would hold the events back
    return stream


@pages.post("/check/<id>/again")
def again(id: str) -> ResponseReturnValue:
    """Run one check of a report again; its findings replace the old ones in a new report."""
    kept = reports.load(connection(), id)
    try:
        checks = chosen(request.form.getlist("check"), runs().checks)
        new = runs().start_again(kept, findings(connection(), id), checks, client())
    except (BadTarget, TooMany) as error:
        return _form(MultiDict(asked_fields(kept)), error)
    return redirect(url_for(".report", id=new.id), 303)


class NoReport(NotFound):
    """No report has this id."""

    phrase = Phrase(
        "There is no such report. Reports are dropped after a time; run the tests again to get a "
        "new one."
    )


@pages.errorhandler(NotFound)
def _no_report(error: NotFound) -> ResponseReturnValue:
    if wants_data():
        return problem(404, "No such report", str(error), "not-found")
    return _form(MultiDict(), NoReport(NoReport.phrase))


def asked(given: MultiDict[str, str]) -> tuple[Target, Any]:
    """The target and the checks that a form asks for. Raises BadTarget."""
    text = {name: given.get(name, "")[:LONGEST_FIELD] for name in _FIELDS}
    target = asked_target(
        sender=text["sender"],
        recipient=text["recipient"],
        ips=_several(given, "ip"),
        helo=text["helo"],
        selectors=_several(given, "selector"),
        header_from=text["header_from"],
        **{name: bool(given.get(name)) for name in _WISHES},
    )
    checks = chosen(filter(None, given.getlist("check")), runs().checks)
    if given.get(_ALSO):
        checks = chosen([*(check.name for check in checks), _ALSO], runs().checks)
    return target, checks


def report_data(id: str) -> dict[str, Any]:
    """A report as the API gives it: the command's JSON with `id`, `state` and `changes`.

    `changes` says what differs from the last run of the same target; null where there is none
    and while the run goes on.
    """
    with store_time():
        kept = reports.load(connection(), id)
        found = findings(connection(), id)
        last, changed = since_last(connection(), kept, found, site().now_us())
    body = report_json.report(report_of(kept, found), language())
    state = "failed" if kept.is_cut_off(site().now_us()) else kept.state.value
    if kept.finished_us is None:
        body["finished_at"] = None
    changes = report_json.changes(last.id, last.started_us, changed, language()) if last else None
    return {"id": kept.id, "state": state, **body, "changes": changes}


def client() -> str:
    """Who asks, for the limits."""
    return request.remote_addr or ""


def asked_fields(kept: Kept) -> list[tuple[str, str]]:
    """The fields of the form that asks for the same report once more."""
    target = asked_of(kept)
    fields = [
        ("sender", target.sender), ("recipient", target.recipient), ("helo", target.helo),
        ("header_from", target.header_from),
        ("probe_recipient", "1" if target.probe_recipient else ""),
        ("probe_catch_all", "1" if target.probe_catch_all else ""),
        (_ALSO, "1" if _ALSO in kept.checks.split() else ""),
        *(("ip", ip) for ip in target.ips),
        *(("selector", selector) for selector in target.selectors),
    ]  # fmt: skip
    return [(name, value) for name, value in fields if value]


def _several(given: MultiDict[str, str], name: str) -> list[str]:
    """A field's values, however often it is given and with commas or spaces between."""
    return " ".join(given.getlist(name))[:LONGEST_FIELD].replace(",", " ").split()


def _view(id: str) -> DiagnosisView:
    with store_time():
        return diagnosis_view(connection(), reports.load(connection(), id), site().now_us())


def _events(id: str) -> Iterator[str]:
    """One event for each change, until the report is over; a comment keeps the line alive.

    Each stream holds a thread of the server; one too many is told to come back.
    """
    if not runs().watchers.acquire(blocking=False):
        yield "retry: 3000\n\n"
        return
    try:
        yield from _changes(id)
    finally:
        runs().watchers.release()


def _changes(id: str) -> Iterator[str]:
    shown = -1
    while True:
        with store().connect() as conn:
            view = diagnosis_view(conn, reports.load(conn, id), site().now_us())
        if view.total != shown:
            shown = view.total
            html = render_template("diagnosis_report.html", view=view)
            yield "event: report\n" + "".join(f"data: {line}\n" for line in html.split("\n")) + "\n"
        else:
            yield ":\n\n"
        if not view.is_running:
            yield "event: done\ndata:\n\n"
            return
        time.sleep(POLL_S)


def _filled(given: MultiDict[str, str]) -> dict[str, str]:
    """The fields of the form as text."""
    single = {name: given.get(name, "")[:LONGEST_FIELD] for name in _FIELDS}
    several = {name: " ".join(_several(given, name)) for name in ("ip", "selector")}
    return single | several | {name: "1" if given.get(name) else "" for name in (*_WISHES, _ALSO)}


def _form(
    given: MultiDict[str, str],
    error: BadTarget | TooMany | NoReport | None = None,
) -> ResponseReturnValue:
    with store_time():
        recent = reports.history(connection(), limit=12)
    body = render_template(
        "check.html",
        filled=_filled(given),
        chosen=[name for name in given.getlist("check") if name][:50],
        error=_told(error),
        field=getattr(error, "field", ""),
        recent=recent,
        outbound=runs().settings.outbound,
    )
    response = Response(body, error.http_status if error else 200)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _told(error: BadTarget | TooMany | NoReport | None) -> str:
    if error is None:
        return ""
    told = translated(error.phrase)
    if isinstance(error, TooMany):
        wait = gettext("Try again in %(seconds)s s.", seconds=error.retry_after_s)
        return f"{told} {wait}"
    return told
