"""Standard Webhooks 1.0: the generic door for signed events.

Source: github.com/standard-webhooks/standard-webhooks, spec 1.0.0 (read 2026-11-22). Signed is
`id.timestamp.body`: `v1,` HMAC-SHA256 with a `whsec_` secret, `v1a,` Ed25519 with a `whpk_` key.
`svix-…` names of the headers are the same thing. The object is that of
collectors/webhooks/generic.py, alone or under `data` with its name in `type`.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Iterator

from collectors.reported import Reported
from collectors.webhooks.generic import reported
from collectors.webhooks.proving import check_time, equal, password_or
from collectors.webhooks.reading import epoch_us, json_items, record, text, time_us
from collectors.webhooks.webhook import HookRequest, Item, Keys, Proof, Webhook
from tracer.errors import WebhookRejected

WINDOW_S = 300


def proof(request: HookRequest, keys: Keys) -> Proof:
    """Proof by any of the signatures with any of the secrets."""
    nonce, timestamp = _header(request, "id"), _header(request, "timestamp")
    if not nonce or not timestamp:
        raise WebhookRejected("the headers webhook-id and webhook-timestamp are needed")
    said = f"{nonce}.{timestamp}.".encode("utf-8", "replace") + request.body
    given = list(_signatures(_header(request, "signature")))
    found = ""
    for secret in keys.secrets:
        for version, signature in given:
            found = secret if _fits(secret, version, signature, said) else found
    if not found:
        raise WebhookRejected("webhook-signature does not match any secret")
    check_time(epoch_us(timestamp), request, WINDOW_S)
    return Proof("standard-webhooks", found, nonce=nonce)


def _header(request: HookRequest, name: str) -> str:
    return request.header(f"webhook-{name}") or request.header(f"svix-{name}")


def _signatures(header: str) -> Iterator[tuple[str, str]]:
    for word in header.split(" "):
        version, comma, signature = word.partition(",")
        if comma:
            yield version, signature


def _fits(secret: str, version: str, signature: str, said: bytes) -> bool:
    if version == "v1a":
        return secret.startswith("whpk_") and _is_ed25519(secret[5:], signature, said)
    if version != "v1" or secret.startswith("whpk_"):
        return False
    expected = hmac.new(_key(secret), said, hashlib.sha256).digest()
    return equal(signature, b64encode(expected))


def _key(secret: str) -> bytes:
    """The octets of a `whsec_` secret, which is base64; another text is taken as it stands."""
    try:
        return b64decode(secret.removeprefix("whsec_"), validate=True)
    except (NotBase64, ValueError):
        return secret.encode("utf-8", "surrogatepass")


def _is_ed25519(key: str, signature: str, said: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        public = Ed25519PublicKey.from_public_bytes(b64decode(key))
        public.verify(b64decode(signature.encode("ascii", "replace")), said)
    except (InvalidSignature, NotBase64, ValueError):
        return False
    return True


def _parse(item: Item, request: HookRequest) -> list[Reported]:
    body = record(item.value)
    inner = body.get("data")
    value = inner if isinstance(inner, dict) else body
    at = time_us(body.get("timestamp")) if value is not body else None
    nonce = _header(request, "id")
    return [reported(value, text(body.get("type")), event_id=nonce + item.pointer, occurred_us=at)]


WEBHOOK = Webhook(
    "standard", "Standard Webhooks", password_or(proof), json_items, _parse,
    header="webhook-signature",
)  # fmt: skip
