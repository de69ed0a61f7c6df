"""One question by UDP: the query's octets are put together here.

dnspython's own way of asking takes twice the time of a processor, which is what verdicts in
bulk wait for.
"""

from __future__ import annotations

import secrets
import socket
import struct
import time

from tracer.diagnostics.lookup.responses import Response, read_message, read_octets
from tracer.diagnostics.lookup.servers import Nameserver

PAYLOAD = 1232  # octets that pass unfragmented nearly everywhere (DNS flag day 2020)
_RD_AD, _CD, _QR, _TC = 0x0120, 0x0010, 0x8000, 0x0200
_OPCODE_AND_RCODE, _RCODE = 0x780F, 0x000F
_WITHOUT_QUESTION = frozenset({1, 2, 4, 5})  # FORMERR SERVFAIL NOTIMP REFUSED may leave it out
_OPT = b"\0" + struct.pack("!HHIH", 41, PAYLOAD, 0x8000, 0)  # DO (RFC 6891, 6.1; RFC 3225)
_HEAD = struct.Struct("!HHHHHH")
_LARGEST = 8192  # octets; more than we offered to take is no answer
_TIME = struct.Struct("@ll")  # struct timeval


class CutShort(Exception):
    """The answer did not fit: it must be asked for by TCP."""


def ask(
    labels: tuple[bytes, ...],
    rdtype: int,
    server: Nameserver,
    timeout_s: float,
    *,
    unchecked: bool = False,
    edns: bool = True,
) -> Response:
    """The first answer to this question from this server; what else comes is forged or late.

    Raises TimeoutError, CutShort, and OSError for what the system says.
    """
    question = b"".join(bytes((len(label),)) + label for label in labels)
    question += b"\0" + struct.pack("!HH", rdtype, 1)
    ident = secrets.randbits(16)
    flags = _RD_AD | (_CD if unchecked else 0)
    query = _HEAD.pack(ident, flags, 1, 0, 0, 1 if edns else 0) + question + (_OPT if edns else b"")
    family = socket.AF_INET6 if ":" in server.address else socket.AF_INET
    deadline = time.monotonic() + timeout_s
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        _wait_at_most(sock, max(0.001, timeout_s))
        sock.sendto(query, (server.address, server.port))
        while True:
            try:
                wire, sender = sock.recvfrom(_LARGEST)
            except BlockingIOError as error:
                raise TimeoutError from error
            if sender[:2] == (server.address, server.port) and _answers(wire, ident, question):
                response = _read(wire, rdtype)
                if response is not None:
                    return response
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            _wait_at_most(sock, left_s)


def _wait_at_most(sock: socket.socket, seconds: float) -> None:
    """Let the kernel watch the time: Python's own way waits twice for each datagram, and hands
    its lock around as often, which is felt where many threads ask at once."""
    whole, rest = divmod(int(seconds * 1_000_000), 1_000_000)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _TIME.pack(whole, max(rest, 1)))


def _answers(wire: bytes, ident: int, question: bytes) -> bool:
    """Whether it is a response to this query: id and question say so (RFC 5452, 9.1)."""
    if len(wire) < _HEAD.size:
        return False
    its_ident, flags, questions, *_ = _HEAD.unpack_from(wire)
    if its_ident != ident or not flags & _QR or flags & _OPCODE_AND_RCODE & ~_RCODE:
        return False
    if not questions:
        return flags & _RCODE in _WITHOUT_QUESTION
    asked = wire[_HEAD.size : _HEAD.size + len(question)]
    return questions == 1 and asked.lower() == question.lower()


def _read(wire: bytes, rdtype: int) -> Response | None:
    """The response; None for octets that are none. Raises CutShort."""
    if _HEAD.unpack_from(wire)[1] & _TC:
        raise CutShort
    return read_octets(wire, rdtype) or _read_at_length(wire)


def _read_at_length(wire: bytes) -> Response | None:
    import dns.exception
    import dns.message

    try:
        return read_message(dns.message.from_wire(wire))
    except (dns.exception.DNSException, ValueError, IndexError, EOFError, struct.error):
        return None
