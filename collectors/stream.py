"""One input to blocks of LogLines: the files and the heads joined, with a tally."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

import msgspec

from tracer.model import LogLine

from .files import open_lines
from .header import HeadReader
from .inputs import InputProblem, LogInput
from .microsoft_reports import Table, table_of
from .year import YearGuess

SAMPLES = 5
SAMPLE_LENGTH = 500  # characters
NO_LOG = "does not look like a log: none of its lines has a date and time"


class Tally(msgspec.Struct):
    """What was read so far.  One tally may serve many inputs."""

    lines: int = 0
    unreadable: int = 0
    samples: list[str] = []  # the first lines that could not be read, cut short
    problems: list[InputProblem] = []
    consumed: int = 0  # octets of the present input, as stored


def read_lines(
    log: LogInput,
    *,
    source: str,
    year: YearGuess,
    zone: tzinfo,
    host: str = "",
    tally: Tally | None = None,
) -> Iterator[list[LogLine]]:
    """The lines of `log` in blocks, oldest first; `tally` is up to date at each block.

    Lines without a head are counted and a few kept as samples; blank lines are passed
    over.  Never raises for what is in the log.
    """
    tally = Tally() if tally is None else tally
    reader: HeadReader | Table = HeadReader(source, year=year, zone=zone, host=host)
    is_first = True
    lines_before, unreadable_before = tally.lines, tally.unreadable
    for found in open_lines(log):
        if isinstance(found, InputProblem):
            tally.problems.append(found)
            continue
        unreadable: list[str] = []
        if is_first and found.lines and (table := table_of(found.lines[0], source, host)):
            reader, found.lines = table, found.lines[1:]
        is_first = False
        block = reader.read_many(found.lines, unreadable)
        tally.lines += len(block) + len(unreadable)
        tally.consumed = found.consumed
        if unreadable:
            _keep(tally, unreadable)
        yield block
    lines, unreadable_lines = tally.lines - lines_before, tally.unreadable - unreadable_before
    if lines and lines == unreadable_lines:
        tally.problems.append(InputProblem(log.path, NO_LOG))


def _keep(tally: Tally, unreadable: list[str]) -> None:
    tally.unreadable += len(unreadable)
    room = SAMPLES - len(tally.samples)
    tally.samples.extend(line[:SAMPLE_LENGTH] for line in unreadable[:room])
