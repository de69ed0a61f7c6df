"""What came in by webhooks: the requests whole, what they told, and what could not be read.

Every function takes `conn` and never commits. Long bodies are packed by Zstandard.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
import zstandard
from sqlalchemy import Connection, Table, case, delete, func, select, update

from tracer.errors import NotFound
from tracer.store.driver import among, change, change_many, fetch
from tracer.store.receipt_tables import (
    dead_letters,
    receipt_events,
    receipts,
    refusals,
    source_counts,
    source_keys,
    told_facts,
)

KEPT_REFUSALS = 20
FETCHED = "repair"
"""Scheme of what we fetched ourselves: it says nothing of whether the webhook still comes."""
_LEVEL = 3
_WORTH_PACKING = 700
"""Octets: what is shorter hardly shrinks, and packing takes longer than all else with it."""
_PACKED = zstandard.FRAME_HEADER
_values = msgspec.structs.astuple


class Receipt(msgspec.Struct, frozen=True):
    """A request that was acknowledged."""

    id: str
    source: str
    provider: str
    received_us: int
    nonce: str
    sha256: str
    octets: int
    request: str  # JSON: method, query, headers
    scheme: str
    key: str
    parser: int
    events: int = 0
    known: int = 0
    repeats: int = 0


class ToldEvent(msgspec.Struct, frozen=True):
    """One event of a receipt: where it stood, whether it was told before, the record's JSON."""

    pointer: str
    known: bool
    record: str


class DeadLetter(msgspec.Struct, frozen=True):
    """An item of a receipt that could not be read."""

    receipt_id: str
    pointer: str
    source: str
    provider: str
    parser: int
    error: str
    item: str
    state: str  # waiting replayed discarded
    reason: str
    dead_us: int


class Refusal(msgspec.Struct, frozen=True):
    """An attempt that was turned away."""

    source: str
    at_us: int
    status: int
    reason: str
    remote: str
    octets: int


class SourceFacts(msgspec.Struct, frozen=True):
    """What is known of one source's webhooks."""

    receipts: int = 0
    last_us: int | None = None
    last_hour: int = 0
    last_day: int = 0
    events: int = 0
    known: int = 0
    repeats: int = 0
    waiting: int = 0  # dead letters
    refused: int = 0
    keys: tuple[tuple[str, int], ...] = ()  # fingerprint of a secret, when it last matched


def first_id(at_us: int) -> str:
    """What the ids of receipts begin with that come at this time: they sort by it."""
    return f"r_{at_us // 1000:012x}"


def packed(body: bytes) -> bytes:
    """A body as it is stored: short ones as they are."""
    if len(body) < _WORTH_PACKING and not body.startswith(_PACKED):
        return body
    return zstandard.ZstdCompressor(level=_LEVEL).compress(body)


def unpacked(content: bytes) -> bytes:
    """A body as it came, from what was stored."""
    if not content.startswith(_PACKED):
        return content
    return zstandard.ZstdDecompressor().decompress(content)


def known_nonces(
    conn: Connection, nonces: Collection[tuple[str, str]]
) -> dict[tuple[str, str], tuple[str, str]]:
    """(id, sha256) of the receipts that have one of these (source, nonce)."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for source, wanted in _by_source(nonces).items():
        these, asked = among(conn, wanted)
        statement = f"SELECT nonce, id, sha256 FROM receipts WHERE source = ? AND nonce {these}"
        for nonce, receipt_id, sha256 in fetch(conn, statement, (source, asked)):
            found[source, nonce] = (receipt_id, sha256)
    return found


def known_facts(conn: Connection, facts: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of these (source, key) that were told before."""
    found: set[tuple[str, str]] = set()
    for source, wanted in _by_source(facts).items():
        these, asked = among(conn, wanted)
        statement = f"SELECT key FROM told_facts WHERE source = ? AND key {these}"
        found |= {(source, key) for (key,) in fetch(conn, statement, (source, asked))}
    return found


