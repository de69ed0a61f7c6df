"""Following every configured log until told to stop; at least once, and nothing twice.

What was read and how far it was read are stored in one transaction, so that whenever the
program ends, the next start goes on right there. Stays that are still open are stored with
each batch too: the store unites what comes later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from threading import Event

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from collectors.dating import SLACK, year_guesses
from collectors.following import Follower
from collectors.formats import parse_line
from collectors.gather import Gatherer
from collectors.header import HeadReader
from collectors.inputs import InputProblem, LogInput
from collectors.listening import Listener
from collectors.notices import lines_of_message, read_messages
from collectors.processes import Processes
from collectors.stream import SAMPLE_LENGTH, SAMPLES
from collectors.tailing import Tail
from collectors.year import YearGuess
from collectors.zone import system_zone, zone_named
from tracer.arrival import Arrival, Batch
from tracer.config import SourceSettings
from tracer.errors import StoreUnavailable
from tracer.ingest import finish, ingest_within
from tracer.model import DAY_US, SECOND_US, Progress
from tracer.store import checkpoints, sources
from tracer.store.checkpoints import Checkpoint, Followed

MOST_EVENTS, MOST_S = 5_000, 1.0
"""A batch is stored when it has so many events, or is so old."""
PAUSE_S, IDLE_SHARE = 0.5, 10
"""Looking for what is new takes a tenth of the time at most."""
NOTED_US = 10 * SECOND_US  # how often it is noted that there was nothing new
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
WORTH_BULK = 64 * 1024 * 1024
"""Octets unread from which new days get their indexes when they are full."""
REMEMBERED_US = 400 * DAY_US
"""How long a file is known again that has not been seen."""


class Ready(msgspec.Struct):
    """One transaction's work."""

    arrivals: list[Arrival]
    progress: list[Progress]
    marks: list[Checkpoint]
    notes: list[Followed]


class Collector:
    """Follows the logs of `settings` into the store.

    `warn` gets one line when something is wrong, and one when it is over.
    """

    def __init__(
        self, engine: Engine, settings: Sequence[SourceSettings], *, warn: Callable[[str], None]
    ) -> None:
        self._engine, self._warn = engine, warn
        self._gatherer, processes = Gatherer(), Processes()
        with engine.connect() as conn:
            self._sources = [
                _Source(one, checkpoints.load(conn, one.name), self._gatherer, processes)
                for one in settings
            ]
        self._is_bulk = self._is_unfinished = True
        self._told: dict[str, str] = {}
        self._noted_us = 0

    def run(self, stop: Event, *, once: bool = False) -> None:
        """Follow until `stop` is set; with `once` until everything there is has been read."""
        self._forget()
        try:
            while not stop.is_set():
                began = time.monotonic()
                if self.turn(stop):
                    continue
                self._caught_up()
                if once:
                    return
                spent_s = time.monotonic() - began  # a folder of many thousand files takes time
                stop.wait(max(PAUSE_S, IDLE_SHARE * spent_s))
        finally:
            self.close()

    def close(self) -> None:
        """Let all files go."""
        for source in self._sources:
            source.follower.close()

    def turn(self, stop: Event) -> bool:
        """Look, read a batch, store it; whether there is more to read at once."""
        seen_us = time.time_ns() // 1000
        for source in self._sources:
            source.follower.look()
        unread = sum(source.follower.unread for source in self._sources)
        self._is_bulk = self._is_unfinished and (self._is_bulk and unread > WORTH_BULK)
        is_more = self._read(stop)
        ready = self._ready(seen_us)
        if ready is not None:
            self._store(ready, stop)
        self._sources.append(self._sources.pop(0))  # the next turn begins with another one
        return is_more

    def _read(self, stop: Event) -> bool:
        until, events = time.monotonic() + MOST_S, 0
        for source in self._sources:
            for tail in source.follower.tails:
                while count := source.read(tail):
                    events += count.events
                    if events >= MOST_EVENTS or time.monotonic() > until or stop.is_set():
                        return True
        return False

    def _ready(self, seen_us: int) -> Ready | None:
        """What is to be stored; None when nothing is new and that was noted lately."""
        now_us = time.time_ns() // 1000
        taken = [(source, *source.taken(now_us)) for source in self._sources]
        marks = [mark for _, _, changed in taken for mark in changed]
        notes = [source.note(seen_us) for source in self._sources]
        for note in notes:
            self._tell(note)
        if not marks and now_us - self._noted_us < NOTED_US:
            return None
        self._noted_us = now_us
        progress = [progress for _, progress, changed in taken if changed]
        return Ready(self._gatherer.take(), progress, marks, notes)

    def _store(self, ready: Ready, stop: Event) -> None:
        """Store it, if need be again and again; what was not stored is read again at the start."""
        pause_s, is_told = FIRST_PAUSE_S, False
        while True:
            try:
                self._write(ready)
            except (StoreUnavailable, DBAPIError) as error:
                if not is_told:
                    self._warn(f"nothing can be stored just now, trying on: {_reason(error)}")
                is_told = True
                if stop.wait(pause_s):
                    return
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            else:
                if is_told:
                    self._warn("the store takes lines again; nothing is lost")
                return

    def _write(self, ready: Ready) -> None:
        first = ready.progress[0] if ready.progress else None
        with self._engine.begin() as conn:
            batch = Batch(ready.arrivals, first)
            known = ingest_within(conn, batch, parse_line, bulk=self._is_bulk)
            for progress in ready.progress[1:]:
                sources.advance(conn, progress)
            checkpoints.save(conn, ready.marks)
            for note in ready.notes:
                is_first = bool(first and note.source == first.name)
                counted = msgspec.structs.replace(note, known=known if is_first else 0)
                checkpoints.note(conn, counted)

    def _caught_up(self) -> None:
        if self._is_unfinished:
            try:
                finish(self._engine)
            except (StoreUnavailable, DBAPIError):
                return  # the next time
            self._is_unfinished = self._is_bulk = False

    def _forget(self) -> None:
        before_us = time.time_ns() // 1000 - REMEMBERED_US
        try:
            with self._engine.begin() as conn:
                for source in self._sources:
                    checkpoints.forget(conn, source.name, before_us)
        except (StoreUnavailable, DBAPIError):
            return  # the next start

    def _tell(self, note: Followed) -> None:
        if note.problem != self._told.get(note.source, ""):
            if note.problem:
                self._warn(f"source {note.source}: {note.problem}")
            else:
                self._warn(f"source {note.source}: is read again")
            self._told[note.source] = note.problem


