"""Writing an export: rows of the store to a file that is whole or not there.

The file is written under another name beside its own, brought to the disk and renamed, so
that whoever sees it sees all of it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

import msgspec
from sqlalchemy import Engine

from tracer.errors import Phrase, TracerError
from tracer.exports import beside, reach
from tracer.exports.format import Style
from tracer.exports.order import Order
from tracer.exports.reach import OpenDay
from tracer.store.sealed import DayMoved

PART = ".tmp"
_NO_RIGHT = Phrase(
    "%(path)s cannot be written: this user may not write there. Choose another place, or give the "
    "right to write."
)
_NO_FOLDER = Phrase(
    "%(path)s cannot be written: a file stands where its folder should be. Choose another place."
)
_WHY = {
    errno.ENOSPC: Phrase(
        "%(path)s cannot be written: the disk is full. Make room there and run it again."
    ),
    errno.EDQUOT: Phrase(
        "%(path)s cannot be written: the share of the disk is used up. Make room there and run it "
        "again."
    ),
    errno.EFBIG: Phrase(
        "%(path)s cannot be written: it grows larger than this system allows a file to be. Ask for "
        "fewer days or fewer columns."
    ),
    errno.EROFS: Phrase(
        "%(path)s cannot be written: the disk is read-only. Choose another place, or mount it for "
        "writing."
    ),
    errno.EACCES: _NO_RIGHT,
    errno.EPERM: _NO_RIGHT,
    errno.ENOENT: Phrase(
        "%(path)s cannot be written: its folder does not exist. Make it first, or choose another "
        "place."
    ),
    errno.ENOTDIR: _NO_FOLDER,
    errno.EEXIST: _NO_FOLDER,
    errno.EISDIR: Phrase("%(path)s cannot be written: it is a folder. Name a file in it."),
}
_ELSE = Phrase("%(path)s cannot be written: %(why)s.")


class CannotWrite(TracerError):
    """An export cannot be written where it should; the message says what to do."""

    exit_code = 75
    http_status = 507

    def __init__(self, path: Path, error: OSError) -> None:
        known = _WHY.get(error.errno or 0, _ELSE)
        why = error.strerror or str(error)
        self.phrase = Phrase(known.template, path=str(path), why=why)
        super().__init__(self.phrase)


class Result(msgspec.Struct, frozen=True):
    """What was written, and in how many seconds."""

    rows: int
    octets: int
    sha256: str
    seconds: float


Progress = Callable[[int], None]
"""Told the number of rows so far after each chunk; what it raises stops the export."""


def write_file(
    engine: Engine,
    order: Order,
    path: Path,
    progress: Progress,
    open_day: OpenDay | None = None,
) -> Result:
    """Write the rows of an order to `path`; with `open_day` those of sealed days too.

    Begins again when a day goes into the archive, or comes out of it, while it is read. Raises
    CannotWrite if the place refuses; nothing is left there then, nor when `progress` raises.
    """
    part = path.with_name(path.name + PART)
    try:
        with _explained(path):
            result = None
            while result is None:  # ends: each day that moves does so once
                with contextlib.suppress(DayMoved):
                    result = _write_part(engine, order, part, progress, open_day)
            os.replace(part, path)
            _sync_folder(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    return result


def write_stream(
    engine: Engine,
    order: Order,
    file: BinaryIO,
    progress: Progress,
    open_day: OpenDay | None = None,
) -> Result:
    """Write the rows of an order to an open file, forwards."""
    began = time.monotonic()
    out = _Tally(file)
    rows = 0
    for count in _written(engine, order, out, None, open_day):
        rows += count
        progress(rows)
    return out.result(rows, time.monotonic() - began)


def pieces(engine: Engine, order: Order, open_day: OpenDay | None = None) -> Iterator[bytes]:
    """The same as octets to be sent; only for formats that are text."""
    return (piece.octets for piece in beside.pieces(engine, order, open_day))


class _Tally:
    """Counts and hashes what is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._octets = 0
        self._is_over = False
        self.closed = False

    def give_up(self) -> None:
        """Take no more: what a half-made sheet still writes when it is thrown away."""
        self._is_over = True

    def write(self, octets: bytes) -> int:
        if self._is_over:
            return len(octets)
        self._file.write(octets)
        self._hash.update(octets)
        self._octets += len(octets)
        return len(octets)

    def tell(self) -> int:
        return self._octets

    def flush(self) -> None:
        if not self._is_over:
            self._file.flush()

    def result(self, rows: int, seconds: float) -> Result:
        return Result(rows, self._octets, self._hash.hexdigest(), round(seconds, 3))


def _write_part(
    engine: Engine, order: Order, part: Path, progress: Progress, open_day: OpenDay | None
) -> Result:
    began = time.monotonic()
    rows = 0
    with _aside(order, part) as folder, part.open("wb") as file:
        out = _Tally(file)
        try:
            for count in _written(engine, order, out, folder, open_day):
                rows += count
                progress(rows)
        except BaseException:
            out.give_up()
            raise
        file.flush()
        os.fsync(file.fileno())
    return out.result(rows, time.monotonic() - began)


def _aside(order: Order, part: Path) -> AbstractContextManager[str | None]:
    """A folder for what a format keeps aside meanwhile, beside the file: there is the room."""
    if order.form.is_text:
        return contextlib.nullcontext()
    return tempfile.TemporaryDirectory(prefix=f"{part.name}.", dir=part.parent)


def _written(
    engine: Engine, order: Order, out: _Tally, folder: str | None, open_day: OpenDay | None
) -> Iterator[int]:
    """Write chunk after chunk; the number of rows of each."""
    if order.form.is_text:
        for piece in beside.pieces(engine, order, open_day):
            out.write(piece.octets)
            if piece.rows:
                yield piece.rows
        return
    kind = order.kind
    sheet = order.form.open(out, kind.columns, Style(order.exact, order.lang, folder))
    for chunk in reach.chunks(engine, order.query(), kind.needs, open_day):
        sheet.add([column.values(chunk.columns) for column in kind.columns])
        yield chunk.length
    sheet.close()


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk too."""
    held = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotWrite(path, error) from error
