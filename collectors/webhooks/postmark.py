"""Postmark's webhooks: one JSON event a request.

Source: postmarkapp.com/developer/webhooks (bounce, delivery, open, click, spam complaint,
subscription change; read 2026-11-22) and …/api/bounce-api#bounce-types. Not signed: a password
or headers of one's own. 403 would stop the repetition, so a refusal is 401. On the wire the
Message-ID is `<MessageID@mtasv.net>` unless the sender asked to keep its own.
"""

from __future__ import annotations

from typing import Any

from collectors.reported import Reason, Reported, Told
from collectors.webhooks.proving import password
from collectors.webhooks.reading import (
    first,
    json_items,
    metadata,
    record,
    text,
    texts,
    time_us,
)
from collectors.webhooks.webhook import HookRequest, Item, Webhook

_RECORDS = {
    "Delivery": Told.DELIVERED,
    "Bounce": Told.BOUNCED,
    "SpamComplaint": Told.COMPLAINED,
    "Open": Told.OPENED,
    "Click": Told.CLICKED,
    "SubscriptionChange": Told.UNSUBSCRIBED,
    "Inbound": Told.INBOUND,
}
_KINDS: dict[str, tuple[Told, Reason | None]] = {  # of a bounce, complaint or suppression
    "HardBounce": (Told.BOUNCED, Reason.BOUNCED),
    "SoftBounce": (Told.BOUNCED, Reason.BOUNCED),
    "Transient": (Told.DEFERRED, None),
    "Unsubscribe": (Told.UNSUBSCRIBED, Reason.UNSUBSCRIBED),
    "Subscribe": (Told.SUBSCRIBED, None),
    "AutoResponder": (Told.AUTORESPONDED, None),
    "AddressChange": (Told.AUTORESPONDED, None),
    "ChallengeVerification": (Told.AUTORESPONDED, None),
    "DnsError": (Told.DEFERRED, None),
    "OpenRelayTest": (Told.DEFERRED, None),
    "SpamNotification": (Told.COMPLAINED, Reason.SPAM),
    "SpamComplaint": (Told.COMPLAINED, Reason.SPAM),
    "Unknown": (Told.UNKNOWN, None),
    "VirusNotification": (Told.BOUNCED, Reason.OTHER),
    "BadEmailAddress": (Told.REJECTED, Reason.INVALID),
    "ManuallyDeactivated": (Told.REJECTED, Reason.BLOCKED),
    "Unconfirmed": (Told.REJECTED, None),
    "Blocked": (Told.REJECTED, Reason.BLOCKED),
    "DMARCPolicy": (Told.REJECTED, Reason.BLOCKED),
    "SMTPApiError": (Told.FAILED, None),
    "TemplateRenderingFailed": (Told.FAILED, None),
    "ManualSuppression": (Told.UNSUBSCRIBED, Reason.UNSUBSCRIBED),
}
_SOFT = frozenset({"SoftBounce", "Transient", "DnsError"})


def _parse(item: Item, _request: HookRequest) -> list[Reported]:
    event = record(item.value)
    word, kind = text(event.get("RecordType")), text(event.get("Type"))
    if not word and "FromFull" in event:
        word = "Inbound"
    told, reason = _told(event, word, kind)
    message_id = text(event.get("MessageID"))
    return [
        Reported(
            told=told,
            basic="inbound_failed" if kind == "InboundError" else "",
            subtype="/".join(filter(None, (word, kind or text(event.get("SuppressionReason"))))),
            recipient=first(event, "Email", "Recipient", "OriginalRecipient"),
            occurred_us=_occurred(event),
            provider_message_id=message_id,
            provider_event_id=text(event.get("ID")),
            wire_ids=(f"{message_id}@mtasv.net",) if message_id else (),
            sender=text(event.get("From")) if word != "Inbound" else "",
            subject=text(event.get("Subject")),
            reason=reason.value if reason else "",
            reply=text(event.get("Details")),
            description=text(event.get("Description")),
            bounce_kind=_hardness(told, kind),
            bounce_class=text(event.get("TypeCode")),
            tags=texts(event.get("Tag")),
            metadata=metadata(event.get("Metadata")),
            click_url=text(event.get("OriginalLink")),
            user_agent=text(event.get("UserAgent")),
        )
    ]


def _told(event: Any, word: str, kind: str) -> tuple[Told, Reason | None]:
    told = _RECORDS.get(word, Told.UNKNOWN)
    if told in (Told.BOUNCED, Told.COMPLAINED):
        return _KINDS.get(kind, (Told.UNKNOWN if kind == "InboundError" else told, None))
    if told is not Told.UNSUBSCRIBED:
        return told, None
    if not event.get("SuppressSending"):
        return Told.SUBSCRIBED, None
    return _KINDS.get(text(event.get("SuppressionReason")), (told, None))


def _occurred(event: Any) -> int | None:
    return time_us(first(event, "DeliveredAt", "BouncedAt", "ReceivedAt", "ChangedAt", "Date"))


def _hardness(told: Told, kind: str) -> str:
    if told is not Told.BOUNCED:
        return ""
    return "soft" if kind in _SOFT else "hard"


WEBHOOK = Webhook("postmark", "Postmark", password, json_items, _parse, needs="")
