"""Amazon SES through SNS: event publishing and identity notifications.

Source: docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html and
…/notification-contents.html (read 2026-11-22). One message tells of several recipients: each
gets an event of its own. Times are those of the event's object; that of SNS stands in where
there is none. SES puts a Message-ID of its own on the wire: `<ID@email.amazonses.com>` in
us-east-1, `<ID@REGION.amazonses.com>` elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from collectors.reported import Reason, Reported, Told
from collectors.webhooks.confirming import after
from collectors.webhooks.reading import (
    Unreadable,
    first,
    json_body,
    metadata,
    part,
    plain_id,
    record,
    text,
    time_us,
)
from collectors.webhooks.sns import envelope, proof, splitter
from collectors.webhooks.webhook import HookRequest, Item, Webhook
from tracer.errors import WebhookRejected
from tracer.model import Outcome

_VALIDATED = "Successfully validated SNS topic for Amazon SES event publishing."
_SUBTYPES = {
    "MailboxFull": Reason.MAILBOX_FULL,
    "MessageTooLarge": Reason.TOO_LARGE,
    "ContentRejected": Reason.CONTENT,
    "AttachmentRejected": Reason.CONTENT,
    "NoEmail": Reason.INVALID,
}
_SUPPRESSED = ("Suppressed", "OnAccountSuppressionList")
_KINDS = {"Permanent": "hard", "Transient": "soft", "Undetermined": "undetermined"}
People = list[dict[str, Any]]  # what differs from recipient to recipient
Read = Callable[[Any, Any], tuple[dict[str, Any], People]]


def carried(message: str) -> Any:
    """The event in a notification's message; None for the greeting that SES sends at first."""
    if message.strip() == _VALIDATED:
        return None
    return json_body(message.encode("utf-8", "replace"))


def parse(item: Item, request: HookRequest) -> list[Reported]:
    """An event of SES, one record for each recipient."""
    event = record(item.value)
    word = first(event, "eventType", "notificationType")
    if not word:
        raise Unreadable("neither eventType nor notificationType")
    told, read = _TYPES.get(word, (Told.UNKNOWN, _of_all))
    mail = part(event, "mail")
    special, people = read(event, mail)
    outer = _outer(request)
    common = _common(mail) | special
    if common.get("occurred_us") is None:
        common["occurred_us"] = time_us(outer.get("Timestamp")) or time_us(outer.get("time"))
    base = Reported(
        told=common.pop("told", told),
        subtype=common.pop("subtype", word),
        provider_event_id=first(outer, "MessageId", "id"),
        **common,
    )
    return [msgspec.structs.replace(base, **person) for person in people]


def _outer(request: HookRequest) -> Any:
    try:
        return envelope(request)
    except WebhookRejected:
        return {}


def _common(mail: Any) -> dict[str, Any]:
    message_id = text(mail.get("messageId"))
    headers = mail.get("headers")
    named = [record(one) for one in headers if isinstance(one, dict)] if headers else []
    pairs = [(text(one.get("name")).lower(), text(one.get("value"))) for one in named]
    shown = part(mail, "commonHeaders")
    return {
        "message_id": plain_id(shown.get("messageId")) or plain_id(dict(pairs).get("message-id")),
        "provider_message_id": message_id,
        "wire_ids": _wire_ids(message_id, mail),
        "sender": text(mail.get("source")),
        "subject": text(shown.get("subject")),
        "tags": tuple(value for name, value in pairs if name == "x-tag"),
        "metadata": metadata(dict(pairs).get("x-metadata")),
    }


def _wire_ids(message_id: str, mail: Any) -> tuple[str, ...]:
    if not message_id:
        return ()
    region = (text(mail.get("sourceArn")).split(":") + [""] * 4)[3]
    named = "email" if region in ("", "us-east-1") else region
    return (f"{message_id}@{named}.amazonses.com",)


def _of_all(_event: Any, mail: Any) -> tuple[dict[str, Any], People]:
    return {}, _all(mail)


def _all(mail: Any) -> People:
    found = mail.get("destination")
    return [{"recipient": text(one)} for one in found] if isinstance(found, list) else []


def _people(listed: Any) -> list[Any]:
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _bounce(event: Any, _mail: Any) -> tuple[dict[str, Any], People]:
    bounce = part(event, "bounce")
    kind, subtype = text(bounce.get("bounceType")), text(bounce.get("bounceSubType"))
    people = [
        {
            "recipient": text(one.get("emailAddress")),
            "reply": text(one.get("diagnosticCode")),
            "enhanced": text(one.get("status")),
        }
        for one in _people(bounce.get("bouncedRecipients"))
    ]
    common = {
        "subtype": f"Bounce/{kind}/{subtype}",
        "occurred_us": time_us(bounce.get("timestamp")),
        "description": f"{kind}: {subtype}",
        "reason": _SUBTYPES.get(subtype, Reason.BOUNCED).value,
        "reason_basic": "bounced",
        "bounce_kind": _KINDS.get(kind, ""),
        "bounce_class": subtype,
        "relay": text(bounce.get("remoteMtaIp")),
        "outcome": Outcome.SUPPRESSED.value if subtype in _SUPPRESSED else "",
        "provider_ids": _ids(bounce),
    }
    return common, people


