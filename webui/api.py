"""The API: the same searches and messages for scripts."""

from __future__ import annotations

from flask import Blueprint, jsonify, url_for
from flask.typing import ResponseReturnValue

from tracer.exports import as_json
from tracer.store import deliveries, sources
from webui import search as results
from webui.asking import asked
from webui.db import connection, store_time
from webui.traces import message_json

pages = Blueprint("api", __name__)


@pages.get("/deliveries")
def list_deliveries() -> ResponseReturnValue:
    """One page of deliveries, newest first; `next` is the `after` of the following page."""
    search = asked()
    with store_time():
        body = results.items(search, search.parsed())
    response = jsonify(body)
    if body["next"]:
        following = url_for("api.list_deliveries", **search.args() | {"after": body["next"]})
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response


@pages.get("/messages/<path:id>")
def one_message(id: str) -> ResponseReturnValue:
    """One message with its deliveries, hops, events and explanation."""
    return message_json(id)


@pages.get("/facets")
def facets() -> ResponseReturnValue:
    """How many deliveries of a search have each outcome, cause, sender, relay and source."""
    query = asked().parsed()
    with store_time():
        summary = deliveries.summary(connection(), query, buckets=1)
        complete_until_us = sources.complete_until(connection())
    counted = {
        "status": summary.outcomes,
        "cause": summary.causes,
        "from": summary.senders,
        "relay": summary.relays,
        "source": summary.sources,
    }
    items = [
        {"key": key, "value": value, "count": count}
        for key, counts in counted.items()
        for value, count in counts
    ]
    body = {"items": items, "next": None, "complete_until": as_json.time_text(complete_until_us)}
    return jsonify(body | {"count": summary.total})
