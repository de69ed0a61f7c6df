"""Outcomes that few deliveries of a day have: the index of causes finds them, where a walk would
take long to come by enough for a page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tracer.model import SUCCEEDED
from tracer.query import Match, MatchKind, Node, Term, terms
from tracer.store import words
from tracer.store.counts import WHOLE_DAY
from tracer.store.driver import fetch, is_postgresql
from tracer.store.drivers import Driver, whole_day
from tracer.store.slots import Ends
from tracer.store.states import FAILED

if TYPE_CHECKING:
    from sqlalchemy import Connection

SHARE = 50
"""Walking on takes less time for one in so many than looking each up does."""
_COUNTED = """SELECT cause, sum(deliveries),
 sum(CASE WHEN outcome IN (SELECT value FROM json_each(:outcomes)) THEN deliveries ELSE 0 END)
 FROM counts_{day} WHERE slot = :whole_day GROUP BY cause"""

_BY_CAUSE = f"cause IN (SELECT value FROM json_each(:causes)) AND {FAILED}"
_OF_CAUSES = f"""SELECT hop_id FROM deliveries_{{day}} WHERE {_BY_CAUSE}
 AND hop_id BETWEEN :low AND :high"""


def asked_outcomes(where: Node) -> str:
    """The outcomes, as JSON, of which every delivery must have one; `""` if any will do, or one
    that has no cause."""
    for node in terms(where):
        if isinstance(node, Term) and node.key == "status":
            exact = [v.text for v in node.values if isinstance(v, Match) and _can_be_rare(v)]
            return json.dumps(exact) if len(exact) == len(node.values) else ""
    return ""


def _can_be_rare(value: Match) -> bool:
    return value.kind is MatchKind.EXACT and value.text not in SUCCEEDED


def causes(conn: Connection, day: str, outcomes: str, most: int | None = None) -> str | None:
    """The causes, as JSON, of all deliveries of a day with these outcomes; None: walk.

    None if they are more than `most`, which by itself is what is rare in a walk over the day.
    The day must be one whose counts stand (days.counted).
    """
    if is_postgresql(conn):
        return None
    asked = {"outcomes": outcomes, "whole_day": WHOLE_DAY}
    counted = fetch(conn, _COUNTED.format(day=day), asked)
    found = {cause: n for cause, n, of_these in counted if of_these}
    most = sum(n for _, n, _ in counted) // SHARE if most is None else most
    if "" in found or sum(found.values()) > most:
        return None
    return json.dumps(list(found))


def start(day: str) -> Driver:
    """Where to start with the causes as the parameter `causes`."""
    # The index of causes is meant, not the primary key's range of the whole search.
    return whole_day(day)._replace(walk="+d.hop_id", condition=f"d.{_BY_CAUSE}")


def slots(conn: Connection, day: str, causes: str, ends: Ends) -> set[int]:
    """In which slots the deliveries of these causes, JSON, came: the index of causes tells."""
    asked = {"causes": causes, "low": ends[0], "high": ends[1]}
    base = words.base_of(day)
    return {id // words.SLOT_IDS - base for (id,) in fetch(conn, _OF_CAUSES.format(day=day), asked)}
