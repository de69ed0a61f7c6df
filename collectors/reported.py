"""What another system reported about one message: one normalised record, and its event.

Providers' webhooks and delivery notices tell of a stay in a queue that we never read the log
of. Each thing they say becomes a `Reported`, whatever its first shape was. It is kept in the
hop like a log line: program `webhook/NAME`, text = the record as JSON. `parse` reads it back,
so the rest of the program sees one more log format and nothing else.

A hop of this kind is *foreign*: its host is the name of the source, its queue id the
provider's id of the message. It is tied to the hop that handed over by names in
`from_queue_ids` (tracer/legs.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from hashlib import blake2b
from typing import Any

import msgspec

from tracer.legs import UNTOLD, named
from tracer.model import Event, EventKind, LogLine, Outcome
from tracer.relay_ids import of_wire_id

PROGRAMS = ("webhook/", "notice/", "report/")
"""Begin the program names whose lines are records."""


class Told(StrEnum):
    """What was reported; the order is that of a mail's life."""

    ACCEPTED = "accepted"  # the provider has it and will try
    SENT = "sent"  # it is on its way
    HELD = "held"
    DEFERRED = "deferred"
    FILTERED = "filtered"  # put into Junk
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    REJECTED = "rejected"  # not tried: suppressed, or refused by the provider
    FAILED = "failed"  # the provider could not make or send it
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    SUBSCRIBED = "subscribed"
    AUTORESPONDED = "autoresponded"
    OPENED = "opened"
    CLICKED = "clicked"
    INBOUND = "inbound"
    UNKNOWN = "unknown"  # the provider's own word is in `subtype`


class Reason(StrEnum):
    """Why it was refused."""

    INVALID = "invalid"
    BOUNCED = "bounced"
    TIMED_OUT = "timed_out"
    BLOCKED = "blocked"
    SPAM = "spam"
    UNSUBSCRIBED = "unsubscribed"
    OTHER = "other"
    MAILBOX_FULL = "mailbox_full"
    POLICY = "policy"
    REPUTATION = "reputation"
    CONTENT = "content"
    AUTH_FAILED = "auth_failed"
    DNS = "dns"
    RELAY_DENIED = "relay_denied"
    GREYLISTED = "greylisted"
    TOO_LARGE = "too_large"


BASIC_TYPES = {Told.ACCEPTED: "queued", Told.HELD: "queued", Told.FILTERED: "unknown"}
"""The words of django-anymail where they are not ours."""
BASIC_REASONS = {
    Reason.MAILBOX_FULL: "bounced", Reason.POLICY: "blocked", Reason.REPUTATION: "blocked",
    Reason.CONTENT: "spam", Reason.AUTH_FAILED: "blocked", Reason.DNS: "bounced",
    Reason.RELAY_DENIED: "blocked", Reason.GREYLISTED: "other", Reason.TOO_LARGE: "bounced",
}  # fmt: skip

_OUTCOMES = {
    Told.ACCEPTED: Outcome.PENDING,
    Told.SENT: Outcome.PENDING,
    Told.HELD: Outcome.QUARANTINED,
    Told.DEFERRED: Outcome.DEFERRED,
    Told.FILTERED: Outcome.JUNKED,
    Told.DELIVERED: Outcome.DELIVERED,
    Told.BOUNCED: Outcome.BOUNCED,
    Told.FAILED: Outcome.BOUNCED,
}
_KINDS = {
    Told.COMPLAINED: EventKind.COMPLAINED,
    Told.OPENED: EventKind.OPENED,
    Told.CLICKED: EventKind.CLICKED,
}
_SUPPRESSED = frozenset({Reason.BOUNCED, Reason.UNSUBSCRIBED, Reason.SPAM})
_TRIED = frozenset({Told.DEFERRED, Told.DELIVERED, Told.BOUNCED})
NO_OUTCOME = "-"
"""As `outcome` of a record: a remark on the mail, which decides nothing of its delivery."""
_TUNNELLED = ("mid", "message_id", "message-id", "messageid", "rfc_message_id", "rfc-message-id")


