"""Writing and loading stays: the hop, its deliveries, its packed events, its terms and ids.

The hot path. It uses the driver's `executemany`, which is twice as fast as Core's insert.
Every function takes `conn` and never commits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter

from sqlalchemy import Connection, Table

from tracer.legs import Stay
from tracer.store import blocks, day_making, days, sources
from tracer.store.counts import Changes
from tracer.store.driver import (
    Known,
    Rows,
    add_missing,
    add_rows,
    among,
    behind,
    fetch,
    is_postgresql,
    remove,
)
from tracer.store.line_blocks import Block
from tracer.store.schema import DayTables, day_tables
from tracer.store.stay_rows import (
    Values,
    delivery_values,
    hop_values,
    read_hop,
    read_placed,
    term_values,
    tie_values,
)
from tracer.store.terms import (
    Tie,
    key_of,
)

_FIRST = itemgetter(0)


def save(
    conn: Connection,
    stays: Iterable[Stay],
    *,
    bulk: bool = False,
    tied_to: Container[str] | None = None,
    brought: Sequence[Block] = (),
) -> None:
    """Write stays, new ones and changed ones; days are created (`bulk`: day_making.ensure).

    Ties of other days than `tied_to` are left out, if it is given. `brought` are the blocks
    that the stays' lines came in.
    """
    source_ids = sources.Ids(conn)
    changes, every = Changes(conn, bulk=bulk), list(stays)
    lines = _clear(conn, (stay for stay in every if stay.is_stored), changes)
    by_day = _by_day(every)
    lines |= _put_lines(conn, by_day, brought, bulk=bulk)
    for day, of_day in by_day.items():
        for stay in of_day:
            changes.add(day, stay, source_ids[stay.hop.source])
    for day in by_day:
        day_making.ensure(conn, day, bulk=bulk)
    with behind(conn) as do:
        for day, of_day in by_day.items():
            hops = _hop_rows(of_day, source_ids, lines)
            do(add_rows, conn, _table(day, "hops"), hops)
            deliveries = [row for stay in of_day for row in delivery_values(stay)]
            do(add_rows, conn, _table(day, "deliveries"), deliveries)
        do(_put_ways, conn, _ways_to(by_day, tied_to), bulk)
    changes.write()


def _put_ways(conn: Connection, ways: _Ways, bulk: bool) -> None:
    for day in {day for day, _, _ in ways}:
        day_making.ensure(conn, day, bulk=bulk)
    add_missing(conn, [(_table(day, name), ways[day, name, how], how) for day, name, how in ways])


_Ways = dict[tuple[str, str, Known], list[Values]]


def _ways_to(by_day: Mapping[str, list[Stay]], tied_to: Container[str] | None) -> _Ways:
    """What stays are found by and tied to: rows by day, table, and how many may be stored."""
    ways: _Ways = defaultdict(list)
    for day, of_day in by_day.items():
        for stay in of_day:
            known = Known.MANY if stay.is_stored else Known.HARDLY_ANY
            if terms := term_values(stay):
                ways[day, "terms", known] += terms
            for tie_day, values in tie_values(stay, day):
                if tied_to is None or tie_day in tied_to:
                    ways[tie_day, "ties", known].append(values)
    for rows in ways.values():
        rows.sort(key=_FIRST)  # pages fill up when rows come in their order
    return ways


def _hop_rows(
    of_day: list[Stay], source_ids: Mapping[str, int], lines: Mapping[int, _Told]
) -> list[Values]:
    """The rows of `hops` of a day's stays, in their order."""
    return [
        (
            *hop_values(stay, source_ids[stay.hop.source]),
            *lines.get(stay.hop.hop_id, _NO_LINES),
        )
        for stay in of_day
    ]


_Told = tuple[int, int]  # number of events, place of the lines they were read from
_NO_LINES: _Told = 0, blocks.NOWHERE


def _by_day(stays: Iterable[Stay]) -> dict[str, list[Stay]]:
    """Stays by the day of their hop, in the order of their rows."""
    by_day: dict[str, list[Stay]] = defaultdict(list)
    for stay in sorted(stays, key=_hop_id):
        by_day[days.day_of_hop(stay.hop.hop_id)].append(stay)
    return by_day


def _hop_id(stay: Stay) -> int:
    return stay.hop.hop_id


