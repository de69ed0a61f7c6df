"""What is refused says why, and whether it shall come again; never a 500."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from tests.unit.webhook_corpus import cases
from tests.unit.webhook_signing import NOW_US, SIGNERS
from tests.web.hooks.posting import BASIC, EVENT, TOKEN, settings
from tracer.config import Config
from tracer.errors import ConfigError
from tracer.jobs.desk import Desk
from tracer.store import receipts
from webui.app import create_app
from webui.hooks import HOOKS
from webui.site import Site


def test_a_wrong_address_is_not_found_and_tells_nothing(client: FlaskClient) -> None:
    for path in (f"/hooks/brevo/{TOKEN}x", f"/hooks/nobody/{TOKEN}", "/hooks/brevo/\u00e9"):
        answer = client.post(path, json=EVENT, headers=BASIC)
        assert answer.status_code == 404
        assert answer.json == {"error": "there is no such webhook"}


def test_other_methods_are_refused(client: FlaskClient) -> None:
    answer = client.put(f"/hooks/brevo/{TOKEN}", json=EVENT, headers=BASIC)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_without_a_proof_it_is_unauthorised_and_asks_for_one(client: FlaskClient) -> None:
    answer = client.post(f"/hooks/brevo/{TOKEN}", json=EVENT)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_what_was_refused_and_why_is_kept(app: Flask, client: FlaskClient, store: Engine) -> None:
    for _ in range(25):
        client.post(f"/hooks/mailgun/{TOKEN}", json={"event-data": {}})
    app.extensions[HOOKS].intake.stop()
    with store.connect() as conn:
        kept = receipts.last_refusals(conn, "mailgun")
        assert receipts.facts_of(conn, "mailgun", NOW_US).refused == 25
    assert len(kept) == 20
    assert kept[0].status == 401 and "timestamp, token or signature" in kept[0].reason


def test_a_large_body_is_refused_by_its_length(store: Engine, tmp_path: Path) -> None:
    small = settings(tmp_path, "brevo", most_octets=100)
    app = create_app(store, Site(), Desk(store, Config(home=tmp_path, source=(small,))))
    answer = app.test_client().post(
        f"/hooks/brevo/{TOKEN}", data=b"x" * 101, headers=BASIC, content_type="application/json"
    )
    app.extensions[HOOKS].intake.stop()
    assert answer.status_code == 413


def test_a_token_with_another_body_is_refused(client: FlaskClient, tmp_path: Path) -> None:
    signed = SIGNERS["mailgun"](cases("mailgun")[0].body)
    path = f"/hooks/mailgun/{TOKEN}"
    headers = signed.request.headers
    assert client.post(path, data=signed.request.body, headers=headers).status_code == 200
    forged = signed.request.body.replace(b"bob", b"eve")
    assert client.post(path, data=forged, headers=headers).status_code == 401


def test_a_store_that_is_away_makes_the_provider_come_again(
    client: FlaskClient, store: Engine, tmp_path: Path
) -> None:
    with store.begin() as conn:
        conn.execute(text("DROP TABLE receipt_events"))
    brevo = client.post(f"/hooks/brevo/{TOKEN}", json=EVENT, headers=BASIC)
    signed = SIGNERS["ses"](cases("ses")[0].body, folder=tmp_path / "certificates")
    ses = client.post(
        f"/hooks/ses/{TOKEN}", data=signed.request.body, headers=signed.request.headers
    )
    assert (brevo.status_code, ses.status_code) == (429, 503)
    assert brevo.headers["Retry-After"]


def test_a_source_that_brings_too_much_is_asked_to_come_again(
    store: Engine, tmp_path: Path
) -> None:
    limited = settings(tmp_path, "brevo", most_per_second=1)
    config = Config(home=tmp_path, source=(limited, settings(tmp_path, "postmark")))
    app = create_app(store, Site(now_us=lambda: NOW_US), Desk(store, config))
    client = app.test_client()
    events = (EVENT | {"email": f"bob{n}@fabrikam.example"} for n in range(20))
    answers = [client.post(f"/hooks/brevo/{TOKEN}", json=e, headers=BASIC) for e in events]
    later = [answer for answer in answers if answer.status_code == 429]
    assert later and {answer.status_code for answer in answers} == {200, 429}
    assert later[0].headers["Retry-After"] == "1"
    other = client.post(f"/hooks/postmark/{TOKEN}", json={}, headers=BASIC)
    assert other.status_code == 200  # who is loud takes nothing from the others
    app.extensions[HOOKS].intake.stop()
    with store.connect() as conn:
        (noted,) = receipts.last_refusals(conn, "brevo")
    assert "more than 1 requests a second" in noted.reason


def test_a_source_without_what_it_needs_stops_the_start(store: Engine, tmp_path: Path) -> None:
    whole = settings(tmp_path, "mailgun")
    for broken, words in (
        (replace(whole, provider="mailgnu"), "Did you mean mailgun"),
        (replace(whole, secrets=()), "source.secrets of mailgun is missing"),
        (replace(whole, secrets_file="/nowhere"), "source.secrets_file"),
    ):
        with pytest.raises(ConfigError, match=words):
            create_app(store, Site(), Desk(store, Config(home=tmp_path, source=(broken,))))
