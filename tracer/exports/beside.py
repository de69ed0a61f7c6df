"""Writing a long export in two processes: Python uses one core each.

Rows come newest first, and a part of the time is a part of the rows, so the time is cut into
slices: the caller writes one, a child process the next, and so on in turn. Only for formats
whose file is what the slices give, one behind the other. A short export never starts the
child.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import IO, NamedTuple

import msgspec
from sqlalchemy import Engine

from tracer.errors import StoreUnavailable
from tracer.exports.format import Sheet, Style
from tracer.exports.order import Order
from tracer.exports.reach import OpenDay, Part, opened, parts
from tracer.model import DAY_US
from tracer.query import SearchQuery
from tracer.store import days, scan
from tracer.store.engine import open_engine, reading
from tracer.store.sealed import DayMoved

ALONE_ROWS = 20_000
"""Rows after which a child is started; it takes half a second to get going."""
COARSE_US, FINE_US = DAY_US // 4, DAY_US // 24
AHEAD = 16  # pieces that the child may be ahead
_ENDED = "the process that helps with this export ended before it was through; run it again"
_HEAD = struct.Struct("<IIB")  # octets, rows, whether the slice ends with them

Slice = tuple[int, int]  # since, until


class Piece(NamedTuple):
    """Some rows as they stand in the file."""

    octets: bytes
    rows: int
    ends_slice: bool


def slices(listed: Iterable[str], query: SearchQuery, step_us: int) -> list[Slice]:
    """The time of a query cut where days begin and every `step_us`, newest first."""
    low = -(1 << 62) if query.since_us is None else query.since_us
    high = 1 << 62 if query.until_us is None else query.until_us
    cut: list[Slice] = []
    for day in listed:
        start = days.start_of(day)
        for since in range(start + DAY_US - step_us, start - 1, -step_us):
            if since < high and since + step_us > low:
                cut.append((max(since, low), min(since + step_us, high)))
    return cut


class Held:
    """Keeps what is written until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, octets: bytes) -> int:
        """Keep these octets."""
        self._pieces.append(octets)
        return len(octets)

    def taken(self) -> bytes:
        """What was written since the last time."""
        octets = b"".join(self._pieces)
        self._pieces.clear()
        return octets


def pieces(engine: Engine, order: Order, open_day: OpenDay | None = None) -> Iterator[Piece]:
    """The whole file of an order whose format is text, its head first."""
    query = order.query()
    held, sheet = _sheet(order)
    yield Piece(held.taken(), 0, True)
    rows = 0
    for part in parts(engine, query, open_day):
        with opened(engine, part, open_day) as store:
            for piece in _of_part(store, order, part, rows, held, sheet, bool(open_day)):
                rows += piece.rows
                yield piece


def _of_part(
    engine: Engine, order: Order, part: Part, rows: int, held: Held, sheet: Sheet, is_whole: bool
) -> Iterator[Piece]:
    """The rows of some days, after so many of others. What is unpacked from the archive is
    read here alone: a child would have to unpack it again. `is_whole`: no day may be missing."""
    query = part.of(order.query())
    for number, one in enumerate(coarse := slices(part.listed, query, COARSE_US)):
        if rows >= ALONE_ROWS and not part.is_sealed and (os.cpu_count() or 1) > 1:
            rest = coarse[number:]
            before = replace(query, since_us=rest[-1][0], until_us=rest[0][1])
            fine = slices(part.listed, before, FINE_US)
            yield from _in_turn(engine, order, fine, held, sheet, is_whole)
            return
        for piece in _of_slice(engine, order, one, held, sheet, is_whole):
            rows += piece.rows
            yield piece


def _sheet(order: Order) -> tuple[Held, Sheet]:
    held = Held()
    return held, order.form.open(held, order.kind.columns, Style(order.exact, order.lang))


def _of_slice(
    engine: Engine, order: Order, one: Slice, held: Held, sheet: Sheet, is_whole: bool
) -> Iterator[Piece]:
    kind = order.kind
    query = replace(order.query(), since_us=one[0], until_us=one[1])
    listed = _days_of([one]) if is_whole else set[str]()
    for chunk in scan.chunks_of(engine, listed, query, kind.needs):
        sheet.add([column.values(chunk.columns) for column in kind.columns])
        yield Piece(held.taken(), chunk.length, False)
    yield Piece(b"", 0, True)


def _days_of(cut: Iterable[Slice]) -> set[str]:
    return {days.day_of(since_us) for since_us, _ in cut}


def _in_turn(
    engine: Engine, order: Order, cut: list[Slice], held: Held, sheet: Sheet, is_whole: bool
) -> Iterator[Piece]:
    with _child(engine, order, cut[1::2], is_whole) as received:
        for number, one in enumerate(cut):
            if number % 2 == 0:
                yield from _of_slice(engine, order, one, held, sheet, is_whole)
                continue
            for piece in iter(received.get, None):
                yield piece
                if piece.ends_slice:
                    break
            else:
                if is_whole:
                    scan.must_be_here(engine, _days_of(cut))
                raise StoreUnavailable(_ENDED)


@contextlib.contextmanager
def _child(
    engine: Engine, order: Order, cut: list[Slice], is_whole: bool
) -> Iterator[queue.Queue[Piece | None]]:
    """Pieces of these slices as a child makes them; None when there are no more."""
    command = [sys.executable, "-P", "-m", __name__]
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert child.stdin is not None and child.stdout is not None
    received: queue.Queue[Piece | None] = queue.Queue(AHEAD)
    stopping = threading.Event()
    url = engine.url.render_as_string(hide_password=False)
    reader = threading.Thread(target=_receive, args=(child.stdout, received, stopping))
    try:
        with contextlib.suppress(BrokenPipeError):  # gone: the reader finds the end
            child.stdin.write(msgspec.json.encode((url, order, cut, is_whole)))
            child.stdin.close()
        reader.start()
        yield received
    finally:
        stopping.set()
        child.kill()
        child.wait()
        if reader.ident is not None:
            reader.join()
        child.stdout.close()


def _receive(
    pipe: IO[bytes], received: queue.Queue[Piece | None], stopping: threading.Event
) -> None:
    while not stopping.is_set():
        head = pipe.read(_HEAD.size)
        piece = None
        if len(head) == _HEAD.size:
            length, rows, ends_slice = _HEAD.unpack(head)
            octets = pipe.read(length)
            piece = Piece(octets, rows, bool(ends_slice)) if len(octets) == length else None
        while not stopping.is_set():
            try:
                received.put(piece, timeout=0.2)
                break
            except queue.Full:
                continue
        if piece is None:
            return


def _of_slices(
    engine: Engine, order: Order, cut: list[Slice], held: Held, sheet: Sheet, is_whole: bool
) -> Iterator[Piece]:
    for one in cut:
        yield from _of_slice(engine, order, one, held, sheet, is_whole)


def main() -> None:
    """The child: what to write comes by standard input, pieces leave by standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches both: the caller decides
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # when the caller is gone, so is the child
    asked = sys.stdin.buffer.read()
    told = msgspec.json.decode(asked, type=tuple[str, Order, list[Slice], bool])
    url, order, cut, is_whole = told
    engine = reading(open_engine(url))
    held, sheet = _sheet(order)
    held.taken()  # the head is the caller's
    with contextlib.suppress(DayMoved):  # the caller sees that too, when nothing more comes
        for piece in _of_slices(engine, order, cut, held, sheet, is_whole):
            sys.stdout.buffer.write(_HEAD.pack(len(piece.octets), piece.rows, piece.ends_slice))
            sys.stdout.buffer.write(piece.octets)
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
