"""Home: the search bar, what is going on, where to start, how far the sources have been read."""

from __future__ import annotations

import time
from dataclasses import dataclass

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue
from flask_babel import LazyString, lazy_gettext

from tracer.model import DAY_US, FAILED, Outcome
from tracer.query import SearchQuery, parse_query
from tracer.store import deliveries
from tracer.store.deliveries import Summary
from webui import results_view
from webui.asking import Asked
from webui.db import connection, store_time
from webui.freshness import freshness, is_unwatched
from webui.histogram import bars
from webui.i18n import site, zone

pages = Blueprint("home", __name__)

KEPT = "mailtracer.home"
KEPT_S = 10
SINCE = "24h"
BUCKETS = 48
STRIP = (Outcome.DELIVERED, Outcome.RELAYED, Outcome.DEFERRED, Outcome.BOUNCED, Outcome.REJECTED)
WAITING = (Outcome.DEFERRED, Outcome.PENDING)
HELD = (Outcome.QUARANTINED, Outcome.JUNKED, Outcome.DISCARDED)
START: tuple[tuple[LazyString, str, tuple[Outcome, ...]], ...] = (
    (lazy_gettext("Failed, outbound"), "status:failed dir:outbound", ()),
    (lazy_gettext("Waiting in our queue"), f"status:{','.join(WAITING)}", WAITING),
    (lazy_gettext("Slower than 10 minutes, outbound"), "delay:>10m dir:outbound", ()),
    (lazy_gettext("Refused at our door"), "status:rejected", (Outcome.REJECTED,)),
    (lazy_gettext("Held, junked or dropped by a rule"), f"status:{','.join(HELD)}", HELD),
    (lazy_gettext("No final event seen"), "status:unknown", (Outcome.UNKNOWN,)),
)
"""(words, query, the outcomes it asks for when it asks for nothing else)"""


@dataclass(frozen=True, slots=True)
class Start:
    """One line of "Start here": its words, its query and how many it finds."""

    words: LazyString
    search: Asked
    count: int


@dataclass(frozen=True, slots=True)
class Now:
    """What home counts, and when it did, in seconds of the monotonic clock."""

    summary: Summary
    starts: tuple[Start, ...]
    made_s: float


@pages.get("/")
def home() -> ResponseReturnValue:
    """The home page; before any mail has been read, how to read some."""
    search = Asked()
    if not freshness().states:
        return render_template("first.html", search=search)
    with store_time():
        now = _now()
    summary = now.summary
    followed = freshness().followed
    read = {state.name for state in freshness().states}
    return render_template(
        "home.html",
        search=search,
        ranges=results_view.ranges(search),
        summary=summary,
        strip=_strip(summary),
        failed=_count(summary, *FAILED),
        waiting=_count(summary, *WAITING),
        bars=bars(summary.histogram, summary.bucket_us, height=48),
        starts=now.starts,
        since=SINCE,
        older=None if summary.total else _older(),
        followed=followed,
        unread_yet=[seen for seen in followed.values() if seen.source not in read],
        is_unwatched=is_unwatched,
    )


def _older() -> Asked | None:
    """A search of what is there, where every log that was read ends before what home counts."""
    newest_us = freshness().newest_us
    if newest_us is None or site().now_us() - newest_us < DAY_US:
        return None
    return Asked(since="all")


def _now() -> Now:
    """The counts; kept for a few seconds, since home is opened often and counts everything."""
    kept: Now | None = current_app.extensions.get(KEPT)
    if kept is None or time.monotonic() - kept.made_s > KEPT_S:
        summary = deliveries.summary(connection(), _query(""), buckets=BUCKETS)
        starts = tuple(_start(words, q, outcomes, summary) for words, q, outcomes in START)
        kept = current_app.extensions[KEPT] = Now(summary, starts, time.monotonic())
    return kept


def _start(words: LazyString, q: str, outcomes: tuple[Outcome, ...], summary: Summary) -> Start:
    """Counted by the summary already, where the query asks for outcomes alone."""
    if outcomes:
        count = _count(summary, *outcomes)
    else:
        count = deliveries.count(connection(), _query(q))
    return Start(words, Asked(q=q, since=SINCE), count)


def _query(text: str) -> SearchQuery:
    return parse_query(text, now_us=site().now_us(), since=SINCE, zone=zone())


def _strip(summary: Summary) -> tuple[tuple[Outcome, int, str], ...]:
    return tuple(
        (outcome, _count(summary, outcome), Asked(q=f"status:{outcome}", since=SINCE).url())
        for outcome in STRIP
    )


def _count(summary: Summary, *outcomes: Outcome) -> int:
    return sum(count for outcome, count in summary.outcomes if outcome in outcomes)