def _put_lines(
    conn: Connection, by_day: Mapping[str, list[Stay]], brought: Sequence[Block], *, bulk: bool
) -> dict[int, _Told]:
    """Store the lines that came with stays; what their hops say of them, by hop_id."""
    told: dict[int, _Told] = {}
    for day, of_day in by_day.items():
        if brings := [stay for stay in of_day if stay.brings_lines]:
            day_making.ensure(conn, day, bulk=bulk)
            whole, parts = _whole_blocks(brings, brought)
            places = blocks.add_packed(conn, day, [brought[block] for block in whole])
            for block, at in zip(whole, places, strict=True):
                for stay in whole[block]:
                    told[stay.hop.hop_id] = stay.n_events, at[stay.place]
            for (stay, _), place in zip(
                parts, blocks.add(conn, day, [lines for _, lines in parts]), strict=True
            ):
                told[stay.hop.hop_id] = stay.n_events, place
    return told


def _whole_blocks(
    brings: list[Stay], brought: Sequence[Block]
) -> tuple[dict[int, list[Stay]], list[tuple[Stay, bytes]]]:
    """The stays of each block whose stays are all among these; the others with their lines."""
    by_block: dict[int, list[Stay]] = defaultdict(list)
    for stay in brings:
        by_block[stay.block].append(stay)
    parts = [(stay, stay.packed) for stay in by_block.pop(-1, ())]
    for number in [n for n, stays in by_block.items() if len(stays) < brought[n].n]:
        lines = brought[number].lines()
        parts += [(stay, lines[stay.place]) for stay in by_block.pop(number)]
    return by_block, sorted(parts, key=lambda part: part[0].hop.hop_id)


def delete(conn: Connection, stays: Iterable[Stay]) -> None:
    """Take stays out again, as they were loaded."""
    changes, gone = Changes(conn), list(stays)
    if not gone:
        return
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
    found: list[Found] = [(day, "terms", values) for values in term_values(stay)]
    return found + [(tie_day, "ties", values) for tie_day, values in tie_values(stay, day)]


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
        by_day[day][hop_id] = with_lines or stay.brings_lines
    kept: dict[int, _Told] = {}
    for day, brings in by_day.items():
        changes.remove(day, brings)
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
    by_day = _by_live_day(conn, sorted(hop_ids))
    return [stay for day, wanted in by_day.items() for stay in _load_day(conn, day, wanted, packed)]


def _load_day(conn: Connection, day: str, hop_ids: list[int], packed: bool) -> list[Stay]:
    stays: dict[int, Stay] = {}
    places: dict[int, int] = {}
    names = sources.names(conn)
    for *values, n_events, place in _select(conn, day, "hops", hop_ids):
        stays[values[0]] = Stay(read_hop(values, names), [], n_events, is_stored=True)
        places[values[0]] = place
    for row in _select(conn, day, "deliveries", hop_ids):
        stay = stays[row[0]]
        stay.placed.append(read_placed(row, stay.hop.opened_us))
    if packed:
        lines = blocks.read(conn, day, places.values())
        for hop_id, place in places.items():
            stays[hop_id].packed = lines.get(place, b"")
    return list(stays.values())


def lines(conn: Connection, hop_ids: Collection[int]) -> dict[int, bytes]:
    """The stored lines of these hops (`packing.encoded`); a hop of which none are kept is left out.

    Each block is unpacked once, whatever the number of its hops.
    """
    found: dict[int, bytes] = {}
    for day, wanted in _by_live_day(conn, hop_ids).items():
        places = {hop_id: place for hop_id, (_, place) in _lines_of(conn, day, wanted).items()}
        kept = blocks.read(conn, day, places.values())
        found.update((hop_id, kept[place]) for hop_id, place in places.items() if place in kept)
    return found


def event_counts(conn: Connection, hop_ids: Collection[int]) -> dict[int, int]:
    """How many events are stored of each of these hops."""
    found: dict[int, int] = {}
    for day, wanted in _by_live_day(conn, hop_ids).items():
        told = _lines_of(conn, day, wanted)
        found.update((hop_id, n) for hop_id, (n, _place) in told.items())
    return found


def _by_live_day(conn: Connection, hop_ids: Collection[int]) -> dict[str, list[int]]:
    """Hops by day, as they were given, of the days that have tables."""
    by_day: dict[str, list[int]] = defaultdict(list)
    for hop_id in hop_ids:
        by_day[days.day_of_hop(hop_id)].append(hop_id)
    live = days.live(conn) if by_day else ()
    return {day: by_day[day] for day in by_day if day in live}


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
        yield queue_id, _TIES[kind], hop_id


_TIES = {int(tie): tie for tie in Tie}


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
    table: Table = getattr(day_tables(day), name)
    return table
