"""Writing and loading stays: the hop, its deliveries, its packed events, its terms and ids.

The hot path. It uses the driver's `executemany`, which is twice as fast as Core's insert.
Every function takes `conn` and never commits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table

from tracer.direction import DIRECTIONS
from tracer.legs import UNTOLD, Placed, Stay, directions
from tracer.model import Delivery, Hop, Outcome
from tracer.store import blocks, day_making, days, sources
from tracer.store.counts import Changes
from tracer.store.driver import Rows, add_rows, among, fetch, is_postgresql, remove
from tracer.store.more import more_of, next_ids, read_more
from tracer.store.schema import DayTables, day_tables
from tracer.store.states import ID_BITS, MILLISECOND_US
from tracer.store.terms import (
    WHOLE_HOP,
    Role,
    Tie,
    address_keys,
    client_key,
    client_of,
    key_of,
)

Values = tuple[Any, ...]
_FIRST = itemgetter(0)


def save(
    conn: Connection,
    stays: Iterable[Stay],
    *,
    bulk: bool = False,
    tied_to: Container[str] | None = None,
) -> None:
    """Write stays, new ones and changed ones; days are created (`bulk`: day_making.ensure).

    Ties of other days than `tied_to` are left out, if it is given.
    """
    tables: dict[tuple[str, str], list[Values]] = defaultdict(list)
    source_ids = sources.Ids(conn)
    changes, every = Changes(conn, bulk=bulk), list(stays)
    lines = _clear(conn, (stay for stay in every if stay.is_stored), changes)
    lines |= _put_lines(conn, every, bulk=bulk)
    for stay in every:
        day, source_id = days.day_of_hop(stay.hop.hop_id), source_ids[stay.hop.source]
        changes.add(day, stay, source_id)
        told = lines.get(stay.hop.hop_id, _NO_LINES)
        tables[day, "hops"].append((*_hop_values(stay, source_id), *told))
        tables[day, "deliveries"].extend(_delivery_values(stay))
        tables[day, "terms"].extend(_term_values(stay))
        for tie_day, values in _tie_values(stay, day):
            if tied_to is None or tie_day in tied_to:
                tables[tie_day, "ties"].append(values)
    for day in {day for day, _ in tables}:
        day_making.ensure(conn, day, bulk=bulk)
    for (day, name), values_of_table in tables.items():
        if values_of_table:
            values_of_table.sort(key=_FIRST)  # pages fill up when rows come in their order
            add_rows(conn, _table(day, name), values_of_table, known=name in ("terms", "ties"))
    changes.write()


_Told = tuple[int, int]  # number of events, place of the lines they were read from
_NO_LINES: _Told = 0, blocks.NOWHERE


def _put_lines(conn: Connection, stays: Iterable[Stay], *, bulk: bool) -> dict[int, _Told]:
    """Store the lines that came with stays; what their hops say of them, by hop_id."""
    by_day: dict[str, list[Stay]] = defaultdict(list)
    for stay in stays:
        if stay.packed:
            by_day[days.day_of_hop(stay.hop.hop_id)].append(stay)
    told: dict[int, _Told] = {}
    for day, of_day in by_day.items():
        day_making.ensure(conn, day, bulk=bulk)
        of_day.sort(key=lambda stay: stay.hop.hop_id)
        places = blocks.add(conn, day, [stay.packed for stay in of_day])
        for stay, place in zip(of_day, places, strict=True):
            told[stay.hop.hop_id] = stay.n_events, place
    return told


def delete(conn: Connection, stays: Iterable[Stay]) -> None:
    """Take stays out again, as they were loaded."""
    changes, gone = Changes(conn), list(stays)
    _clear(conn, gone, changes, with_lines=True)
    forget(conn, [found for stay in gone for found in found_by(stay)])
    changes.write()


def forget_terms(conn: Connection, stay: Stay) -> None:
    """Take out what a stay, as it was loaded, is found by and tied to."""
    forget(conn, found_by(stay))


Found = tuple[str, str, Values]
"""A row of `terms` or `ties`: its day, its table, its values."""


def found_by(stay: Stay) -> list[Found]:
    """What a stay is found by and tied to."""
    day = days.day_of_hop(stay.hop.hop_id)
    found: list[Found] = [(day, "terms", values) for values in _term_values(stay)]
    return found + [(tie_day, "ties", values) for tie_day, values in _tie_values(stay, day)]


def forget(conn: Connection, found: Iterable[Found]) -> None:
    """Delete these rows."""
    tables: dict[tuple[str, str], list[Values]] = defaultdict(list)
    for day, name, values in found:
        tables[day, name].append(values)
    for (day, name), rows in tables.items():
        remove(conn, _table(day, name), _columns(name), rows)


def _clear(
    conn: Connection, gone: Iterable[Stay], changes: Changes, *, with_lines: bool = False
) -> dict[int, _Told]:
    """Make room for the rows of stays: replacing rows in place costs each new row dearly.

    Lines go too `with_lines`, and where a stay brings others; what the hops say of those that
    stay, by hop_id.
    """
    by_day: dict[str, dict[int, bool]] = defaultdict(dict)
    for stay in gone:
        day, hop_id = days.day_of_hop(stay.hop.hop_id), stay.hop.hop_id
        changes.remove(day, hop_id)
        by_day[day][hop_id] = with_lines or bool(stay.packed)
    kept: dict[int, _Told] = {}
    for day, brings in by_day.items():
        told = _lines_of(conn, day, brings)
        blocks.remove(conn, day, [told[hop_id][1] for hop_id in told if brings[hop_id]])
        kept |= {hop_id: told[hop_id] for hop_id in told if not brings[hop_id]}
        for name in ("hops", "deliveries"):
            remove(conn, _table(day, name), ("hop_id",), [(hop_id,) for hop_id in brings])
    return kept


def _lines_of(conn: Connection, day: str, hop_ids: Collection[int]) -> dict[int, _Told]:
    """What hops of a day say of their lines, by hop_id."""
    these, asked = among(conn, hop_ids)
    statement = f"SELECT hop_id, n_events, lines_at FROM hops_{day} WHERE hop_id {these}"
    return {hop_id: (n, place) for hop_id, n, place in fetch(conn, statement, (asked,))}


def load(conn: Connection, hop_ids: Collection[int], *, packed: bool = False) -> list[Stay]:
    """The stays with these ids, oldest first; unknown ids are passed over."""
    by_day: dict[str, list[int]] = defaultdict(list)
    for hop_id in sorted(hop_ids):
        by_day[days.day_of_hop(hop_id)].append(hop_id)
    live = set(days.live(conn)) if by_day else set()
    return [
        stay
        for day, wanted in by_day.items()
        if day in live
        for stay in _load_day(conn, day, wanted, packed)
    ]


def _load_day(conn: Connection, day: str, hop_ids: list[int], packed: bool) -> list[Stay]:
    stays: dict[int, Stay] = {}
    places: dict[int, int] = {}
    names = sources.names(conn)
    for *values, n_events, place in _select(conn, day, "hops", hop_ids):
        stays[values[0]] = Stay(_hop(values, names), [], n_events, is_stored=True)
        places[values[0]] = place
    for row in _select(conn, day, "deliveries", hop_ids):
        stay = stays[row[0]]
        stay.placed.append(_placed(row, stay.hop.opened_us))
    if packed:
        lines = blocks.read(conn, day, places.values())
        for hop_id, place in places.items():
            stays[hop_id].packed = lines.get(place, b"")
    return list(stays.values())


def event_counts(conn: Connection, hop_ids: Collection[int]) -> dict[int, int]:
    """How many events are stored of each of these hops."""
    by_day: dict[str, list[int]] = defaultdict(list)
    for hop_id in hop_ids:
        by_day[days.day_of_hop(hop_id)].append(hop_id)
    found: dict[int, int] = {}
    live = set(days.live(conn))
    for day, wanted in by_day.items():
        if day not in live:
            continue
        told = _lines_of(conn, day, wanted)
        found.update((hop_id, n) for hop_id, (n, _place) in told.items())
    return found


def of_day(conn: Connection, day: str) -> list[int]:
    """Every hop_id of a day, oldest first."""
    found = fetch(conn, f"SELECT hop_id FROM hops_{day} ORDER BY hop_id", {})
    return [hop_id for (hop_id,) in found]


def taken(conn: Connection, hop_ids: Collection[int]) -> set[int]:
    """Those of these ids that the store knows."""
    return set(event_counts(conn, hop_ids))


def find(conn: Connection, day: str, queue_ids: Collection[str]) -> Iterator[tuple[str, int]]:
    """(queue id, hop_id) of the day's hops that have one of these queue ids."""
    these, asked = among(conn, queue_ids)
    statement = f"SELECT queue_id, hop_id FROM hops_{day} WHERE queue_id {these}"
    return ((queue_id, hop_id) for queue_id, hop_id in fetch(conn, statement, (asked,)))


