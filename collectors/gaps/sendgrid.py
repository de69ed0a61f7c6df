"""SendGrid's Email Activity API, an add-on that has to be bought.

Source: twilio.com/docs/sendgrid/api-reference/email-activity (read 2026-11-22): 6 requests a
minute, 1000 messages an answer and no next page, so a full window is halved. Messages that
were delivered and never opened need no request of their own: the list tells when. Kept for 30
days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from collectors.gaps.calling import Api
from collectors.gaps.repair import Access, Repair, Window, rfc3339
from collectors.webhooks.reading import number, text, time_us
from tracer.model import SECOND_US

_AT_ONCE = 1000
_EVENTS = {  # the API's word -> the webhook's
    "received": "processed",
    "processed": "processed",
    "delivered": "delivered",
    "deferred": "deferred",
    "bounced": "bounce",
    "bounce": "bounce",
    "blocked": "bounce",
    "dropped": "dropped",
    "open": "open",
    "opened": "open",
    "click": "click",
    "clicked": "click",
    "spam_report": "spamreport",
    "spamreport": "spamreport",
    "unsubscribe": "unsubscribe",
    "group_unsubscribe": "group_unsubscribe",
    "group_resubscribe": "group_resubscribe",
}


def _sign(_: Api, access: Access) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {access.key}"}


def _fetch(api: Api, access: Access, window: Window) -> Iterator[list[Any]]:
    since, until = rfc3339(window.since_us), rfc3339(window.until_us + SECOND_US - 1)
    query = f'last_event_time BETWEEN TIMESTAMP "{since}" AND TIMESTAMP "{until}"'
    page = api.get("/v3/messages", {"limit": _AT_ONCE, "query": query})
    found = page.get("messages") if isinstance(page, dict) else None
    messages = [one for one in found or [] if isinstance(one, dict)]
    if len(messages) >= _AT_ONCE and window.seconds >= 2:
        for half in window.halves():
            yield from _fetch(api, access, half)
        return
    yield [_as_delivered(message) for message in messages if _says_all(message)]
    for message in messages:
        if not _says_all(message):
            yield _of_message(api, message)


def _as_delivered(message: Mapping[str, Any]) -> dict[str, Any]:
    told = {"event_name": "delivered", "processed": message.get("last_event_time")}
    return _as_told(told, message)


def _of_message(api: Api, message: Mapping[str, Any]) -> list[Any]:
    whole = api.get(f"/v3/messages/{quote(text(message.get('msg_id')), safe='')}")
    events = whole.get("events") if isinstance(whole, dict) else None
    listed = events if isinstance(events, list) else []
    return [_as_told(event, message | whole) for event in listed if isinstance(event, dict)]


def _says_all(message: Mapping[str, Any]) -> bool:
    is_read = number(message.get("opens_count")) or number(message.get("clicks_count"))
    return text(message.get("status")) == "delivered" and not is_read


def _as_told(event: Mapping[str, Any], message: Mapping[str, Any]) -> dict[str, Any]:
    """An event of the API in the shape of the webhook's."""
    word = text(event.get("event_name")).lower()
    at_us = time_us(event.get("processed"))
    told = {
        "event": _EVENTS.get(word, word),
        "email": message.get("to_email"),
        "timestamp": None if at_us is None else at_us / SECOND_US,
        "sg_message_id": message.get("msg_id"),
        "reason": event.get("reason"),
        "type": "blocked" if word == "blocked" else event.get("bounce_type"),
        "attempt": event.get("attempt_num"),
        "url": event.get("url"),
        "useragent": event.get("http_user_agent"),
    }
    return {name: value for name, value in told.items() if value is not None}


REPAIR = Repair(
    "sendgrid", "SendGrid", "https://api.sendgrid.com", _sign, _fetch, per_minute=6, kept_days=30,
    scope="Email Activity (an add-on)",
)  # fmt: skip
