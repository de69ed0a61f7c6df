"""Scaleway Transactional Email, through a topic of its Topics and Events.

Source: scaleway.com/en/docs/transactional-email/reference-content/webhook-events-payloads and
…/api-cli/use-webhooks-with-sns-topics (read 2026-11-22). The envelope is that of Amazon SNS,
signed alike (seen: version 1); other are the names of topics, `arn:scw:sns:REGION:…`, where the
certificate lies and where a subscription is confirmed. Anybody's topic signs validly, so the
list of topics (`topic_arns`) is the real proof. The address in `SubscribeURL` is never fetched.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request

from collectors.reported import Reason, Reported, Told
from collectors.webhooks.certificates import TIMEOUT_S, certificate_key, opener
from collectors.webhooks.proving import check_time, is_password, password, unbase64
from collectors.webhooks.reading import (
    first,
    json_body,
    number,
    plain_id,
    record,
    text,
    time_us,
)
from collectors.webhooks.sns import (
    CONFIRMATION,
    WINDOW_S,
    Envelope,
    envelope,
    signed_text,
    splitter,
)
from collectors.webhooks.webhook import HookRequest, Item, Keys, Proof, Webhook
from tracer.errors import WebhookRejected

_TOPIC = re.compile(r"arn:scw:sns:([a-z]{2}-[a-z]{3}):[^:]+:[^:]+")
_CERTIFICATE = re.compile(
    r"https://messaging\.s3\.([a-z]{2}-[a-z]{3})\.scw\.cloud/([a-z]{2}-[a-z]{3})/sns/"
    r"(sns_certificate_[A-Za-z0-9_-]{1,128}\.crt)"
)
_KINDS = ("Notification", CONFIRMATION, "UnsubscribeConfirmation")
_HASHES = {"1": "SHA1", "2": "SHA256"}
_TYPES: dict[str, tuple[Told, Reason | None]] = {
    "email_queued": (Told.ACCEPTED, None),
    "email_deferred": (Told.DEFERRED, None),
    "email_delivered": (Told.DELIVERED, None),
    "email_dropped": (Told.BOUNCED, Reason.BOUNCED),
    "email_mailbox_not_found": (Told.BOUNCED, Reason.INVALID),
    "email_blocklisted": (Told.REJECTED, Reason.BLOCKED),
    "email_spam": (Told.REJECTED, Reason.SPAM),
}


def _proof(request: HookRequest, keys: Keys) -> Proof:
    if any(map(is_password, keys.secrets)):
        password(request, keys)
    message = envelope(request)
    kind, topic = text(message.get("Type")), text(message.get("TopicArn"))
    if kind not in _KINDS:
        raise WebhookRejected("this is no message of Scaleway's Topics and Events")
    for header, said in (("type", kind), ("id", text(message.get("MessageId")))):
        if request.header(f"x-amz-sns-message-{header}") not in ("", said):
            raise WebhookRejected(f"the header x-amz-sns-message-{header} is not as in the body")
    if topic not in keys.topic_arns:
        raise WebhookRejected(f"the topic {topic[:200]} is not among topic_arns")
    _check_signature(message, kind, topic, keys, request.now_us)
    check_time(time_us(message.get("Timestamp")), request, WINDOW_S)
    return Proof("scaleway-sns", topic, nonce=text(message.get("MessageId")))


def _check_signature(message: Envelope, kind: str, topic: str, keys: Keys, now_us: int) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    algorithm = _HASHES.get(text(message.get("SignatureVersion")))
    if algorithm is None:
        raise WebhookRejected("the signature version is neither 1 nor 2")
    url = text(message.get("SigningCertURL"))
    key = certificate_key(url, certificate_name(url, topic), keys, now_us)
    try:
        key.verify(
            unbase64(text(message.get("Signature"))), signed_text(message, kind), PKCS1v15(),
            getattr(hashes, algorithm)(),
        )  # fmt: skip
    except InvalidSignature as error:
        raise WebhookRejected("the signature of Scaleway does not match") from error


def certificate_name(url: str, topic: str) -> str:
    """The certificate's file name, once its address is Scaleway's and of the topic's region."""
    found = _CERTIFICATE.fullmatch(url)
    if found is None:
        raise WebhookRejected("SigningCertURL is not an address of Scaleway's certificates")
    if not found[1] == found[2] == region_of(topic):
        raise WebhookRejected("SigningCertURL is of another region than the topic")
    return found[3]


