"""`/hooks/…` over HTTP: what is acknowledged is stored, what is refused says why, never a 500."""

from __future__ import annotations

import gzip
import json
import re
import threading
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from tests import postgres
from tests.unit.webhook_corpus import cases
from tests.unit.webhook_signing import NOW_US, PASSWORD, SIGNERS, write_certificate
from tests.web.building import empty_store, read_log
from tracer.config import Config, SourceSettings
from tracer.errors import ConfigError
from tracer.jobs.desk import Desk
from tracer.store import receipts, tokens
from tracer.store.engine import open_engine
from tracer.store.migrate import migrate
from webui.app import create_app
from webui.hooks import HOOKS
from webui.site import Site

TOKEN = "abcdefghijklmnop-1234"
BASIC = {"Authorization": "Basic " + b64encode(PASSWORD.encode()).decode()}
EVENT = {"event": "delivered", "email": "bob@fabrikam.example", "message-id": "<m1@corp.example>",
         "ts_epoch": 1763805600123}  # fmt: skip


def settings(home: Path, name: str, **more: Any) -> SourceSettings:
    """A source of a provider with the keys of its signer."""
    signed = SIGNERS[name](cases(name)[0].body, folder=home / "certificates", **cases(name)[0].more)
    given = {
        "secrets": signed.keys.secrets,
        "topic_arns": signed.keys.topic_arns,
        "cert_dir": str(home / "certificates"),
        "may_fetch": False,
        "public_url": signed.keys.public_url,
    }
    fields = given | more
    return SourceSettings(name=name, kind="webhook", provider=name, token=TOKEN, **fields)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = empty_store(tmp_path)
    else:
        engine = open_engine(postgres.database(request.getfixturevalue("server")))
        migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def app(store: Engine, tmp_path: Path) -> Iterator[Flask]:
    write_certificate(tmp_path / "certificates")
    sources = tuple(settings(tmp_path, name) for name in SIGNERS)
    config = Config(home=tmp_path, source=sources)
    made = create_app(store, Site(now_us=lambda: NOW_US), Desk(store, config))
    yield made
    made.extensions[HOOKS].intake.stop()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def reader(store: Engine, scope: str = "receipts:read") -> dict[str, str]:
    with store.begin() as conn:
        _, secret = tokens.create(conn, "", scope, NOW_US)
    return {"Authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("name", SIGNERS)
def test_an_example_of_every_provider_is_acknowledged_and_can_be_read_back(
    client: FlaskClient, store: Engine, tmp_path: Path, name: str
) -> None:
    headers = reader(store)
    for case in cases(name):
        signed = SIGNERS[name](case.body, folder=tmp_path / "certificates", **case.more)
        sent = client.post(
            f"/hooks/{name}/{TOKEN}", data=signed.request.body, headers=signed.request.headers
        )
        assert sent.status_code == 200, case.kind
        assert sent.json is not None
        answer = client.get(f"/api/v1/receipts/{sent.json['receipt']}/events", headers=headers)
        wanted = json.loads(case.golden.read_text("utf-8"))
        found = json.loads(answer.data)
        assert found["dead_letters"] == []
        for one in found["items"]:
            del one["known_before"]
        assert found["items"] == wanted["items"]


def test_the_receipt_tells_whose_it_is(client: FlaskClient, store: Engine) -> None:
    sent = client.post(f"/hooks/brevo/{TOKEN}", json=EVENT, headers=BASIC)
    told = client.get(f"/api/v1/receipts/{sent.json['receipt']}", headers=reader(store)).json
    assert told["source"] == told["provider"] == "brevo"
    assert told["events"] == 1 and told["dead_letters"] == 0
    assert told["received_at"] == "2025-11-22T10:06:40Z"


def test_receipts_need_a_token_with_their_scope(client: FlaskClient, store: Engine) -> None:
    sent = client.post(f"/hooks/brevo/{TOKEN}", json=EVENT, headers=BASIC)
    address = f"/api/v1/receipts/{sent.json['receipt']}"
    assert client.get(address).status_code == 401
    assert client.get(address, headers=reader(store, "events:write")).status_code == 403
    with store.begin() as conn:
        _, secret = tokens.create(conn, "once", "receipts:read", NOW_US)
        tokens.revoke(conn, "once", NOW_US)
    assert client.get(address, headers={"Authorization": f"Bearer {secret}"}).status_code == 401
    assert client.get("/api/v1/receipts/r_none", headers=reader(store)).status_code == 404


def test_a_wrong_address_is_not_found_and_tells_nothing(client: FlaskClient) -> None:
    for path in (f"/hooks/brevo/{TOKEN}x", f"/hooks/nobody/{TOKEN}", "/hooks/brevo/\u00e9"):
        answer = client.post(path, json=EVENT, headers=BASIC)
        assert answer.status_code == 404
        assert answer.json == {"error": "there is no such webhook"}


def test_somebody_is_there_for_a_handshake(client: FlaskClient) -> None:
    for ask in (client.get, client.head, client.options):
        answer = ask(f"/hooks/brevo/{TOKEN}")
        assert answer.status_code == 204 and not answer.data
    origin = {"WebHook-Request-Origin": "mail.corp.example"}
    answer = client.options(f"/hooks/cloudevents/{TOKEN}", headers=origin)
    assert answer.headers["WebHook-Allowed-Origin"] == "mail.corp.example"


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


@pytest.mark.parametrize("is_allowed", [False, True])
def test_packed_bodies_are_taken_only_where_allowed(
    store: Engine, tmp_path: Path, is_allowed: bool
) -> None:
    source = settings(tmp_path, "brevo", may_be_packed=is_allowed, most_octets=100_000)
    app = create_app(store, Site(), Desk(store, Config(home=tmp_path, source=(source,))))
    headers = BASIC | {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    client = app.test_client()
    path = f"/hooks/brevo/{TOKEN}"
    plain = client.post(path, data=gzip.compress(json.dumps(EVENT).encode()), headers=headers)
    bomb = client.post(path, data=gzip.compress(b" " * 200_000), headers=headers)
    spoiled = client.post(path, data=b"no gzip", headers=headers)
    app.extensions[HOOKS].intake.stop()
    codes = (plain.status_code, bomb.status_code, spoiled.status_code)
    assert codes == ((200, 413, 401) if is_allowed else (415, 415, 415))


def test_an_unreadable_body_that_is_proven_is_kept(client: FlaskClient, store: Engine) -> None:
    bodies = (b"not json", b'{"event": NaN}', b"[" * 5000, b"\xff\xfe", b"[1, {}]", b"")
    for body in bodies:
        sent = client.post(f"/hooks/brevo/{TOKEN}", data=body, headers=BASIC)
        assert sent.status_code == 200, body
        told = client.get(
            f"/api/v1/receipts/{sent.json['receipt']}/events", headers=reader(store)
        ).json
        assert told["dead_letters"] or told["items"]


def test_a_replay_is_acknowledged_with_the_first_receipt(client: FlaskClient) -> None:
    once = client.post(f"/hooks/brevo/{TOKEN}", json=EVENT, headers=BASIC).json
    again = client.post(f"/hooks/brevo/{TOKEN}", json=EVENT, headers=BASIC).json
    assert again == once | {"duplicate": True}


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


LOG = """\
2025-11-22T09:59:58+00:00 mx1 postfix/smtpd[1]: 4jAAAAzzzzz1: client=pc[10.0.0.7]
2025-11-22T09:59:58+00:00 mx1 postfix/cleanup[2]: 4jAAAAzzzzz1: message-id=<m1@corp.example>
2025-11-22T09:59:58+00:00 mx1 postfix/qmgr[3]: 4jAAAAzzzzz1: from=<ann@corp.example>, size=900, \
nrcpt=1 (queue active)
2025-11-22T09:59:59+00:00 mx1 postfix/smtp[4]: 4jAAAAzzzzz1: to=<bob@fabrikam.example>, \
relay=smtp-relay.brevo.com[192.0.2.1]:587, delay=1, delays=1/0/0/0, dsn=2.0.0, status=sent (250 ok)
2025-11-22T09:59:59+00:00 mx1 postfix/qmgr[3]: 4jAAAAzzzzz1: removed
"""


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
