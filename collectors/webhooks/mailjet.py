"""Mailjet's Event API: one JSON event, or a list where events are grouped.

Source: dev.mailjet.com/email/guides/webhooks and documentation.mailjet.com, "Event Tracking
API" (read 2026-11-22). Not signed: a password in the address. `sent` means that the next
server took it. There is no id of the event and no Message-ID: a `CustomID` in angle brackets,
or a Message-ID in the `Payload`, stands in for it.
"""

from __future__ import annotations

from typing import Any

from collectors.reported import Reason, Reported, Told
from collectors.webhooks.proving import password
from collectors.webhooks.reading import (
    epoch_us,
    first,
    json_items,
    metadata,
    plain_id,
    record,
    same_words,
    text,
    texts,
)
from collectors.webhooks.webhook import HookRequest, Item, Webhook

_TYPES = {
    "sent": Told.DELIVERED,
    "open": Told.OPENED,
    "click": Told.CLICKED,
    "bounce": Told.BOUNCED,
    "blocked": Told.REJECTED,
    "spam": Told.COMPLAINED,
    "unsub": Told.UNSUBSCRIBED,
}
_ERRORS = {  # ours, django-anymail's where it is another
    "user unknown": (Reason.INVALID, "bounced"),
    "mailbox inactive": (Reason.INVALID, "bounced"),
    "quota exceeded": (Reason.MAILBOX_FULL, ""),
    "blacklisted": (Reason.BLOCKED, ""),
    "spam reporter": (Reason.SPAM, ""),
    "invalid domain": (Reason.DNS, ""),
    "no mail host": (Reason.DNS, ""),
    "relay/access denied": (Reason.RELAY_DENIED, "bounced"),
    "greylisted": (Reason.GREYLISTED, ""),
    "typofix": (Reason.INVALID, ""),
    "sender blocked": (Reason.REPUTATION, ""),
    "content blocked": (Reason.CONTENT, "blocked"),
    "policy issue": (Reason.POLICY, ""),
    "preblocked": (Reason.BLOCKED, ""),
}
_IDS = ("Message_GUID", "CustomID")


def _parse(item: Item, _request: HookRequest) -> list[Reported]:
    event = record(item.value)
    word, error = text(event.get("event")), same_words(text(event.get("error")))
    told = _TYPES.get(word, Told.UNKNOWN)
    if error == "greylisted" and not event.get("hard_bounce"):
        told = Told.DEFERRED  # Mailjet tries again by itself
    reason, basic = _ERRORS.get(error, (Reason.OTHER, "")) if error else (None, "")
    attached = metadata(event.get("Payload"))
    return [
        Reported(
            told=told,
            subtype="/".join(filter(None, (word, error))),
            recipient=text(event.get("email")),
            occurred_us=epoch_us(event.get("time")),
            message_id=_custom_id(event),
            provider_message_id=first(event, "MessageID", "mj_message_id"),
            provider_ids={name: found for name in _IDS if (found := text(event.get(name)))},
            reason=reason.value if reason else "",
            reason_basic=basic,
            reply=first(event, "smtp_reply", "comment"),
            bounce_kind=_kind(event, told),
            bounce_class=text(event.get("error_related_to")),
            tags=texts(event.get("customcampaign")),
            metadata=attached,
            click_url=text(event.get("url")),
            user_agent=text(event.get("agent")),
            ip=text(event.get("ip")),
        )
    ]


def _custom_id(event: Any) -> str:
    """The `CustomID` where it is a Message-ID: in its brackets, for it may be an address too."""
    found = text(event.get("CustomID")).strip()
    is_message_id = found.startswith("<") and found.endswith(">") and "@" in found
    return plain_id(found) if is_message_id else ""


def _kind(event: Any, told: Told) -> str:
    if told is not Told.BOUNCED:
        return ""
    return "hard" if event.get("hard_bounce") else "soft"


WEBHOOK = Webhook("mailjet", "Mailjet", password, json_items, _parse, needs="")
