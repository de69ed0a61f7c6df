"""Mailgun's events API.

Source: documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/events (read
2026-11-22). Pages of 300 at most, followed by `paging.next` until one is empty; kept for 3 to
30 days, depending on the plan. An event is what the webhook has as `event-data`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from collectors.gaps.calling import Api
from collectors.gaps.repair import Access, Repair, Window
from collectors.webhooks.reading import part, text
from tracer.model import SECOND_US

_WANTED = frozenset(
    "accepted delivered failed rejected opened clicked unsubscribed complained".split()
)
_AT_ONCE = 300


def _sign(_: Api, access: Access) -> Mapping[str, str]:
    return {"Authorization": "Basic " + b64encode(f"api:{access.key}".encode()).decode()}


def _fetch(api: Api, access: Access, window: Window) -> Iterator[list[Any]]:
    asked = {
        "begin": window.since_us // SECOND_US,
        "end": -(-window.until_us // SECOND_US),
        "ascending": "yes",
        "limit": _AT_ONCE,
    }
    page = api.get(f"/v3/{quote(access.account, safe='')}/events", asked)
    while items := page.get("items") if isinstance(page, dict) else None:
        yield [
            {"event-data": item}
            for item in items
            if isinstance(item, dict) and text(item.get("event")) in _WANTED
        ]
        following = text(part(page, "paging").get("next"))
        if not following:
            return
        page = api.get(following)


REPAIR = Repair(
    "mailgun", "Mailgun", "https://api.mailgun.net", _sign, _fetch, per_minute=300, kept_days=30,
    account="the sending domain, like mg.corp.example", scope="reading events of the domain",
)  # fmt: skip
