"""`/metrics`: numbers for Prometheus, in its text format (version 0.0.4).

No label holds an address, a queue id or a path as it was asked: sources go by the names the
administrator gave them, requests by the route that answered.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping
from threading import Lock

from flask import Blueprint, Flask, Response, current_app, g, request
from flask.typing import ResponseReturnValue

from tracer import release
from tracer.model import SECOND_US, Outcome
from tracer.store.jobs import State
from tracer.store.measures import Measures, measures
from webui.db import connection
from webui.i18n import site

pages = Blueprint("metrics", __name__)

REQUESTS = "mailtracer.requests"
TYPE = "text/plain; version=0.0.4; charset=utf-8"
HOUR_US = 3600 * SECOND_US
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
Labels = Mapping[str, str]
_Key = tuple[str, str, str]  # route, method, status


class Requests:
    """How long requests took since the start, by route, method and status."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: defaultdict[_Key, list[int]] = defaultdict(lambda: [0] * (len(BUCKETS_S) + 1))
        self._seconds: defaultdict[_Key, float] = defaultdict(float)

    def add(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request in."""
        key = route, method, str(status)
        with self._lock:
            self._counts[key][bisect_left(BUCKETS_S, seconds)] += 1
            self._seconds[key] += seconds

    def told(self) -> Iterator[str]:
        """The lines of a histogram."""
        name = "mailtracer_http_request_duration_seconds"
        yield from _head(name, "histogram", "How long requests took, by the route that answered.")
        with self._lock:
            held = [(key, list(counts), self._seconds[key]) for key, counts in self._counts.items()]
        for (route, method, status), counts, seconds in sorted(held):
            labels = {"route": route, "method": method, "status": status}
            total = 0
            for limit, count in zip((*BUCKETS_S, "+Inf"), counts, strict=True):
                total += count
                yield _line(f"{name}_bucket", labels | {"le": str(limit)}, total)
            yield _line(f"{name}_sum", labels, round(seconds, 6))
            yield _line(f"{name}_count", labels, total)


@pages.get("/metrics")
def metrics() -> ResponseReturnValue:
    """All numbers."""
    now_us = site().now_us()
    found = measures(connection(), now_us - HOUR_US)
    requests: Requests = current_app.extensions[REQUESTS]
    body = "\n".join([*_of_store(found, now_us), *requests.told()]) + "\n"
    response = Response(body, content_type=TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


def _of_store(found: Measures, now_us: int) -> Iterator[str]:
    yield from _one("mailtracer_info", "gauge", "The version.", {"version": release.version()}, 1)
    yield from _of_sources(found, now_us)
    name = "mailtracer_deliveries_last_hour"
    yield from _head(name, "gauge", "Deliveries received in the last hour, by outcome now.")
    for outcome in Outcome:
        yield _line(name, {"outcome": outcome}, found.outcomes.get(outcome, 0))
    name = "mailtracer_jobs"
    yield from _head(name, "gauge", "Jobs by kind and state.")
    for kind in sorted({kind for kind, _ in found.jobs} | {"export"}):
        for state in State:
            labels = {"kind": kind, "state": state}
            yield _line(name, labels, found.jobs.get((kind, state), 0))
    name = "mailtracer_days"
    yield from _head(name, "gauge", "Days of mail, by the state of their tables.")
    for state_of_day, count in sorted(found.days.items()):
        yield _line(name, {"state": state_of_day}, count)
    yield from _one("mailtracer_store_bytes", "gauge", "Size of the database.", {}, found.octets)


def _of_sources(found: Measures, now_us: int) -> Iterator[str]:
    states, seen = found.sources, found.followed
    told: tuple[tuple[str, str, str, Mapping[str, float]], ...] = (
        ("lines_total", "counter", "Lines read.", {s.name: s.lines for s in states}),
        ("events_total", "counter", "Events understood.", {s.name: s.events for s in states}),
        (
            "unparsed_lines_total", "counter", "Lines that could not be read.",
            {s.name: s.unparsed for s in states},
        ),
        (
            "known_events_total", "counter", "Events of followed logs that were known before.",
            {name: one.known for name, one in seen.items()},
        ),
        (
            "source_lag_seconds", "gauge", "Age of the time up to which a source is complete.",
            {
                s.name: round(max(now_us - s.complete_until_us, 0) / SECOND_US, 3)
                for s in states
                if s.complete_until_us is not None
            },
        ),
        (
            "source_unread_bytes", "gauge", "Octets of followed logs that wait to be read.",
            {name: one.unread for name, one in seen.items()},
        ),
        (
            "source_seen_timestamp_seconds", "gauge", "When a log was last looked at.",
            {name: one.seen_us / SECOND_US for name, one in seen.items()},
        ),
        ("receipts", "gauge", "Webhook requests that are kept.", found.receipts),
        ("receipts_refused_total", "counter", "Webhook requests turned away.", found.refused),
        ("dead_letters", "gauge", "Items of webhooks that wait for you.", found.dead_letters),
    )  # fmt: skip
    for short, kind, words, values in told:
        name = f"mailtracer_{short}"
        yield from _head(name, kind, words)
        for source, value in sorted(values.items()):
            yield _line(name, {"source": source}, value)


def _one(name: str, kind: str, words: str, labels: Labels, value: float) -> Iterator[str]:
    yield from _head(name, kind, words)
    yield _line(name, labels, value)


def _head(name: str, kind: str, words: str) -> Iterator[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} {kind}"


def _line(name: str, labels: Labels, value: float) -> str:
    told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{told}}} {value}" if told else f"{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _begin() -> None:
    g.counted_from = time.perf_counter()


def _count(response: Response) -> Response:
    began = g.get("counted_from")
    if began is not None:
        requests: Requests = current_app.extensions[REQUESTS]
        route = request.url_rule.rule if request.url_rule else "none"
        method = request.method if request.method in _METHODS else "other"
        requests.add(route, method, response.status_code, time.perf_counter() - began)
    return response


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def install(app: Flask) -> None:
    """Counts every request and answers `/metrics`."""
    app.extensions[REQUESTS] = Requests()
    app.before_request(_begin)
    app.after_request(_count)
    app.register_blueprint(pages)
