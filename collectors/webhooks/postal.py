"""Postal's webhooks: one JSON event a request, signed with the server's RSA key.

Source: docs.postalserver.io/developer/webhooks and the sender in github.com/postalserver/postal
(app/services/webhook_delivery_service.rb, app/lib/http.rb; read 2026-11-22). The signature is
PKCS #1 v1.5 over the raw body: `X-Postal-Signature-256` with SHA-256, from Postal 3.2 on, and
`X-Postal-Signature` with SHA-1; where the stronger one is there, only that counts. The key is
the value behind `p=` of `postal default-dkim-record`, or a PEM. Nothing signed has a time.
Five tries in 36 minutes, then the event is gone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from collectors.reported import Reason, Reported, Told
from collectors.webhooks.proving import password_or, unbase64
from collectors.webhooks.public_keys import read_public_key
from collectors.webhooks.reading import (
    address,
    epoch_us,
    json_item,
    part,
    plain_id,
    record,
    text,
    texts,
)
from collectors.webhooks.webhook import HookRequest, Item, Keys, Proof, Webhook
from tracer.errors import WebhookRejected
from tracer.model import SECOND_US

_SIGNATURES = (("x-postal-signature-256", "SHA256"), ("x-postal-signature", "SHA1"))
_STATUSES = {
    "Sent": Told.DELIVERED,
    "SoftFail": Told.DEFERRED,
    "HardFail": Told.BOUNCED,
    "Bounced": Told.BOUNCED,
    "Held": Told.HELD,
}
_EVENTS = {
    "MessageSent": Told.DELIVERED,
    "MessageDelayed": Told.DEFERRED,
    "MessageDeliveryFailed": Told.BOUNCED,
    "MessageHeld": Told.HELD,
    "MessageBounced": Told.BOUNCED,
    "MessageLinkClicked": Told.CLICKED,
    "MessageLoaded": Told.OPENED,
}
_DKIM = re.compile(r"(?:^|;)\s*p=([^;]+)")


def _proof(request: HookRequest, keys: Keys) -> Proof:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    there = [(name, word) for name, word in _SIGNATURES if name in request.headers]
    if not there:
        raise WebhookRejected(f"the header {_SIGNATURES[0][0]} is missing")
    name, algorithm = there[0]
    given, found = unbase64(request.header(name)), ""
    for secret in keys.secrets:
        key = public_key(secret)
        if key is None:
            continue
        try:
            key.verify(given, request.body, PKCS1v15(), getattr(hashes, algorithm)())
        except InvalidSignature:
            continue
        found = secret
    if not found:
        raise WebhookRejected(f"the signature in {name} does not match any of the public keys")
    return Proof(f"postal-rsa-{algorithm.lower()}", found)


def public_key(secret: str) -> Any:
    """The RSA key in a PEM, a DKIM record or plain base64; None if it is none of them."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    record_key = _DKIM.search(secret)
    key = read_public_key(record_key[1] if record_key else secret)
    return key if isinstance(key, RSAPublicKey) else None


def _parse(item: Item, _request: HookRequest) -> list[Reported]:
    event = record(item.value)
    payload = part(event, "payload")
    message = part(payload, "message") or part(payload, "original_message")
    if text(message.get("direction")) == "incoming":
        return []  # mail that Postal took in: no leg of what was sent
    word, status = text(event.get("event")), text(payload.get("status"))
    told = _told(word, status, payload)
    is_late = "bounce" in payload
    return [
        Reported(
            told=told,
            basic="failed" if told is Told.BOUNCED and not is_late else "",
            subtype="/".join(filter(None, (word, status))),
            recipient=address(message.get("to")),
            occurred_us=_occurred(event, payload),
            message_id=plain_id(message.get("message_id")),
            provider_message_id=text(message.get("id")),
            provider_event_id=text(event.get("uuid")),
            provider_ids=_ids(message),
            sender=address(message.get("from")),
            subject=text(message.get("subject")),
            reason=Reason.BOUNCED.value if is_late else "",
            reply=text(payload.get("output")).strip(),
            description=text(payload.get("details")),
            bounce_kind=_kind(told, is_late),
            bounce_class=status if told is Told.BOUNCED else "",
            tags=texts(message.get("tag")),
            click_url=text(payload.get("url")) if told is Told.CLICKED else "",
            user_agent=text(payload.get("user_agent")),
            ip=text(payload.get("ip_address")),
        )
    ]


def _told(word: str, status: str, payload: Mapping[str, Any]) -> Told:
    if "bounce" in payload:
        return Told.BOUNCED
    return _STATUSES.get(status) or _EVENTS.get(word, Told.UNKNOWN)


def _kind(told: Told, is_late: bool) -> str:
    if told is not Told.BOUNCED:
        return ""
    return "out_of_band" if is_late else "hard"


def _occurred(event: Mapping[str, Any], payload: Mapping[str, Any]) -> int | None:
    """To the second: the fraction is that of the request being made, not of the thing itself."""
    at_us = epoch_us(event.get("timestamp"))
    at_us = epoch_us(payload.get("timestamp")) if at_us is None else at_us
    return None if at_us is None else at_us // SECOND_US * SECOND_US


def _ids(message: Mapping[str, Any]) -> dict[str, str]:
    token = text(message.get("token"))
    return {"token": token} if token else {}


WEBHOOK = Webhook(
    "postal", "Postal", password_or(_proof), json_item, _parse, header=_SIGNATURES[0][0]
)
