"""Files, folders and standard input to blocks of lines.

Owns opening, unpacking and decoding.  A path that cannot be read is a value
(InputProblem), never an exception: the other paths are read all the same.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from typing import BinaryIO

import msgspec

from .inputs import STDIN, InputProblem, LogInput, in_order
from .unpack import PEEKED, Damaged, as_utf8, codec_of, encoding_of, foreign, unpacked

BLOCK = 128 * 1024  # octets read at a time: what is made of them fits the processor's cache
LONGEST_LINE = 16 * 1024 * 1024  # octets; a line goes on no further than this
NO_RIGHTS = (
    "cannot be read, the rights are missing: run as a user who may, such as root or group adm"
)
MAILDIR = ("cur", "new", "tmp")
"""A folder with these is a maildir: mail lies in the first two, the program's own files around."""
_RETURNS = re.compile(r"\r+\n")
EMPTY = "is empty: there was nothing to read"


class Block(msgspec.Struct):
    """Some lines without their line ends, and how many octets of the file they took so far."""

    lines: list[str]
    consumed: int


def expand(paths: Iterable[str]) -> tuple[list[LogInput], list[InputProblem]]:
    """The logs that `paths` name, and what was wrong with the rest.

    Folders are read with all below them, hidden files left out; a file named twice is
    read once; rotated logs come oldest first.
    """
    found: dict[object, LogInput] = {}
    problems: list[InputProblem] = []
    for path in paths:
        for log in _below(path):
            if isinstance(log, InputProblem):
                problems.append(log)
            else:
                found.setdefault(_identity(log.path), log)
    return list(chain.from_iterable(in_order(list(found.values())))), problems


def open_lines(log: LogInput) -> Iterator[Block | InputProblem]:
    """The lines of a log in blocks, and what was wrong with it.

    Lines end at "\\n" or "\\r\\n" only; the last one needs no end.  NULs, which a crash
    leaves in a log, are dropped.  Octets that are not UTF-8 are spelt `\\xff`.
    """
    try:
        with _opened(log.path) as file:
            yield from _blocks(log.path, file)
    except PermissionError:
        yield InputProblem(log.path, NO_RIGHTS)
    except FileNotFoundError:
        yield InputProblem(log.path, "does not exist")
    except OSError as error:
        yield InputProblem(log.path, f"cannot be read: {error.strerror or error}")


def peek_lines(log: LogInput) -> list[str]:
    """The first lines of a file, as many as its first octets hold; none if it cannot be read."""
    for found in open_lines(log):
        return found.lines if isinstance(found, Block) else []
    return []


class _Counted:
    """A file read in pieces, and how far it was read."""

    def __init__(self, file: BinaryIO) -> None:
        self.consumed = 0
        self.piece = BLOCK
        self._read = getattr(file, "read1", file.read)

    def start(self) -> bytes:
        """Enough octets to know what it is; no more than that, for a pipe may be slow."""
        start = b""
        while len(start) < 8:
            piece = self._read(PEEKED)
            if not piece:
                break
            start += piece
        self.consumed += len(start)
        return start

    def rest(self) -> Iterator[bytes]:
        while piece := self._read(self.piece):
            self.consumed += len(piece)
            yield piece


def _blocks(path: str, file: BinaryIO) -> Iterator[Block | InputProblem]:
    counted = _Counted(file)
    start = counted.start()
    if not start:
        yield InputProblem(path, EMPTY)
        return
    pieces: Iterator[bytes] = chain([start], counted.rest())
    codec = codec_of(start)
    if codec is not None:
        counted.piece = codec.piece
        pieces = unpacked(codec, pieces)
    count = 0
    try:
        first = _first_text(pieces)
        why = foreign(first)
        if why:
            yield InputProblem(path, why)
            return
        for lines in _split(as_utf8(encoding_of(first), chain([first], pieces))):
            count += len(lines)
            yield Block(lines, counted.consumed)
        if not count:
            yield InputProblem(path, EMPTY)
    except Damaged as error:
        yield InputProblem(path, f"{error}: the {count:,} lines before that were read")


def _first_text(pieces: Iterator[bytes]) -> bytes:
    """The first octets that are not all NUL."""
    first = b""
    for piece in pieces:
        first += piece
        if len(first) >= 4 and first.strip(b"\0"):
            break
        first = first if first.strip(b"\0") else b""
    return first


def _split(pieces: Iterable[bytes]) -> Iterator[list[str]]:
    """Whole lines; what comes behind the last line end waits for the next piece."""
    waiting = b""
    for piece in pieces:
        end = piece.rfind(b"\n") + 1
        if end:
            yield decoded(waiting + piece[:end])
            waiting = piece[end:]
        else:
            waiting += piece
            if len(waiting) > LONGEST_LINE:
                yield decoded(waiting + b"\n")
                waiting = b""
    if waiting:
        yield decoded(waiting + b"\n")


def decoded(octets: bytes) -> list[str]:
    """Whole lines of UTF-8 without their ends; other octets are spelt `\\xff`, NULs dropped."""
    text = octets.decode("utf-8", "backslashreplace")
    if "\0" in text:
        text = text.replace("\0", "")
    if "\r" in text:
        text = _RETURNS.sub("\n", text)
    if "#015\n" in text:  # how rsyslog spells the return of a line that came over TCP
        text = text.replace("#015\n", "\n")
    lines = text.split("\n")
    lines.pop()
    return lines


def _opened(path: str) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if path == STDIN else open(path, "rb", buffering=0)


def _below(path: str) -> Iterator[LogInput | InputProblem]:
    if path == STDIN:
        yield LogInput(STDIN)
        return
    try:
        about = os.stat(path)
        if not stat.S_ISDIR(about.st_mode):
            is_file = stat.S_ISREG(about.st_mode)
            yield LogInput(path, about.st_size, about.st_mtime) if is_file else LogInput(path)
            return
        names = sorted(name for name in os.listdir(path) if not name.startswith("."))
    except PermissionError:
        yield InputProblem(path, NO_RIGHTS)
    except FileNotFoundError:
        yield InputProblem(path, "does not exist")
    except OSError as error:
        yield InputProblem(path, f"cannot be read: {error.strerror or error}")
    else:
        yield from _in_folder(path, [*MAILDIR[:2]] if set(names) >= {*MAILDIR} else names)


def _in_folder(folder: str, names: list[str]) -> Iterator[LogInput | InputProblem]:
    for name in names:
        path = os.path.join(folder, name)
        is_folder = os.path.isdir(path)
        # A link to a folder may lead back up; sockets and pipes would wait for ever.
        if (is_folder and not os.path.islink(path)) or os.path.isfile(path):
            yield from _below(path)


def _identity(path: str) -> object:
    if path == STDIN:
        return path
    try:
        about = os.stat(path)
    except OSError:  # gone since it was listed: opening it will say so
        return path
    return about.st_dev, about.st_ino
