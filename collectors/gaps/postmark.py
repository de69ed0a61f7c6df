"""Postmark's bounce and message APIs.

Source: postmarkapp.com/developer/api/bounce-api and …/messages-api (read 2026-11-22). Times of
a search are US Eastern. 500 an answer, 10,000 a search, so a fuller window is halved. A bounce
is what the webhook brings; deliveries, opens and clicks stand in each message's details. Kept
for 45 days unless another time was bought.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from collectors.gaps.calling import Api
from collectors.gaps.repair import Access, Repair, Window
from collectors.webhooks.reading import first, number, part, text
from tracer.model import when

_AT_ONCE = 500
_MOST = 10_000
_EASTERN = "America/New_York"
_RECORDS = {  # of a message's events; bounces come from the other API, with their ids
    "Delivered": ("Delivery", "DeliveredAt"),
    "Transient": ("Bounce", "BouncedAt"),
    "Opened": ("Open", "ReceivedAt"),
    "LinkClicked": ("Click", "ReceivedAt"),
}


def _sign(_: Api, access: Access) -> Mapping[str, str]:
    return {"X-Postmark-Server-Token": access.key}


def _fetch(api: Api, _: Access, window: Window) -> Iterator[list[Any]]:
    for bounces in _pages(api, "/bounces", "Bounces", window):
        yield [_bounce(one) for one in bounces]
    for messages in _pages(api, "/messages/outbound", "Messages", window):
        for message in messages:
            yield _of_message(api, text(message.get("MessageID")))


def _pages(api: Api, path: str, name: str, window: Window) -> Iterator[list[Mapping[str, Any]]]:
    """Pages of a search, oldest window first."""
    ask = _asking(api, path, window)
    page = ask(0)
    total = number(page.get("TotalCount")) or 0
    if total > _MOST and window.seconds >= 2:
        for half in window.halves():
            yield from _pages(api, path, name, half)
        return
    offset = 0
    while items := page.get(name):
        yield [one for one in items if isinstance(one, dict)]
        offset += _AT_ONCE
        if offset >= min(total, _MOST):
            return
        page = ask(offset)


def _asking(api: Api, path: str, window: Window) -> Callable[[int], Mapping[str, Any]]:
    asked = {"fromdate": _eastern(window.since_us), "todate": _eastern(window.until_us)}

    def ask(offset: int) -> Mapping[str, Any]:
        page = api.get(path, asked | {"count": _AT_ONCE, "offset": offset})
        return page if isinstance(page, dict) else {}

    return ask


def _eastern(at_us: int) -> str:
    return when(at_us).astimezone(ZoneInfo(_EASTERN)).strftime("%Y-%m-%dT%H:%M:%S")


def _bounce(one: Mapping[str, Any]) -> dict[str, Any]:
    is_complaint = one.get("Type") in ("SpamComplaint", "SpamNotification")
    return {"RecordType": "SpamComplaint" if is_complaint else "Bounce", **one}


def _of_message(api: Api, message_id: str) -> list[Any]:
    whole = api.get(f"/messages/outbound/{quote(message_id, safe='')}/details")
    events = whole.get("MessageEvents") if isinstance(whole, dict) else None
    listed = events if isinstance(events, list) else []
    told = (_as_told(one, whole) for one in listed if isinstance(one, dict))
    return [one for one in told if one]


def _as_told(event: Mapping[str, Any], message: Mapping[str, Any]) -> dict[str, Any]:
    """An event of a message in the shape of the webhook's; {} for one that comes otherwise."""
    record, time_field = _RECORDS.get(text(event.get("Type")), ("", ""))
    if not record:
        return {}
    details = part(event, "Details")
    told = {
        "RecordType": record,
        "MessageID": message.get("MessageID"),
        "Recipient": event.get("Recipient"),
        "Email": event.get("Recipient"),
        "Type": "Transient" if record == "Bounce" else None,
        "Tag": message.get("Tag"),
        "Metadata": message.get("Metadata"),
        time_field: event.get("ReceivedAt"),
        "Details": first(details, "DeliveryMessage") or None,
        "OriginalLink": details.get("Link"),
    }
    return {name: value for name, value in told.items() if value is not None}


REPAIR = Repair(
    "postmark", "Postmark", "https://api.postmarkapp.com", _sign, _fetch, per_minute=300,
    kept_days=45, scope="a server token, not an account token",
)  # fmt: skip
