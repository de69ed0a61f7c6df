"""The nouns: LogLine, Event, Hop, Delivery, Leg, Row, Page, Trace.

Everything here is an immutable value. Absent text is `""`, the null
reverse-path is `"<>"`, absent numbers and times are `None`. Times are integers,
microseconds since 1970 in UTC, named `…_us`: they are made once per log line, so
they must be cheap, and they sort and pack as they are; `when()` makes a datetime
of one for people. The types are msgspec structs: frozen like dataclasses,
made ten times faster, and able to pack themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
NULL_SENDER = "<>"


def when(at_us: int) -> datetime:
    """The aware UTC datetime of a time in microseconds."""
    return EPOCH + timedelta(microseconds=at_us)


def micros(at: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return (at - EPOCH) // timedelta(microseconds=1)


class EventKind(StrEnum):
    """What an event tells; the order breaks ties inside one second of log time."""

    __hash__ = str.__hash__  # Enum's own is written in Python, and these are looked up a lot

    RECEIVED = "received"  # a hop opens: a client or a local user hands the message over
    IDENTIFIED = "identified"  # its Message-ID
    FILTERED = "filtered"  # a header check, a milter or a content filter spoke
    QUEUED = "queued"  # sender, size, number of recipients; in the queue
    HELD = "held"
    RELEASED = "released"
    ATTEMPT = "attempt"  # one try for one recipient, or evidence of one (no recipient), or an
    # answer about an address that was only asked about (no outcome)
    REPORTED = "reported"  # another system tells what became of a recipient, or just of something
    COMPLAINED = "complained"  # the recipient called it spam
    OPENED = "opened"
    CLICKED = "clicked"
    REJECTED = "rejected"  # a recipient or the message was refused at the door
    EXPIRED = "expired"
    NOTIFIED = "notified"  # a notice (RFC 3464) was sent; alias = its queue id
    REMOVED = "removed"  # the hop closes
    UNKNOWN = "unknown"  # said about this message, kept as evidence


class Outcome(StrEnum):
    """Where a delivery stands: one vocabulary for pages, API, CSV and commands."""

    __hash__ = str.__hash__

    PENDING = "pending"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    JUNKED = "junked"
    QUARANTINED = "quarantined"
    DISCARDED = "discarded"
    EXPANDED = "expanded"
    BOUNCED = "bounced"
    EXPIRED = "expired"
    REJECTED = "rejected"
    SUPPRESSED = "suppressed"
    REMOVED = "removed"
    UNKNOWN = "unknown"


FAILED = frozenset({Outcome.BOUNCED, Outcome.EXPIRED, Outcome.REJECTED, Outcome.SUPPRESSED})
SUCCEEDED = frozenset({Outcome.DELIVERED, Outcome.RELAYED, Outcome.EXPANDED})


class LogLine(msgspec.Struct, frozen=True, gc=False):
    """One log line with its head read.  `head + text` is the line as it was read."""

    at_us: int
    host: str
    program: str  # "postfix/smtp"
    pid: str
    text: str
    head: str
    source: str = ""


class Event(msgspec.Struct, frozen=True, gc=False):
    """One thing one system said about one message.

    Two events are the same fact when host, queue id, second and what was said
    (`program`, `pid`, `text`) agree: not where it was read, nor how often.
    """

    kind: EventKind
    at_us: int
    host: str
    queue_id: str
    program: str = ""
    pid: str = ""
    text: str = ""
    source: str = ""
    message_id: str = ""  # without < >
    subject: str = ""
    sender: str = ""  # "<>" is the null reverse-path
    recipient: str = ""
    original_recipient: str = ""
    client: str = ""  # address of the host that spoke to us
    client_name: str = ""
    helo: str = ""
    auth: str = ""  # login
    tls: str = ""  # "TLSv1.3"
    relay: str = ""  # next host spoken to, "name[address]:port"
    outcome: Outcome | None = None
    status: str = ""  # RFC 3463
    reply: str = ""  # whole, as logged
    command: str = ""  # SMTP command the reply answers: CONNECT EHLO MAIL RCPT DATA END-OF-MESSAGE
    size: int | None = None  # octets
    recipient_count: int | None = None
    delay_s: float | None = None
    delays: str = ""  # Postfix a/b/c/d, seconds
    repeats: int = 1  # "message repeated n times"
    next_queue_ids: tuple[str, ...] = ()  # queue ids this message got where it was handed to
    from_queue_ids: tuple[str, ...] = ()  # queue ids this message had before it came here

    @property
    def raw(self) -> str:
        """The log line: its text as it was read, under a head of one form (ISO 8601, UTC)."""
        pid = f"[{self.pid}]" if self.pid else ""
        stamp = when(self.at_us).isoformat(timespec=self._precision())
        return f"{stamp} {self.host} {self.program}{pid}: {self.text}"

    def _precision(self) -> str:
        return "milliseconds" if self.at_us % SECOND_US else "seconds"


Parse = Callable[[LogLine], list[Event]]
"""Reads the events that one line tells; pure, never raises."""


class Hop(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A message's stay in one queue."""

    hop_id: int  # milliseconds of opened_us << 20 | 20 bits of hash(host, queue_id)
    host: str
    queue_id: str
    opened_us: int
    last_us: int
    closed_us: int | None = None
    message_id: str = ""
    subject: str = ""
    sender: str = ""
    client: str = ""
    client_name: str = ""
    helo: str = ""
    auth: str = ""
    tls: str = ""
    size: int | None = None
    recipient_count: int | None = None
    source: str = ""
    from_queue_ids: tuple[str, ...] = ()  # queue ids this message had before
    notice_queue_ids: tuple[str, ...] = ()  # notices (RFC 3464) that were sent about it


