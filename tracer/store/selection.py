"""What a query selects in one day, as SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from tracer.query import SearchQuery
from tracer.store import days
from tracer.store.conditions import Conditions
from tracer.store.driver import fetch
from tracer.store.drivers import Driver, drivers

_EVER = (1 << 63) - 1


class Selection(NamedTuple):
    """SQL that selects what a query matches in one day, newest first: after SELECT …

    `parts` are "FROM … WHERE … ORDER BY …", one for each start; their union is the result.
    `d` are deliveries, `h` hops, which are left out where `is_slim`.
    """

    parts: tuple[str, ...]
    parameters: dict[str, object]
    is_slim: bool = False


def select(
    day: str,
    query: SearchQuery,
    cursor: tuple[int, int] | None = None,
    *,
    slim: bool = False,
) -> Selection:
    """The visible deliveries of one day that match; without hops if `slim` and none is asked."""
    low = 0 if query.since_us is None else days.first_id(query.since_us)
    high = _EVER if query.until_us is None else days.first_id(query.until_us) - 1
    conditions = Conditions(day, low, min(high, cursor[0]) if cursor else high)
    wanted = conditions.write(query.where)
    if cursor:
        at, n = conditions.bind(cursor[0]), conditions.bind(cursor[1])
        wanted += f" AND (d.hop_id < {at} OR d.n < {n})"
    starts = drivers(query.where, conditions)
    is_slim = slim and not starts and "h." not in wanted
    if not starts:
        hops = "" if is_slim else f" CROSS JOIN hops_{day} h ON h.hop_id = d.hop_id"
        starts = [Driver(f"deliveries_{day} d{hops}", "d.hop_id", "1 = 1")]
    parts = tuple(
        f"FROM {start.tables} WHERE {start.condition} AND {start.walk} BETWEEN :low AND :high "
        f"AND d.next_id = 0 AND {wanted} ORDER BY {start.walk} DESC, d.n DESC"
        for start in starts
    )
    return Selection(parts, conditions.parameters, is_slim)


def pruned(conn: Connection, selection: Selection) -> Selection:
    """The same without the starts that lead to nothing: a union costs more than asking."""
    if len(selection.parts) == 1:
        return selection
    parts = tuple(
        part
        for part in selection.parts
        if fetch(conn, f"SELECT 1 {part} LIMIT 1", selection.parameters)
    )
    return selection._replace(parts=parts or selection.parts[:1])


def unordered(part: str) -> str:
    """A part without its order, to be counted."""
    return part.rpartition(" ORDER BY ")[0]


def union(parts: Sequence[str]) -> str:
    """SQL for the (hop_id, n) of each delivery that one of the parts selects, once."""
    return " UNION ".join(
        f"SELECT hop_id, n FROM (SELECT d.hop_id AS hop_id, d.n AS n {part}) one" for part in parts
    )
