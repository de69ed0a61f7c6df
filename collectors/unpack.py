"""Octets of a file to octets of text: compression and encoding, known by content not by name."""

from __future__ import annotations

import bz2
import codecs
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import zstandard

PIECE = 16 * 1024  # compressed octets unpacked at a time, for what packs tightly
GZIP_PIECE = 64 * 1024
PEEKED = 8192
CONTROL_SHARE = 0.05  # more control characters than this: not a text


class Damaged(Exception):
    """Compressed data ends too soon or makes no sense; what came before was given out."""


class Codec(NamedTuple):
    name: str
    magic: bytes
    make: Callable[[], Any]  # has decompress(), eof, unused_data
    piece: int


CODECS = (
    Codec("gzip", b"\x1f\x8b", lambda: zlib.decompressobj(wbits=31), GZIP_PIECE),
    Codec("bzip2", b"BZh", bz2.BZ2Decompressor, PIECE),
    Codec("xz", b"\xfd7zXZ\0", lzma.LZMADecompressor, PIECE),
    Codec("zstd", b"\x28\xb5\x2f\xfd", lambda: zstandard.ZstdDecompressor().decompressobj(), PIECE),
)
_ERRORS = (zlib.error, OSError, EOFError, lzma.LZMAError, zstandard.ZstdError)
_FOREIGN = (
    (b"LPKSHHRH", "is a journal of systemd: journalctl -o json --file FILE | mailtracer ingest -"),
    (b"PK\x03\x04", "is a zip archive: unpack it and name the files in it"),
    (b"\x1f\x9d", "is packed by compress: unpack it with uncompress first"),
    (b"SQLite format 3\0", "is an SQLite database, not a log"),
)
_HOLE = re.compile(rb"\0{64,}")  # what a crash leaves in a log
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def codec_of(start: bytes) -> Codec | None:
    """How a file that starts with these octets is compressed; None if it is not."""
    return next((codec for codec in CODECS if start.startswith(codec.magic)), None)


def unpacked(codec: Codec, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The content of a compressed file, also of several put one behind the other.

    Raises Damaged at the end when it is cut short, or where it makes no sense.
    """
    unit = codec.make()
    for piece in pieces:
        waiting = piece
        while waiting:
            if unit.eof:
                waiting = waiting.lstrip(b"\0")  # some writers fill up the last block
                unit = codec.make() if waiting else unit
                continue
            try:
                yield unit.decompress(waiting)
            except _ERRORS as error:
                raise Damaged("it is damaged") from error
            waiting = unit.unused_data if unit.eof else b""
    if not unit.eof:
        raise Damaged("it ends too soon")


def foreign(start: bytes) -> str:
    """Why this is no log, in words that follow the path; "" if it may be one."""
    for magic, why in _FOREIGN:
        if start.startswith(magic):
            return why
    text = _HOLE.sub(b"", start[: 2 * PEEKED])
    controls = sum(text.count(octet) for octet in range(32) if octet not in b"\t\n\r\x1b")
    if encoding_of(start) == "utf-8" and controls > CONTROL_SHARE * len(text):
        return "is not a text: it was passed over"
    return ""


def encoding_of(start: bytes) -> str:
    """Encoding by byte-order mark, or by the NULs that ASCII has in UTF-16."""
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    text = start[: PEEKED // 2 * 2]
    for name, zeros, letters in (("utf-16-le", text[1::2], text[::2]),
                                 ("utf-16-be", text[::2], text[1::2])):  # fmt: skip
        if len(text) > 3 and zeros.count(0) > 0.7 * len(zeros) and letters.count(0) == 0:
            return name
    return "utf-8"


def as_utf8(encoding: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same text in UTF-8, without a byte-order mark.  UTF-8 is passed on as it is."""
    if encoding == "utf-8":
        yield from pieces
        return
    errors = "surrogateescape" if encoding == "utf-8-sig" else "replace"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    for piece in pieces:
        yield decoder.decode(piece).encode("utf-8", "surrogateescape")
