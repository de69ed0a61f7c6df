"""Mailgun's webhooks, the present ones (JSON) and the legacy ones (forms).

Source: documentation.mailgun.com, "Webhooks" and "Securing Webhooks" (read 2026-11-22). The
signature is HMAC-SHA256 over timestamp and token, which says nothing of the body: a token is
good for one body only. A failed request is repeated for eight hours; 406 would stop that, so a
refusal is 401.
"""

from __future__ import annotations

from typing import Any

from collectors.reported import Reason, Reported, Told
from collectors.webhooks.legacy_mailgun import is_legacy, parse_legacy
from collectors.webhooks.proving import check_time, hmac_hex, matching, password_or
from collectors.webhooks.reading import (
    Unreadable,
    address,
    epoch_us,
    first,
    form_fields,
    json_body,
    json_item,
    metadata,
    number,
    part,
    plain_id,
    record,
    text,
    texts,
)
from collectors.webhooks.webhook import HOUR_S, HookRequest, Item, Keys, Proof, Webhook
from tracer.errors import WebhookRejected

_WINDOW_S = 8 * HOUR_S + 600
_TYPES = {
    "accepted": Told.ACCEPTED,
    "delivered": Told.DELIVERED,
    "failed": Told.BOUNCED,
    "rejected": Told.REJECTED,
    "opened": Told.OPENED,
    "clicked": Told.CLICKED,
    "unsubscribed": Told.UNSUBSCRIBED,
    "complained": Told.COMPLAINED,
}
_REASONS = {  # ours, django-anymail's
    "bounce": (Reason.BOUNCED, "bounced"),
    "suppress-bounce": (Reason.BOUNCED, "bounced"),
    "suppress-complaint": (Reason.SPAM, "other"),
    "suppress-unsubscribe": (Reason.UNSUBSCRIBED, "other"),
    "greylisted": (Reason.GREYLISTED, "other"),
    "old": (Reason.TIMED_OUT, "other"),
}


def _proof(request: HookRequest, keys: Keys) -> Proof:
    token, timestamp, given = _signature(request)
    if not (token and timestamp and given):
        raise WebhookRejected("the signature's timestamp, token or signature is missing")
    said = (timestamp + token).encode("utf-8", "replace")
    secret = matching(given.lower(), keys.secrets, lambda one: hmac_hex(one, said))
    if not secret:
        raise WebhookRejected("the signature does not match any of the signing keys")
    check_time(epoch_us(timestamp), request, _WINDOW_S)
    return Proof("mailgun-hmac", secret, nonce=token, covers_body=False)


def _signature(request: HookRequest) -> tuple[str, str, str]:
    if is_legacy(request):
        fields = form_fields(request)
        last = {name: values[-1] for name, values in fields.items()}
        return last.get("token", ""), last.get("timestamp", ""), last.get("signature", "")
    try:
        block = part(json_body(request.body), "signature")
    except Unreadable as error:
        raise WebhookRejected(f"no signature can be read: {error}") from error
    return text(block.get("token")), text(block.get("timestamp")), text(block.get("signature"))


def _split(request: HookRequest) -> list[Item]:
    if is_legacy(request):
        return [Item("", form_fields(request))]
    return json_item(request)


def _parse(item: Item, request: HookRequest) -> list[Reported]:
    if is_legacy(request):
        return [parse_legacy(item.value)]
    body = record(item.value)
    event = part(body, "event-data")
    if not event:
        raise Unreadable("the body has no event-data")
    return [_event(event, text(part(body, "signature").get("token")))]


def _event(event: Any, token: str) -> Reported:
    word, headers = text(event.get("event")), part(event, "message", "headers")
    status = part(event, "delivery-status")
    told, basic = _told(word, text(event.get("severity")), text(event.get("reason")))
    reason, reason_basic = _reason(event, told)
    code = number(status.get("code"))
    return Reported(
        told=told,
        basic=basic,
        subtype="/".join(filter(None, (word, first(event, "severity"), first(event, "reason")))),
        recipient=text(event.get("recipient")) or address(headers.get("to")),
        occurred_us=epoch_us(event.get("timestamp")),
        message_id=plain_id(headers.get("message-id")),
        provider_event_id=token,
        provider_ids={"id": text(event.get("id"))} if text(event.get("id")) else {},
        sender=text(part(event, "envelope").get("sender")),
        subject=text(headers.get("subject")),
        size=number(part(event, "message").get("size")),
        reason=reason,
        reason_basic=reason_basic,
        reply=text(status.get("message")),
        description=text(status.get("description")) or first(part(event, "reject"), "reason"),
        relay=text(status.get("mx-host")),
        smtp_code=code if code and 200 <= code < 600 else None,
        enhanced=text(status.get("enhanced-code")),
        bounce_kind=_kind(told, text(status.get("bounce-type"))),
        attempt=number(status.get("attempt-no")),
        tags=texts(event.get("tags")),
        metadata=metadata(event.get("user-variables")),
        click_url=text(event.get("url")),
        user_agent=text(part(event, "client-info").get("user-agent")),
        ip=text(event.get("ip")),
    )


def _told(word: str, severity: str, why: str) -> tuple[Told, str]:
    told = _TYPES.get(word, Told.UNKNOWN)
    if told is Told.BOUNCED and severity == "temporary":
        return Told.DEFERRED, ""
    if told is Told.BOUNCED and why.startswith("suppress-"):
        return Told.REJECTED, "bounced"  # never tried: the address is on the list
    return told, ""


def _reason(event: Any, told: Told) -> tuple[str, str]:
    why = text(event.get("reason"))
    if not why:
        return (Reason.OTHER.value, "") if told is Told.REJECTED else ("", "")
    ours, basic = _REASONS.get(why, (Reason.OTHER, "other"))
    return ours.value, basic


def _kind(told: Told, said: str) -> str:
    if told is not Told.BOUNCED:
        return ""
    return said if said in ("hard", "soft") else "hard"


WEBHOOK = Webhook(
    "mailgun", "Mailgun", password_or(_proof), _split, _parse,
    header="signature in the body",
)  # fmt: skip
