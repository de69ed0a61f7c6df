"""Events of one queue id from Postfix lines at given seconds: shared by the tests of folding."""

from __future__ import annotations

from collections.abc import Iterator

from collectors.formats.postfix import parse
from tracer.fold import fold
from tracer.folded import Folded
from tracer.model import SECOND_US, Delivery, Event, LogLine

NOON_US = 1_795_348_800_000_000  # 2026-11-22 12:00 UTC
ID = "9AA0000001"

Said = tuple[float, str, str]  # seconds after noon, program, text without the queue id


def events(*said: Said, host: str = "mx1", queue_id: str = ID, source: str = "f") -> list[Event]:
    """What these lines about one queue id tell."""
    return list(_events(said, host, queue_id, source))


def _events(said: tuple[Said, ...], host: str, queue_id: str, source: str) -> Iterator[Event]:
    for seconds, program, text in said:
        at_us = NOON_US + round(seconds * SECOND_US)
        text = text if text.startswith("NOQUEUE") else f"{queue_id}: {text}"
        yield from parse(LogLine(at_us, host, f"postfix/{program}", "77", text, "", source))


def folded(*said: Said, queue_id: str = ID, host: str = "mx1") -> Folded:
    """The one stay that these lines tell of."""
    (only,) = fold(events(*said, queue_id=queue_id, host=host))
    return only


def delivery(*said: Said) -> Delivery:
    """The one delivery of the one stay."""
    (only,) = folded(*said).deliveries
    return only


def opened(at: float = 0, client: str = "mail.shop.example[203.0.113.16]") -> Said:
    return (at, "smtpd", f"client={client}")


def identified(at: float = 0.1, message_id: str = "m1@shop.example") -> Said:
    return (at, "cleanup", f"message-id=<{message_id}>")


def queued(at: float = 0.2, sender: str = "bob@shop.example", size: int = 900, n: int = 1) -> Said:
    return (at, "qmgr", f"from=<{sender}>, size={size}, nrcpt={n} (queue active)")


def tried(
    at: float = 1,
    to: str = "anna@corp.example",
    status: str = "sent",
    reply: str = "250 2.0.0 Ok: accepted",
    dsn: str = "2.0.0",
    program: str = "smtp",
    relay: str = "mx.corp.example[192.0.2.25]:25",
    original: str = "",
) -> Said:
    orig_to = f" orig_to=<{original}>," if original else ""
    return (
        at,
        program,
        f"to=<{to}>,{orig_to} relay={relay}, delay=1, delays=0.1/0/0.4/0.5, dsn={dsn}, "
        f"status={status} ({reply})",
    )


def deferred(at: float = 1, to: str = "anna@corp.example") -> Said:
    reply = (
        "host mx.corp.example[192.0.2.25] said: 452 4.2.2 Mailbox full (in reply to RCPT TO "
        "command)"
    )
    return tried(at, to, "deferred", reply, "4.2.2")


def removed(at: float = 2) -> Said:
    return (at, "qmgr", "removed")
