"""What the provider says stands on the page of the mail that our log handed over."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests.unit.webhook_signing import SIGNERS
from tests.web.building import read_log
from tests.web.hooks.posting import BASIC, EVENT, LOG, TOKEN


def test_one_page_shows_the_mta_and_the_provider(
    client: FlaskClient, store: Engine, tmp_path: Path
) -> None:
    log = tmp_path / "mail.log"
    log.write_text(LOG, "utf-8")
    read_log(store, log, "mx1")
    row = client.get("/api/v1/deliveries?q=bob@fabrikam.example&since=all").json["items"][0]
    assert row["status"] == "relayed"
    bounce = EVENT | {"event": "hard_bounce", "reason": "550 5.1.1 no such user",
                      "ts_epoch": 1763805700000}  # fmt: skip
    for event in (bounce, EVENT):
        assert client.post(f"/hooks/brevo/{TOKEN}", json=event, headers=BASIC).status_code == 200
    rows = client.get("/api/v1/deliveries?q=bob@fabrikam.example&since=all").json["items"]
    assert len(rows) == 1
    assert rows[0]["status"] == "bounced" and rows[0]["sender"] == "ann@corp.example"
    assert rows[0]["queue_ids"] == ["mx1/4jAAAAzzzzz1", "brevo/m1@corp.example"]
    assert rows[0]["cause"] == "recipient_unknown"
    message = client.get(f"/m/{rows[0]['id']}.json").json
    assert [hop["host"] for hop in message["hops"]] == ["mx1", "brevo"]
    page = client.get(f"/m/{rows[0]['id']}")
    assert page.status_code == 200 and "550 5.1.1 no such user" in page.text


def _relayed(client: FlaskClient, store: Engine, folder: Path, *events: dict[str, Any]) -> str:
    """The address of the page of a mail that was handed over and reported on."""
    log = folder / "mail.log"
    log.write_text(LOG, "utf-8")
    read_log(store, log, "mx1")
    for event in events:
        sent = client.post(f"/hooks/brevo/{TOKEN}", json=EVENT | event, headers=BASIC)
        assert sent.status_code == 200
    (row,) = client.get("/api/v1/deliveries?q=bob@fabrikam.example&since=all").json["items"]
    return f"/m/{row['id']}"


def _words(page: str) -> str:
    """A page's words, one blank between."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_mail_that_came_back_after_its_delivery_is_told_as_that(
    client: FlaskClient, store: Engine, tmp_path: Path
) -> None:
    back = {"event": "hard_bounce", "reason": "550 5.1.1 no such user", "ts_epoch": 1763809200000}
    page = _relayed(client, store, tmp_path, {}, back)
    assert "had accepted it first, then returned it" in client.get(page).text
    assert "сначала принял письмо, а потом вернул" in client.get(page + "?lang=ru").text


def test_mail_that_was_refused_at_once_is_not_told_as_returned(
    client: FlaskClient, store: Engine, tmp_path: Path
) -> None:
    refused = {"event": "hard_bounce", "reason": "550 5.1.1 no such user"}
    page = _relayed(client, store, tmp_path, refused)
    assert "then returned it" not in client.get(page).text


@pytest.mark.parametrize("days_later", [0, 9, 13, 30])
def test_a_complaint_stands_on_the_page_of_its_mail_however_late_it_is(
    client: FlaskClient, store: Engine, tmp_path: Path, days_later: int
) -> None:
    late_ms = 1763805600123 + 3_600_000 + days_later * 86_400_000
    complaint = {"event": "spam", "ts_epoch": late_ms}
    page = _relayed(client, store, tmp_path, {}, complaint)
    english, russian = (_words(client.get(page + lang).text) for lang in ("", "?lang=ru"))
    assert "The recipient marked it as spam" in english
    assert "Получатель пометил письмо как спам" in russian
    (row,) = client.get("/api/v1/deliveries?q=bob@fabrikam.example&since=all").json["items"]
    assert row["status"] == "delivered"


def test_a_guess_is_shown_as_probable_and_never_joined(
    client: FlaskClient, store: Engine, tmp_path: Path
) -> None:
    log = tmp_path / "mail.log"
    log.write_text(LOG, "utf-8")
    read_log(store, log, "mx1")
    event = {"event_type": "bounced", "recipient": "bob@fabrikam.example",
             "from": "ann@corp.example", "provider_message_id": "own-9",
             "occurred_at": "2025-11-22T10:00:30Z"}  # fmt: skip
    signed = SIGNERS["standard"](event)
    sent = client.post(
        f"/hooks/standard/{TOKEN}", data=signed.request.body, headers=signed.request.headers
    )
    assert sent.status_code == 200
    rows = client.get("/api/v1/deliveries?q=bob@fabrikam.example&since=all").json["items"]
    assert sorted(row["status"] for row in rows) == ["bounced", "relayed"]
    for row in rows:
        assert "probably the same message" in client.get(f"/m/{row['id']}").text
