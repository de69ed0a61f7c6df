"""Lines in, events to the gatherer: which parser a line's program wants, and what belongs to it."""

from __future__ import annotations

from collectors.formats import Parser, parser_for, parser_named
from collectors.gather import Gatherer
from collectors.processes import TAKES_TLS, Processes
from tracer.model import Event, LogLine

MOST_PROGRAMS = 4096
"""A log full of made-up program names must not fill the memory."""


class Listener:
    """Parses blocks of lines; `form` is a format's name, or "auto": by the line's program."""

    def __init__(self, gatherer: Gatherer, processes: Processes, form: str) -> None:
        self._gatherer, self._processes = gatherer, processes
        self._named = parser_named(form)
        self._parsers: dict[str, Parser] = {}

    def hear(self, block: list[LogLine]) -> int:
        """Give what a block tells to the gatherer; how many events that were.

        The path of every line: names are local, and nothing is called without need.
        """
        fresh, hosts = self._gatherer.fresh, self._gatherer.hosts
        processes, parsers = self._processes, self._parsers
        tls_is_told = processes.are_known
        count = 0
        for line in block:
            parse = parsers.get(line.program)
            if parse is None:
                parse = self._find_parser(line.program)
            for event in parse(line):
                queue_id, host = event.queue_id, event.host
                if not queue_id:
                    processes.remember(event)
                    tls_is_told = True
                    continue
                if tls_is_told and event.kind in TAKES_TLS:
                    event = processes.complete(event)
                fresh[host, queue_id].append(event)
                hosts[host] = line.host
                count += 1
        return count

    def _find_parser(self, program: str) -> Parser:
        parse = self._named or parser_for(program) or _nothing
        if len(self._parsers) < MOST_PROGRAMS:
            self._parsers[program] = parse
        return parse


def _nothing(_line: LogLine) -> list[Event]:
    return []