def find_tied(
    conn: Connection, day: str, queue_ids: Collection[str]
) -> Iterator[tuple[str, Tie, int]]:
    """(queue id, tie, hop_id) of the hops that are tied to one of these queue ids."""
    these, asked = among(conn, queue_ids)
    statement = f"SELECT queue_id, kind, hop_id FROM ties_{day} WHERE queue_id {these}"
    for queue_id, kind, hop_id in fetch(conn, statement, (asked,)):
        yield queue_id, Tie(kind), hop_id


def has_foreign(conn: Connection, day: str) -> bool:
    """Whether the day holds a hop that is known from reports only (tracer/legs.py)."""
    name = 'queue_id COLLATE "C"' if is_postgresql(conn) else "queue_id"  # by octets in both
    statement = f"SELECT 1 FROM ties_{day} WHERE {name} >= '<' AND {name} < '=' LIMIT 1"
    return bool(fetch(conn, statement, ()))


def find_mailed(conn: Connection, day: str, message_ids: Collection[str]) -> Iterator[int]:
    """hop_id of the day's hops that may carry a message with one of these ids."""
    these, asked = among(conn, [key_of(message_id) for message_id in message_ids])
    statement = f"SELECT hop_id FROM hops_{day} WHERE message_key {these}"
    for (hop_id,) in fetch(conn, statement, (asked,)):
        yield hop_id


