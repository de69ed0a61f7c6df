"""What a query selects in one day, as SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tracer.query import SearchQuery
from tracer.store import days
from tracer.store.conditions import Conditions
from tracer.store.drivers import Driver, drivers

_EVER = (1 << 63) - 1


class Selection(NamedTuple):
    """SQL that selects what a query matches in one day, newest first: after SELECT …"""

    parts: tuple[
        str, ...
    ]  # "FROM … WHERE … ORDER BY …", one for each start; their union is the result
    parameters: dict[str, object]


def select(day: str, query: SearchQuery, cursor: tuple[int, int] | None = None) -> Selection:
    """The visible deliveries of one day that match."""
    low = 0 if query.since_us is None else days.first_id(query.since_us)
    high = _EVER if query.until_us is None else days.first_id(query.until_us) - 1
    conditions = Conditions(day, low, min(high, cursor[0]) if cursor else high)
    wanted = conditions.write(query.where)
    if cursor:
        at, n = conditions.bind(cursor[0]), conditions.bind(cursor[1])
        wanted += f" AND (d.hop_id < {at} OR d.n < {n})"
    starts = drivers(query.where, conditions)
    if not starts:
        whole_day = f"deliveries_{day} d CROSS JOIN hops_{day} h ON h.hop_id = d.hop_id"
        starts = [Driver(whole_day, "d.hop_id", "1 = 1")]
    parts = tuple(
        f"FROM {start.tables} WHERE {start.condition} AND {start.walk} BETWEEN :low AND :high "
        f"AND d.next_id = 0 AND {wanted} ORDER BY {start.walk} DESC, d.n DESC"
        for start in starts
    )
    return Selection(parts, conditions.parameters)


def union(parts: Sequence[str]) -> str:
    """SQL for the (hop_id, n) of each delivery that one of the parts selects, once."""
    return " UNION ".join(
        f"SELECT hop_id, n FROM (SELECT d.hop_id AS hop_id, d.n AS n {part})" for part in parts
    )
