"""What is acknowledged is stored: every provider's requests, once, and can be read back."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests.unit.webhook_corpus import cases
from tests.unit.webhook_signing import NOW_US, SIGNERS
from tests.web.hooks.posting import BASIC, EVENT, TOKEN, reader, settings
from tracer.config import Config
from tracer.jobs.desk import Desk
from tracer.store import tokens
from webui.app import create_app
from webui.hooks import HOOKS
from webui.site import Site


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


def test_somebody_is_there_for_a_handshake(client: FlaskClient) -> None:
    for ask in (client.get, client.head, client.options):
        answer = ask(f"/hooks/brevo/{TOKEN}")
        assert answer.status_code == 204 and not answer.data
    origin = {"WebHook-Request-Origin": "mail.corp.example"}
    answer = client.options(f"/hooks/cloudevents/{TOKEN}", headers=origin)
    assert answer.headers["WebHook-Allowed-Origin"] == "mail.corp.example"


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
