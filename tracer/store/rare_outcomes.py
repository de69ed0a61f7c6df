"""Outcomes that few deliveries of a day have: the index of causes finds them, where a walk would
take long to come by enough for a page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tracer.query import Match, MatchKind, Node, Term, terms
from tracer.store.counts import WHOLE_DAY
from tracer.store.driver import fetch, is_postgresql
from tracer.store.drivers import Driver, whole_day
from tracer.store.states import FAILED

if TYPE_CHECKING:
    from sqlalchemy import Connection

SHARE = 50
"""Walking on takes less time for one in so many than looking each up does."""
_COUNTED = """SELECT cause, sum(deliveries),
 sum(CASE WHEN outcome IN (SELECT value FROM json_each(:outcomes)) THEN deliveries ELSE 0 END)
 FROM counts_{day} WHERE slot = :whole_day GROUP BY cause"""


def asked_outcomes(where: Node) -> str:
    """The outcomes, as JSON, of which every delivery must have one; `""` if any will do."""
    for node in terms(where):
        if isinstance(node, Term) and node.key == "status":
            exact = [v.text for v in node.values if isinstance(v, Match) and _is_exact(v)]
            return json.dumps(exact) if len(exact) == len(node.values) else ""
    return ""


def _is_exact(value: Match) -> bool:
    return value.kind is MatchKind.EXACT


def causes(conn: Connection, day: str, outcomes: str) -> str | None:
    """The causes, as JSON, of all deliveries of a day with these outcomes; None: walk.

    The day must be one whose counts stand (days.counted).
    """
    if is_postgresql(conn):
        return None
    asked = {"outcomes": outcomes, "whole_day": WHOLE_DAY}
    counted = fetch(conn, _COUNTED.format(day=day), asked)
    found = {cause: n for cause, n, of_these in counted if of_these}
    everything = sum(n for _, n, _ in counted)
    if "" in found or sum(found.values()) * SHARE > everything:
        return None
    return json.dumps(list(found))


def start(day: str) -> Driver:
    """Where to start with the causes as the parameter `causes`."""
    causes = "d.cause IN (SELECT value FROM json_each(:causes))"
    # The index of causes is meant, not the primary key's range of the whole search.
    return whole_day(day)._replace(walk="+d.hop_id", condition=f"{causes} AND {FAILED}")
