"""Amazon SES through EventBridge: one event a request, by an API destination.

Source: docs.aws.amazon.com/eventbridge/latest/ref/events-ref-ses.html,
…/ses/latest/dg/monitoring-eventbridge.html and
…/eventbridge/latest/userguide/eb-api-destinations.html (read 2026-11-22). Nothing is signed:
the destination's connection sends a password, a header with an API key, or a bearer token. What
an event tells stands in `detail`, in the words that SES has for SNS too; a rule whose input
transformer sends the detail alone is understood as well. Notices of the account are no mail.
"""

from __future__ import annotations

from typing import Any

from collectors.reported import Reported
from collectors.webhooks import ses
from collectors.webhooks.proving import password
from collectors.webhooks.reading import first, json_items, record, text
from collectors.webhooks.webhook import HookRequest, Item, Webhook

_KINDS = {
    "Email Sent": "Send",
    "Email Delivered": "Delivery",
    "Email Bounced": "Bounce",
    "Email Complaint Received": "Complaint",
    "Email Rejected": "Reject",
    "Email Opened": "Open",
    "Email Clicked": "Click",
    "Email Rendering Failed": "Rendering Failure",
    "Email Delivery Delayed": "DeliveryDelay",
    "Email Subscribed": "Subscription",
}
_OF_MAIL = "Email "


def _split(request: HookRequest) -> list[Item]:
    return [inner for item in json_items(request) for inner in _detail(item)]


def _detail(item: Item) -> list[Item]:
    """What an event tells; [] for a notice of the account."""
    event = item.value
    if not isinstance(event, dict) or "detail" not in event:
        return [item]
    kind, detail = text(event.get("detail-type")), event["detail"]
    if not isinstance(detail, dict):
        return [Item(f"{item.pointer}/detail", detail)]
    if not first(detail, "eventType", "notificationType"):
        if kind and not kind.startswith(_OF_MAIL):
            return []
        detail = {"eventType": _KINDS.get(kind, kind), **detail}
    return [Item(f"{item.pointer}/detail", detail)]


def _parse(item: Item, request: HookRequest) -> list[Reported]:
    detail: Any = record(item.value)
    return ses.parse(Item(item.pointer, detail), request)


WEBHOOK = Webhook("ses_eventbridge", "Amazon SES (EventBridge)", password, _split, _parse)
