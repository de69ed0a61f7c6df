"""A name server of one table, for a network that has no other.

Answers A, MX, TXT and PTR over UDP (RFC 1035 section 4); a name it does not know
is NXDOMAIN, a type it does not know is an empty answer.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections import defaultdict

TYPES = {1: "A", 12: "PTR", 15: "MX", 16: "TXT"}
NUMBERS = {name: number for number, name in TYPES.items()}
TTL_S = 300


class Names:
    """The table; `host`, `mail` and `text` fill it, `serve` answers from it."""

    def __init__(self) -> None:
        self._table: dict[str, dict[str, list[bytes]]] = defaultdict(lambda: defaultdict(list))

    def host(self, name: str, address: str) -> None:
        """A host's name and address, both ways."""
        self._add(name, "A", socket.inet_aton(address))
        self._add(f"{backwards(address)}.in-addr.arpa", "PTR", _labels(name))

    def mail(self, domain: str, server: str) -> None:
        self._add(domain, "MX", struct.pack("!H", 10) + _labels(server))

    def listed(self, address: str, blocklist: str, why: str) -> None:
        """An entry of a blocklist (RFC 5782): an A and a TXT record."""
        name = f"{backwards(address)}.{blocklist}"
        self._add(name, "A", socket.inet_aton("127.0.0.2"))
        self._add(name, "TXT", bytes([len(why)]) + why.encode())

    def _add(self, name: str, kind: str, value: bytes) -> None:
        if value not in self._table[name.lower()][kind]:
            self._table[name.lower()][kind].append(value)

    def serve(self, address: str, port: int = 53) -> socket.socket:
        """Answer in a thread until the returned socket is closed."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((address, port))
        threading.Thread(target=self._loop, args=(sock,), daemon=True).start()
        return sock

    def _loop(self, sock: socket.socket) -> None:
        while True:
            try:
                question, asker = sock.recvfrom(4096)
                sock.sendto(self.answer(question), asker)
            except OSError:
                return

    def answer(self, question: bytes) -> bytes:
        """The response to one query packet."""
        name, end = _read_name(question)
        (kind,) = struct.unpack_from("!H", question, end)
        known = self._table.get(name)
        found = known.get(TYPES.get(kind, ""), []) if known else []
        rcode = 0 if known or self._has_below(name) else 3
        head = question[:2] + struct.pack("!HHHHH", 0x8580 | rcode, 1, len(found), 0, 0)
        records = b"".join(
            struct.pack("!HHHIH", 0xC00C, kind, 1, TTL_S, len(value)) + value for value in found
        )
        return head + question[12 : end + 4] + records

    def _has_below(self, name: str) -> bool:
        return any(other.endswith("." + name) for other in list(self._table))


def backwards(address: str) -> str:
    return ".".join(reversed(address.split(".")))


def _labels(name: str) -> bytes:
    return b"".join(bytes([len(x)]) + x.encode() for x in name.split(".")) + b"\0"


def _read_name(packet: bytes) -> tuple[str, int]:
    """The question's name in lower case, and where its type begins."""
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1 : at + 1 + packet[at]].decode("ascii", "replace"))
        at += 1 + packet[at]
    return ".".join(labels).lower(), at + 1