def _select(conn: Connection, day: str, name: str, hop_ids: list[int]) -> Rows:
    columns = ", ".join(_columns(name))
    order = "hop_id, n" if name == "deliveries" else "hop_id"
    these, asked = among(conn, hop_ids)
    statement = f"SELECT {columns} FROM {name}_{day} WHERE hop_id {these} ORDER BY {order}"
    return fetch(conn, statement, (asked,))


@cache
def _template() -> DayTables:
    return day_tables("template")


@cache
def _columns(name: str) -> tuple[str, ...]:
    table: Table = getattr(_template(), name)
    return tuple(column.name for column in table.columns)


def _table(day: str, name: str) -> Table:
    table: Table = getattr(_tables(day), name)
    return table


_tables = lru_cache(maxsize=400)(day_tables)


def _hop_values(stay: Stay, source_id: int) -> Values:
    hop, own, domain = stay.hop, None, None
    if any(placed.next_id == 0 for placed in stay.placed):
        own, domain = address_keys(hop.sender)[:2] if hop.sender else _NOBODY
    return (
        hop.hop_id, hop.host, hop.queue_id, hop.opened_us - _in_id(hop.hop_id),
        hop.last_us - hop.opened_us,
        hop.message_id, hop.subject, hop.sender, hop.helo, hop.auth, hop.tls, hop.size, source_id,
        " ".join(hop.from_queue_ids) if hop.from_queue_ids else "",
        " ".join(hop.notice_queue_ids) if hop.notice_queue_ids else "", own, domain,
        key_of(hop.message_id) if hop.message_id else None, client_key(hop.client) or None,
    )  # fmt: skip


def _in_id(hop_id: int) -> int:
    """When a hop was opened, as its id tells: to the millisecond."""
    return (hop_id >> ID_BITS) * MILLISECOND_US


