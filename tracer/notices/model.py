"""What a notice says: a bounce message, a delay warning, a complaint, an automatic reply.

Absent text is "", absent times are None; times are microseconds UTC, as everywhere.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tracer.model import Outcome


class NoticeKind(StrEnum):
    """What a message is about."""

    FAILURE = "failure"  # somebody did not get the message (RFC 3464 action failed)
    DELAY = "delay"  # not yet; it is tried again
    SUCCESS = "success"  # delivered, relayed or expanded: somebody asked to be told
    COMPLAINT = "complaint"  # a recipient pressed "this is spam" (ARF, RFC 5965)
    AUTO_REPLY = "auto-reply"  # vacation, out of office, ticket opened (RFC 3834)
    CHALLENGE = "challenge"  # the sender is to prove that they are a person
    RECEIPT = "receipt"  # the message was shown to its reader (RFC 8098)
    MESSAGE = "message"  # ordinary mail or its headers
    NOTHING = "nothing"  # neither headers nor the words of a notice


class Action(StrEnum):
    """What a reporting server did for one recipient (RFC 3464, 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


class NoticeRecipient(msgspec.Struct, frozen=True):
    """What a notice says of one recipient.

    `reply` is the diagnostic as the notice has it, unfolded, with the words of the human
    part where those say more; `diagnostic_type` is "smtp", "x-postfix", "x-unix" …
    """

    recipient: str
    original_recipient: str = ""
    action: Action = Action.FAILED
    status: str = ""  # RFC 3463
    diagnostic_type: str = ""
    reply: str = ""
    remote_mta: str = ""
    last_attempt_us: int | None = None
    retry_until_us: int | None = None

    @property
    def outcome(self) -> Outcome:
        """The outcome in our vocabulary; a failure of class 4 means that trying ended."""
        if self.action is Action.FAILED and self.status.startswith("4."):
            return Outcome.EXPIRED
        return _OUTCOMES[self.action]


_OUTCOMES = {
    Action.FAILED: Outcome.BOUNCED,
    Action.DELAYED: Outcome.DEFERRED,
    Action.DELIVERED: Outcome.DELIVERED,
    Action.RELAYED: Outcome.RELAYED,
    Action.EXPANDED: Outcome.EXPANDED,
}


class Headers(msgspec.Struct, frozen=True):
    """The headers of a message that people look for; encoded words are decoded."""

    message_id: str = ""  # without < >
    sender: str = ""  # address of From
    recipients: tuple[str, ...] = ()  # addresses of To
    subject: str = ""
    date_us: int | None = None
    queue_ids: tuple[str, ...] = ()  # that the servers in Received gave it, newest first


class Complaint(msgspec.Struct, frozen=True):
    """The particulars of a feedback report (RFC 5965)."""

    feedback_type: str = "abuse"
    reporter: str = ""  # domain or name of who sent the report
    source_ip: str = ""
    arrival_us: int | None = None


class TrailHop(msgspec.Struct, frozen=True):
    """One Received header: `by` took the message from `client` (name, then address)."""

    by: str
    client: str = ""
    ip: str = ""
    protocol: str = ""
    queue_id: str = ""
    recipient: str = ""
    at_us: int | None = None
    delay_s: float | None = None  # after the hop before it; negative when clocks differ


class Notice(msgspec.Struct, frozen=True):
    """What a message says about another one, or, if it is no notice, what its headers say.

    `headers` are its own, `returned` those of the message it is about. `queue_ids` are
    those that the reporting server gave the message. `verp`: the recipient that the
    address of the notice was made of ("bounce+anna=corp.example@list.example").
    `hints` are words of `tracer.notices.limits` about what was left out.
    """

    kind: NoticeKind
    headers: Headers = Headers()
    returned: Headers = Headers()
    reporting_mta: str = ""
    envelope_id: str = ""
    queue_ids: tuple[str, ...] = ()
    arrival_us: int | None = None
    recipients: tuple[NoticeRecipient, ...] = ()
    complaint: Complaint | None = None
    verp: str = ""
    trail: tuple[TrailHop, ...] = ()  # the way of the message itself, oldest hop first
    text: str = ""  # the human part, cut
    has_report: bool = False  # it was read from fields for machines, not guessed from prose
    hints: tuple[str, ...] = ()

    @property
    def message_ids(self) -> tuple[str, ...]:
        """The Message-IDs that the message it is about may have."""
        own = self.headers.message_id if self.kind is NoticeKind.MESSAGE else ""
        return tuple(one for one in (self.returned.message_id, own) if one)
