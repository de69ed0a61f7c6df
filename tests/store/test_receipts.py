"""Receipts and foreign hops in stores of both kinds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from collectors.formats import parse_line
from collectors.webhooks import BY_NAME, replaying
from collectors.webhooks.intake import store_together
from collectors.webhooks.parcel import Parcel, Stored, parcel
from collectors.webhooks.webhook import Proof
from tests.unit.webhook_signing import NOW_US, request_of
from tests.web.building import read_log
from tests.web.hooks.posting import EVENT, LOG
from tracer.errors import WebhookRejected
from tracer.query import EVERYTHING, SearchQuery
from tracer.store import deliveries, receipts, tokens
from tracer.store.receipts import Refusal
from tracer.trace import load_trace

ALL = SearchQuery(EVERYTHING, None, None, "")


def made(body: Any, nonce: str = "", *, covers_body: bool = True) -> Parcel:
    request = request_of(json.dumps(body).encode(), {})
    return parcel(BY_NAME["brevo"], "brevo", request, Proof("x", "s", nonce, covers_body))


@pytest.mark.parametrize("log_first", [True, False])
def test_log_and_reports_join_whichever_comes_first(
    store: Engine, tmp_path: Path, log_first: bool
) -> None:
    (tmp_path / "mail.log").write_text(LOG, "utf-8")
    steps = [
        lambda: read_log(store, tmp_path / "mail.log", "mx1"),
        lambda: store_together(store, [made([EVENT])], []),
    ]
    for step in steps if log_first else reversed(steps):
        step()
    with store.connect() as conn:
        (row,) = deliveries.rows(conn, ALL)
        trace = load_trace(conn, row.id, parse_line)
    assert (row.status.value, row.sender) == ("delivered", "ann@corp.example")
    assert row.queue_ids == ("mx1/4jAAAAzzzzz1", "brevo/m1@corp.example")
    assert [leg.hop.host for leg in trace.legs] == ["mx1", "brevo"]
    assert row.direction == "outbound"


def test_what_was_stored_comes_back_as_it_was(store: Engine) -> None:
    one = made([EVENT, 7])
    (stored,) = store_together(store, [one], [])
    assert isinstance(stored, Stored)
    assert replaying.replay(store, stored.receipt_id) == 1
    with store.connect() as conn:
        receipt = receipts.receipt(conn, stored.receipt_id)
        assert receipts.body(conn, stored.receipt_id) == json.dumps([EVENT, 7]).encode()
        assert (receipt.events, receipt.known, receipt.repeats) == (1, 0, 0)
        assert receipts.facts_of(conn, "brevo", NOW_US).waiting == 1


def test_a_nonce_is_good_for_one_body(store: Engine) -> None:
    first, same = (made(EVENT, "token", covers_body=False) for _ in range(2))
    forged = made(EVENT | {"email": "eve@x.example"}, "token", covers_body=False)
    kept, again, refused = store_together(store, [first, same, forged], [])
    assert isinstance(kept, Stored) and again == Stored(kept.receipt_id, is_known=True)
    assert isinstance(refused, WebhookRejected)
    (later,) = store_together(store, [forged], [])
    assert isinstance(later, WebhookRejected)


def test_refusals_beyond_the_last_are_counted_and_forgotten(store: Engine) -> None:
    away = [Refusal("brevo", NOW_US + n, 401, f"why {n}", "192.0.2.1", 2) for n in range(30)]
    store_together(store, [], away[:15])
    store_together(store, [], away[15:])
    with store.connect() as conn:
        kept = receipts.last_refusals(conn, "brevo")
        assert receipts.facts_of(conn, "brevo", NOW_US).refused == 30
    assert [one.reason for one in kept] == [f"why {n}" for n in range(29, 9, -1)]


def test_tokens_open_what_their_scopes_name(store: Engine) -> None:
    with store.begin() as conn:
        _, secret = tokens.create(conn, "check", "events:write receipts:read", NOW_US)
        found = tokens.find(conn, secret)
        assert found is not None and found.may("events:read") and found.may("receipts:read")
        assert not found.may("receipts:write")
        assert tokens.find(conn, secret + "x") is None
