"""Mailtrap's webhooks: `{"events": […]}`, or one JSON event a line (JSON Lines).

Source: docs.mailtrap.io/email-api-smtp/advanced/webhooks and help.mailtrap.io, "Statuses and
events" (read 2026-11-22). Signed is the raw body, HMAC-SHA256 in hex digits; accounts from
before there were signatures use a password. After a `soft bounce` and a `suspension` Mailtrap
tries again by itself.
"""

from __future__ import annotations

from typing import Any

from collectors.reported import Reason, Reported, Told
from collectors.webhooks.proving import password_or, signed_body
from collectors.webhooks.reading import (
    Unreadable,
    epoch_us,
    json_body,
    listed,
    metadata,
    number,
    record,
    same_words,
    text,
    texts,
)
from collectors.webhooks.webhook import HookRequest, Item, Webhook

_SIGNATURE = "mailtrap-signature"
_LINES = ("application/jsonl", "application/x-ndjson", "application/x-jsonlines")
_TYPES: dict[str, tuple[Told, Reason | None]] = {
    "delivery": (Told.DELIVERED, None),
    "open": (Told.OPENED, None),
    "click": (Told.CLICKED, None),
    "bounce": (Told.BOUNCED, Reason.BOUNCED),
    "soft bounce": (Told.DEFERRED, Reason.OTHER),
    "suspension": (Told.DEFERRED, Reason.OTHER),
    "reject": (Told.REJECTED, Reason.BLOCKED),
    "spam": (Told.COMPLAINED, Reason.SPAM),
    "unsubscribe": (Told.UNSUBSCRIBED, Reason.UNSUBSCRIBED),
}


def _split(request: HookRequest) -> list[Item]:
    if request.media_type in _LINES:
        return _lines(request.body)
    body = json_body(request.body)
    if isinstance(body, dict) and "event" not in body:
        return listed(body.get("events", []), "/events")
    return listed(body, "")


def _lines(body: bytes) -> list[Item]:
    """A line each; one that cannot be read is its own dead letter."""
    found = [line for line in body.splitlines() if line.strip()]
    return [Item(f"/{n}", _value(line)) for n, line in enumerate(found)]


def _value(line: bytes) -> Any:
    try:
        return json_body(line)
    except Unreadable:
        return line.decode("utf-8", "replace")


def _parse(item: Item, _request: HookRequest) -> list[Reported]:
    event = record(item.value)
    word = text(event.get("event"))
    told, reason = _TYPES.get(same_words(word), (Told.UNKNOWN, None))
    is_inbound = word.startswith("inbound")
    attached = metadata(event.get("custom_variables"))
    return [
        Reported(
            told=Told.INBOUND if is_inbound else told,
            subtype=word,
            recipient=text(event.get("email")),
            occurred_us=epoch_us(event.get("timestamp"), per_second=1000 if is_inbound else 1),
            provider_message_id=text(event.get("message_id")),
            provider_event_id=text(event.get("event_id")),
            reason=reason.value if reason else "",
            reply=text(event.get("response")),
            description=text(event.get("reason")),
            smtp_code=number(event.get("response_code")),
            bounce_kind="hard" if told is Told.BOUNCED else "",
            bounce_class=text(event.get("bounce_category")),
            tags=texts(event.get("category")),
            metadata=attached,
            click_url=text(event.get("url")),
            user_agent=text(event.get("user_agent")),
            ip=text(event.get("ip")),
        )
    ]


WEBHOOK = Webhook(
    "mailtrap", "Mailtrap", password_or(signed_body(_SIGNATURE)), _split, _parse,
    header=_SIGNATURE,
)  # fmt: skip
