"""Running a repair against a fake API, and what Mailgun's would tell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Any

import msgspec
from sqlalchemy import Engine

from collectors.gaps import BY_PROVIDER
from collectors.gaps.calling import Api
from collectors.gaps.repair import Access, Window
from collectors.gaps.storing import Stored
from collectors.webhooks import BY_NAME
from collectors.webhooks.intake import store_together
from collectors.webhooks.parcel import parcel
from collectors.webhooks.webhook import HookRequest, Proof
from tests.fake_api import Asked, FakeApi
from tracer.model import SECOND_US, Row
from tracer.query import parse_query
from tracer.store import deliveries

START_US = 1_763_805_600 * SECOND_US  # 2025-11-22T10:00:00Z
WINDOW = Window(START_US - 3600 * SECOND_US, START_US + 3600 * SECOND_US)
BOB, EVE = "bob@fabrikam.example", "eve@fabrikam.example"
Answer = Callable[[Asked, str], Any]


class Run:
    """One provider's repair against a fake API; waits are noted and not waited."""

    def __init__(self, provider: str, fake: FakeApi, account: str = "") -> None:
        self.found = BY_PROVIDER[provider]
        self.access = Access(fake.url, "key-1", account)
        self.waits: list[float] = []
        self._now = 0.0
        self.api = Api(
            self.found.title, fake.url, per_minute=self.found.per_minute, scope=self.found.scope,
            sleep=self._sleep, clock=lambda: self._now,
        )  # fmt: skip

    def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._now += seconds

    def into(self, store: Engine, window: Window = WINDOW) -> Stored:
        self.api.headers = self.found.sign(self.api, self.access)
        total = Stored()
        for items in self.found.fetch(self.api, self.access, window):
            total += self.found.store(store, "src", self.found.provider, items, START_US)
        return total


def rows(store: Engine) -> list[Row]:
    query = parse_query("", now_us=START_US, since="all", zone=UTC)
    with store.connect() as conn:
        return list(deliveries.search(conn, query, limit=100).rows)


def by_webhook(store: Engine, provider: str, body: Any) -> None:
    request = HookRequest("POST", "", {}, "", msgspec.json.encode(body), START_US)
    store_together(store, [parcel(BY_NAME[provider], "src", request, Proof("path"))], [])


def mailgun_event(word: str, recipient: str, at: float, n: int) -> dict[str, Any]:
    return {
        "id": f"id{n}", "event": word, "timestamp": 1_763_805_600 + at, "recipient": recipient,
        "message": {"headers": {"message-id": "m1@corp.example", "subject": "Hi"}},
        "envelope": {"sender": "ann@corp.example"},
        "delivery-status": {"code": 250, "message": "OK"},
    }  # fmt: skip


MAILGUN = [
    mailgun_event("accepted", BOB, 0.5, 1),
    mailgun_event("delivered", BOB, 1.25, 2),
    mailgun_event("stored", BOB, 1.5, 3),
    mailgun_event("delivered", EVE, 2.0, 4),
]


def mailgun(asked: Asked, url: str) -> Any:
    page = int(asked.query.get("page", 0))
    following = f"{url}/v3/mg.corp.example/events?page={page + 1}"
    return {"items": MAILGUN[page * 2 : page * 2 + 2], "paging": {"next": following}}
