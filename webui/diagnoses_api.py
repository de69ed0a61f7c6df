"""Delivery diagnostics for scripts: `POST /api/v1/diagnoses`, then `GET` until it is done."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from tracer.diagnostics.asking import BadTarget
from tracer.errors import NotFound
from webui.diagnoses import asked, client, report_data
from webui.diagnosis_runs import runs
from webui.errors import problem
from webui.i18n import translated
from webui.rate_limits import TooMany

pages = Blueprint("diagnoses_api", __name__)

LIMIT_OCTETS = 64 * 1024
_LISTS = {"ips": "ip", "selectors": "selector", "checks": "check"}


@pages.post("/diagnoses")
def start() -> ResponseReturnValue:
    """Start a run: 202, `Location`, and `{"id", "state"}`.

    The body is a JSON object of `sender recipient ips helo selectors header_from
    probe_recipient probe_catch_all second_opinion checks`, or a form with the fields of the page.
    """
    request.max_content_length = LIMIT_OCTETS
    try:
        kept = runs().start(*asked(_given()), client())
    except BadTarget as error:
        return problem(400, "Bad target", translated(error.phrase), "bad-target", field=error.field)
    except TooMany as error:
        response = problem(429, "Too many diagnoses", translated(error.phrase), "too-many")
        response.headers["Retry-After"] = str(error.retry_after_s)
        return response
    response = jsonify({"id": kept.id, "state": kept.state.value})
    response.status_code = 202
    response.headers["Location"] = url_for(".one", id=kept.id)
    return response


@pages.get("/diagnoses/<id>")
def one(id: str) -> ResponseReturnValue:
    """The report so far: `id state` and the fields of `mailtracer diagnose --json`."""
    response = jsonify(report_data(id))
    if response.json and response.json["state"] == "running":
        response.headers["Retry-After"] = "1"
    return response


@pages.errorhandler(NotFound)
def _no_report(error: NotFound) -> ResponseReturnValue:
    return problem(404, "No such report", str(error), "not-found")


def _given() -> MultiDict[str, str]:
    body: Any = request.get_json() if request.is_json else None
    if not isinstance(body, dict):
        return request.form
    given: MultiDict[str, str] = MultiDict()
    for name, value in body.items():
        values: list[Any] = value if isinstance(value, list) else [value]
        for text in values:
            if text:
                given.add(_LISTS.get(str(name)) or str(name), str(text))
    return given
