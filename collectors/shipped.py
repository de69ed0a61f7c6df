"""Log lines that a shipper hands over, a batch at a time, instead of a file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from collectors.gather import Gatherer
from collectors.header import HeadReader
from collectors.listening import Listener
from collectors.processes import Processes
from collectors.year import YearGuess
from tracer.arrival import Batch
from tracer.model import Progress

KEPT_SAMPLES = 5
LONGEST_SAMPLE = 500  # characters


def shipped(lines: list[str], *, source: str, host: str, zone: tzinfo, now_us: int) -> Batch:
    """The batch that these lines make; lines that nobody understands are counted in it.

    Stamps without a year are of the year in which they are not in the future. Lines of one
    mail may come in any batches: the store unites them.
    """
    today = datetime.fromtimestamp(now_us / 1_000_000, UTC).date()
    reader = HeadReader(
        source, year=YearGuess(latest=today + timedelta(days=1)), zone=zone, host=host
    )
    unreadable: list[str] = []
    pieces = (piece.rstrip("\r") for line in lines for piece in line.split("\n"))
    plain = [piece for piece in pieces if piece.strip()]
    read = reader.read_many(plain, unreadable)
    gatherer = Gatherer()
    events = Listener(gatherer, Processes(), "auto").hear(read)
    times = [line.at_us for line in read]
    progress = Progress(
        source, "shipper", "", len(read) + len(unreadable), events, len(unreadable),
        min(times, default=None), max(times, default=None), now_us,
        tuple(line[:LONGEST_SAMPLE] for line in unreadable[:KEPT_SAMPLES]),
    )  # fmt: skip
    return Batch(gatherer.take(), progress)
