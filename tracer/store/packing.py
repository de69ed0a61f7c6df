"""What was said about a hop as one compressed value, and back.

A hop keeps the text of its log lines, not the events read from them: events are parsed
from the text again when they are needed, so that a better parser improves old mail too,
and nothing is stored twice. MessagePack (msgspec), compressed by Zstandard with a
dictionary of usual log text: 1 KB of lines becomes some 200 octets in a few microseconds.
The first octet names the dictionary: a newer one may come, an old one stays readable.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import msgspec
import zstandard

from tracer.model import Event, Hop, LogLine, Parse

_NEWEST = 1
_LEVEL = 3


class Said(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One log line about a message. `tls` is what another line of the same process told."""

    at_us: int
    program: str
    pid: str
    text: str
    source: str = ""
    tls: str = ""


class Lines(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The lines of one hop in order of time, from one host as it names itself in them."""

    host: str
    said: tuple[Said, ...]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Lines).decode


def encoded(host: str, events: Iterable[Event]) -> bytes:
    """The lines that events were read from, as MessagePack of Lines."""
    said = [(e.at_us, e.program, e.pid, e.text, e.source, e.tls) for e in events]
    return _encode((host, said))


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
        told = _decode(lines)
        return [event for said in told.said for event in self._of_line(told.host, said, hop)]

    def _of_line(self, host: str, said: Said, hop: Hop) -> Iterable[Event]:
        line = LogLine(said.at_us, host, said.program, said.pid, said.text, "", said.source)
        for event in self._parse(line):
            if event.queue_id == hop.queue_id:
                yield msgspec.structs.replace(event, tls=said.tls) if said.tls else event


@cache
def _dictionary(number: int) -> zstandard.ZstdCompressionDict:
    content = files(__package__).joinpath(f"lines-{number}.dict").read_bytes()
    return zstandard.ZstdCompressionDict(content)
