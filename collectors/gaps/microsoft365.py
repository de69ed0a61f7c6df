"""Microsoft 365's message trace, through Microsoft Graph.

Source: learn.microsoft.com/graph/api/messagetracingroot-list-messagetraces and …/exchange/
monitoring/trace-an-email-message/graph-api-message-trace (read 2026-11-22). App-only, with
ExchangeMessageTrace.Read.All; 100 requests in 5 minutes for the whole tenant, of which half is
left to others; 90 days back, 10 days a query; the global cloud only. A row says what the CSV of
`Get-MessageTraceV2` says, so it is read as one and the two do not count twice. Statuses change:
read the last two days again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from sqlalchemy import Engine

from collectors.formats import parse_line
from collectors.gaps.calling import Api
from collectors.gaps.repair import Access, Repair, Window, rfc3339
from collectors.gaps.storing import Stored
from collectors.gather import Gatherer
from collectors.microsoft_reports import table_of
from collectors.webhooks.reading import number, text
from tracer.arrival import Batch
from tracer.errors import ConfigError, SourceUnavailable
from tracer.ingest import ingest_within
from tracer.model import Progress
from tracer.store import sources

_AT_ONCE = 5000
_DAYS_A_QUERY = 10
_LOGIN = "https://login.microsoftonline.com"
_GRAPH = "https://graph.microsoft.com"
_COLUMNS = {  # of the report -> of the API
    "Received": "receivedDateTime",
    "SenderAddress": "senderAddress",
    "RecipientAddress": "recipientAddress",
    "Subject": "subject",
    "Status": "status",
    "ToIP": "toIP",
    "FromIP": "fromIP",
    "MessageId": "messageId",
    "MessageTraceId": "id",
}


def _sign(api: Api, access: Access) -> Mapping[str, str]:
    """A token for an hour or so, got with the app's secret."""
    tenant, slash, client = access.account.partition("/")
    if not (tenant and slash and client):
        raise ConfigError(
            "api_account must be TENANT/CLIENT-ID, as the app registration shows them"
        )
    login = _LOGIN if access.url == _GRAPH else access.url
    asking = Api("Microsoft's sign-in", login, per_minute=60, sleep=api.sleep)
    answer = asking.post_form(
        f"/{quote(tenant, safe='')}/oauth2/v2.0/token",
        {
            "client_id": client,
            "client_secret": access.key,
            "grant_type": "client_credentials",
            "scope": f"{_GRAPH}/.default",
        },
    )
    token = text(answer.get("access_token")) if isinstance(answer, dict) else ""
    if not token:
        raise SourceUnavailable("Microsoft's sign-in gave no token. Check api_account and api_key.")
    return {"Authorization": f"Bearer {token}"}


def _fetch(api: Api, _: Access, window: Window) -> Iterator[list[Any]]:
    for piece in window.parts(_DAYS_A_QUERY):
        since, until = rfc3339(piece.since_us), rfc3339(piece.until_us)
        asked = f"receivedDateTime ge {since} and receivedDateTime le {until}"
        page = api.get(
            "/v1.0/admin/exchange/tracing/messageTraces", {"$filter": asked, "$top": _AT_ONCE}
        )
        while isinstance(page, dict):
            items = page.get("value")
            yield items if isinstance(items, list) else []
            following = text(page.get("@odata.nextLink"))
            if not following:
                break
            page = api.get(following)


def _store(engine: Engine, source: str, provider: str, items: list[Any], now_us: int) -> Stored:
    """Store a page as rows of a message trace report."""
    rows = [one for one in items if isinstance(one, dict)]
    table = table_of(_row([*_COLUMNS, "Size"]), source)
    assert table is not None
    unread: list[str] = [text(one) for one in items if not isinstance(one, dict)]
    lines = table.read_many([_row(_cells(one)) for one in rows], unread)
    gatherer = Gatherer()
    events = [(event, line.host) for line in lines for event in parse_line(line)]
    for event, host in events:
        gatherer.add(event, host)
    progress = Progress(source, "api", provider)
    progress.lines, progress.events = len(items), len(events)
    progress.unparsed, progress.read_at_us = len(unread), now_us
    with engine.begin() as conn:
        known = ingest_within(conn, Batch(gatherer.take(), None), parse_line)
        sources.advance(conn, progress)
    return Stored(len(events), len(events) - known, len(unread))


def _cells(item: Mapping[str, Any]) -> list[str]:
    size = number(item.get("size"))
    said = (" ".join(text(item.get(name)).split()) for name in _COLUMNS.values())
    return [*said, "" if size is None else str(size)]


def _row(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()


REPAIR = Repair(
    "microsoft365", "Microsoft Graph", _GRAPH, _sign, _fetch, per_minute=10, kept_days=90,
    account="TENANT/CLIENT-ID of the app registration", scope="ExchangeMessageTrace.Read.All",
    store=_store,
)  # fmt: skip
