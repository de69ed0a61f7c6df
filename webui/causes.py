"""The knowledge base: every cause, how often it was seen, and what is known of it.

`/causes` and `/causes/<id>` show; `/causes/teach` gives a reply that nobody recognised a cause.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import LazyString, lazy_gettext

from tracer import site_rules
from tracer.causes import UNKNOWN, Cause, Side, catalog
from tracer.errors import ConfigError, NotFound
from tracer.explain import label
from tracer.exports import causes_json
from tracer.model import Row
from tracer.store import deliveries, failures
from webui.asking import Asked
from webui.causes_teaching import Lesson, taught
from webui.db import connection, store_time
from webui.errors import missing
from webui.i18n import gettext, language, site

pages = Blueprint("causes", __name__)

SHOWN_ROWS = 8
SIDES: dict[Side, LazyString] = {
    Side.US: lazy_gettext("We act"),
    Side.SENDER: lazy_gettext("The writer acts"),
    Side.RECIPIENT: lazy_gettext("The recipient acts"),
    Side.THEIR_ADMIN: lazy_gettext("Their administrator acts"),
    Side.NOBODY: lazy_gettext("Nobody has to act at once"),
}
SEVERITIES: dict[str, LazyString] = {
    "hard": lazy_gettext("refused for good"),
    "soft": lazy_gettext("may pass later"),
    "none": lazy_gettext("depends on the reply"),
}


@pages.get("/causes")
def every() -> ResponseReturnValue:
    """All causes by who acts, the most seen first."""
    listed = _listed()
    listed.sort(key=lambda cause: (-cause["last_30d"], cause["title"].lower()))
    groups = [
        (words, [one for one in listed if one["side"] == side]) for side, words in SIDES.items()
    ]
    return render_template("causes.html", groups=[group for group in groups if group[1]])


@pages.get("/causes.json")
def every_json() -> ResponseReturnValue:
    """The same as data."""
    return jsonify({"items": _listed()})


def _listed() -> list[dict[str, Any]]:
    with store_time():
        counted = causes_json.seen(connection(), site().now_us())
    return causes_json.causes(language(), counted)


@pages.get("/causes/<id>")
def one(id: str) -> ResponseReturnValue:
    """One cause; an id that ends in `.json` gives data."""
    held = _known(id.removesuffix(".json"))
    with store_time():
        counted = causes_json.seen(connection(), site().now_us())
    told = causes_json.cause(held, language(), counted)
    if id.endswith(".json"):
        return jsonify(told)
    return render_template(
        "cause.html",
        cause=told,
        other=causes_json.written(held.text(_other_language()), _other_language()),
        other_language=_other_language(),
        sides=SIDES,
        severities=SEVERITIES,
        rows=_newest(held.id),
        search=Asked(q=f"cause:{held.id}", since="30d"),
    )


class NoCause(NotFound):
    """No cause has this id."""


def _known(id: str) -> Cause:
    cause = catalog().get(id)
    if cause is None:
        raise NoCause(f"there is no cause {id}; /causes lists them all")
    return cause


@pages.errorhandler(NoCause)
def _no_cause(error: NoCause) -> ResponseReturnValue:
    title = gettext("There is no such cause.")
    advice = gettext("The page of causes lists all that there are, and what to do about each.")
    return missing(error, title, advice, way_on=(gettext("All causes"), url_for("causes.every")))


def _other_language() -> str:
    return "en" if language() == "ru" else "ru"


def _newest(cause: str) -> list[Row]:
    now_us = site().now_us()
    with store_time():
        found = failures.failures(
            connection(), cause, now_us - causes_json.LONG_US, now_us + 1, SHOWN_ROWS
        )
        rows = deliveries.of_hops(connection(), [failure.hop_id for failure in found])
    return [row for row in reversed(rows) if row.cause == cause][:SHOWN_ROWS]


@pages.get("/causes/teach")
def teach() -> ResponseReturnValue:
    """The form that gives a reply a cause: `?m=` is the message."""
    lesson = Lesson.of_message(request.args.get("m", ""))
    return _form(lesson)


@pages.post("/causes/teach")
def learn() -> ResponseReturnValue:
    """Prove a rule, and write it where that is possible; else show the file to write."""
    lesson = Lesson.of_message(request.form.get("m", "")).answered(request.form)
    if not lesson.is_answered:
        return _form(lesson, "missing"), 400
    try:
        result = taught(lesson, site().rules)
    except ConfigError as error:
        return _form(lesson, "refused", str(error)), 400
    return render_template("taught.html", lesson=lesson, result=result)


def _form(lesson: Lesson, problem: str = "", said: str = "") -> Any:
    if lesson.row.cause != UNKNOWN and not problem:
        return redirect(lesson.address)
    choices = sorted((label(id, language()), id) for id in catalog() if id != UNKNOWN)
    return render_template(
        "teach.html",
        lesson=lesson,
        choices=choices,
        problem=problem,
        said=said,
        folder=site_rules.FOLDER,
    )
