"""Results: `/trace`, and the same as JSON and CSV."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime

from flask import Blueprint, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from msgspec import to_builtins

from tracer.exports import as_json
from tracer.exports.order import Order
from tracer.exports.write import pieces
from tracer.model import Page, when
from tracer.query import SearchQuery
from tracer.store import deliveries, sealed, sources
from webui import next_steps, results_view
from webui.asking import DEFAULT_SINCE, Asked, asked, frozen
from webui.db import connection, store, store_time
from webui.desk import desk
from webui.histogram import bars
from webui.i18n import site, zone_name

pages = Blueprint("search", __name__)

BUCKETS = 72
pages.add_app_template_filter(next_steps.meant, "meant")


@pages.get("/trace")
def results() -> ResponseReturnValue:
    """The results page; an empty one explains itself."""
    search = asked()
    query = search.parsed()
    began = time.perf_counter()
    with store_time():
        page = deliveries.search(connection(), query, limit=search.limit, after=search.after)
        summary = deliveries.summary(connection(), query, buckets=BUCKETS)
        away = sealed.reached(connection(), query)
    took_ms = (time.perf_counter() - began) * 1000
    if not summary.total:
        return nothing_found(search, query)
    return render_template(
        "results.html",
        search=search,
        query=query,
        away=away,
        page=page,
        days=results_view.days(page.rows),
        summary=summary,
        facets=results_view.facets(search, query, summary),
        legend=results_view.legend(summary),
        older=_older(search, page),
        bars=bars(summary.histogram, summary.bucket_us),
        ranges=results_view.ranges(search),
        permanent=request.host_url.rstrip("/") + frozen(search.first_page(), query).url(),
        took_ms=took_ms,
    )


def _older(search: Asked, page: Page) -> str:
    """The address of the following page; "" on the last."""
    if not page.next:
        return ""
    return replace(search, after=page.next, seen=search.seen + len(page.rows)).url()


def nothing_found(search: Asked, query: SearchQuery) -> ResponseReturnValue:
    """The page of a search without results."""
    with store_time():
        conditions = results_view.conditions(search, query)
        away = sealed.reached(connection(), query)
    return render_template(
        "nothing.html",
        search=search,
        query=query,
        away=away,
        conditions=conditions,
        wider=next_steps.wider(search, query),
        pair=next_steps.pair(query),
        ranges=results_view.ranges(search),
    )


@pages.get("/trace.json")
def results_json() -> ResponseReturnValue:
    """The same page of results as the API gives, with the counts of the whole."""
    search = asked()
    query = search.parsed()
    with store_time():
        summary = deliveries.summary(connection(), query, buckets=1)
        body = items(search, query)
    return jsonify(body | {"count": summary.total, "messages": summary.messages})


def items(search: Asked, query: SearchQuery) -> dict[str, object]:
    """`items`, `next` and `complete_until` of one page; `archived` where the range reaches days
    that only an export reads."""
    conn = connection()
    page = deliveries.search(conn, query, limit=search.limit, after=search.after)
    away = sealed.reached(conn, query)
    told = {"archived": to_builtins(away) | {"export": _export_url(search)}} if away else {}
    return told | {
        "items": [as_json.row(row) for row in page.rows],
        "next": page.next or None,
        "complete_until": as_json.time_text(sources.complete_until(conn)),
    }


def _export_url(search: Asked) -> str:
    return request.host_url.rstrip("/") + search.first_page().url("exports.form")


@pages.get("/trace.csv")
def results_csv() -> ResponseReturnValue:
    """Every row of the search, streamed as it is read."""
    search = asked()
    order = Order(
        search.q, site().now_us(), search.since, search.until, DEFAULT_SINCE, zone_name()
    ).checked()
    name = f"mailtracer-{_stamp(when(order.asked_us))}.csv"
    return Response(
        pieces(store(), order, desk().open_day),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _stamp(at: datetime) -> str:
    return at.strftime("%Y%m%dT%H%M%SZ")
