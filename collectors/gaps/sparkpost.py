"""SparkPost's (Bird's) events API.

Source: developers.sparkpost.com/api/events and docs.bird.com/api/email-api/events (read
2026-11-22). Pages by cursor, the next one in `links.next`; kept for 10 days. An event is what
the webhook has inside `msys`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from collectors.gaps.calling import Api
from collectors.gaps.repair import Access, Repair, Window, rfc3339
from collectors.webhooks.reading import text

_AT_ONCE = 1000


def _sign(_: Api, access: Access) -> Mapping[str, str]:
    return {"Authorization": access.key}


def _fetch(api: Api, _: Access, window: Window) -> Iterator[list[Any]]:
    asked = {
        "from": rfc3339(window.since_us),
        "to": rfc3339(window.until_us),
        "per_page": _AT_ONCE,
        "cursor": "initial",
    }
    page = api.get("/api/v1/events/message", asked)
    while isinstance(page, dict):
        items = page.get("results")
        yield [_as_told(item) for item in items] if isinstance(items, list) else []
        following = _next(page.get("links"))
        if not following:
            return
        page = api.get(following)


def _as_told(item: Any) -> Any:
    """An event in the frame that the webhook puts around it; its class is not used."""
    return {"msys": {"message_event": item}}


def _next(links: Any) -> str:
    """`{"next": path}`; in older answers `[{"rel": "next", "href": path}]`."""
    if isinstance(links, dict):
        return text(links.get("next"))
    listed = links if isinstance(links, list) else []
    found = (
        one.get("href") for one in listed if isinstance(one, dict) and one.get("rel") == "next"
    )
    return text(next(found, ""))


REPAIR = Repair(
    "sparkpost", "SparkPost", "https://api.sparkpost.com", _sign, _fetch, per_minute=60,
    kept_days=10, scope="Events Search: Read-only",
)  # fmt: skip
