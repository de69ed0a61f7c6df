"""An event that a program of one's own sends, in the words of our own records.

The door for senders without a provider: the object has the fields of the receipts API
(`event_type`, `recipient`, `occurred_at`, `rfc_message_id`, …), in an object of its own or under
`data`. A word that is not known makes the event `unknown`, never an error.
"""

from __future__ import annotations

from typing import Any

from collectors.reported import Reason, Reported, Told
from collectors.webhooks.reading import (
    Unreadable,
    epoch_us,
    first,
    metadata,
    number,
    part,
    plain_id,
    record,
    text,
    texts,
    time_us,
)

_SYNONYMS = {
    "queued": Told.ACCEPTED,
    "processed": Told.ACCEPTED,
    "delivery": Told.DELIVERED,
    "bounce": Told.BOUNCED,
    "dropped": Told.REJECTED,
    "suppressed": Told.REJECTED,
    "complaint": Told.COMPLAINED,
    "open": Told.OPENED,
    "click": Told.CLICKED,
    "delayed": Told.DEFERRED,
    "delivery_delayed": Told.DEFERRED,
    "unsubscribe": Told.UNSUBSCRIBED,
}


def told_of(word: str) -> Told:
    """What a word tells: `delivered`, `email.delivered`, `com.example.message.bounce`."""
    last = word.lower().rpartition(".")[2].replace("-", "_")
    return Told(last) if last in set(Told) else _SYNONYMS.get(last, Told.UNKNOWN)


def reported(
    value: Any, word: str = "", *, event_id: str = "", occurred_us: int | None = None
) -> Reported:
    """The record in an object; `word`, `event_id` and the time stand in where it has none.

    Raises Unreadable if it is no object, or tells neither what happened nor to whom.
    """
    fields = record(value)
    said = first(fields, "event_type", "event", "type") or word
    recipient = first(fields, "recipient", "email", "to")
    if not said and not recipient:
        raise Unreadable("neither event_type nor recipient")
    smtp, at = part(fields, "smtp"), _occurred(fields)
    reason = first(fields, "reject_reason")
    return Reported(
        told=told_of(said),
        subtype=said,
        recipient=recipient,
        occurred_us=occurred_us if at is None else at,
        message_id=plain_id(first(fields, "rfc_message_id", "message_id", "message-id")),
        provider_message_id=first(fields, "provider_message_id", "queue_id"),
        provider_event_id=first(fields, "provider_event_id", "event_id") or event_id,
        sender=first(fields, "sender", "from"),
        subject=text(fields.get("subject")),
        size=number(fields.get("size")),
        reason=reason if reason in set(Reason) else (Reason.OTHER.value if reason else ""),
        reply=first(fields, "mta_response", "response") or text(smtp.get("text")),
        description=text(fields.get("description")),
        relay=text(fields.get("relay")),
        smtp_code=number(smtp.get("code")),
        enhanced=text(smtp.get("enhanced")),
        tags=texts(fields.get("tags")),
        metadata=metadata(fields.get("metadata")),
        click_url=first(fields, "click_url", "url"),
        user_agent=text(fields.get("user_agent")),
    )


def _occurred(fields: Any) -> int | None:
    for name in ("occurred_at", "timestamp", "time"):
        at = time_us(fields.get(name))
        at = epoch_us(fields.get(name)) if at is None else at
        if at is not None:
            return at
    return None
