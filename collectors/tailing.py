"""One file that is followed: whole lines from where it was left, plain or packed.

The offset is that behind the last whole line given out; a line whose end has not come yet
waits, and is read again after a restart.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from collectors.files import LONGEST_LINE, decoded
from collectors.unpack import Damaged, codec_of, encoding_of, foreign, unpacked
from tracer.notices import looks_like_mail
from tracer.store.checkpoints import Checkpoint

HEAD = 1024
"""Octets of text by which a file is known again."""
PIECE = 128 * 1024


class Found(msgspec.Struct, frozen=True):
    """A file as a look found it; `head` is its first text, unpacked."""

    path: str
    file: str  # "device:inode"
    size: int
    written_s: float
    head: bytes
    is_packed: bool = False
    is_mail: bool = False  # a message or a mailbox: it is read whole
    is_wanted: bool = True  # else it is only a rotation in which something may be left unread
    problem: str = ""


def glance(path: str, *, is_wanted: bool = True) -> Found:
    """What a file looks like.  Raises OSError."""
    with open(path, "rb", buffering=0) as opened:
        about = os.fstat(opened.fileno())
        head, is_packed, problem = _head(opened)
    place = f"{about.st_dev:x}:{about.st_ino}"
    is_mail = not is_packed and looks_like_mail(head)
    return Found(
        path, place, about.st_size, about.st_mtime, head, is_packed, is_mail, is_wanted, problem
    )


def _problem(head: bytes) -> str:
    """Why a file cannot be followed."""
    if encoding_of(head) in ("utf-8", "utf-8-sig"):
        return foreign(head)
    return "is UTF-16 or UTF-32, which cannot be followed: read it with mailtracer ingest"


def _head(opened: BinaryIO) -> tuple[bytes, bool, str]:
    start = opened.read(HEAD)
    codec = codec_of(start)
    if codec is None:
        return start, False, _problem(start)
    head = b""
    try:
        for piece in unpacked(codec, _pieces(opened, start, codec.piece)):
            head += piece
            if len(head) >= HEAD:
                break
    except Damaged:  # cut short: what is there will be read
        pass
    return head[:HEAD], True, _problem(head[:HEAD])


def fingerprint(octets: bytes) -> str:
    """The checksum of a file's first octets."""
    return hashlib.sha256(octets).hexdigest()


def is_head_of(mark: Checkpoint, head: bytes) -> bool:
    """Whether a file that begins so is the one that the checkpoint is of."""
    first = head[: mark.head_octets]
    return len(first) == mark.head_octets > 0 and fingerprint(first) == mark.fingerprint


class Tail:
    """A file and how far it was read."""

    def __init__(self, found: Found, mark: Checkpoint) -> None:
        self.found, self.mark = found, mark
        self._waiting = b""
        self._opened: BinaryIO | None = None
        self._unpacked: Iterator[bytes] | None = None
        self._is_changed = False

    @property
    def unread(self) -> int:
        """Octets that wait; of a packed file its size, until it has been read whole."""
        if self.found.is_packed:
            return 0 if self.mark.whole_octets == self.found.size else self.found.size
        return max(self.found.size - self.mark.offset, 0)

    def seen(self, found: Found) -> None:
        """Take in what a later look found; another file, or a packed one that changed, is opened
        anew."""
        if found.file != self.found.file or (found.is_packed and found.size != self.found.size):
            self.close()
        self.found = found
        self.mark.path, self.mark.file = found.path, found.file

    def lines(self, *, is_over: bool) -> list[str]:
        """The next block of lines; none when there are no more now.

        `is_over`: nobody will write to it any more, so that its last line needs no end.
        """
        while piece := self._next():
            end = piece.rfind(b"\n") + 1
            if end:
                return self._took(self._waiting + piece[:end], piece[end:])
            self._waiting += piece
            if len(self._waiting) > LONGEST_LINE:
                return self._took(self._waiting, b"", b"\n")
        if self._waiting and (is_over or self.found.is_packed):
            return self._took(self._waiting, b"", b"\n")
        if self.found.is_packed:
            self._is_changed = self.mark.whole_octets != self.found.size
            self.mark.whole_octets = self.found.size
        return []

    def took_whole(self) -> None:
        """All of a file that is read whole has been read."""
        self.mark.offset = self.found.size
        self._is_changed = True

    def taken(self, now_us: int) -> Checkpoint | None:
        """How far it is now, if further than when last asked."""
        if not self._is_changed:
            return None
        self._is_changed = False
        mark = self.mark
        if mark.head_octets < HEAD:
            head = self._first(min(HEAD, mark.offset))
            mark.head_octets, mark.fingerprint = len(head), fingerprint(head)
        mark.seen_us = now_us
        return msgspec.structs.replace(mark)

    def close(self) -> None:
        """Let the file go; reading opens it again where it was left."""
        if self._opened:
            self._opened.close()
        self._opened = self._unpacked = None
        self._waiting = b""

    def _took(self, octets: bytes, waiting: bytes, end: bytes = b"") -> list[str]:
        self._waiting = waiting
        self.mark.offset += len(octets)
        self._is_changed = True
        return decoded(octets + end)

    def _first(self, count: int) -> bytes:
        if self.found.is_packed or self._opened is None:
            return self.found.head[:count]
        return os.pread(self._opened.fileno(), count, 0)

    def _next(self) -> bytes:
        """More text behind what was read; `b""` at the end."""
        if self._opened is None:
            self._opened = open(self.found.path, "rb", buffering=0)
        if self.found.is_packed:
            return self._next_unpacked(self._opened)
        place = self.mark.offset + len(self._waiting)
        return os.pread(self._opened.fileno(), PIECE, place)

    def _next_unpacked(self, opened: BinaryIO) -> bytes:
        if self.mark.whole_octets == self.found.size:
            return b""
        if self._unpacked is None:
            self._unpacked = _behind(opened, self.mark.offset)
        return next(self._unpacked, b"")


def begun(found: Found, source: str) -> Tail:
    """A file that is read from its start."""
    return Tail(found, Checkpoint(secrets.token_hex(8), source, found.path, found.file))


def _pieces(opened: BinaryIO, start: bytes, size: int) -> Iterator[bytes]:
    yield start
    while piece := opened.read(size):
        yield piece


def _behind(opened: BinaryIO, offset: int) -> Iterator[bytes]:
    """The text of a packed file behind an offset; damage ends it."""
    opened.seek(0)
    start = opened.read(HEAD)
    codec = codec_of(start)
    if codec is None:
        return
    try:
        for piece in unpacked(codec, _pieces(opened, start, codec.piece)):
            kept = piece[offset:] if offset else piece
            offset = max(offset - len(piece), 0)
            if kept:
                yield kept
    except Damaged:
        return