class Reported(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing reported about one message and one recipient.

    `occurred_us` is the time of the thing itself, not of the request that told it. Absent
    text is "", absent numbers and times None. `basic` and `reason_basic` are given only
    where django-anymail uses another word for this payload than the tables above say.
    """

    told: Told
    subtype: str = ""  # the provider's own word: "bounce/blocked"
    recipient: str = ""
    occurred_us: int | None = None
    message_id: str = ""  # RFC 5322, without < >
    envelope_id: str = ""  # RFC 3461, ENVID: what the sending server called it, often its queue id
    provider_message_id: str = ""
    provider_event_id: str = ""
    provider_ids: dict[str, str] = {}
    wire_ids: tuple[str, ...] = ()  # Message-IDs the provider gave the mail when it sent it on
    sender: str = ""
    subject: str = ""
    size: int | None = None
    reason: str = ""  # Reason
    reply: str = ""  # what the next server said, whole
    description: str = ""
    relay: str = ""  # next host: name, address or both
    smtp_code: int | None = None
    enhanced: str = ""  # RFC 3463
    bounce_kind: str = ""  # hard soft out_of_band undetermined
    bounce_class: str = ""  # the provider's
    attempt: int | None = None
    tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = {}
    click_url: str = ""
    user_agent: str = ""
    ip: str = ""
    is_machine: bool | None = None  # opened or clicked by a program
    outcome: str = ""  # Outcome, where the type alone does not say it
    basic: str = ""
    reason_basic: str = ""


_LONGEST = 4_000  # characters of a text that is kept in the hop
_LONGEST_ID = 500
_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(Reported).decode
_CODE = re.compile(r"(?:^|[\s;:(\[])([245]\d\d)(?=[\s\-:]|$)")
_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_QUEUED_AS = re.compile(r"queued as <?([A-Za-z0-9_.@-]{5,100}[A-Za-z0-9])>?", re.IGNORECASE)


def smtp_code(reported: Reported) -> int | None:
    """The SMTP reply code: given, or read from the reply."""
    if reported.smtp_code is not None:
        return reported.smtp_code
    found = _CODE.search(reported.reply)
    return int(found[1]) if found else None


def enhanced(reported: Reported) -> str:
    """The enhanced status (RFC 3463): given, or read from the reply."""
    found = _ENHANCED.search(reported.enhanced) or _ENHANCED.search(reported.reply)
    return found[1] if found else ""


def basic_type(reported: Reported) -> str:
    """The word of django-anymail for what was reported."""
    return reported.basic or BASIC_TYPES.get(reported.told, reported.told.value)


def basic_reason(reported: Reported) -> str:
    """The word of django-anymail for the reason, "" for none."""
    if reported.reason_basic or not reported.reason:
        return reported.reason_basic
    reason = Reason(reported.reason) if reported.reason in set(Reason) else Reason.OTHER
    return BASIC_REASONS.get(reason, reason.value)


def fingerprint(reported: Reported, provider: str, *, day: str = "") -> str:
    """32 hex digits: equal for the same thing told twice, whatever id or request it came with.

    `day` stands in for the time where the record has none.
    """
    r = reported
    at = str(r.occurred_us) if r.occurred_us is not None else day
    said = (
        provider, r.told, r.subtype, r.provider_message_id or r.message_id, r.recipient.lower(), at,
        r.reply, r.click_url, r.user_agent, r.ip,
    )  # fmt: skip
    return blake2b("\0".join(said).encode("utf-8", "replace"), digest_size=16).hexdigest()


def line_of(reported: Reported, program: str, source: str, received_us: int) -> LogLine:
    """The record as the line that is kept of it.

    Left out is what differs when the same thing is told again (the provider's ids) and
    what is long and says nothing of the way (tags, metadata): the receipt has all of it.
    `program` begins with one of PROGRAMS; a record without a time takes that of its arrival.
    """
    kept = msgspec.structs.replace(
        reported,
        provider_event_id="",
        provider_ids={},
        message_id=plain_id(reported.message_id) or _tunnelled(reported.metadata),
        metadata={},
        tags=(),
        reply=reported.reply[:_LONGEST],
        description=reported.description[:_LONGEST],
        click_url=reported.click_url[:_LONGEST],
        user_agent=reported.user_agent[:_LONGEST],
    )
    at_us = received_us if reported.occurred_us is None else reported.occurred_us
    return LogLine(at_us, source, program, "", _encode(kept).decode(), "", source)


def claims(program: str) -> bool:
    """Whether lines of this program are records."""
    return program.startswith(PROGRAMS)


def parse(line: LogLine) -> list[Event]:
    """The event that a kept record tells; [] if the line is none. Never raises."""
    try:
        reported = _decode(line.text)
    except (msgspec.DecodeError, RecursionError):
        return []
    return [event_of(reported, line)]


def told_by(text: str) -> Told | None:
    """What the record that a line's text holds tells; None if it is none."""
    try:
        return _decode(text).told
    except (msgspec.DecodeError, RecursionError):
        return None


def event_of(reported: Reported, line: LogLine) -> Event:
    """The event of a record that was kept as `line`."""
    r = reported
    message_id = plain_id(r.message_id) or _tunnelled(r.metadata)
    return Event(
        _KINDS.get(r.told, EventKind.REPORTED), line.at_us, line.host, queue_id(r, message_id),
        line.program, line.pid, line.text, line.source,
        message_id=message_id, subject=r.subject, sender=r.sender, recipient=r.recipient,
        relay=r.relay, outcome=_outcome(r), status=enhanced(r), reply=r.reply or r.description,
        size=r.size, repeats=1 if r.told in _TRIED and r.outcome != NO_OUTCOME else 0,
        next_queue_ids=_next_ids(r), from_queue_ids=_names(r, message_id),
    )  # fmt: skip


def queue_id(reported: Reported, message_id: str) -> str:
    """The name of the foreign hop: the provider's id, else the Message-ID, else the record's."""
    found = reported.provider_message_id or message_id
    plain = "_".join(found.replace("/", "_").split())[:_LONGEST_ID]
    return plain or f"REPORT-{fingerprint(reported, '')[:16]}"


def plain_id(message_id: str) -> str:
    """A Message-ID without brackets and blanks."""
    plain = message_id.strip().removeprefix("<").removesuffix(">")
    return "".join(plain.split())[:_LONGEST_ID]


def _outcome(r: Reported) -> Outcome | None:
    if r.outcome == NO_OUTCOME:
        return None
    if r.outcome:
        return Outcome(r.outcome) if r.outcome in set(Outcome) else Outcome.UNKNOWN
    if r.told is Told.REJECTED:
        return Outcome.SUPPRESSED if r.reason in _SUPPRESSED else Outcome.REJECTED
    return _OUTCOMES.get(r.told)


def _next_ids(r: Reported) -> tuple[str, ...]:
    """Names the mail goes on under: the id in the next server's reply, the wire's Message-ID."""
    if r.told is not Told.DELIVERED:
        return ()
    found = _QUEUED_AS.findall(r.reply)[-1:]
    wire = [named(plain_id(wire_id)) for wire_id in r.wire_ids]
    return (*found, *(name for name in wire if name))


def _names(reported: Reported, message_id: str) -> tuple[str, ...]:
    """The names by which the hop that handed over is found.

    A notice or a complaint may know only the Message-ID that a provider made: in it is the id
    that the provider's relay told our log.
    """
    own = named(message_id) or UNTOLD
    more = (named(reported.envelope_id), of_wire_id(message_id))
    return (own, *(name for name in more if name))


def _tunnelled(metadata: Mapping[str, Any]) -> str:
    """A Message-ID that the sender put into the provider's metadata for us."""
    for name, value in metadata.items():
        if name.lower() in _TUNNELLED and isinstance(value, str) and "@" in value:
            return plain_id(value)
    return ""
