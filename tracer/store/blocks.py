"""The blocks of a day (tracer/store/line_blocks.py): storing, reading and giving up lines.

A hop knows its place: the number of the block, and which one of the block it is. Blocks are
not written together with their neighbours' ids, so a place that is given up stays empty, and a
block goes with its last hop.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import DecodeError
from sqlalchemy import Connection
from zstandard import ZstdError

from tracer.store.driver import add_rows, among, change, change_many, fetch
from tracer.store.line_blocks import MOST, PLACE_BITS, Block, Pack, cut, unpacked
from tracer.store.schema import day_tables

log = logging.getLogger(__name__)

_DAMAGED = (
    "block %d of lines_%s is damaged: its log lines cannot be read. Messages are shown without "
    "them; read that day's log again to replace them"
)
NOWHERE = 0
"""The place of a hop of which no line is kept."""


def add(conn: Connection, day: str, lines: Sequence[bytes]) -> list[int]:
    """Store the lines of some hops (`packing.encoded`), in order of time; the place of each."""
    pack = Pack()
    blocks = [Block(pack(block), len(block)) for block in cut(lines)]
    return [place for places in add_packed(conn, day, blocks) for place in places]


def add_packed(conn: Connection, day: str, blocks: Sequence[Block]) -> list[range]:
    """Store blocks as they are; the places of the hops of each."""
    first = _last(conn, day) + 1
    rows = [(number, block.packed) for number, block in enumerate(blocks, first)]
    add_rows(conn, day_tables(day).lines, rows)
    begins = [number << PLACE_BITS for number, _ in rows]
    return [range(at, at + block.n) for at, block in zip(begins, blocks, strict=True)]


def read(conn: Connection, day: str, places: Collection[int]) -> dict[int, bytes]:
    """The lines at some places; a place of which nothing is kept any more is not in it."""
    by_block: dict[int, list[int]] = defaultdict(list)
    for place in places:
        by_block[place >> PLACE_BITS].append(place)
    return {
        place: block[place & (MOST - 1)]
        for number, block in _blocks(conn, day, by_block)
        for place in by_block[number]
        if block and block[place & (MOST - 1)]
    }


def remove(conn: Connection, day: str, places: Iterable[int]) -> None:
    """Give up some places."""
    gone: dict[int, set[int]] = defaultdict(set)
    for place in places:
        gone[place >> PLACE_BITS].add(place & (MOST - 1))
    gone.pop(NOWHERE, None)
    changed, pack = [], Pack()
    for number, block in _blocks(conn, day, gone):
        if block is None:  # kept for who can mend it
            del gone[number]
            continue
        left = [b"" if n in gone[number] else lines for n, lines in enumerate(block)]
        if any(left):
            changed.append((pack(left), number))
            del gone[number]
    change_many(conn, f"UPDATE lines_{day} SET packed = ? WHERE block = ?", changed)
    change_many(conn, f"DELETE FROM lines_{day} WHERE block = ?", [(number,) for number in gone])


def remove_all(conn: Connection, day: str) -> None:
    """Delete the lines of every hop of a day."""
    change(conn, f"DELETE FROM lines_{day}")


def has_any(conn: Connection, day: str) -> bool:
    """Whether a line of a day is kept."""
    return bool(fetch(conn, f"SELECT 1 FROM lines_{day} LIMIT 1", ()))


def _last(conn: Connection, day: str) -> int:
    return int(fetch(conn, f"SELECT max(block) FROM lines_{day}", ())[0][0] or 0)


def _blocks(
    conn: Connection, day: str, numbers: Collection[int] | Mapping[int, object]
) -> Iterator[tuple[int, list[bytes] | None]]:
    """Those of a day's blocks that are there, with the lines of each hop; None for damaged ones."""
    wanted = [number for number in numbers if number]
    if not wanted:
        return
    these, asked = among(conn, wanted)
    statement = f"SELECT block, packed FROM lines_{day} WHERE block {these}"
    for number, packed in fetch(conn, statement, (asked,)):
        try:
            yield number, unpacked(packed)
        except (IndexError, ZstdError, DecodeError):
            log.error(_DAMAGED, number, day)
            yield number, None
