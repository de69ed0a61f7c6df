"""Events of a hop as one compressed value, and back.

MessagePack of a list of Event (msgspec), compressed by Zstandard with a dictionary of
usual log text, so that a hop of 1.5 KB becomes some 300 octets in a few microseconds.
The first octet names the dictionary: a newer one may come, an old one stays readable.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec
import zstandard

from tracer.model import Event

_NEWEST = 1
_LEVEL = 1


class Packer:
    """Packs and unpacks; one per thread."""

    def __init__(self) -> None:
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(list[Event]).decode
        self._compress = zstandard.ZstdCompressor(
            level=_LEVEL, dict_data=_dictionary(_NEWEST), write_content_size=True,
            write_checksum=False, write_dict_id=False,
        ).compress  # fmt: skip
        self._mark = bytes([_NEWEST])

    def pack(self, events: tuple[Event, ...]) -> bytes:
        """Events in order of time, as one value."""
        return self.compress(self._encode(events))

    def compress(self, encoded: bytes) -> bytes:
        """The same for events that are MessagePack already."""
        return self._mark + self._compress(encoded)

    def unpack(self, packed: bytes) -> list[Event]:
        """The events of a hop, in order of time."""
        decompressor = zstandard.ZstdDecompressor(dict_data=_dictionary(packed[0]))
        return self._decode(decompressor.decompress(packed[1:]))


@cache
def _dictionary(number: int) -> zstandard.ZstdCompressionDict:
    content = files(__package__).joinpath(f"events-{number}.dict").read_bytes()
    return zstandard.ZstdCompressionDict(content)
