"""Every row that a query matches, as columns, newest first, in constant memory.

The one way by which exports read. A chunk is made in a transaction of its own, so that a
long export neither stops the write-ahead log from being emptied nor keeps a lock; the
cursor is computed from the facts, so it stays where it was while new mail arrives. Values
are made by column, not by row: what few rows need is then asked once for thousands.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from tracer.direction import DIRECTIONS
from tracer.errors import StoreUnavailable
from tracer.legs import Before
from tracer.model import Row
from tracer.query import SearchQuery
from tracer.store import days, sealed, sources
from tracer.store.driver import Rows, fetch
from tracer.store.more import read_more
from tracer.store.row_ids import row_id
from tracer.store.selection import select
from tracer.store.states import OPENED_US
from tracer.store.terms import client_of

CHUNK = 2500
NAMES = (*Row.__struct_fields__, "helo")
"""The columns of a chunk: the fields of a Row, and what exports show besides. `queue_ids` is one
text with spaces between."""

_OF_HOPS = frozenset(
    ("source_id", "client_key", "queue_id", "sender", "subject", "message_id", "host",
     "size", "helo")
)  # fmt: skip
_NEEDS: dict[str, tuple[str, ...]] = {  # columns of the tables; others are what they are called
    "id": ("recipient", "original_recipient"),
    "received_us": ("opened_us", "more"),
    "updated_us": ("opened_us", "after_us"),
    "status": ("outcome",),
    "subject": ("subject", "more"),
    "queue_ids": ("host", "queue_id", "more"),
    "client": ("client_key", "more"),
    "source": ("source_id",),
    "enhanced_status": ("status",),
}
"""Asked for is only what is needed: each column of each row costs a third of a microsecond."""

Column = Sequence[Any]
Cursor = tuple[int, int]
_Raw = dict[str, Any]


class Chunk(NamedTuple):
    """Some rows: the wanted columns by name, each `length` long."""

    length: int
    columns: dict[str, Column]


def chunks(
    engine: Engine, query: SearchQuery, wanted: Collection[str], size: int = CHUNK
) -> Iterator[Chunk]:
    """The rows of a query, newest first, with the `wanted` columns of NAMES.

    A day that has no tables is passed over; see `chunks_of`.
    """
    with engine.connect() as conn:
        listed = days.within(conn, query.since_us, query.until_us)
    raw = sorted({column for name in wanted for column in _NEEDS.get(name, (name,))})
    for day in listed:
        for rows in _of_live(engine, day, query, raw, size):
            with engine.connect() as conn:
                names = sources.names(conn) if "source" in wanted else {}
            yield Chunk(len(rows), _cooked(rows, ["hop_id", "n", *raw], wanted, names))


def chunks_of(
    engine: Engine, listed: Collection[str], query: SearchQuery, wanted: Collection[str]
) -> Iterator[Chunk]:
    """The same of days that were in the store when this was planned, and of no others.

    Raises DayMoved when one of them leaves for the archive meanwhile: what was given is not all.
    """
    try:
        yield from chunks(engine, query, wanted)
    except (DBAPIError, StoreUnavailable):
        must_be_here(engine, listed)  # which says more than that a table is gone
        raise
    must_be_here(engine, listed)


def must_be_here(engine: Engine, listed: Collection[str]) -> None:
    """Raise DayMoved unless these days are in the store with all they have."""
    with engine.connect() as conn:
        sealed.in_store(conn, listed)


def _of_live(
    engine: Engine, day: str, query: SearchQuery, raw: Sequence[str], size: int
) -> Iterator[Rows]:
    """The rows of a day that has tables: hop_id, n, then the columns named by `raw`."""
    columns = ", ".join(map(_column, raw))
    cursor: Cursor | None = None
    while True:
        with engine.connect() as conn:
            rows = _rows(conn, f"d.hop_id, d.n, {columns}", day, query, size, cursor)
        if rows:
            yield rows
        if len(rows) < size:
            return
        cursor = rows[-1][0], rows[-1][1]


def _column(name: str) -> str:
    if name == "opened_us":
        return OPENED_US
    return f"h.{name}" if name in _OF_HOPS else f"d.{name}"


def _rows(
    conn: Connection, columns: str, day: str, query: SearchQuery, size: int, cursor: Cursor | None
) -> Rows:
    selection = select(conn, day, query, cursor)
    parameters = {**selection.parameters, "size": size}
    statements = [f"SELECT {columns} {part} LIMIT :size" for part in selection.parts]
    if len(statements) == 1:
        return fetch(conn, statements[0], parameters)
    found = {(row[0], row[1]): row for one in statements for row in fetch(conn, one, parameters)}
    return [found[key] for key in sorted(found, reverse=True)[:size]]


def _cooked(
    rows: Rows, names: Sequence[str], wanted: Collection[str], known: dict[int, str]
) -> dict[str, Column]:
    raw: _Raw = dict(zip(names, zip(*rows, strict=True), strict=True))
    raw["before"] = _before(raw["more"]) if "more" in raw else {}
    raw["known"] = known
    return {name: _MADE[name](raw) if name in _MADE else raw[name] for name in wanted}


def _before(more: Column) -> dict[int, Before]:
    """What earlier legs told, by the place of the row."""
    told = ((place, read_more(value).before) for place, value in enumerate(more) if value)
    return {place: before for place, before in told if before is not None}


def _with_before(values: list[Any], raw: _Raw, choose: Callable[[Any, Before], Any]) -> list[Any]:
    for place, before in raw["before"].items():
        values[place] = choose(values[place], before)
    return values


def _id(raw: _Raw) -> Column:
    return list(map(row_id, raw["hop_id"], raw["recipient"], raw["original_recipient"]))


def _received(raw: _Raw) -> Column:
    return _with_before(list(raw["opened_us"]), raw, lambda _own, before: before.received_us)


def _updated(raw: _Raw) -> Column:
    return list(map(int.__add__, raw["opened_us"], raw["after_us"]))


def _subject(raw: _Raw) -> Column:
    return _with_before(list(raw["subject"]), raw, lambda own, before: own or before.subject)


def _direction(raw: _Raw) -> Column:
    return [DIRECTIONS[number] for number in raw["direction"]]


def _queue_ids(raw: _Raw) -> Column:
    own = [f"{host}/{id}" for host, id in zip(raw["host"], raw["queue_id"], strict=True)]
    return _with_before(own, raw, lambda last, before: f"{before.path} {last}".lstrip())


def _client(raw: _Raw) -> Column:
    known: dict[str | None, str] = {key: client_of(key) for key in set(raw["client_key"])}
    own = [known[key] for key in raw["client_key"]]
    return _with_before(own, raw, lambda last, before: before.client or last)


_MADE: dict[str, Callable[[_Raw], Column]] = {
    "id": _id,
    "received_us": _received,
    "updated_us": _updated,
    "status": lambda raw: raw["outcome"],
    "subject": _subject,
    "direction": _direction,
    "queue_ids": _queue_ids,
    "client": _client,
    "source": lambda raw: [raw["known"].get(number, "") for number in raw["source_id"]],
    "enhanced_status": lambda raw: raw["status"],
}
