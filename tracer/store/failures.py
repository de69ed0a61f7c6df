"""Failed deliveries by cause: how many, the newest of them, and what worked instead.

Everything here starts from an index and ends at a bound, for it is asked on the way of a
page. `states.FAILED` is the condition of the index of causes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from tracer.model import SUCCEEDED
from tracer.store import counts, days
from tracer.store.driver import Rows, change_many, fetch
from tracer.store.states import FAILED, OPENED_US
from tracer.store.terms import address_keys, client_key, client_of, domain_key

MOST_WALKED = 100
"""Deliveries to one destination that are looked through for one that worked, a day."""
_WORKED = ", ".join(f"'{outcome}'" for outcome in sorted(SUCCEEDED))


class Failure(msgspec.Struct, frozen=True):
    """A failed delivery as far as others are compared with it; `at_us`: its last word."""

    hop_id: int
    at_us: int
    relay: str
    recipient: str
    sender: str
    client: str


def failures(
    conn: Connection, cause: str, since_us: int, until_us: int, limit: int
) -> list[Failure]:
    """The newest deliveries that failed by one cause, received in [since, until)."""
    found: list[Failure] = []
    asked = {"cause": cause, "low": days.first_id(since_us), "high": days.first_id(until_us)}
    for day in days.within(conn, since_us, until_us):
        statement = (
            f"SELECT d.hop_id, {OPENED_US} + d.after_us, d.relay, d.recipient, h.sender, "
            f"h.client_key FROM deliveries_{day} d JOIN hops_{day} h ON h.hop_id = d.hop_id "
            f"WHERE d.cause = :cause AND {FAILED} AND d.hop_id >= :low AND d.hop_id < :high "
            "ORDER BY d.hop_id DESC LIMIT :left"
        )
        for values in fetch(conn, statement, asked | {"left": limit - len(found)}):
            hop_id, at_us, relay, recipient, sender, client = values
            found.append(Failure(hop_id, at_us, relay, recipient, sender, client_of(client)))
        if len(found) >= limit:
            break
    return found


def by_cause(conn: Connection, since_us: int) -> Counter[str]:
    """How many deliveries of mail received since then each cause has."""
    found: Counter[str] = Counter()
    summed = days.counted(conn)
    for day in days.within(conn, since_us, None):
        whole = since_us <= days.start_of(day) and day in summed
        for cause, n in _counted(conn, day) if whole else _walked(conn, day, since_us):
            found[cause] += n
    return found


def _counted(conn: Connection, day: str) -> Rows:
    """A whole day, from its counts."""
    statement = (
        f"SELECT cause, sum(deliveries) FROM counts_{day} "
        f"WHERE slot = {counts.WHOLE_DAY} AND cause <> '' GROUP BY cause"
    )
    return fetch(conn, statement, {})


def _walked(conn: Connection, day: str, since_us: int) -> Rows:
    """A part of a day. The sum keeps SQLite from the primary key: the index of causes is meant."""
    statement = (
        f"SELECT cause, count(*) FROM deliveries_{day} "
        f"WHERE {FAILED} AND hop_id + 0 >= :low GROUP BY cause"
    )
    return fetch(conn, statement, {"low": days.first_id(since_us)})


def judged(conn: Connection, day: str, outcomes: Collection[str]) -> list[int]:
    """The day's hops that have a delivery with one of these outcomes."""
    words = ", ".join(f"'{outcome}'" for outcome in sorted(outcomes))
    statement = f"SELECT DISTINCT hop_id FROM deliveries_{day} WHERE outcome IN ({words})"
    return [hop_id for (hop_id,) in fetch(conn, statement, {})]


def set_causes(conn: Connection, day: str, changed: list[tuple[str, int, int]]) -> None:
    """Write causes as (cause, hop_id, n); the counts of the day follow."""
    statement = f"UPDATE deliveries_{day} SET cause = ? WHERE hop_id = ? AND n = ?"
    change_many(conn, statement, changed)
    if changed and day in days.counted(conn):
        counts.recount(conn, day)


Place = tuple[str, Any]
"""Where mail went or came from: an indexed column and its value."""


def to_domain(domain: str) -> Place:
    """Every recipient of a domain."""
    return "d.recipient_domain_key", domain_key(domain)


def to_recipient(address: str) -> Place:
    """One recipient."""
    return "d.recipient_key", address_keys(address)[0]


def from_client(client: str) -> Place:
    """Whatever one address handed to us."""
    return "h.client_key", client_key(client)


def last_worked(
    conn: Connection, places: Sequence[Place], since_us: int, until_us: int, relay: str = ""
) -> int | None:
    """When mail to or from one of these places was last taken; None: not found.

    `relay`: only by servers with this in their name. Looks at the newest MOST_WALKED
    deliveries of each place and day.
    """
    for day in days.within(conn, since_us, until_us):
        worked = (_worked(conn, day, place, (since_us, until_us), relay) for place in places)
        newest = max((at_us for at_us in worked if at_us is not None), default=None)
        if newest is not None:
            return newest
    return None


def _worked(
    conn: Connection, day: str, place: Place, window: tuple[int, int], relay: str
) -> int | None:
    column, key = place
    walked = column[0]
    asked = {"key": key, "low": days.first_id(window[0]), "high": days.first_id(window[1])}
    here = f"{column} = :key AND {walked}.hop_id >= :low AND {walked}.hop_id < :high"
    newest = f"ORDER BY {walked}.hop_id DESC LIMIT 1"
    table = "hops" if walked == "h" else "deliveries"
    oldest = fetch(
        conn,
        f"SELECT {walked}.hop_id FROM {table}_{day} {walked} WHERE {here} {newest} OFFSET :walked",
        asked | {"walked": MOST_WALKED},
    )
    statement = (
        f"SELECT {OPENED_US} + d.after_us FROM deliveries_{day} d "
        f"JOIN hops_{day} h ON h.hop_id = d.hop_id WHERE {here} AND d.next_id = 0 "
        f"AND d.outcome IN ({_WORKED}) AND d.relay LIKE :relay {newest}"
    )
    asked |= {"low": oldest[0][0]} if oldest else {}
    found = fetch(conn, statement, asked | {"relay": f"%{relay}[%" if relay else "%"})
    return found[0][0] if found else None