def _hop(values: Sequence[Any], sources: Mapping[int, str]) -> Hop:
    (
        hop_id, host, queue_id, over_us, stay_us, message_id, subject, sender, helo, auth,
        tls, size, source_id, before, notices, _sender, _domain, _message, client,
    ) = values  # fmt: skip
    opened_us = _in_id(hop_id) + over_us
    return Hop(
        hop_id, host, queue_id, opened_us, opened_us + stay_us, message_id=message_id,
        subject=subject, sender=sender, client=client_of(client), helo=helo, auth=auth, tls=tls,
        size=size, source=sources[source_id],
        from_queue_ids=tuple(before.split()), notice_queue_ids=tuple(notices.split()),
    )  # fmt: skip


def _delivery_values(stay: Stay) -> Iterator[Values]:
    hop_id, opened_us = stay.hop.hop_id, stay.hop.opened_us
    for n, (placed, way) in enumerate(zip(stay.placed, directions(stay), strict=True)):
        d, own, domain = placed.delivery, None, None
        if placed.next_id == 0:
            own, domain = address_keys(d.recipient)[:2] if d.recipient else _NOBODY
        yield (
            hop_id, n, d.recipient, d.original_recipient, d.outcome._value_, d.cause, d.status,
            d.reply, d.relay, d.tls, d.program, _NUMBERS[way], d.attempts, d.delay_s,
            d.last_us - opened_us, placed.next_id, more_of(placed), own, domain,
        )  # fmt: skip


_NUMBERS = {way: number for number, way in enumerate(DIRECTIONS)}


def _placed(values: Values, opened_us: int) -> Placed:
    (
        _hop_id, _n, recipient, original, outcome, cause, status, reply, relay, tls, agent,
        _direction, attempts, delay_s, after_us, next_id, more, _key, _domain_key,
    ) = values  # fmt: skip
    rest, last_us = read_more(more), opened_us + after_us
    delivery = Delivery(
        recipient, original, Outcome(outcome), rest.first_us or last_us, last_us, cause, status,
        reply, relay, rest.command, tls, agent, attempts, delay_s, next_ids(rest, reply),
    )  # fmt: skip
    return Placed(delivery, next_id, rest.before)


_NOBODY = (0, 0)


def _term_values(stay: Stay) -> Iterator[Values]:
    hop = stay.hop
    for key in address_keys(hop.sender)[2] if hop.sender else ():
        yield str(key), int(Role.SENDER), hop.hop_id, WHOLE_HOP
    for n, placed in enumerate(stay.placed):
        for key in _other_recipients(placed.delivery):
            yield str(key), int(Role.RECIPIENT), hop.hop_id, n
        if placed.before and (client := client_key(placed.before.client)):
            yield client, int(Role.CLIENT), hop.hop_id, n


def _other_recipients(delivery: Delivery) -> Iterable[int]:
    others = address_keys(delivery.recipient)[2] if delivery.recipient else ()
    if not delivery.original_recipient:
        return others
    own, domain, more = address_keys(delivery.original_recipient)
    return dict.fromkeys((own, domain, *more, *others))


def _tie_values(stay: Stay, day: str) -> Iterator[tuple[str, Values]]:
    """Each tie with the day it is looked for in: that of the attempt for ids got there."""
    hop_id = stay.hop.hop_id
    for queue_id in stay.hop.from_queue_ids:
        if queue_id != UNTOLD or len(stay.hop.from_queue_ids) == 1:
            yield day, (queue_id, int(Tie.FROM), hop_id)
    for queue_id in stay.hop.notice_queue_ids:
        yield days.day_of(stay.hop.last_us), (queue_id, int(Tie.NOTICE), hop_id)
    seen: set[str] = set()
    for placed in stay.placed:
        if placed.before:
            for leg in placed.before.path.split():
                yield day, (leg.rpartition("/")[2], int(Tie.PATH), hop_id)
        for queue_id in placed.delivery.next_queue_ids:
            if queue_id not in seen:
                seen.add(queue_id)
                attempt_day = days.day_of(placed.delivery.last_us)
                yield attempt_day, (queue_id, int(Tie.NEXT), hop_id)