class Delivery(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One recipient at one hop.  An empty recipient: the log never named one."""

    recipient: str
    original_recipient: str
    outcome: Outcome
    first_us: int
    last_us: int
    cause: str = ""  # "" for outcomes that need none
    status: str = ""
    reply: str = ""
    relay: str = ""
    command: str = ""
    tls: str = ""
    program: str = ""  # the agent that said it: "smtp", "local", "smtpd"
    attempts: int = 0
    delay_s: float | None = None
    next_queue_ids: tuple[str, ...] = ()


class Progress(msgspec.Struct, gc=False):
    """What one batch adds to a source: counts, and the newest time read."""

    name: str
    kind: str = "file"
    format: str = ""
    lines: int = 0
    events: int = 0
    unparsed: int = 0
    first_us: int | None = None
    last_us: int | None = None
    read_at_us: int = 0
    samples: tuple[str, ...] = ()


class Row(msgspec.Struct, frozen=True):
    """The delivery row of the contract: what a search returns, one per mail and recipient.

    Legs of one mail (content filter, second host) are one row: `status` is that of
    the last leg, `received_us` the first one's time, `queue_ids` all "host/queue_id".
    """

    id: str
    received_us: int
    updated_us: int
    status: Outcome
    cause: str
    sender: str
    recipient: str
    original_recipient: str
    subject: str
    message_id: str
    direction: str  # inbound outbound relayed internal, "" = cannot tell
    host: str
    queue_id: str
    queue_ids: tuple[str, ...]
    client: str
    relay: str
    size: int | None
    attempts: int
    delay_s: float | None
    reply: str
    enhanced_status: str
    source: str


class Page(msgspec.Struct, frozen=True):
    """Rows newest first; `next` is the cursor of the following page, `""` on the last."""

    rows: tuple[Row, ...]
    next: str = ""


class Leg(msgspec.Struct, frozen=True):
    """One hop of a trace, with what was said there."""

    hop: Hop
    deliveries: tuple[Delivery, ...]
    events: tuple[Event, ...]


BACKSCATTER = "stray notice: it is about no message that is known here"
"""The reply of a delivery that only a notice tells of, and that is no mail of ours."""
REFUSAL = "refusal"
"""Related is what another host of ours logged when it refused the mail."""


class Related(msgspec.Struct, frozen=True):
    """Another mail tied to a traced one."""

    why: str  # notice parent alias list-member same-message-id refusal
    row: Row


class Trace(msgspec.Struct, frozen=True):
    """One mail: the row asked for, its sibling recipients, the hops that carried it in order."""

    row: Row
    siblings: tuple[Row, ...]  # every recipient of the mail, the asked one included
    legs: tuple[Leg, ...]
    related: tuple[Related, ...]
    read_until_us: int | None = None  # how far the source of the row has been read