def _by_source(pairs: Collection[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for source, value in pairs:
        found.setdefault(source, []).append(value)
    return found


def save(
    conn: Connection,
    fresh: Sequence[tuple[Receipt, bytes]],
    events: Sequence[tuple[str, int, ToldEvent]],
    dead: Sequence[DeadLetter],
    facts: Collection[tuple[str, str]],
) -> None:
    """Store receipts with their packed bodies, events as (receipt id, n, event), and the rest."""
    rows = [(*_values(one), body) for one, body in fresh]
    _insert(conn, receipts, (*Receipt.__struct_fields__, "packed"), rows)
    told = [
        (receipt_id, n, one.pointer, int(one.known), one.record) for receipt_id, n, one in events
    ]
    _insert(conn, receipt_events, ("receipt_id", "n", "pointer", "known", "record"), told)
    _insert(conn, dead_letters, DeadLetter.__struct_fields__, list(map(_values, dead)))
    now_us = max((one.received_us for one, _ in fresh), default=0)
    keyed = [(source, key, now_us) for source, key in sorted(facts)]
    _insert(conn, told_facts, ("source", "key", "told_us"), keyed)


def _insert(
    conn: Connection, table: Table, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    if rows:
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"
        change_many(conn, statement, rows)


def came_again(conn: Connection, receipt_id: str, times: int) -> None:
    """Note that a request came again."""
    repeats = receipts.c.repeats + times
    conn.execute(update(receipts).where(receipts.c.id == receipt_id).values(repeats=repeats))


def used_key(conn: Connection, source: str, key: str, now_us: int) -> None:
    """Note when a secret last matched."""
    statement = (
        "INSERT INTO source_keys (source, key, used_us) VALUES (?, ?, ?) "
        "ON CONFLICT (source, key) DO UPDATE SET used_us = excluded.used_us"
    )
    change(conn, statement, (source, key, now_us))


def refuse(conn: Connection, turned_away: Sequence[Refusal]) -> None:
    """Note attempts that were turned away; of each source the last 20 are kept."""
    _insert(conn, refusals, Refusal.__struct_fields__, list(map(_values, turned_away)))
    for source in {one.source for one in turned_away}:
        times = sum(one.source == source for one in turned_away)
        here = source_counts.c.source == source
        more = update(source_counts).where(here).values(refused=source_counts.c.refused + times)
        if not conn.execute(more).rowcount:
            conn.execute(source_counts.insert().values(source=source, refused=times))
        of_source = refusals.c.source == source
        kept = (
            select(refusals.c.id)
            .where(of_source)
            .order_by(refusals.c.id.desc())
            .limit(KEPT_REFUSALS)
        )
        conn.execute(delete(refusals).where(of_source, refusals.c.id.not_in(kept)))


def last_refusals(conn: Connection, source: str) -> tuple[Refusal, ...]:
    """The last attempts that were turned away, newest first."""
    columns = [refusals.c[name] for name in Refusal.__struct_fields__]
    rows = conn.execute(
        select(*columns).where(refusals.c.source == source).order_by(refusals.c.id.desc())
    )
    return tuple(Refusal(*row) for row in rows)


def receipt(conn: Connection, receipt_id: str) -> Receipt:
    """One receipt. Raises NotFound."""
    columns = [receipts.c[name] for name in Receipt.__struct_fields__]
    row = conn.execute(select(*columns).where(receipts.c.id == receipt_id)).first()
    if row is None:
        raise NotFound("no receipt has this id")
    return Receipt(*row)


def body(conn: Connection, receipt_id: str) -> bytes:
    """The body of a receipt as it came. Raises NotFound."""
    content = conn.execute(
        select(receipts.c.packed).where(receipts.c.id == receipt_id)
    ).scalar_one_or_none()
    if content is None:
        raise NotFound("no receipt has this id")
    return unpacked(content)


def events_of(conn: Connection, receipt_id: str) -> tuple[ToldEvent, ...]:
    """What a receipt told, in order."""
    here = receipt_events.c
    rows = conn.execute(
        select(here.pointer, here.known, here.record)
        .where(here.receipt_id == receipt_id)
        .order_by(here.n)
    )
    return tuple(ToldEvent(pointer, bool(known), record) for pointer, known, record in rows)


def dead_letters_of(
    conn: Connection, *, receipt_id: str = "", source: str = "", state: str = "", limit: int = 200
) -> tuple[DeadLetter, ...]:
    """Dead letters of a receipt or a source, newest first."""
    columns = [dead_letters.c[name] for name in DeadLetter.__struct_fields__]
    statement = select(*columns).order_by(dead_letters.c.dead_us.desc()).limit(limit)
    for name, value in (("receipt_id", receipt_id), ("source", source), ("state", state)):
        if value:
            statement = statement.where(dead_letters.c[name] == value)
    return tuple(DeadLetter(*row) for row in conn.execute(statement))


def settle(conn: Connection, receipt_id: str, pointer: str, state: str, reason: str = "") -> None:
    """Note what became of a dead letter. Raises NotFound."""
    here = (dead_letters.c.receipt_id == receipt_id) & (dead_letters.c.pointer == pointer)
    done = conn.execute(update(dead_letters).where(here).values(state=state, reason=reason))
    if not done.rowcount:
        raise NotFound("there is no such dead letter")


def next_number(conn: Connection, receipt_id: str) -> int:
    """The number of the next event of a receipt."""
    here = receipt_events.c
    last = conn.execute(select(func.max(here.n)).where(here.receipt_id == receipt_id)).scalar()
    return 0 if last is None else int(last) + 1


def facts_of(conn: Connection, source: str, now_us: int) -> SourceFacts:
    """What is known of one source."""
    hour_us, day_us = now_us - 3_600_000_000, now_us - 86_400_000_000
    here = receipts.c.source == source
    came = case((receipts.c.scheme != FETCHED, receipts.c.received_us))
    row = conn.execute(
        select(
            func.count(), func.max(came), func.sum(receipts.c.events),
            func.sum(receipts.c.known), func.sum(receipts.c.repeats),
        ).where(here)
    ).one()  # fmt: skip
    waiting = (dead_letters.c.source == source) & (dead_letters.c.state == "waiting")
    keys = conn.execute(
        select(source_keys.c.key, source_keys.c.used_us).where(source_keys.c.source == source)
    )
    refused = conn.execute(
        select(source_counts.c.refused).where(source_counts.c.source == source)
    ).scalar()
    return SourceFacts(
        receipts=row[0], last_us=row[1], events=row[2] or 0, known=row[3] or 0, repeats=row[4] or 0,
        last_hour=_count(conn, here & (receipts.c.received_us > hour_us)),
        last_day=_count(conn, here & (receipts.c.received_us > day_us)),
        waiting=conn.execute(
            select(func.count()).select_from(dead_letters).where(waiting)
        ).scalar_one(),
        refused=refused or 0,
        keys=tuple((key, used_us) for key, used_us in keys),
    )  # fmt: skip


def _count(conn: Connection, where: Any) -> int:
    return int(conn.execute(select(func.count()).select_from(receipts).where(where)).scalar_one())


def sources_named(conn: Connection) -> Mapping[str, str]:
    """Provider by name of every source that anything came from."""
    rows = conn.execute(select(receipts.c.source, receipts.c.provider).distinct())
    return dict(rows.tuples().all())
