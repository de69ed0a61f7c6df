"""Resend's webhooks: one JSON event a request, signed as Standard Webhooks (`svix-…` headers).

Source: resend.com/docs/webhooks/event-types and the page of each event (read 2026-11-22). The
time of the event is the outer `created_at`; the one in `data` is when the mail was made. An
event names everybody the mail is to, but not whom it is about: with more than one, only `sent`,
which is about the mail as a whole, is given a recipient.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from collectors.reported import Reason, Reported, Told
from collectors.webhooks.proving import password_or
from collectors.webhooks.reading import (
    address,
    first,
    json_items,
    metadata,
    part,
    plain_id,
    record,
    text,
    texts,
    time_us,
)
from collectors.webhooks.standard import proof
from collectors.webhooks.webhook import HookRequest, Item, Webhook
from tracer.model import Outcome

_TYPES = {
    "email.scheduled": Told.ACCEPTED,
    "email.sent": Told.SENT,
    "email.delivered": Told.DELIVERED,
    "email.delivery_delayed": Told.DEFERRED,
    "email.bounced": Told.BOUNCED,
    "email.suppressed": Told.REJECTED,
    "email.failed": Told.FAILED,
    "email.complained": Told.COMPLAINED,
    "email.opened": Told.OPENED,
    "email.clicked": Told.CLICKED,
    "email.received": Told.INBOUND,
}
_NOT_THEIRS = frozenset({"email.scheduled", "email.suppressed", "email.failed", "email.received"})
"""Words that django-anymail does not know."""
_SUBTYPES = {
    "MailboxFull": Reason.MAILBOX_FULL,
    "MessageTooLarge": Reason.TOO_LARGE,
    "ContentRejected": Reason.CONTENT,
    "AttachmentRejected": Reason.CONTENT,
    "NoEmail": Reason.INVALID,
}
_SUPPRESSED = ("Suppressed", "OnAccountSuppressionList")
_KINDS = {"Permanent": "hard", "Transient": "soft", "Undetermined": "undetermined"}
_PARTS = ("bounce", "failed", "suppressed", "delay")
Fields = Mapping[str, Any]


def _parse(item: Item, request: HookRequest) -> list[Reported]:
    event = record(item.value)
    word, data = text(event.get("type")), part(event, "data")
    told = _TYPES.get(word, Told.UNKNOWN)
    bounce, engaged = part(data, "bounce"), part(data, "click") or part(data, "open")
    headers = _headers(data)
    nonce = request.header("svix-id") or request.header("webhook-id")
    return [
        Reported(
            told=told,
            basic="unknown" if word in _NOT_THEIRS else "",
            subtype="/".join(filter(None, (word, text(bounce.get("subType"))))),
            recipient=_recipient(data, told),
            occurred_us=time_us(event.get("created_at")),
            message_id=plain_id(headers.get("message-id") or data.get("message_id")),
            provider_message_id=text(data.get("email_id")),
            provider_event_id=nonce + item.pointer if nonce else "",
            sender=address(data.get("from")),
            subject=text(data.get("subject")),
            **_refused(told, data, bounce),
            tags=_tags(headers),
            metadata=metadata(headers.get("x-metadata")) or metadata(data.get("tags")),
            click_url=text(engaged.get("link")),
            user_agent=text(engaged.get("userAgent")),
            ip=text(engaged.get("ipAddress")),
        )
    ]


def _refused(told: Told, data: Fields, bounce: Fields) -> dict[str, Any]:
    """What says why a mail was not delivered."""
    described = next((found for name in _PARTS if (found := part(data, name))), {})
    message = first(described, "message", "reason")
    reason, basic = _reason(told, bounce, message)
    return {
        "reason": reason.value if reason else "",
        "reason_basic": basic,
        "description": message,
        "reply": next(iter(texts(described.get("diagnosticCode"))), ""),
        "bounce_kind": _KINDS.get(text(bounce.get("type")), ""),
        "bounce_class": text(bounce.get("subType")),
        "outcome": Outcome.SUPPRESSED.value if reason is Reason.BLOCKED else "",
    }


def _reason(told: Told, bounce: Fields, message: str) -> tuple[Reason | None, str]:
    """Ours, and django-anymail's, which reads the words for people."""
    if told is Told.REJECTED:
        return Reason.BLOCKED, ""
    if told is not Told.BOUNCED or not bounce:
        return None, ""
    if "suppressed sending" in message or text(bounce.get("subType")) in _SUPPRESSED:
        return Reason.BLOCKED, ""
    basic = Reason.BOUNCED if "bounce message" in message else Reason.OTHER
    return _SUBTYPES.get(text(bounce.get("subType")), basic), basic.value


def _headers(data: Fields) -> dict[str, str]:
    listed = data.get("headers")
    named = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return {text(one.get("name")).lower(): text(one.get("value")) for one in named}


def _tags(headers: Mapping[str, str]) -> tuple[str, ...]:
    try:
        return texts(msgspec.json.decode(headers.get("x-tags", "[]")))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ()


def _recipient(data: Fields, told: Told) -> str:
    people = texts(data.get("to"))
    others = (*texts(data.get("cc")), *texts(data.get("bcc")))
    is_clear = len(people) + len(others) == 1 or told in (Told.SENT, Told.ACCEPTED)
    return address(people[0]) if people and is_clear else ""


WEBHOOK = Webhook(
    "resend", "Resend", password_or(proof), json_items, _parse, header="svix-signature"
)
