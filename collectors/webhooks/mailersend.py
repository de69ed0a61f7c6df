"""MailerSend's webhooks: one JSON event a request, in either of its two forms.

Source: developers.mailersend.com/api/v1/webhooks.html (read 2026-11-22). Signed is the raw body:
HMAC-SHA256 in hex digits. The older form has the mail under `data.email` and what is special
under `data.morph`; the newer is flat, with `data.meta`, and its `data.type` is the mail's state,
not the event. On the wire the mail has the Message-ID `<ID@mailersend.net>`, ID being
`data.email.id` or `data.email_id`; its relay answers with the id of the message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from collectors.reported import Reason, Reported, Told
from collectors.webhooks.proving import password_or, signed_body
from collectors.webhooks.reading import (
    first,
    json_items,
    part,
    record,
    text,
    texts,
    time_us,
)
from collectors.webhooks.webhook import HookRequest, Item, Webhook

_SIGNATURE = "signature"
_TRIAL = "webhook.test"
_TYPES = {
    "sent": Told.SENT,
    "delivered": Told.DELIVERED,
    "deferred": Told.DEFERRED,
    "soft_bounced": Told.BOUNCED,
    "hard_bounced": Told.BOUNCED,
    "suppressed": Told.REJECTED,
    "opened": Told.OPENED,
    "opened_unique": Told.OPENED,
    "clicked": Told.CLICKED,
    "clicked_unique": Told.CLICKED,
    "unsubscribed": Told.UNSUBSCRIBED,
    "spam_complaint": Told.COMPLAINED,
    "spam_complaints": Told.COMPLAINED,
    "inbound": Told.INBOUND,
}
_NOT_THEIRS = frozenset({"opened_unique", "clicked_unique", "inbound"})
"""Words that django-anymail does not know."""
_REASONS = {
    Told.BOUNCED: Reason.BOUNCED,
    Told.REJECTED: Reason.BLOCKED,
    Told.UNSUBSCRIBED: Reason.UNSUBSCRIBED,
    Told.COMPLAINED: Reason.SPAM,
}
_KINDS = {"hard_bounced": "hard", "soft_bounced": "soft"}
_WHY = ("bounce_reason", "reject_reason", "suppression_reason", "unsubscribe_reason")
Fields = Mapping[str, Any]


def _parse(item: Item, _request: HookRequest) -> list[Reported]:
    event = record(item.value)
    kind, data = text(event.get("type")), part(event, "data")
    if kind == _TRIAL:
        return []
    word = _word(kind, text(data.get("type")))
    told = _TYPES.get(word, Told.UNKNOWN)
    reason = _REASONS.get(told)
    special = _nested(data) if isinstance(data.get("email"), dict) else _flat(event, data)
    return [
        Reported(
            told=told,
            basic="unknown" if word in _NOT_THEIRS else "",
            subtype=kind or word,
            provider_event_id=text(data.get("id")),
            reason=reason.value if reason else "",
            bounce_kind=_KINDS.get(word, ""),
            **special,
        )
    ]


def _word(kind: str, state: str) -> str:
    """What happened: in the newer form `data.type` tells only what became of the mail so far."""
    family, _, word = kind.partition(".")
    if family == "inbound":
        return family
    return word if word in _TYPES else state or word


def _nested(data: Fields) -> dict[str, Any]:
    """The older form."""
    email, special = part(data, "email"), part(data, "morph")
    email_id = text(email.get("id"))
    return {
        "recipient": text(part(email, "recipient").get("email")),
        "occurred_us": time_us(data.get("created_at")),
        "provider_message_id": text(part(email, "message").get("id")),
        "provider_ids": {"email_id": email_id} if email_id else {},
        "wire_ids": (f"{email_id}@mailersend.net",) if email_id else (),
        "sender": text(email.get("from")),
        "subject": text(email.get("subject")),
        "description": first(special, "readable_reason", "reason"),
        "tags": texts(email.get("tags")),
        "click_url": text(special.get("url")),
        "user_agent": text(special.get("user_agent")),
        "ip": text(special.get("ip")),
    }


def _flat(event: Fields, data: Fields) -> dict[str, Any]:
    """The newer form."""
    special, email_id = part(data, "meta"), text(data.get("email_id"))
    return {
        "recipient": first(data, "recipient", "email"),
        "occurred_us": time_us(event.get("created_at")),
        "provider_message_id": text(data.get("message_id")),
        "provider_ids": {"email_id": email_id} if email_id else {},
        "wire_ids": (f"{email_id}@mailersend.net",) if email_id else (),
        "sender": text(data.get("from")),
        "subject": text(data.get("subject")),
        "description": first(special, *_WHY),
        "reply": text(special.get("bounce_code")),
        "tags": texts(data.get("tags")),
        "click_url": text(special.get("url")),
        "user_agent": text(special.get("user_agent")),
        "ip": text(special.get("ip")),
    }


WEBHOOK = Webhook(
    "mailersend", "MailerSend", password_or(signed_body(_SIGNATURE)), json_items, _parse,
    parser=2, header=_SIGNATURE,
)  # fmt: skip
