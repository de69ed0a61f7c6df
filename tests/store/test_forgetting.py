"""Old receipts go, one recipient's too; short transactions, and nothing else is touched."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Engine

from collectors.webhooks import BY_NAME
from collectors.webhooks.intake import store_together
from collectors.webhooks.parcel import parcel
from collectors.webhooks.replaying import replay
from collectors.webhooks.webhook import HookRequest, Proof
from tracer.errors import NotFound, UnusableInput
from tracer.model import DAY_US, SECOND_US
from tracer.store import days, receipts, sealed
from tracer.store.driver import fetch
from tracer.store.forgetting import Forgotten, erase, expire

NOW_US = 1_763_806_000 * SECOND_US


def came(store: Engine, *recipients: object, at_us: int = NOW_US) -> str:
    """A receipt with an event for each recipient; what is no text cannot be read."""
    body = [
        {"event": "delivered", "email": who, "message-id": f"<{at_us}@corp.example>",
         "ts_epoch": at_us // 1000} if isinstance(who, str) else who
        for who in recipients
    ]  # fmt: skip
    request = HookRequest("POST", "", {}, "", json.dumps(body).encode(), at_us)
    found = parcel(BY_NAME["brevo"], "b", request, Proof("path"))
    (told,) = store_together(store, [found], [])
    assert not isinstance(told, Exception)
    return told.receipt_id


def counted(store: Engine, table: str) -> int:
    with store.connect() as conn:
        ((count,),) = fetch(conn, f"SELECT count(*) FROM {table}", ())
    return int(count)


@pytest.mark.parametrize("at_a_time", [1, 2, 500])
def test_what_is_old_goes_and_what_is_not_stays(store: Engine, at_a_time: int) -> None:
    for n in range(3):
        came(store, "bob@fabrikam.example", 7, at_us=NOW_US - 40 * DAY_US + n * SECOND_US)
    fresh = came(store, "bob@fabrikam.example", 7)
    hops = counted(store, "sources")
    assert expire(store, NOW_US - 30 * DAY_US, at_a_time=at_a_time) == 3
    tables = ("receipts", "receipt_events", "dead_letters", "told_facts")
    assert [counted(store, table) for table in tables] == [1, 1, 1, 1]
    assert counted(store, "sources") == hops
    with store.connect() as conn:
        assert receipts.receipt(conn, fresh).events == 1
    assert expire(store, NOW_US - 30 * DAY_US, at_a_time=at_a_time) == 0


def test_receipts_of_a_held_day_stay(store: Engine) -> None:
    old_us = NOW_US - 40 * DAY_US
    held, other = came(store, "a@x.example", at_us=old_us), came(store, 7, at_us=old_us + DAY_US)
    with store.begin() as conn:
        sealed.hold(conn, days.day_of(old_us), "case 17")
    assert expire(store, NOW_US) == 1
    with store.connect() as conn:
        assert receipts.body(conn, held)
        with pytest.raises(NotFound):
            receipts.receipt(conn, other)
        sealed.hold(conn, days.day_of(old_us), "")
        conn.commit()
    assert expire(store, NOW_US) == 1


def test_the_traces_keep_what_old_receipts_told(store: Engine) -> None:
    old = came(store, "bob@fabrikam.example")
    with store.connect() as conn:
        ((day,),) = fetch(conn, "SELECT day FROM days", ())
    assert expire(store, NOW_US + DAY_US) == 1
    assert counted(store, f"deliveries_{day}") == 1
    with store.connect() as conn, pytest.raises(NotFound):
        receipts.receipt(conn, old)


@pytest.mark.parametrize("at_a_time", [1, 500])
def test_one_recipient_is_erased_and_the_others_stay(store: Engine, at_a_time: int) -> None:
    both = came(store, "Eve@Fabrikam.example", "bob@fabrikam.example")
    other = came(store, "bob@fabrikam.example", at_us=NOW_US + SECOND_US)
    dead = came(store, {"event": 5, "email": ["eve@fabrikam.example"]}, at_us=NOW_US + DAY_US)
    assert erase(store, "eve@fabrikam.example", at_a_time=at_a_time) == Forgotten(2, 1)
    with store.connect() as conn:
        assert [one.record.count("bob@") for one in receipts.events_of(conn, both)] == [1]
        assert receipts.body(conn, both) == b"" and b"bob@" in receipts.body(conn, other)
        assert "eve" not in str(receipts.dead_letters_of(conn, receipt_id=dead)).lower()
    assert erase(store, "eve@fabrikam.example") == Forgotten()


def test_an_address_that_a_form_or_json_spells_otherwise_is_found(store: Engine) -> None:
    escaped = json.dumps({"email": "eve@x.example"}).replace("@", "\\u0040").encode()
    for n, body in enumerate((b"to=eve%40x.example", escaped, b"x" * 900 + b" EVE@x.example")):
        request = HookRequest("POST", "", {}, "", body, NOW_US + n)
        store_together(store, [parcel(BY_NAME["brevo"], "b", request, Proof("path"))], [])
    assert erase(store, "eve@x.example").receipts == 3


def test_what_was_erased_cannot_be_read_again_and_says_so(store: Engine) -> None:
    id = came(store, "eve@fabrikam.example", 7)
    erase(store, "eve@fabrikam.example")
    with pytest.raises(UnusableInput, match="erased"):
        replay(store, id)
