"""Errors as pages, or as RFC 9457 problems where data was asked for.

`type` is `about:blank` for plain HTTP errors, else `urn:mailtracer:problem:NAME`.
"""

from __future__ import annotations

import logging

from flask import Flask, Response, json, render_template, request
from flask_babel import LazyString, lazy_gettext
from sqlalchemy.exc import DatabaseError, OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError
from werkzeug.exceptions import NotFound as NoSuchPage

from tracer.errors import InvalidQuery, NotFound, StoreUnavailable, TracerError
from tracer.query import corrected, parse_query
from tracer.store.engine import is_damage
from webui import results_view
from webui.asking import Asked, asked
from webui.i18n import gettext, site, translated

log = logging.getLogger(__name__)

RETRY_S = "5"
LONGEST_ID = 200
TITLES: dict[int, LazyString] = {
    400: lazy_gettext("This request could not be read."),
    403: lazy_gettext("This is not allowed."),
    405: lazy_gettext("This page cannot do that."),
    413: lazy_gettext("This is too much at once."),
}
ADVICE: dict[int, LazyString] = {
    400: lazy_gettext("Go back, load the page anew and try once more."),
    403: lazy_gettext("This came from a page of another site. Open it here and try again."),
    405: lazy_gettext("Go back, load the page anew and try once more."),
    413: lazy_gettext("Send less at once."),
}
"""What the web server's own English says otherwise; a 403 is always `same_origin`'s."""


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


WayOn = tuple[str, str]
"""A link that leads on from an error: its words and its address."""


def error_page(
    status: int,
    title: str,
    advice: str,
    search: Asked | None = None,
    *,
    way_on: WayOn | None = None,
) -> tuple[str, int]:
    """What is wrong and what to do, with a search to go on by."""
    search = search or Asked()
    body = render_template(
        "error.html",
        status=status,
        title=title,
        advice=advice,
        search=search,
        ranges=results_view.ranges(search),
        way_on=way_on,
    )
    return body, status


def missing(
    error: NotFound,
    title: str,
    advice: str,
    *,
    search: Asked | None = None,
    way_on: WayOn | None = None,
) -> Response | tuple[str, int]:
    """What a page answers that has nothing by the name in its address."""
    if wants_data():
        return problem(404, title, str(error), "not-found")
    return error_page(404, title, advice, search, way_on=way_on)


def _not_found(error: NotFound) -> Response | tuple[str, int]:
    title = gettext("No message here has this id.")
    advice = gettext(
        "It may have been dropped after the time that data is kept, or its log has not been read "
        "yet. Search for the sender, the recipient or the Message-ID instead."
    )
    return missing(error, title, advice, search=Asked(q=_asked_id(), since="all"))


def _asked_id() -> str:
    """What stood in the address in place of a message's id; "" on other pages."""
    asked_id = str((request.view_args or {}).get("id", ""))
    return asked_id[:LONGEST_ID] if request.path.startswith("/m/") else ""


def _invalid_query(error: InvalidQuery) -> Response | tuple[str, int]:
    title = gettext("This query could not be understood.")
    if wants_data():
        more = {"column": error.column, "suggestion": error.suggestion}
        return problem(400, title, translated(error.phrase), "invalid-query", **more)
    search = asked()
    in_text = not _can_be_read(search.q)
    q = corrected(search.q, error) if in_text else ""
    body = render_template(
        "query_error.html",
        error=error,
        search=search,
        in_text=in_text,
        corrected=search.first_page(q=q).url() if q else "",
        ranges=results_view.ranges(search),
    )
    return body, 400


def _can_be_read(q: str) -> bool:
    """Whether the text by itself is a query; then it is the time range that is wrong."""
    try:
        parse_query(q, now_us=site().now_us())
    except InvalidQuery:
        return False
    return True


def _unavailable(error: Exception) -> Response:
    log.warning("store unavailable: %s", error)
    title, advice = _store_words(error)
    if wants_data():
        response = problem(503, title, advice, "store-unavailable")
    else:
        body, status = error_page(503, title, advice, way_on=_again())
        response = Response(body, status)
    response.headers["Retry-After"] = RETRY_S
    return response


def _again() -> WayOn | None:
    """To the same page once more; None where that would send a form again."""
    if request.method != "GET":
        return None
    return gettext("Try again"), "/" + request.full_path.lstrip("/").rstrip("?")


def _store_words(error: Exception) -> tuple[str, str]:
    """What is wrong with the store, and what to do."""
    if is_damage(error):
        return gettext("The store is damaged."), gettext(
            "Run mailtracer doctor: it says what is wrong, and mailtracer restore goes back to a "
            "backup. The logs themselves are untouched; reading them again brings back the rest."
        )
    return gettext("The store cannot be read just now."), gettext(
        "It may be locked, full or away. Nothing is lost; try again in a moment. If it stays so, "
        "mailtracer doctor says why."
    )


def _database(error: DatabaseError) -> Response:
    """A damaged file is told as one; any other fault of a statement is our own."""
    if is_damage(error):
        return _unavailable(error)
    raise error


def _refused(error: TracerError) -> Response | tuple[str, int]:
    title = gettext("This could not be done.")
    if wants_data():
        return problem(error.http_status, title, str(error))
    return error_page(error.http_status, title, str(error))


def _http(error: HTTPException) -> Response | tuple[str, int]:
    status = error.code or 500
    if status < 400:
        return Response(status=status, headers=error.get_headers())  # a redirect
    if isinstance(error, InternalServerError):
        return _own_fault()
    if wants_data() or isinstance(error, SecurityError):  # no page can be made for a strange host
        return problem(status, error.name, error.description or "")
    if isinstance(error, NoSuchPage):
        advice = gettext("The address may have been cut short. Search for the message instead.")
        return error_page(404, gettext("There is no such page."), advice)
    title, advice = TITLES.get(status, error.name), ADVICE.get(status, error.description or "")
    return error_page(status, str(title), str(advice))


def _own_fault() -> Response | tuple[str, int]:
    title = gettext("Something went wrong in Mailtracer itself.")
    advice = gettext(
        "It has been written to the service’s own log. Please try once more; if it happens again, "
        "the lines there tell what went wrong."
    )
    return problem(500, title, advice) if wants_data() else error_page(500, title, advice)


def install(app: Flask) -> None:
    """Answers every error with a page or a problem."""
    app.register_error_handler(NotFound, _not_found)
    app.register_error_handler(InvalidQuery, _invalid_query)
    app.register_error_handler(StoreUnavailable, _unavailable)
    app.register_error_handler(OperationalError, _unavailable)
    app.register_error_handler(DatabaseError, _database)
    app.register_error_handler(TracerError, _refused)
    app.register_error_handler(HTTPException, _http)
