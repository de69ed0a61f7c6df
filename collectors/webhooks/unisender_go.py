"""Unisender Go's webhooks: JSON with the events of one user or project.

Source: godocs.unisender.ru/web-api-ref and docs.unione.io/en/web-api-ref, "callback format"
(read 2026-11-22). The proof is the field `auth`: MD5 of the body in which the API key stands in
the place of that very hash. Times are UTC without saying so. There is no id of the event, and
the address is tried with a GET. A webhook that is set to single events sends them bare: the
fields of `event_data` beside `event_name`. `soft_bounced` is not the end: it is tried again.
Notices that a domain blocks one of their servers (`transactional_spam_block`) are about no mail;
they stay in the receipt.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import md5
from typing import Any

from collectors.reported import Reason, Reported, Told
from collectors.webhooks.proving import matching
from collectors.webhooks.reading import (
    Unreadable,
    json_body,
    listed,
    metadata,
    part,
    record,
    text,
    time_us,
)
from collectors.webhooks.webhook import Answer, HookRequest, Item, Keys, Proof, Webhook
from tracer.errors import WebhookRejected
from tracer.model import Outcome

_BLOCK = "transactional_spam_block"
_HASH_DIGITS = 32
_TYPES = {
    "sent": Told.SENT,
    "delivered": Told.DELIVERED,
    "opened": Told.OPENED,
    "clicked": Told.CLICKED,
    "unsubscribed": Told.UNSUBSCRIBED,
    "subscribed": Told.SUBSCRIBED,
    "spam": Told.COMPLAINED,
    "soft_bounced": Told.DEFERRED,
    "hard_bounced": Told.BOUNCED,
}
_ERRORS = {  # ours, django-anymail's where it is another
    "err_user_unknown": (Reason.INVALID, "bounced"),
    "err_user_inactive": (Reason.INVALID, "bounced"),
    "err_mailbox_discarded": (Reason.INVALID, "bounced"),
    "err_mailbox_full": (Reason.MAILBOX_FULL, ""),
    "err_spam_rejected": (Reason.CONTENT, ""),
    "err_blacklisted": (Reason.BLOCKED, ""),
    "err_too_large": (Reason.TOO_LARGE, ""),
    "err_unsubscribed": (Reason.UNSUBSCRIBED, ""),
    "err_unreachable": (Reason.OTHER, "bounced"),
    "err_skip_letter": (Reason.INVALID, "bounced"),
    "err_domain_inactive": (Reason.DNS, ""),
    "err_destination_misconfigured": (Reason.DNS, ""),
    "err_delivery_failed": (Reason.OTHER, ""),
    "err_spam_skipped": (Reason.SPAM, ""),
    "err_lost": (Reason.OTHER, ""),
}
_NOT_TRIED = frozenset({"err_unsubscribed", "err_skip_letter", "err_spam_skipped"})
_TRIED_AGAIN = "err_will_retry"


def _verify(request: HookRequest, keys: Keys) -> Proof:
    try:
        body = json_body(request.body)
    except Unreadable as error:
        raise WebhookRejected(f"the body is {error}") from error
    given = text(body.get("auth")) if isinstance(body, dict) else ""
    if len(given) != _HASH_DIGITS or not given.isalnum():
        raise WebhookRejected("the field auth of the body is no MD5 hash")
    as_sent = matching(given, keys.secrets, lambda key: _of_octets(request.body, given, key))
    secret = as_sent or matching(given, keys.secrets, lambda key: _of_value(body, key))
    if not secret:
        raise WebhookRejected("the field auth of the body does not match any API key")
    return Proof("unisender-md5", secret)


def _of_octets(body: bytes, given: str, key: str) -> str:
    """The hash of the body as it came."""
    quoted = json.dumps(key, ensure_ascii=False).encode("utf-8", "replace")
    return _md5(body.replace(f'"{given}"'.encode(), quoted, 1))


def _of_value(body: Mapping[str, Any], key: str) -> str:
    """The hash of the body without blanks, which somebody on the way may have put in."""
    plain = json.dumps({**body, "auth": key}, separators=(",", ":"))
    return _md5(plain.encode())


def _md5(said: bytes) -> str:
    return md5(said, usedforsecurity=False).hexdigest()


def _split(request: HookRequest) -> list[Item]:
    body = record(json_body(request.body))
    if "event_name" in body:
        return [Item("", body)]
    users = listed(body.get("events_by_user", []), "/events_by_user")
    return [
        event
        for user in users
        for event in listed(part(user.value).get("events", []), f"{user.pointer}/events")
    ]


def _parse(item: Item, _request: HookRequest) -> list[Reported]:
    event = record(item.value)
    if text(event.get("event_name")) == _BLOCK:
        return []
    data = record(event["event_data"]) if "event_data" in event else event
    info, attached = part(data, "delivery_info"), metadata(data.get("metadata"))
    word, status = text(data.get("status")), text(info.get("delivery_status"))
    told = _TYPES.get(word, Told.UNKNOWN)
    reason, basic_reason = _reason(status)
    named = text(attached.pop("anymail_id", ""))
    return [
        Reported(
            told=told,
            subtype="/".join(filter(None, (word, status))),
            recipient=text(data.get("email")),
            occurred_us=time_us(data.get("event_time")),
            provider_message_id=named or text(data.get("job_id")),
            provider_ids={"job_id": text(data.get("job_id"))} if named else {},
            reason=reason,
            reason_basic=basic_reason,
            reply=text(info.get("destination_response")),
            description=status or text(data.get("comment")),
            bounce_kind="hard" if told is Told.BOUNCED else "",
            bounce_class=status if reason else "",
            metadata=attached,
            click_url=text(data.get("url")) if told is Told.CLICKED else "",
            user_agent=text(info.get("user_agent")),
            ip=text(info.get("ip")),
            outcome=_outcome(told, status),
        )
    ]


def _reason(status: str) -> tuple[str, str]:
    if not status.startswith("err") or status == _TRIED_AGAIN:
        return "", ""
    reason, basic = _ERRORS.get(status, (Reason.OTHER, ""))
    return reason.value, basic


def _outcome(told: Told, status: str) -> str:
    is_refused = told is Told.BOUNCED and status in _NOT_TRIED
    return Outcome.SUPPRESSED.value if is_refused else ""


def _there(_: HookRequest) -> Answer:
    return Answer(200)


WEBHOOK = Webhook(
    "unisender_go", "Unisender Go", _verify, _split, _parse, handshake=_there,
    parser=2, header="the field auth of the body",
)  # fmt: skip
