"""What a results page was asked: the query and its time range, as the address holds them.

The address is the whole state: `q`, `since`, `until`, `after` (a cursor), `seen` (rows on
the pages before, only to number rows). `since=A..B` is both ends in one field, so that one
`<select>` can carry them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import request, url_for
from werkzeug.datastructures import MultiDict

from tracer.query import SearchQuery, parse_query
from webui import i18n, show

DEFAULT_SINCE = "48h"
PRESETS = ("24h", "48h", "7d", "14d", "all")
LIMITS = (50, 100, 500)
QUERY_LIMIT = 8_000


@dataclass(frozen=True, slots=True)
class Asked:
    """One search as asked for; empty fields mean the default."""

    q: str = ""
    since: str = ""
    until: str = ""
    after: str = ""
    limit: int = LIMITS[0]
    seen: int = 0

    def args(self) -> dict[str, Any]:
        """The fields that differ from the default, for a link."""
        fields = {"q": self.q, "since": self.since, "until": self.until, "after": self.after}
        told: dict[str, Any] = {key: value for key, value in fields.items() if value}
        if self.limit != LIMITS[0]:
            told["limit"] = self.limit
        if self.seen and self.after:
            told["seen"] = self.seen
        return told

    def first_page(self, **changes: str) -> Asked:
        """The same search from its newest row, with some fields changed."""
        return replace(self, after="", seen=0, **changes)  # type: ignore[arg-type]

    def url(self, endpoint: str = "search.results") -> str:
        """The address of this search."""
        return url_for(endpoint, **self.args())

    def parsed(self) -> SearchQuery:
        """The query; raises InvalidQuery."""
        return parse_query(
            self.q,
            now_us=i18n.site().now_us(),
            since=self.since,
            until=self.until,
            default_since=DEFAULT_SINCE,
            zone=i18n.zone(),
        )


def asked() -> Asked:
    """The search that this request asks for."""
    return asked_in(request.args)


def asked_in(args: MultiDict[str, str]) -> Asked:
    """The search that these parameters ask for; what is out of range becomes the default."""
    since, _, end = args.get("since", "").strip().partition("..")
    limit = args.get("limit", LIMITS[0], type=int)
    return Asked(
        q=args.get("q", "").strip()[:QUERY_LIMIT],
        since=since,
        until=end or args.get("until", "").strip(),
        after=args.get("after", ""),
        limit=limit if 1 <= limit <= LIMITS[-1] else LIMITS[0],
        seen=max(args.get("seen", 0, type=int), 0),
    )


def frozen(search: Asked, query: SearchQuery) -> Asked:
    """The same search with its range as times, so that a link still shows it tomorrow."""
    now_us = i18n.site().now_us()
    return replace(
        search,
        since=show.iso(query.since_us) if query.since_us is not None else "all",
        until=show.iso(query.until_us if query.until_us is not None else now_us),
    )
