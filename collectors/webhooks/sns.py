"""The envelope of Amazon SNS: proof of who sent it, and what it carries.

Source: docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html and
…/sns-message-and-json-formats.html (read 2026-11-22). Anybody's topic signs validly, so the
list of topics (`topic_arns`) is the real proof; the signature only makes the topic's name true.
The address in `SubscribeURL` is never fetched: see collectors/webhooks/confirming.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from collectors.webhooks.certificates import certificate_key
from collectors.webhooks.proving import check_time, is_password, password, unbase64
from collectors.webhooks.reading import Unreadable, json_body, text, time_us
from collectors.webhooks.webhook import HOUR_S, HookRequest, Item, Keys, Proof
from tracer.errors import WebhookRejected

WINDOW_S = HOUR_S + 600
"""SNS gives up after an hour."""
CONFIRMATION = "SubscriptionConfirmation"
_KINDS = ("Notification", CONFIRMATION, "UnsubscribeConfirmation")
_REPEATED = (("x-amz-sns-message-type", "Type"), ("x-amz-sns-message-id", "MessageId"))
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: (
        "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
    ),
}  # fmt: skip
_HOST = re.compile(r"sns\.([a-z0-9-]{3,})\.amazonaws\.com(\.cn)?")
_PATH = re.compile(r"/(SimpleNotificationService(?:-[A-Za-z0-9]+)?\.pem)")
_HASHES = {"1": "SHA1", "2": "SHA256"}
Envelope = Mapping[str, Any]


def proof(request: HookRequest, keys: Keys) -> Proof:
    """Proof by topic, signature and time; with passwords among the secrets, by these as well."""
    if any(map(is_password, keys.secrets)):
        password(request, keys)
    if request.header("x-amz-sns-rawdelivery").lower() == "true":
        raise WebhookRejected("raw message delivery is not signed; switch it off at the topic")
    message = envelope(request)
    kind, topic = text(message.get("Type")), text(message.get("TopicArn"))
    if kind not in _KINDS:
        raise WebhookRejected("this is no message of Amazon SNS")
    for header, field in (
        ("x-amz-sns-message-type", "Type"),
        ("x-amz-sns-message-id", "MessageId"),
    ):
        if request.header(header) not in ("", text(message.get(field))):
            raise WebhookRejected(f"the header {header} does not agree with the body")
    if topic not in keys.topic_arns:
        raise WebhookRejected(f"the topic {topic[:200]} is not among topic_arns")
    _check_signature(message, kind, topic, keys, request)
    check_time(time_us(message.get("Timestamp")), request, WINDOW_S)
    return Proof("sns", topic, nonce=text(message.get("MessageId")))


def envelope(request: HookRequest) -> Envelope:
    """The message as SNS wrapped it. Raises WebhookRejected if it is none."""
    try:
        found = json_body(request.body)
    except Unreadable as error:
        raise WebhookRejected(f"no message of Amazon SNS: {error}") from error
    if not isinstance(found, dict):
        raise WebhookRejected("no message of Amazon SNS")
    return found


def _check_signature(
    message: Envelope, kind: str, topic: str, keys: Keys, request: HookRequest
) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    algorithm = _HASHES.get(text(message.get("SignatureVersion")))
    if algorithm is None:
        raise WebhookRejected("the signature version is neither 1 nor 2")
    url, name = certificate_place(text(message.get("SigningCertURL")), topic)
    key = certificate_key(url, name, keys, request.now_us)
    try:
        key.verify(
            unbase64(text(message.get("Signature"))), signed_text(message, kind), PKCS1v15(),
            getattr(hashes, algorithm)(),
        )  # fmt: skip
    except InvalidSignature as error:
        raise WebhookRejected("the signature of Amazon SNS does not match") from error


def signed_text(message: Envelope, kind: str) -> bytes:
    """What SNS signs: name and value of each field in this order, a line each."""
    names = _SIGNED.get(kind, _SIGNED[CONFIRMATION])
    lines = [f"{name}\n{message[name]}\n" for name in names if message.get(name) is not None]
    return "".join(lines).encode("utf-8", "replace")


def certificate_place(url: str, topic: str) -> tuple[str, str]:
    """The certificate's address, proven to be Amazon's and of the topic's region, and file name."""
    try:
        parts = urlsplit(url)
        has_more = parts.port is not None
    except ValueError as error:
        raise WebhookRejected("SigningCertURL is no address") from error
    host, path = _HOST.fullmatch(parts.netloc), _PATH.fullmatch(parts.path)
    if parts.scheme != "https" or has_more or parts.query or parts.fragment or "#" in url:
        raise WebhookRejected("SigningCertURL is not a plain https address")
    if host is None or path is None or "?" in url:
        raise WebhookRejected("SigningCertURL is not an address of Amazon SNS")
    if host[1] != region_of(topic):
        raise WebhookRejected("SigningCertURL is of another region than the topic")
    return f"https://{parts.netloc}{parts.path}", path[1]


def region_of(topic: str) -> str:
    """`us-east-1` of `arn:aws:sns:us-east-1:123456789012:name`; "" if it is no such name."""
    parts = topic.split(":")
    is_topic = len(parts) == 6 and parts[0] == "arn" and parts[2] == "sns"
    return parts[3] if is_topic and re.fullmatch(r"[a-z0-9-]{3,}", parts[3]) else ""


def splitter(carried: Callable[[str], Any]) -> Callable[[HookRequest], list[Item]]:
    """Split the messages of a topic: `carried` reads what a notification carries."""

    def split(request: HookRequest) -> list[Item]:
        message = envelope(request)
        if text(message.get("Type")) != "Notification":
            return []
        found = carried(text(message.get("Message")))
        return [] if found is None else [Item("/Message", found)]

    return split
