"""Confirming a subscription of Amazon SNS, and saying when one ended.

Only a request that was proven comes here, so its topic is listed. The address is made from the
topic's own name; the one in `SubscribeURL` is anybody's and never fetched.
Source: docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html (read 2026-11-22).
"""

from __future__ import annotations

from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request

from collectors.webhooks.certificates import TIMEOUT_S, opener
from collectors.webhooks.reading import text
from collectors.webhooks.sns import CONFIRMATION, Envelope, envelope, region_of
from collectors.webhooks.webhook import HookRequest, Keys


def confirmation_address(message: Envelope) -> str:
    """Where the subscription of a message is confirmed; "" if its topic has no region."""
    topic = text(message.get("TopicArn"))
    region = region_of(topic)
    if not region:
        return ""
    ending = "amazonaws.com.cn" if topic.startswith("arn:aws-cn:") else "amazonaws.com"
    asked = {
        "Action": "ConfirmSubscription",
        "TopicArn": topic,
        "Token": text(message.get("Token")),
        "AuthenticateOnUnsubscribe": "true",
        "Version": "2010-03-31",
    }
    return f"https://sns.{region}.{ending}/?{urlencode(asked)}"


def after(request: HookRequest, keys: Keys) -> str:
    """Confirm a subscription where that is allowed; what a person has to do, "" for nothing."""
    message = envelope(request)
    kind, topic = text(message.get("Type")), text(message.get("TopicArn"))
    if kind == "UnsubscribeConfirmation":
        return f"the subscription to {topic} ended; if nobody meant that, subscribe again"
    if kind != CONFIRMATION:
        return ""
    address = confirmation_address(message)
    if not keys.may_fetch:
        return f"nothing may be fetched (may_fetch); confirm it yourself: {address}"
    try:
        with opener().open(Request(address), timeout=TIMEOUT_S):
            return ""
    except (URLError, OSError, ValueError) as error:
        return f"the subscription could not be confirmed ({error}); open it yourself: {address}"