def _ids(found: Any) -> dict[str, str]:
    told = text(found.get("feedbackId"))
    return {"feedbackId": told} if told else {}


def _complaint(event: Any, _mail: Any) -> tuple[dict[str, Any], People]:
    told = part(event, "complaint")
    people = [
        {"recipient": text(one.get("emailAddress"))}
        for one in _people(told.get("complainedRecipients"))
    ]
    common = {
        "occurred_us": time_us(told.get("timestamp")),
        "description": text(told.get("complaintFeedbackType")),
        "reason": Reason.SPAM.value,
        "user_agent": text(told.get("userAgent")),
        "provider_ids": _ids(told),
    }
    return common, people


def _delivery(event: Any, mail: Any) -> tuple[dict[str, Any], People]:
    told = part(event, "delivery")
    named = told.get("recipients")
    people = [{"recipient": text(one)} for one in named] if isinstance(named, list) else _all(mail)
    common = {
        "occurred_us": time_us(told.get("timestamp")),
        "reply": text(told.get("smtpResponse")),
        "relay": text(told.get("remoteMtaIp")),
    }
    return common, people


def _delay(event: Any, _mail: Any) -> tuple[dict[str, Any], People]:
    told = part(event, "deliveryDelay")
    people = [
        {
            "recipient": text(one.get("emailAddress")),
            "reply": text(one.get("diagnosticCode")),
            "enhanced": text(one.get("status")),
        }
        for one in _people(told.get("delayedRecipients"))
    ]
    common = {
        "occurred_us": time_us(told.get("timestamp")),
        "description": text(told.get("delayType")),
        "basic": "unknown",  # django-anymail has no word for it
    }
    return common, people


def _send(_event: Any, mail: Any) -> tuple[dict[str, Any], People]:
    return {"occurred_us": time_us(mail.get("timestamp"))}, _all(mail)


def _reject(event: Any, mail: Any) -> tuple[dict[str, Any], People]:
    common = {
        "occurred_us": time_us(mail.get("timestamp")),
        "description": text(part(event, "reject").get("reason")),
        "reason": Reason.BLOCKED.value,
    }
    return common, _all(mail)


def _failure(event: Any, mail: Any) -> tuple[dict[str, Any], People]:
    common = {
        "occurred_us": time_us(mail.get("timestamp")),
        "description": text(part(event, "failure").get("errorMessage")),
    }
    return common, _all(mail)


def _engaged(name: str) -> Read:
    def read(event: Any, mail: Any) -> tuple[dict[str, Any], People]:
        told = part(event, name)
        common = {
            "occurred_us": time_us(told.get("timestamp")),
            "user_agent": text(told.get("userAgent")),
            "click_url": text(told.get("link")),
            "ip": text(told.get("ipAddress")),
        }
        return common, _all(mail)

    return read


def _subscription(event: Any, mail: Any) -> tuple[dict[str, Any], People]:
    told = part(event, "subscription")
    wanted = part(told, "newTopicPreferences")
    topics = _people(wanted.get("topicSubscriptionStatus"))
    left = bool(wanted.get("unsubscribeAll")) or any(
        text(topic.get("subscriptionStatus")).lower() == "optout" for topic in topics
    )
    common = {
        "told": Told.UNSUBSCRIBED if left else Told.SUBSCRIBED,
        "occurred_us": time_us(told.get("timestamp")),
        "basic": "unknown",
    }
    return common, _all(mail)


_TYPES: dict[str, tuple[Told, Read]] = {
    "Send": (Told.SENT, _send),
    "Delivery": (Told.DELIVERED, _delivery),
    "Bounce": (Told.BOUNCED, _bounce),
    "Complaint": (Told.COMPLAINED, _complaint),
    "Reject": (Told.REJECTED, _reject),
    "Open": (Told.OPENED, _engaged("open")),
    "Click": (Told.CLICKED, _engaged("click")),
    "Rendering Failure": (Told.FAILED, _failure),
    "DeliveryDelay": (Told.DEFERRED, _delay),
    "Subscription": (Told.SUBSCRIBED, _subscription),
    "Received": (Told.INBOUND, _of_all),
}

WEBHOOK = Webhook(
    "ses", "Amazon SES (SNS)", proof, splitter(carried), parse, busy=503, needs="topic_arns",
    after=after, may_wait=True,
    header="signature in the body",
)  # fmt: skip
