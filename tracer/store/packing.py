"""What was said about a hop as one compressed value, and back.

A hop keeps the text of its log lines, not the events read from them: events are parsed
from the text again when they are needed, so that a better parser improves old mail too,
and nothing is stored twice. MessagePack (msgspec), compressed by Zstandard with a
dictionary of usual log text: 1 KB of lines becomes some 200 octets in a few microseconds.
The first octet names the dictionary: a newer one may come, an old one stays readable.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from itertools import accumulate
from operator import sub

import msgspec
import zstandard

from tracer.model import Event, Hop, LogLine, Parse

_NEWEST = 1
_LEVEL = 3


class Lines(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The lines of one hop in order of time, column by column, which packs best.

    A column of text has one entry a line, parted by line ends; one entry alone stands for
    all. In `texts` the hop's own queue id at the start of a line is left out.
    """

    host: str  # as the lines call it
    first_us: int
    later_us: tuple[int, ...]  # each after the line before it
    programs: str
    pids: str
    texts: str
    sources: str
    tls: str  # what another line of the same process told


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Lines).decode
_OWN = "\1"  # stands for "QUEUE-ID: "; no log line has this character


def encoded(host: str, events: Sequence[Event]) -> bytes:
    """The lines that events of one hop were read from, as MessagePack of Lines."""
    times = [event.at_us for event in events]
    own = f"\n{events[0].queue_id}: "
    texts = "\n" + "\n".join([event.text for event in events])
    return _encode(
        (
            host,
            times[0],
            list(map(sub, times[1:], times)),
            "\n".join([event.program for event in events]),
            "\n".join([event.pid for event in events]),
            texts.replace(own, f"\n{_OWN}")[1:],
            _column([event.source for event in events]),
            _column([event.tls for event in events]),
        )
    )


def _column(values: list[str]) -> str:
    return values[0] if values.count(values[0]) == len(values) else "\n".join(values)


def _spread(column: str, count: int) -> list[str]:
    values = column.split("\n")
    return values * count if len(values) == 1 else values


def log_lines(lines: Lines, queue_id: str) -> Iterator[tuple[LogLine, str]]:
    """Each line with the TLS version that belongs to it."""
    times = accumulate(lines.later_us, initial=lines.first_us)
    texts = lines.texts.split("\n")
    columns = (lines.programs, lines.pids, lines.sources, lines.tls)
    spread = (_spread(column, len(texts)) for column in columns)
    for at_us, text, program, pid, source, tls in zip(times, texts, *spread, strict=True):
        whole = f"{queue_id}: {text[1:]}" if text.startswith(_OWN) else text
        yield LogLine(at_us, lines.host, program, pid, whole, "", source), tls


class Packer:
    """Packs and unpacks; one per thread. `parse` reads events from a stored line."""

    def __init__(self, parse: Parse) -> None:
        self._parse = parse
        self._mark = bytes([_NEWEST])
        self.compress = zstandard.ZstdCompressor(
            level=_LEVEL, dict_data=_dictionary(_NEWEST), write_checksum=False, write_dict_id=False
        ).compress

    def pack(self, lines: bytes) -> bytes:
        """What `encoded` returned, as it is stored."""
        return self._mark + self.compress(lines)

    def host(self, lines: bytes) -> str:
        """What the lines that `encoded` returned call their host."""
        return _decode(lines).host

    def events(self, packed: bytes, hop: Hop) -> list[Event]:
        """The events of a hop from its stored lines, in order of time."""
        decompressor = zstandard.ZstdDecompressor(dict_data=_dictionary(packed[0]))
        return self.read(decompressor.decompress(packed[1:]), hop)

    def read(self, lines: bytes, hop: Hop) -> list[Event]:
        """The events of a hop from what `encoded` returned."""
        return [
            msgspec.structs.replace(event, tls=tls) if tls else event
            for line, tls in log_lines(_decode(lines), hop.queue_id)
            for event in self._parse(line)
            if event.queue_id == hop.queue_id
        ]


@cache
def _dictionary(number: int) -> zstandard.ZstdCompressionDict:
    content = files(__package__).joinpath(f"lines-{number}.dict").read_bytes()
    return zstandard.ZstdCompressionDict(content)
