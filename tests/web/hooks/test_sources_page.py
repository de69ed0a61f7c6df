"""The page of sources: what came, what was turned away, what waits for a person."""

from __future__ import annotations

import threading
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests.unit.webhook_signing import SIGNERS
from tests.web.hooks.posting import BASIC, EVENT, TOKEN
from webui.hooks import HOOKS


def test_a_subscription_that_must_be_confirmed_by_hand_is_shown(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    fields = {"Type": "SubscriptionConfirmation", "Token": "tok", "SubscribeURL": "https://x/"}
    signed = SIGNERS["ses"]({}, folder=tmp_path / "certificates", fields=fields)
    sent = client.post(
        f"/hooks/ses/{TOKEN}", data=signed.request.body, headers=signed.request.headers
    )
    assert sent.status_code == 200
    for thread in threading.enumerate():
        if thread.name.endswith("(_afterwards)"):
            thread.join()
    page = client.get("/sources/ses").text
    assert "confirm it yourself" in page and "Action=ConfirmSubscription" in page


def test_the_page_of_sources_tells_what_came_and_what_was_turned_away(
    app: Flask, client: FlaskClient
) -> None:
    client.post(f"/hooks/brevo/{TOKEN}", json=[EVENT, 7], headers=BASIC)
    client.post(f"/hooks/mailgun/{TOKEN}", json={})
    app.extensions[HOOKS].intake.stop()
    every = client.get("/sources").text
    assert "turned away" in every and "timestamp, token or signature is missing" in every
    one = client.get("/sources/brevo").text
    assert "expected an object, got int" in one and TOKEN not in one
    assert "вебхуки" in client.get("/sources?lang=ru").text
    assert client.get("/sources/nobody").status_code == 404


def test_a_dead_letter_is_read_again_or_put_away_from_the_page(
    client: FlaskClient, store: Engine
) -> None:
    sent = client.post(f"/hooks/brevo/{TOKEN}", json=[EVENT, 7], headers=BASIC).json
    again = client.post("/sources/brevo/dead-letters/replay")
    assert again.status_code == 303
    form = {"receipt": sent["receipt"], "pointer": "/1"}
    assert client.post("/sources/brevo/dead-letters/discard", data=form).status_code == 400
    away = client.post("/sources/brevo/dead-letters/discard", data=form | {"reason": "a test"})
    assert away.status_code == 303
    assert "Everything could be read." in client.get("/sources/brevo").text
