"""Repairing gaps: what webhooks missed comes from the provider's API, and nothing comes twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from collectors.gaps import sendgrid as of_sendgrid
from collectors.gaps.repair import Window
from collectors.gaps.storing import Stored
from tests.fake_api import Asked, serving
from tests.unit.repairing import BOB, EVE, MAILGUN, START_US, Answer, Run, by_webhook, mailgun, rows
from tests.web.building import empty_store
from tracer.errors import ConfigError
from tracer.model import SECOND_US
from tracer.store import receipts


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    engine = empty_store(tmp_path)
    yield engine
    engine.dispose()


def test_mailgun_is_read_page_by_page_and_again_without_change(store: Engine) -> None:
    with serving(mailgun) as fake:
        run = Run("mailgun", fake, "mg.corp.example")
        assert run.into(store) == Stored(told=3, fresh=3)
        before = rows(store)
        assert run.into(store) == Stored(told=3, fresh=0)
    assert rows(store) == before
    assert sorted((row.recipient, row.status.value) for row in before) == [
        (BOB, "delivered"), (EVE, "delivered"),
    ]  # fmt: skip
    first = fake.asked[0]
    assert first.path == "/v3/mg.corp.example/events"
    assert first.headers["authorization"] == "Basic YXBpOmtleS0x"
    assert (first.query["begin"], first.query["end"]) == ("1763802000", "1763809200")
    assert len(fake.asked) == 6  # two pages and an empty one, twice


def test_what_a_webhook_told_falls_away(store: Engine) -> None:
    by_webhook(store, "mailgun", {"signature": {"token": "t"}, "event-data": MAILGUN[1]})
    before = rows(store)
    with serving(mailgun) as fake:
        assert Run("mailgun", fake, "mg.corp.example").into(store) == Stored(told=3, fresh=2)
    assert [row.attempts for row in rows(store) if row.recipient == BOB] == [before[0].attempts]


# SendGrid


def sendgrid_message(n: int, status: str = "delivered", **more: Any) -> dict[str, Any]:
    return {
        "from_email": "ann@corp.example", "msg_id": f"msg{n:04}AAAAAAAAAAAAAAAAA.recvd-1-0",
        "subject": "Hi", "to_email": BOB, "status": status, "opens_count": 0, "clicks_count": 0,
        "last_event_time": "2025-11-22T10:00:02Z",
    } | more  # fmt: skip


def sendgrid(asked: Asked, _: str) -> Any:
    if asked.path == "/v3/messages":
        return {"messages": [sendgrid_message(1), sendgrid_message(2, "not_delivered")]}
    events = [
        {"event_name": "processed", "processed": "2025-11-22T10:00:01Z"},
        {"event_name": "bounced", "processed": "2025-11-22T10:00:03Z", "bounce_type": "hard",
         "reason": "550 5.1.1 no such user"},
    ]  # fmt: skip
    return sendgrid_message(2, "not_delivered") | {"events": events}


def test_sendgrid_is_asked_for_details_only_where_the_list_does_not_say_all(store: Engine) -> None:
    with serving(sendgrid) as fake:
        run = Run("sendgrid", fake)
        assert run.into(store) == Stored(told=3, fresh=3)
        assert run.into(store) == Stored(told=3, fresh=0)
    assert fake.paths()[:2] == ["/v3/messages", "/v3/messages/msg0002AAAAAAAAAAAAAAAAA.recvd-1-0"]
    assert fake.asked[0].query["query"] == (
        'last_event_time BETWEEN TIMESTAMP "2025-11-22T09:00:00Z" AND '
        'TIMESTAMP "2025-11-22T11:00:00Z"'
    )
    assert sorted(row.status.value for row in rows(store)) == ["bounced", "delivered"]
    assert all(wait == pytest.approx(10) for wait in run.waits)  # six a minute


def test_a_full_answer_of_sendgrid_is_halved(
    store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_sendgrid, "_AT_ONCE", 2)
    at = datetime(2025, 11, 22, 9, 30, tzinfo=UTC)
    times = [at + timedelta(minutes=7 * n) for n in range(6)]

    def answer(asked: Asked, _: str) -> Any:
        _, since, _, until, _ = asked.query["query"].split('"')
        found = [
            sendgrid_message(n, last_event_time=f"{when:%Y-%m-%dT%H:%M:%SZ}")
            for n, when in enumerate(times)
            if since <= f"{when:%Y-%m-%dT%H:%M:%SZ}" <= until
        ]
        return {"messages": found[:2]}

    with serving(answer) as fake:
        assert Run("sendgrid", fake).into(store) == Stored(told=6, fresh=6)


def test_the_same_in_other_milliseconds_is_not_told_again(store: Engine) -> None:
    told = {
        "event": "delivered", "email": BOB, "timestamp": 1_763_805_601, "sg_event_id": "e1",
        "sg_message_id": "msg0001AAAAAAAAAAAAAAAAA.filter-9", "response": "250 OK",
    }  # fmt: skip
    by_webhook(store, "sendgrid", [told])
    with serving(lambda asked, _: {"messages": [sendgrid_message(1)]}) as fake:
        assert Run("sendgrid", fake).into(store) == Stored(told=1, fresh=0)


# Postmark


def postmark(asked: Asked, _: str) -> Any:
    message_id = "883953f4-6105-42a2-a16a-77a8eac79483"
    if asked.path == "/bounces":
        bounce = {
            "ID": 42, "Type": "HardBounce", "TypeCode": 1, "MessageID": "b-1", "Email": EVE,
            "BouncedAt": "2025-11-22T05:00:05-05:00", "Details": "smtp;550 5.1.1 no",
        }  # fmt: skip
        return {"TotalCount": 1, "Bounces": [bounce]}
    if asked.path == "/messages/outbound":
        return {"TotalCount": 1, "Messages": [{"MessageID": message_id}]}
    details = {"DeliveryMessage": "smtp;250 2.0.0 OK", "DestinationServer": "mx.fabrikam.example"}
    events = [
        {"Recipient": BOB, "Type": "Transient", "ReceivedAt": "2025-11-22T05:00:01-05:00",
         "Details": {"DeliveryMessage": "smtp;451 4.7.1 later"}},
        {"Recipient": BOB, "Type": "Delivered", "ReceivedAt": "2025-11-22T05:00:09-05:00",
         "Details": details},
        {"Recipient": EVE, "Type": "Bounced", "ReceivedAt": "2025-11-22T05:00:05-05:00",
         "Details": {"Summary": "no", "BounceID": "42"}},
    ]  # fmt: skip
    return {"MessageID": message_id, "Tag": "t", "MessageEvents": events}


def test_postmark_tells_bounces_and_what_stands_in_details(store: Engine) -> None:
    with serving(postmark) as fake:
        run = Run("postmark", fake)
        assert run.into(store) == Stored(told=3, fresh=3)
        assert run.into(store) == Stored(told=3, fresh=0)
    assert fake.asked[0].query["fromdate"] == "2025-11-22T04:00:00"  # US Eastern
    assert fake.asked[0].headers["x-postmark-server-token"] == "key-1"
    assert sorted((row.recipient, row.status.value, row.attempts) for row in rows(store)) == [
        (BOB, "delivered", 2), (EVE, "bounced", 1),
    ]  # fmt: skip


# SparkPost


def sparkpost(asked: Asked, _: str) -> Any:
    word, n = ("delivery", 1) if asked.query["cursor"] == "initial" else ("bounce", 2)
    event = {
        "type": word, "event_id": f"9{n}", "rcpt_to": (BOB, EVE)[n - 1],
        "message_id": f"0000{n}", "timestamp": "2025-11-22T10:00:01.000Z", "bounce_class": "10",
        "raw_reason": "550 5.1.1 no",
    }  # fmt: skip
    links = {"next": "/api/v1/events/message?cursor=WycyM"} if n == 1 else {}
    return {"results": [event], "total_count": 2, "links": links}


def test_sparkpost_is_followed_by_its_cursor(store: Engine) -> None:
    with serving(sparkpost) as fake:
        run = Run("sparkpost", fake)
        assert run.into(store) == Stored(told=2, fresh=2)
        assert run.into(store) == Stored(told=2, fresh=0)
    assert fake.asked[0].headers["authorization"] == "key-1"
    assert [one.query["cursor"] for one in fake.asked[:2]] == ["initial", "WycyM"]
    assert sorted(row.status.value for row in rows(store)) == ["bounced", "delivered"]


# Microsoft 365


def traced(status: str, n: int = 1) -> dict[str, Any]:
    return {
        "id": f"aaaaaaaa-0000-4000-8000-00000000000{n}", "senderAddress": "ann@corp.example",
        "recipientAddress": BOB, "messageId": f"<m{n}@corp.example>", "subject": 'Say "hi",\nBob',
        "receivedDateTime": "2025-11-22T10:00:00.1234567Z", "size": 4512, "fromIP": "192.0.2.1",
        "toIP": "", "status": status,
    }  # fmt: skip


def graph(first: str) -> Answer:
    def answer(asked: Asked, url: str) -> Any:
        if asked.path.endswith("/token"):
            return {"access_token": "tok", "expires_in": 3599}
        if "$skiptoken" in asked.query:
            return {"value": [traced("quarantined", 2)]}
        here = f"{url}/v1.0/admin/exchange/tracing/messageTraces?$skiptoken=x"
        return {"value": [traced(first)], "@odata.nextLink": here}

    return answer


def test_microsofts_trace_is_signed_in_for_paged_and_read_again(store: Engine) -> None:
    with serving(graph("pending")) as fake:
        run = Run("microsoft365", fake, "tenant-1/client-1")
        assert run.into(store) == Stored(told=2, fresh=2)
        assert run.into(store) == Stored(told=2, fresh=0)
    token, page = fake.asked[:2]
    assert token.path == "/tenant-1/oauth2/v2.0/token"
    assert b"client_secret=key-1" in token.body
    assert page.headers["authorization"] == "Bearer tok"
    assert "receivedDateTime ge 2025-11-22T09:00:00Z" in page.query["$filter"]
    assert sorted(row.status.value for row in rows(store)) == ["pending", "quarantined"]
    with serving(graph("delivered")) as fake:
        Run("microsoft365", fake, "tenant-1/client-1").into(store)
    assert sorted(row.status.value for row in rows(store)) == ["delivered", "quarantined"]


def test_a_long_span_is_asked_for_ten_days_at_a_time(store: Engine) -> None:
    with serving(graph("delivered")) as fake:
        days = Window(START_US - 25 * 86_400 * SECOND_US, START_US)
        Run("microsoft365", fake, "t/c").into(store, days)
    assert sum("$filter" in one.query for one in fake.asked) == 3


def test_an_account_that_names_no_app_says_what_to_write(store: Engine) -> None:
    with serving(graph("delivered")) as fake, pytest.raises(ConfigError, match="TENANT/CLIENT-ID"):
        Run("microsoft365", fake, "tenant-1").into(store)


def test_a_page_is_a_receipt_that_can_be_read_back(store: Engine) -> None:
    with serving(sparkpost) as fake:
        Run("sparkpost", fake).into(store)
    with store.connect() as conn:
        facts = receipts.facts_of(conn, "src", START_US)
    assert (facts.receipts, facts.events, facts.known) == (2, 2, 0)


def test_fetching_does_not_hide_that_the_webhook_is_silent(store: Engine) -> None:
    with serving(sparkpost) as fake:
        Run("sparkpost", fake).into(store)
    with store.connect() as conn:
        assert receipts.facts_of(conn, "src", START_US).last_us is None
