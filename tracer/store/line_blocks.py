"""Lines of neighbouring hops as one compressed value, and back (tracer/store/blocks.py keeps them).

What hops of one hour say is alike: a hundred of them in one value take half of what they
take one by one, and compressing them is faster. A block holds up to 128 KiB; to read one
hop is to unpack its block, a fifth of a millisecond. Pure: knows no database, so that the
reading process makes blocks too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import zstandard

from tracer.store.packing import dictionary

OCTETS = 128 * 1024
"""Of lines, before they are compressed, after which another block begins."""
PLACE_BITS = 12
"""Of a hop's place: which one of its block it is."""
MOST = 1 << PLACE_BITS
_NEWEST = 1  # dictionary; the first octet of a block names it, so that an old one stays readable
_LEVEL = 4
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[bytes]).decode


class Block(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """The lines of `n` hops (`packing.encoded` of each, in order), compressed together."""

    packed: bytes
    n: int

    def lines(self) -> list[bytes]:
        """The lines of each hop."""
        return unpacked(self.packed)


class Pack:
    """Compresses blocks; one for many: to make a compressor takes as long as to use it."""

    def __init__(self) -> None:
        self._compress = zstandard.ZstdCompressor(
            level=_LEVEL, dict_data=dictionary(_NEWEST), write_checksum=False, write_dict_id=False
        ).compress

    def __call__(self, block: Sequence[bytes]) -> bytes:
        return bytes([_NEWEST]) + self._compress(_encode(block))


def cut(lines: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The lines of hops, in order, as many together as a block holds."""
    start = octets = 0
    for end, one in enumerate(lines):
        octets += len(one)
        if octets >= OCTETS or end - start == MOST - 1:
            yield lines[start : end + 1]
            start, octets = end + 1, 0
    if start < len(lines):
        yield lines[start:]


def unpacked(packed: bytes) -> list[bytes]:
    """The lines of each hop of a block; empty where a place was given up."""
    decompressor = zstandard.ZstdDecompressor(dict_data=dictionary(packed[0]))
    return _decode(decompressor.decompress(packed[1:]))
