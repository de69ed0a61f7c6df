"""How far each followed file has been read, and what the collector last saw of each source."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from tracer.store.schema import checkpoints, followed, sources


class Checkpoint(msgspec.Struct):
    """How far one file has been read.

    A file is known again by `file` (device and inode) together with the checksum of its first
    octets: an inode is used again, a rotated log is renamed, copied or packed. `offset` counts
    octets of text, so that it holds for the packed file too.
    """

    id: str
    source: str
    path: str
    file: str
    offset: int = 0
    head_octets: int = 0
    fingerprint: str = ""
    whole_octets: int | None = None
    reached_us: int | None = None
    seen_us: int = 0


class Followed(msgspec.Struct, frozen=True):
    """What the collector last saw of a source: `unread` octets of `files`, what is wrong.

    `known` events were in the store before; noting it adds them to those noted earlier.
    """

    source: str
    seen_us: int
    files: int = 0
    unread: int = 0
    known: int = 0
    problem: str = ""


def load(conn: Connection, source: str) -> list[Checkpoint]:
    """The checkpoints of a source, the last seen first."""
    columns = [checkpoints.c[name] for name in Checkpoint.__struct_fields__]
    found = select(*columns).where(checkpoints.c.source == source)
    return [Checkpoint(*row) for row in conn.execute(found.order_by(checkpoints.c.seen_us.desc()))]


def save(conn: Connection, changed: Iterable[Checkpoint]) -> None:
    """Note how far files have been read."""
    values = [msgspec.structs.asdict(one) for one in changed]
    if values:
        conn.execute(delete(checkpoints).where(checkpoints.c.id.in_([one["id"] for one in values])))
        conn.execute(insert(checkpoints), values)


def forget(conn: Connection, source: str, before_us: int) -> int:
    """Drop the checkpoints of files that were last seen before this time; how many."""
    old = (checkpoints.c.source == source) & (checkpoints.c.seen_us < before_us)
    return conn.execute(delete(checkpoints).where(old)).rowcount


def note(conn: Connection, seen: Followed) -> None:
    """Note what was seen of a source.

    Where nothing is left unread, its facts are complete up to now, however quiet the log is.
    """
    here = followed.c.source == seen.source
    known = conn.execute(select(followed.c.known).where(here)).scalar() or 0
    conn.execute(delete(followed).where(here))
    values = msgspec.structs.asdict(seen) | {"known": known + seen.known}
    conn.execute(insert(followed).values(values))
    if seen.files and not seen.unread and not seen.problem:
        behind = sources.c.complete_until_us < seen.seen_us
        conn.execute(
            update(sources)
            .where(sources.c.name == seen.source, behind)
            .values(complete_until_us=seen.seen_us, read_at_us=seen.seen_us)
        )


def every(conn: Connection) -> dict[str, Followed]:
    """What was last seen of each source, by name."""
    columns = [followed.c[name] for name in Followed.__struct_fields__]
    rows = conn.execute(select(*columns).order_by(followed.c.source))
    return {row.source: Followed(*row) for row in rows}
