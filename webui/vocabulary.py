"""Outcomes, directions, events and protections in words, with the glyph and tone of each.

The key of an outcome is what is typed in `status:` in every language.
"""

from __future__ import annotations

from flask_babel import LazyString, lazy_gettext, lazy_pgettext

from tracer.model import FAILED, EventKind, Outcome

_ = lazy_gettext

TONES = {
    Outcome.DELIVERED: "good", Outcome.RELAYED: "good",
    Outcome.PENDING: "wait", Outcome.DEFERRED: "wait", Outcome.JUNKED: "wait",
    Outcome.QUARANTINED: "wait", Outcome.DISCARDED: "wait",
    Outcome.EXPANDED: "mute", Outcome.REMOVED: "mute", Outcome.UNKNOWN: "mute",
} | dict.fromkeys(FAILED, "bad")  # fmt: skip

WORDS: dict[Outcome, LazyString] = {
    Outcome.PENDING: _("pending"),
    Outcome.DEFERRED: _("deferred"),
    Outcome.DELIVERED: _("delivered"),
    Outcome.RELAYED: _("relayed"),
    Outcome.JUNKED: _("junked"),
    Outcome.QUARANTINED: _("quarantined"),
    Outcome.DISCARDED: _("discarded"),
    Outcome.EXPANDED: _("expanded"),
    Outcome.BOUNCED: _("bounced"),
    Outcome.EXPIRED: _("expired"),
    Outcome.REJECTED: _("rejected"),
    Outcome.SUPPRESSED: _("suppressed"),
    Outcome.REMOVED: _("removed"),
    Outcome.UNKNOWN: _("unknown"),
}

MEANINGS: dict[Outcome, LazyString] = {
    Outcome.PENDING: _("in the queue, not tried yet"),
    Outcome.DEFERRED: _("tried, and will be tried again"),
    Outcome.DELIVERED: _("stored in a mailbox"),
    Outcome.RELAYED: _("accepted by the next server, whose mailboxes we cannot see"),
    Outcome.JUNKED: _("delivered to the Junk folder"),
    Outcome.QUARANTINED: _("held until a person decides"),
    Outcome.DISCARDED: _("dropped by a rule after we had accepted it"),
    Outcome.EXPANDED: _("replaced by other recipients, which are linked"),
    Outcome.BOUNCED: _("refused for good after we had accepted it"),
    Outcome.EXPIRED: _("given up after too long a time of trying"),
    Outcome.REJECTED: _("refused before we accepted it"),
    Outcome.SUPPRESSED: _("not tried, because the address is on a suppression list"),
    Outcome.REMOVED: _("deleted from the queue by an administrator"),
    Outcome.UNKNOWN: _("no final event was seen"),
}

DIRECTIONS: dict[str, LazyString] = {
    "inbound": lazy_pgettext("direction", "inbound"),
    "outbound": lazy_pgettext("direction", "outbound"),
    "relayed": lazy_pgettext("direction", "relayed"),
    "internal": lazy_pgettext("direction", "internal"),
}

EVENTS: dict[EventKind, LazyString] = {
    EventKind.RECEIVED: _("receive"),
    EventKind.IDENTIFIED: _("identify"),
    EventKind.FILTERED: _("filter"),
    EventKind.QUEUED: _("queue"),
    EventKind.HELD: _("hold"),
    EventKind.RELEASED: _("release"),
    EventKind.ATTEMPT: _("attempt"),
    EventKind.REPORTED: _("report"),
    EventKind.COMPLAINED: _("complaint"),
    EventKind.OPENED: _("opened"),
    EventKind.CLICKED: _("clicked"),
    EventKind.REJECTED: _("reject"),
    EventKind.EXPIRED: _("expire"),
    EventKind.NOTIFIED: _("notice"),
    EventKind.REMOVED: _("remove"),
    EventKind.UNKNOWN: _("other"),
}

SOURCE_KINDS: dict[str, LazyString] = {
    "file": _("file"),
    "webhook": _("webhook"),
    "shipper": _("log shipper"),
    "api": _("event API"),
}

RELATIONS: dict[str, LazyString] = {
    "notice": _("the notice about this message"),
    "parent": _("the message this one came from"),
    "alias": _("sent on to this address"),
    "reported": _("the message that this report is about"),
    "list-member": _("sent to a member of the list"),
    "same-message-id": _("same Message-ID"),
    "probable": _("probably the same message, told by another source"),
    "refusal": _("the refusal, in the log of our own server"),
}


def tls_word(tls: str) -> str:
    """As people write it: "TLS 1.3" for "TLSv1.3"."""
    return tls.replace("TLSv", "TLS ")