class _Took(msgspec.Struct, frozen=True):
    """What reading on gave; true even where the lines told no event."""

    lines: int
    events: int


class _Source:
    """A source's files, and what was read of them since it was last asked."""

    def __init__(
        self, settings: SourceSettings, marks: list[Checkpoint], gatherer: Gatherer,
        processes: Processes,
    ) -> None:  # fmt: skip
        self.name = settings.name
        self.follower = Follower(settings, marks)
        self._settings = settings
        self._gatherer = gatherer
        self._listener = Listener(gatherer, processes, settings.format)
        self._zone = zone_named(settings.timezone) if settings.timezone else system_zone()
        self._readers: dict[str, tuple[date, HeadReader]] = {}
        self._progress = Progress(self.name)
        self._unreadable: list[str] = []

    def read(self, tail: Tail) -> _Took | None:
        """Read on in one file; None when there is nothing more now."""
        try:
            if tail.found.is_mail:
                return self._read_mail(tail)
            lines = tail.lines(is_over=self.follower.is_over(tail))
        except OSError as error:
            self.follower.problem = f"{tail.found.path}: cannot be read: {error.strerror or error}"
            return None
        return self._hear(tail, lines) if lines else None

    def taken(self, now_us: int) -> tuple[Progress, list[Checkpoint]]:
        """What was read since the last call, and how far each file is now."""
        marks = [mark for tail in self.follower.tails if (mark := tail.taken(now_us))]
        progress, self._progress = self._progress, Progress(self.name)
        progress.format, progress.read_at_us = self._settings.format, now_us
        progress.samples = tuple(line[:SAMPLE_LENGTH] for line in self._unreadable[:SAMPLES])
        self._unreadable = []
        return progress, marks

    def note(self, seen_us: int) -> Followed:
        """How the source stands."""
        follower = self.follower
        return Followed(
            self.name, seen_us, follower.files, follower.unread, problem=follower.problem
        )

    def _hear(self, tail: Tail, lines: list[str]) -> _Took:
        unreadable: list[str] = []
        block = self._reader(tail).read_many((line for line in lines if line), unreadable)
        events = self._listener.hear(block)
        progress = self._progress
        progress.lines += len(block) + len(unreadable)
        progress.unparsed += len(unreadable)
        progress.events += events
        self._unreadable += unreadable[:SAMPLES]
        if block:
            first_us, last_us = block[0].at_us, block[-1].at_us
            progress.first_us = min(first_us, progress.first_us or first_us)
            progress.last_us = max(last_us, progress.last_us or last_us)
            tail.mark.reached_us = last_us
        return _Took(len(lines), events)

    def _reader(self, tail: Tail) -> HeadReader:
        """Reads the heads of a file's lines; made anew each day, because stamps without a year
        are never later than the file was written."""
        day = datetime.fromtimestamp(tail.found.written_s, UTC).astimezone(self._zone).date()
        held = self._readers.get(tail.mark.id)
        if held is None or held[0] != day:
            year = self._year(tail, day)
            reader = HeadReader(self.name, year=year, zone=self._zone, host=self._settings.host)
            held = self._readers[tail.mark.id] = day, reader
        return held[1]

    def _year(self, tail: Tail, day: date) -> YearGuess:
        if tail.mark.reached_us is not None:
            reached = datetime.fromtimestamp(tail.mark.reached_us / SECOND_US, UTC)
            return YearGuess(anchor=reached.astimezone(self._zone).date(), latest=day + SLACK)
        log = LogInput(tail.found.path, tail.found.size, tail.found.written_s)
        return year_guesses([log], zone=self._zone, now=datetime.now(UTC))[log.path]

    def _read_mail(self, tail: Tail) -> _Took | None:
        """All messages of a file that holds mail, when it is new or has grown."""
        if not tail.unread:
            return None
        log = LogInput(tail.found.path, tail.found.size, tail.found.written_s)
        lines = events = 0
        for found in read_messages(log):
            if isinstance(found, InputProblem):
                continue
            lines += 1
            for line in lines_of_message(found[0], log, self.name):
                for event in parse_line(line):
                    self._gatherer.add(event, line.host)
                    events += 1
        tail.took_whole()
        self._progress.lines += lines
        self._progress.events += events
        return _Took(lines, events)


def _reason(error: StoreUnavailable | DBAPIError) -> str:
    """The first line of what a database says."""
    said = error.orig if isinstance(error, DBAPIError) else error
    return str(said).splitlines()[0]
