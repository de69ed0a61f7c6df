"""Queue ids of Postfix: telling them from words, and finding them in replies.

A short id is five or more hex digits of microseconds and the inode's; a long one
(`enable_long_queue_ids`) is six characters of seconds and four of microseconds in
base 52, the letter `z`, and the inode in base 51.  Source: src/global/mail_queue.h.
"""

from __future__ import annotations

import hashlib
from typing import Final

from tracer.model import SECOND_US, Event, EventKind, LogLine

_UNKNOWN: Final = EventKind.UNKNOWN

HEX: Final = "0123456789ABCDEF"
LONG_MARK: Final = 10  # where a long id has its "z"
SHORTEST: Final = 5
LONGEST: Final = 30
SHORTEST_SESSION: Final = 14
NOQUEUE: Final = "NOQUEUE/"


def is_queue_id(word: str) -> bool:
    """Whether `word` has the shape of a short or long queue id."""
    size = len(word)
    if size > LONG_MARK and word[LONG_MARK] == "z":
        return size <= LONGEST and word.isalnum() and word.isascii()
    return SHORTEST <= size <= LONGEST and not word.strip(HEX)


def door_queue_id(line: LogLine, host: str) -> str:
    """A stable name for what was refused before it had a queue id.

    Made of host, second, program, pid and text: the same refusal read twice, or
    from a rotated copy, is the same hop.
    """
    said = f"{host}\n{line.at_us // SECOND_US}\n{line.program}\n{line.pid}\n{line.text}"
    digest = hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8)
    return NOQUEUE + digest.hexdigest()


def queued_as(reply: str) -> tuple[str, ...]:
    """The queue id in `… Ok: queued as 4F1D2C0A`, if it is one that Postfix makes.

    Ids of other makers (`id=1vxNiW-…`, `[InternalId=…]`) name nothing in these logs.
    A content filter repeats the reply it got, so the last mention counts.
    """
    at = reply.rfind("queued as ")
    if at < 0:
        return filter_session(reply)
    name = reply[at + 10 :]
    if not is_queue_id(name):
        name = name.partition(" ")[0].rstrip(").,;")
        if not is_queue_id(name):
            return ()
    return (name,)


def filter_session(reply: str) -> tuple[str, ...]:
    """The session in Proxmox' `250 2.5.0 OK (80A30673DA0A5A1B2C)`: its lines tell the rest."""
    if not reply.startswith("250 2.5.0 OK (") or not reply.endswith(")"):
        return ()
    name = reply[14:-1]
    return (name,) if len(name) >= SHORTEST_SESSION and is_queue_id(name) else ()


def evidence(line: LogLine, host: str, queue_id: str) -> list[Event]:
    """What is said about a message in words that nothing here reads.

    A hex word without a digit (`DECADE:`) is rather a word than an id.
    """
    if queue_id.isalpha():
        return []
    return [
        Event(
            _UNKNOWN, line.at_us, host, queue_id,
            line.program, line.pid, line.text, line.source,
        )
    ]  # fmt: skip
