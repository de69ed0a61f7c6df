"""Logs to batches: read, parse, gather, fold.  What the store then writes, in order.

Knows the whole way of a line but nothing of the store; it may run in a process of its own.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from collectors.dating import year_guesses
from collectors.formats import parse_line
from collectors.gather import Gatherer
from collectors.inputs import STDIN, InputProblem, LogInput, rotation_of
from collectors.listening import Listener
from collectors.mailbox import SOURCE, holds_mail
from collectors.plan import Plan, Step
from collectors.processes import Processes
from collectors.stream import Tally, read_lines
from collectors.zone import system_zone, zone_named
from tracer.arrival import Arrival, Batch
from tracer.model import LogLine, Progress

FEWEST_EVENTS, MOST_EVENTS = 6_000, 16_000
"""Events of the first batch, and of later ones: writing begins early, then in big transactions."""


def source_of(plan: Plan, log: LogInput) -> str:
    """The name of the source that a log belongs to: `mail.log` for all its rotations."""
    if plan.source:
        return plan.source
    return "stdin" if log.path == STDIN else rotation_of(log.path).series.rpartition("/")[2]


def steps(plan: Plan) -> Iterator[Step]:
    """The batches of all inputs, each input oldest line first."""
    gc.freeze()
    gc.disable()  # what flows is acyclic; looking for cycles costs a tenth of the time
    reader = _Reader(plan)
    for log in plan.inputs:
        yield from reader.read(log)
    yield reader.rest()


class _Reader:
    """Reads the inputs of a plan one after the other; open stays pass from log to log."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._zone = zone_named(plan.zone) if plan.zone else system_zone()
        self._years = year_guesses(
            plan.inputs, zone=self._zone, now=datetime.now(UTC), year=plan.year
        )
        self._gatherer = Gatherer()
        self._listener = Listener(self._gatherer, Processes(), plan.format)
        self._consumed_before = 0
        self._batch_events = FEWEST_EVENTS

    def read(self, log: LogInput) -> Iterator[Step]:
        if holds_mail(log):
            yield from self._read_mail(log)
            return
        source = source_of(self._plan, log)
        tally = Tally()
        told = _Told(source)
        for block in read_lines(
            log,
            source=source,
            year=self._years[log.path],
            zone=self._zone,
            host=self._plan.host,
            tally=tally,
        ):
            self._parse(block, told)
            if told.events >= self._batch_events:
                yield self._step(told, tally, self._gatherer.take_settled())
                told = _Told(source)
                self._batch_events = min(2 * self._batch_events, MOST_EVENTS)
        yield self._step(told, tally, self._gatherer.take_settled())
        self._consumed_before += log.size or tally.consumed

    def _read_mail(self, log: LogInput) -> Iterator[Step]:
        """The notices of a message or a mailbox; a line is a message. It is no log, so it does
        not tell how far time has been read."""
        notices: Any = import_module("collectors.notices")
        source, tally = self._plan.source or SOURCE, Tally()
        told = _Told(source)
        for found in notices.read_messages(log):
            if isinstance(found, InputProblem):
                tally.problems.append(found)
                continue
            octets, tally.consumed = found
            tally.lines += 1
            for line in notices.lines_of_message(octets, log, source):
                for event in parse_line(line):
                    self._gatherer.add(event, line.host)
                    told.events += 1
            if told.events >= self._batch_events:
                yield self._step(told, tally, self._gatherer.take_settled())
                told = _Told(source)
        yield self._step(told, tally, self._gatherer.take_settled())
        self._consumed_before += log.size or tally.consumed

    def rest(self) -> Step:
        """The stays that were still going on when the last input ended."""
        batch = Batch(self._gatherer.take(), None)
        return Step(batch, [], self._consumed_before)

    def _parse(self, block: list[LogLine], told: _Told) -> None:
        told.events += self._listener.hear(block)
        if block:
            told.reach(block[0].at_us, block[-1].at_us)

    def _step(self, told: _Told, tally: Tally, arrivals: list[Arrival]) -> Step:
        progress = told.progress(tally, self._plan.format)
        problems, tally.problems = tally.problems, []
        batch = Batch(arrivals, progress)
        return Step(batch, problems, self._consumed_before + tally.consumed)


class _Told:
    """What one batch has told so far."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.events = 0
        self._first_us: int | None = None
        self._last_us: int | None = None

    def reach(self, first_us: int, last_us: int) -> None:
        self._first_us = first_us if self._first_us is None else min(first_us, self._first_us)
        self._last_us = last_us if self._last_us is None else max(last_us, self._last_us)

    def progress(self, tally: Tally, form: str) -> Progress:
        lines, unreadable, samples = tally.lines, tally.unreadable, tuple(tally.samples)
        tally.lines = tally.unreadable = 0
        tally.samples = []
        now_us = int(datetime.now(UTC).timestamp() * 1_000_000)
        return Progress(
            self.source, "file", form, lines, self.events, unreadable, self._first_us,
            self._last_us, now_us, samples,
        )  # fmt: skip
