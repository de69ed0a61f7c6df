"""One input to blocks of LogLines: the files and the heads joined, with a tally."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import tzinfo

import msgspec

from tracer.model import LogLine

from .documents import Joiner, first_line, joiner_of
from .files import open_lines
from .header import HeadReader
from .inputs import InputProblem, LogInput
from .microsoft_reports import Table, table_of
from .year import YearGuess

SAMPLES = 5
SAMPLE_LENGTH = 500  # characters
NO_LOG = "does not look like a log: none of its lines has a date and time"
NO_DATES = (
    "names no dates: its stamps count seconds since the machine was started;"
    " write it again with journalctl -o short-iso"
)
_MONOTONIC = re.compile(r"\[ *\d+\.\d{6}(?:\]| <)")  # journalctl -o short-monotonic, short-delta


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
    joiner: Joiner | None = None
    is_known = False  # which of these it is
    lines_before, unreadable_before = tally.lines, tally.unreadable
    for found in open_lines(log):
        if isinstance(found, InputProblem):
            tally.problems.append(found)
            continue
        written = found.lines
        if not is_known and (first := first_line(written)):
            is_known = True
            if table := table_of(written[0], source, host):
                reader, written = table, written[1:]
            else:
                joiner = joiner_of(first)
        block = _read(reader, joiner.joined(written) if joiner else written, tally)
        tally.consumed = found.consumed
        yield block
    if joiner and (cut := joiner.rest()):
        yield _read(reader, cut, tally)
    lines, unreadable_lines = tally.lines - lines_before, tally.unreadable - unreadable_before
    if lines and lines == unreadable_lines:
        is_monotonic = any(_MONOTONIC.match(sample) for sample in tally.samples)
        tally.problems.append(InputProblem(log.path, NO_DATES if is_monotonic else NO_LOG))


def _read(reader: HeadReader | Table, lines: list[str], tally: Tally) -> list[LogLine]:
    unreadable: list[str] = []
    block = reader.read_many(lines, unreadable)
    tally.lines += len(block) + len(unreadable)
    if unreadable:
        _keep(tally, unreadable)
    return block


def _keep(tally: Tally, unreadable: list[str]) -> None:
    tally.unreadable += len(unreadable)
    room = SAMPLES - len(tally.samples)
    tally.samples.extend(line[:SAMPLE_LENGTH] for line in unreadable[:room])
