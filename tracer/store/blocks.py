"""The lines of neighbouring hops, compressed together.

What hops of one hour say is alike: a hundred of them in one value take half of what they
take one by one, and compressing them is faster. A block holds up to 128 KiB; to read one
hop is to unpack its block, a fifth of a millisecond. A hop knows its place: the number of
the block, and which one of the block it is. Blocks are not written together with their
neighbours' ids, so a place that is given up stays empty, and a block goes with its last hop.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec
import zstandard
from sqlalchemy import Connection

from tracer.store.driver import add_rows, among, change, change_many, fetch
from tracer.store.packing import dictionary
from tracer.store.schema import day_tables

OCTETS = 128 * 1024
"""Of lines, before they are compressed, after which another block begins."""
NOWHERE = 0
"""The place of a hop of which no line is kept."""
_PLACE_BITS = 12
_MOST = 1 << _PLACE_BITS
_NEWEST = 1  # dictionary; the first octet of a block names it, so that an old one stays readable
_LEVEL = 4
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[bytes]).decode


def add(conn: Connection, day: str, lines: Sequence[bytes]) -> list[int]:
    """Store the lines of some hops (`packing.encoded`), in order of time; the place of each."""
    number = _last(conn, day)
    places: list[int] = []
    rows = []
    pack = _Pack()
    for block in _cut(lines):
        number += 1
        places += range(number << _PLACE_BITS, (number << _PLACE_BITS) + len(block))
        rows.append((number, pack(block)))
    add_rows(conn, day_tables(day).lines, rows)
    return places


def read(conn: Connection, day: str, places: Collection[int]) -> dict[int, bytes]:
    """The lines at some places; a place of which nothing is kept any more is not in it."""
    found: dict[int, bytes] = {}
    for number, block in _blocks(conn, day, {place >> _PLACE_BITS for place in places}):
        first = number << _PLACE_BITS
        found.update((first + n, lines) for n, lines in enumerate(block) if lines)
    return {place: found[place] for place in places if place in found}


def remove(conn: Connection, day: str, places: Iterable[int]) -> None:
    """Give up some places."""
    gone: dict[int, set[int]] = defaultdict(set)
    for place in places:
        gone[place >> _PLACE_BITS].add(place & (_MOST - 1))
    gone.pop(NOWHERE, None)
    changed, pack = [], _Pack()
    for number, block in _blocks(conn, day, gone):
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


def _cut(lines: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    start = octets = 0
    for end, one in enumerate(lines):
        octets += len(one)
        if octets >= OCTETS or end - start == _MOST - 1:
            yield lines[start : end + 1]
            start, octets = end + 1, 0
    if start < len(lines):
        yield lines[start:]


def _blocks(
    conn: Connection, day: str, numbers: Collection[int] | Mapping[int, object]
) -> Iterator[tuple[int, list[bytes]]]:
    wanted = [number for number in numbers if number]
    if not wanted:
        return
    these, asked = among(conn, wanted)
    statement = f"SELECT block, packed FROM lines_{day} WHERE block {these}"
    for number, packed in fetch(conn, statement, (asked,)):
        yield number, unpacked(packed)


class _Pack:
    """One for all blocks of a call: to make a compressor takes as long as to use it."""

    def __init__(self) -> None:
        self._compress = zstandard.ZstdCompressor(
            level=_LEVEL, dict_data=dictionary(_NEWEST), write_checksum=False, write_dict_id=False
        ).compress

    def __call__(self, block: Sequence[bytes]) -> bytes:
        return bytes([_NEWEST]) + self._compress(_encode(block))


def unpacked(packed: bytes) -> list[bytes]:
    """The lines of each hop of a block; empty where a place was given up."""
    decompressor = zstandard.ZstdDecompressor(dict_data=dictionary(packed[0]))
    return _decode(decompressor.decompress(packed[1:]))
