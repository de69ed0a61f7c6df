"""Errors as pages, or as RFC 9457 problems where data was asked for.

`type` is `about:blank` for plain HTTP errors, else `urn:mailtracer:problem:NAME`.
"""

from __future__ import annotations

import logging

from flask import Flask, Response, json, render_template, request
from flask_babel import gettext
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError, NotFound as NoSuchPage

from tracer.errors import InvalidQuery, NotFound, StoreUnavailable, TracerError
from webui import results_view
from webui.asking import Asked, asked

log = logging.getLogger(__name__)

RETRY_S = "5"


def wants_data() -> bool:
    """Whether the request is for data: by its address, or by what it accepts."""
    if request.path.startswith("/api/") or request.path.endswith((".json", ".csv")):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"


def problem(status: int, title: str, detail: str, kind: str = "", **more: object) -> Response:
    """An RFC 9457 problem; empty extra members are left out."""
    body: dict[str, object] = {
        "type": f"urn:mailtracer:problem:{kind}" if kind else "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.path,
    }
    body |= {name: value for name, value in more.items() if value != ""}
    return Response(json.dumps(body), status, mimetype="application/problem+json")


def _page(status: int, title: str, advice: str) -> tuple[str, int]:
    search = Asked()
    body = render_template(
        "error.html",
        status=status,
        title=title,
        advice=advice,
        search=search,
        ranges=results_view.ranges(search),
    )
    return body, status


def _not_found(error: NotFound) -> Response | tuple[str, int]:
    title = gettext("No message here has this id.")
    if wants_data():
        return problem(404, title, str(error), "not-found")
    advice = gettext(
        "It may have been dropped after the time that data is kept, or its log has not been read "
        "yet. Search for the sender, the recipient or the Message-ID instead."
    )
    return _page(404, title, advice)


def _invalid_query(error: InvalidQuery) -> Response | tuple[str, int]:
    title = gettext("This query could not be understood.")
    if wants_data():
        more = {"column": error.column, "suggestion": error.suggestion}
        return problem(400, title, str(error), "invalid-query", **more)
    search = asked()
    body = render_template(
        "query_error.html",
        error=error,
        search=search,
        corrected=_corrected(search, error),
        ranges=results_view.ranges(search),
    )
    return body, 400


def _corrected(search: Asked, error: InvalidQuery) -> str:
    """The address of the search with the suggestion in place of the wrong piece; "" for none."""
    if not error.suggestion:
        return ""
    before = search.q[: error.column - 1].rpartition(" ")[0]
    after = search.q[len(before) :].lstrip().partition(" ")[2]
    q = " ".join(part for part in (before, error.suggestion, after) if part)
    return search.first_page(q=q).url()


def _unavailable(error: Exception) -> Response:
    log.warning("store unavailable: %s", error)
    title = gettext("The store cannot be read just now.")
    advice = gettext("It may be locked, full or away. Nothing is lost; try again in a moment.")
    if wants_data():
        response = problem(503, title, advice, "store-unavailable")
    else:
        body, status = _page(503, title, advice)
        response = Response(body, status)
    response.headers["Retry-After"] = RETRY_S
    return response


def _refused(error: TracerError) -> Response | tuple[str, int]:
    title = gettext("This could not be done.")
    if wants_data():
        return problem(error.http_status, title, str(error))
    return _page(error.http_status, title, str(error))


def _http(error: HTTPException) -> Response | tuple[str, int]:
    status = error.code or 500
    if status < 400:
        return Response(status=status, headers=error.get_headers())  # a redirect
    if wants_data():
        return problem(status, error.name, error.description or "")
    if isinstance(error, NoSuchPage):
        advice = gettext("The address may have been cut short. Search for the message instead.")
        return _page(404, gettext("There is no such page."), advice)
    if isinstance(error, InternalServerError):
        advice = gettext("It has been written to the service’s own log. Please try once more.")
        return _page(500, gettext("Something went wrong in Mailtracer itself."), advice)
    return _page(status, error.name, error.description or "")


def install(app: Flask) -> None:
    """Answers every error with a page or a problem."""
    app.register_error_handler(NotFound, _not_found)
    app.register_error_handler(InvalidQuery, _invalid_query)
    app.register_error_handler(StoreUnavailable, _unavailable)
    app.register_error_handler(OperationalError, _unavailable)
    app.register_error_handler(TracerError, _refused)
    app.register_error_handler(HTTPException, _http)
