"""What was said about a hop as one value, and back.

A hop keeps the text of its log lines, not the events read from them: events are parsed
from the text again when they are needed, so that a better parser improves old mail too,
and nothing is stored twice. MessagePack (msgspec); tracer/store/blocks.py compresses the
lines of neighbouring hops together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from operator import sub
from pathlib import Path
from typing import Final

import msgspec
import zstandard

from tracer.model import Event, Hop, LogLine, Parse
from tracer.store.kept import Lines, Said

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(Lines).decode
_MARK: Final = "\1"  # twice: stands for "QUEUE-ID: " at the start of a text


def encoded(host: str, events: Sequence[Event] | Sequence[Said]) -> bytes:
    """The lines that events of one hop were read from, as MessagePack of Lines."""
    times = [event.at_us for event in events]
    said = "\n".join([f"{event.program}\1{event.pid}\1{event.text}" for event in events])
    if said.count(_MARK) == 2 * len(events):  # no text has it by itself
        said = said.replace(f"{_MARK}{events[0].queue_id}: ", _MARK + _MARK)
    tls = [event.tls for event in events]
    return _encode(
        (
            host,
            times[0],
            list(map(sub, times[1:], times)),
            said,
            _alike([event.source for event in events]),
            _alike(tls) if any(tls) else (),
        )
    )


def _alike(values: list[str]) -> list[str]:
    return values[:1] if values.count(values[0]) == len(values) else values


def log_lines(lines: Lines, queue_id: str) -> Iterator[tuple[LogLine, str]]:
    """Each line with the TLS version that belongs to it."""
    times = list(accumulate(lines.later_us, initial=lines.first_us))
    said = lines.said.split("\n")
    sources = lines.sources * (len(times) if len(lines.sources) == 1 else 1)
    tls = lines.tls * (len(times) if len(lines.tls) == 1 else 1) or ("",) * len(times)
    for at_us, whole, source, version in zip(times, said, sources, tls, strict=True):
        program, pid, text = whole.split(_MARK, 2)
        if text.startswith(_MARK):
            text = f"{queue_id}: {text[1:]}"
        yield LogLine(at_us, lines.host, program, pid, text, "", source), version


class Packer:
    """Reads what `encoded` returned; `parse` reads events from a stored line."""

    def __init__(self, parse: Parse) -> None:
        self._parse = parse

    def host(self, lines: bytes) -> str:
        """What the lines that `encoded` returned call their host."""
        return _decode(lines).host

    def events(self, lines: bytes, hop: Hop) -> list[Event]:
        """The events of a stored hop, in order of time; none where its lines are not kept."""
        return self.read(lines, hop) if lines else []

    def said(self, packed: bytes, queue_id: str) -> tuple[str, list[Said]]:
        """What the stored lines of a hop call their host, and the lines, in order of time."""
        lines = _decode(packed)
        return lines.host, [
            Said(queue_id, line.at_us, line.program, line.pid, line.text, line.source, tls)
            for line, tls in log_lines(lines, queue_id)
        ]

    def read(self, lines: bytes, hop: Hop) -> list[Event]:
        """The events of a hop from what `encoded` returned."""
        return [
            msgspec.structs.replace(event, tls=tls) if tls else event
            for line, tls in log_lines(_decode(lines), hop.queue_id)
            for event in self._parse(line)
            if event.queue_id == hop.queue_id
        ]


@cache
def dictionary(number: int) -> zstandard.ZstdCompressionDict:
    """Usual log text, by which lines are compressed."""
    content = Path(__file__).with_name(f"lines-{number}.dict").read_bytes()
    return zstandard.ZstdCompressionDict(content)