def region_of(topic: str) -> str:
    """`fr-par` of `arn:scw:sns:fr-par:project-…:name`; "" if it is no such name."""
    found = _TOPIC.fullmatch(topic)
    return found[1] if found else ""


def confirmation_address(message: Envelope) -> str:
    """Where the subscription of a message is confirmed; "" if its topic has no region."""
    topic = text(message.get("TopicArn"))
    asked = {
        "Action": "ConfirmSubscription",
        "TopicArn": topic,
        "Token": text(message.get("Token")),
    }
    region = region_of(topic)
    return f"https://sns.mnq.{region}.scaleway.com/?{urlencode(asked)}" if region else ""


def _after(request: HookRequest, keys: Keys) -> str:
    """Confirm a subscription where that is allowed; what a person has to do, "" for nothing."""
    message = envelope(request)
    kind = text(message.get("Type"))
    if kind == "UnsubscribeConfirmation":
        return "the subscription ended; if nobody meant that, subscribe again"
    if kind != CONFIRMATION:
        return ""
    address = confirmation_address(message)
    if not keys.may_fetch or not address:
        return f"nothing may be fetched (may_fetch); confirm it yourself: {address}"
    try:
        with opener().open(Request(address), timeout=TIMEOUT_S):
            return ""
    except (URLError, OSError, ValueError) as error:
        return f"the subscription could not be confirmed ({error}); open it yourself: {address}"


def _parse(item: Item, _request: HookRequest) -> list[Reported]:
    event = record(item.value)
    word = text(event.get("type"))
    told, reason = _TYPES.get(word, (Told.UNKNOWN, None))
    headers = _headers(event.get("email_headers"))
    is_spam = word == "email_spam"  # judged by Scaleway or by the next server, before delivery
    return [
        Reported(
            told=told,
            basic="complained" if is_spam else "",
            outcome="rejected" if is_spam else "",
            subtype=word,
            recipient=text(event.get("email_to")),
            occurred_us=time_us(event.get("created_at")),
            message_id=plain_id(headers.get("message-id")),
            provider_message_id=text(event.get("email_id")),
            provider_event_id=text(event.get("id")),
            sender=text(event.get("email_from")),
            subject=headers.get("subject", ""),
            reason=reason.value if reason else "",
            reply=first(event, "email_response_message", "email_error"),
            description=text(event.get("blocklist_reason")),
            smtp_code=number(event.get("email_response_code")) or None,
            bounce_kind="hard" if told is Told.BOUNCED else "",
            attempt=number(event.get("email_try_count")),
        )
    ]


def _headers(value: Any) -> dict[str, str]:
    """The mail's headers, names in lower case: `[{key, value}, …]`, or an object."""
    pairs = value.items() if isinstance(value, dict) else _pairs(value)
    return {text(name).lower(): text(said) for name, said in pairs}


def _pairs(value: Any) -> list[tuple[Any, Any]]:
    listed = value if isinstance(value, list) else []
    return [(one.get("key"), one.get("value")) for one in listed if isinstance(one, dict)]


def _carried(said: str) -> Any:
    return json_body(said.encode("utf-8", "surrogatepass"))


WEBHOOK = Webhook(
    "scaleway", "Scaleway Transactional Email", _proof, splitter(_carried), _parse, busy=503,
    needs="topic_arns", after=_after, header="signature in the body",
)  # fmt: skip
