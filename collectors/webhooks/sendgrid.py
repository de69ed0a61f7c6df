"""Twilio SendGrid's Event Webhook: a JSON list of events.

Source: twilio.com/docs/sendgrid/for-developers/tracking-events/event and
…/getting-started-event-webhook-security-features (read 2026-11-22). The signature is ECDSA
(P-256, SHA-256) over timestamp and raw body, the key a public key in base64 or PEM. No window
is documented and an event is tried for a day, so signed times up to a day old are taken.
`sg_event_id` is known to change when an event is told again: it is no key by itself.
"""

from __future__ import annotations

from typing import Any

from collectors.reported import Reason, Reported, Told
from collectors.webhooks import ecdsa
from collectors.webhooks.proving import check_time, password_or
from collectors.webhooks.reading import (
    epoch_us,
    first,
    json_items,
    number,
    plain_id,
    record,
    text,
    texts,
)
from collectors.webhooks.webhook import HOUR_S, HookRequest, Item, Keys, Proof, Webhook

_SIGNATURE = "x-twilio-email-event-webhook-signature"
_TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
_TYPES = {
    "processed": Told.ACCEPTED,
    "deferred": Told.DEFERRED,
    "delivered": Told.DELIVERED,
    "bounce": Told.BOUNCED,
    "dropped": Told.REJECTED,
    "open": Told.OPENED,
    "click": Told.CLICKED,
    "spamreport": Told.COMPLAINED,
    "unsubscribe": Told.UNSUBSCRIBED,
    "group_unsubscribe": Told.UNSUBSCRIBED,
    "group_resubscribe": Told.SUBSCRIBED,
}
_REASONS = {  # of `type` or `reason`: ours, django-anymail's where it is another
    "invalid": (Reason.INVALID, ""),
    "bounce": (Reason.BOUNCED, ""),
    "bounced address": (Reason.BOUNCED, ""),
    "blocked": (Reason.BLOCKED, ""),
    "expired": (Reason.TIMED_OUT, ""),
    "unsubscribed address": (Reason.UNSUBSCRIBED, ""),
    "spam reporting address": (Reason.SPAM, "other"),
    "spam content": (Reason.CONTENT, "other"),
}
_OWN_FIELDS = frozenset(
    "anymail_id asm_group_id attempt bounce_classification category cert_err email event ip "
    "marketing_campaign_id marketing_campaign_name newsletter nlvx_campaign_id "
    "nlvx_campaign_split_id nlvx_user_id pool post_type reason response send_at sg_content_type "
    "sg_event_id sg_machine_open sg_message_id sg_template_id sg_template_name sg_user_id "
    "smtp-id status timestamp tls type url url_offset useragent".split()
)


def _signed(request: HookRequest, keys: Keys) -> Proof:
    timestamp = request.header(_TIMESTAMP)
    said = timestamp.encode("utf-8", "replace") + request.body
    secret = ecdsa.matching(request.header(_SIGNATURE), said, keys.secrets)
    check_time(epoch_us(timestamp), request, 24 * HOUR_S)
    return Proof("sendgrid-ecdsa", secret)


def _parse(item: Item, _request: HookRequest) -> list[Reported]:
    event = record(item.value)
    word = text(event.get("event"))
    told = _TYPES.get(word, Told.UNKNOWN)
    is_dropped = told is Told.REJECTED
    why = first(event, "type", "reason")
    reason, basic = _REASONS.get(why.lower(), (Reason.OTHER, ""))
    has_reason = is_dropped or told is Told.BOUNCED
    return [
        Reported(
            told=told,
            subtype=f"{word}/{text(event.get('type'))}".rstrip("/"),
            recipient=text(event.get("email")),
            occurred_us=epoch_us(event.get("timestamp")),
            message_id=plain_id(event.get("smtp-id")),
            provider_message_id=_message_id(event),
            provider_event_id=text(event.get("sg_event_id")),
            provider_ids=_ids(event),
            reason=reason.value if has_reason else "",
            reason_basic=basic if has_reason else "",
            reply="" if is_dropped else first(event, "response", "reason"),
            description=text(event.get("reason")) if is_dropped else "",
            relay=text(event.get("ip")) if told not in (Told.OPENED, Told.CLICKED) else "",
            enhanced=text(event.get("status")),
            bounce_kind=_kind(told, why),
            bounce_class=text(event.get("bounce_classification")),
            attempt=number(event.get("attempt")),
            tags=texts(event.get("category")),
            metadata={name: event[name] for name in event if name not in _OWN_FIELDS},
            click_url=text(event.get("url")),
            user_agent=text(event.get("useragent")),
            ip=text(event.get("ip")) if told in (Told.OPENED, Told.CLICKED) else "",
            is_machine=_flag(event.get("sg_machine_open")),
        )
    ]


def _kind(told: Told, why: str) -> str:
    if told is not Told.BOUNCED:
        return ""
    return "soft" if why.lower() == "blocked" else "hard"


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _ids(event: Any) -> dict[str, str]:
    names = ("sg_message_id", "sg_event_id", "anymail_id")
    return {name: found for name in names if (found := text(event.get(name)))}


def _message_id(event: Any) -> str:
    """The X-Message-Id that the API answered with: the first part of `sg_message_id`.

    Dropped mail has no such part; SendGrid's own Message-ID begins with the same. A program
    that uses django-anymail knows its mail by `anymail_id`, which it gave it before that.
    """
    if named := text(event.get("anymail_id")):
        return named
    found = text(event.get("sg_message_id")).partition(".")[0]
    if found and not found.startswith(("filter", "recvd")):
        return found
    local, _, domain = plain_id(event.get("smtp-id")).rpartition("@")
    return local if domain.endswith("sendgrid.net") else ""


WEBHOOK = Webhook(
    "sendgrid", "Twilio SendGrid", password_or(_signed), json_items, _parse, header=_SIGNATURE
)
