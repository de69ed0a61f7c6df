"""One message: `/m/<id>` as a page and as JSON.

`<id>` is a row's id, a queue id, a Message-ID or a provider's id.
"""

from __future__ import annotations

from flask import Blueprint, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue

from collectors.formats import parse_line
from tracer.errors import NotFound
from tracer.explain import explanation
from tracer.exports import as_json
from tracer.model import Trace
from tracer.similar import Similar, similar
from tracer.told import told_of
from tracer.trace import load_trace
from webui.asking import Asked, asked
from webui.db import connection, store_time
from webui.i18n import language, site
from webui.message_particulars import ticket
from webui.message_view import message_view, nearby

pages = Blueprint("traces", __name__)


@pages.get("/m/<path:id>")
def message(id: str) -> ResponseReturnValue:
    """The message page of one delivery; an id that ends in `.json` gives data."""
    if id.endswith(".json"):
        return message_json(id.removesuffix(".json"))
    trace = _load(id)
    search = asked()
    return render_template(
        "message.html",
        view=message_view(trace, _alike(trace), every_line=request.args.get("lines") == "all"),
        nearby=nearby(trace.row),
        back=search.url() if search != Asked() else "",
        search=search,
        permanent=_permanent(trace),
        ticket=ticket(trace, _permanent(trace)),
    )


def _permanent(trace: Trace) -> str:
    """The address of this page for other people."""
    return url_for("traces.message", id=trace.row.id, _external=True)


def message_json(id: str) -> ResponseReturnValue:
    """`message deliveries hops events explanation` of one delivery."""
    trace = _load(id)
    told = explanation(told_of(trace), language())
    return jsonify(as_json.trace(trace, told, _alike(trace)))


def _alike(trace: Trace) -> Similar | None:
    with store_time():
        return similar(connection(), trace.row, site().now_us())


def _load(id: str) -> Trace:
    """The trace of an id; with `?recipient=`, of that recipient of the same mail."""
    with store_time():
        trace = load_trace(connection(), id, parse_line)
        recipient = request.args.get("recipient", "").lower()
        if not recipient or trace.row.recipient.lower() == recipient:
            return trace
        others = (row.id for row in trace.siblings if row.recipient.lower() == recipient)
        other = next(others, None)
        if other is None:
            raise NotFound(f"{id} had no recipient {recipient}")
        return load_trace(connection(), other, parse_line)
