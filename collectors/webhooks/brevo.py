"""Brevo's transactional webhooks: one event, or a list where batching is on.

Source: developers.brevo.com/docs/transactional-webhooks (read 2026-11-22). Not signed: a
password, a token or a header of one's own. Brevo discards an event for good on any status but
2xx and 429, so being busy is 429. Only `ts_epoch` (milliseconds) is in UTC; the other times are
in the account's zone. There is no id of the event.
"""

from __future__ import annotations

from typing import Any

from collectors.reported import Reason, Reported, Told
from collectors.webhooks.proving import password
from collectors.webhooks.reading import (
    Unreadable,
    epoch_us,
    json_items,
    metadata,
    plain_id,
    record,
    same_words,
    text,
    texts,
)
from collectors.webhooks.webhook import HookRequest, Item, Webhook

_TYPES: dict[str, tuple[Told, Reason | None]] = {
    "request": (Told.ACCEPTED, None),
    "sent": (Told.ACCEPTED, None),
    "delivered": (Told.DELIVERED, None),
    "hard bounce": (Told.BOUNCED, Reason.BOUNCED),
    "soft bounce": (Told.BOUNCED, Reason.BOUNCED),
    "blocked": (Told.REJECTED, Reason.BLOCKED),
    "spam": (Told.COMPLAINED, Reason.SPAM),
    "complaint": (Told.COMPLAINED, Reason.SPAM),
    "invalid email": (Told.BOUNCED, Reason.INVALID),
    "invalid": (Told.BOUNCED, Reason.INVALID),
    "deferred": (Told.DEFERRED, None),
    "error": (Told.FAILED, None),
    "opened": (Told.OPENED, None),
    "unique opened": (Told.OPENED, None),
    "proxy open": (Told.OPENED, None),
    "unique proxy open": (Told.OPENED, None),
    "click": (Told.CLICKED, None),
    "unsubscribe": (Told.UNSUBSCRIBED, None),
    "unsubscribed": (Told.UNSUBSCRIBED, None),
    "list addition": (Told.SUBSCRIBED, None),
}
_NOT_THEIRS = frozenset({"sent", "invalid", "unsubscribed"})
"""Words that django-anymail does not know."""
_MILLISECONDS = 100_000_000_000  # a smaller number is seconds, as in one of Brevo's examples


def _parse(item: Item, _request: HookRequest) -> list[Reported]:
    event = record(item.value)
    if "items" in event:
        raise Unreadable("this is Brevo's inbound webhook, not the transactional one")
    word = same_words(text(event.get("event")))
    told, reason = _TYPES.get(word, (Told.UNKNOWN, None))
    is_open = told in (Told.OPENED, Told.CLICKED)
    return [
        Reported(
            told=told,
            basic="unknown" if word in _NOT_THEIRS else "",
            subtype=text(event.get("event")),
            recipient=text(event.get("email")),
            occurred_us=_occurred(event),
            message_id=plain_id(event.get("message-id")),
            provider_ids={"id": text(event.get("id"))} if text(event.get("id")) else {},
            subject=text(event.get("subject")),
            reason=reason.value if reason else "",
            reply=text(event.get("reason")),
            bounce_kind=_kind(word),
            tags=texts(event["tags"] if "tags" in event else event.get("tag")),
            metadata=metadata(event.get("X-Mailin-custom")),
            click_url=text(event.get("link")),
            user_agent=text(event.get("user_agent")),
            ip=text(event.get("ip")),
            is_machine="proxy" in word if is_open else None,
        )
    ]


def _occurred(event: Any) -> int | None:
    told = event.get("ts_epoch")
    is_seconds = isinstance(told, int | float) and told < _MILLISECONDS
    found = epoch_us(told, per_second=1 if is_seconds else 1000)
    return found if found is not None else epoch_us(event.get("ts_event"))


def _kind(word: str) -> str:
    kinds = {"hard bounce": "hard", "invalid email": "hard", "invalid": "hard"}
    return "soft" if word == "soft bounce" else kinds.get(word, "")


WEBHOOK = Webhook("brevo", "Brevo", password, json_items, _parse, busy=429, needs="")
