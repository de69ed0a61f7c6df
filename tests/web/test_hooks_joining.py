"""What a provider says reaches the mail that our log handed over, by whatever name it has there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests.unit.webhook_corpus import cases
from tests.unit.webhook_signing import NOW_US, SIGNERS
from tests.web.building import empty_store, read_log
from tracer.config import Config, SourceSettings
from tracer.jobs.desk import Desk
from webui.app import create_app
from webui.hooks import HOOKS
from webui.site import Site

TOKEN = "abcdefghijklmnop-1234"
SES_ID = "0102016e4ab7c399-11111111-2222-3333-4444-555555555555-000000"
MAILERSEND_ID = "62fb66bef54a112e920b5493"
LOG = """\
2025-11-22T09:59:58+00:00 mx1 postfix/smtpd[1]: 4jAAAAzzzzz1: client=pc[10.0.0.7]
2025-11-22T09:59:58+00:00 mx1 postfix/cleanup[2]: 4jAAAAzzzzz1: message-id=<one@corp.example>
2025-11-22T09:59:58+00:00 mx1 postfix/qmgr[3]: 4jAAAAzzzzz1: from=<ann@corp.example>, size=900, \
nrcpt=1 (queue active)
2025-11-22T09:59:59+00:00 mx1 postfix/smtp[4]: 4jAAAAzzzzz1: to=<bob@fabrikam.example>, \
relay=smtp.provider.example[192.0.2.1]:587, delay=1, delays=1/0/0/0, dsn=2.0.0, status=sent (REPLY)
2025-11-22T09:59:59+00:00 mx1 postfix/qmgr[3]: 4jAAAAzzzzz1: removed
"""
MID = {"mid": "<one@corp.example>"}


def example(provider: str, kind: str) -> Any:
    found = next(case for case in cases(provider) if case.kind == kind)
    return json.loads(json.dumps(found.body))


def mandrill() -> Any:
    body = example("mandrill", "hard_bounce")
    body[0]["msg"]["metadata"] = MID
    return body


def mailjet() -> Any:
    return example("mailjet", "bounce_user_unknown") | {"Payload": json.dumps(MID)}


def mailtrap() -> Any:
    body = example("mailtrap", "bounce")
    body["events"][0]["custom_variables"] = MID
    return body


def unisender_go() -> Any:
    body = example("unisender_go", "hard_bounced")
    body["events_by_user"][0]["events"][0]["event_data"]["metadata"] = MID
    return body


def kumomta() -> Any:
    return example("kumomta", "bounce") | {"recipient": "bob@fabrikam.example", "headers": {}}


def stalwart() -> Any:
    return example("stalwart", "perm_fail")


def resend_by_its_id() -> Any:
    return example("resend", "bounced")


def resend() -> Any:
    body = example("resend", "bounced")
    body["data"]["headers"] = [{"name": "Message-ID", "value": MID["mid"]}]
    return body


def ses_eventbridge() -> Any:
    body = example("ses_eventbridge", "bounce")
    body["detail"]["mail"] |= {"messageId": SES_ID, "commonHeaders": {}, "headers": []}
    body["detail"]["bounce"]["bouncedRecipients"][1:] = []
    return body


def mailersend() -> Any:
    return example("mailersend", "hard_bounced")


REPLIES = {
    mandrill: "250 2.0.0 Ok",
    mailjet: "250 2.0.0 Ok",
    mailtrap: "250 2.0.0 Ok",
    unisender_go: "250 2.0.0 Ok",
    resend: "250 Ok",
    resend_by_its_id: "250 56761188-7520-42d8-8898-ff6fc54ce618",
    kumomta: "250 OK ids=1d98076abbbc11ed940250ebf67f93bd",
    stalwart: f"250 2.0.0 Message queued with id {194871234567:x}.",
    ses_eventbridge: f"250 Ok {SES_ID}",
    mailersend: f"250 Message queued as {MAILERSEND_ID}",
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    engine = empty_store(tmp_path)
    yield engine
    engine.dispose()


def source(name: str, body: Any) -> SourceSettings:
    keys = SIGNERS[name](body).keys
    return SourceSettings(
        name=name, kind="webhook", provider=name, token=TOKEN, secrets=keys.secrets,
        public_url=keys.public_url,
    )  # fmt: skip


def told(
    store: Engine, home: Path, name: str, body: Any, search: str = "bob@fabrikam.example"
) -> list[dict[str, Any]]:
    """What a search shows after the provider told."""
    config = Config(home=home, source=(source(name, body),))
    app = create_app(store, Site(now_us=lambda: NOW_US), Desk(store, config))
    client: FlaskClient = app.test_client()
    request = SIGNERS[name](body).request
    sent = client.post(f"/hooks/{name}/{TOKEN}", data=request.body, headers=request.headers)
    app.extensions[HOOKS].intake.stop()
    assert sent.status_code == 200
    found = client.get("/api/v1/deliveries", query_string={"q": search, "since": "all"}).json
    items: list[dict[str, Any]] = found["items"]
    return items


@pytest.mark.parametrize("tells", REPLIES, ids=lambda tells: tells.__name__)
@pytest.mark.parametrize("is_log_first", [True, False])
def test_relayed_becomes_what_the_provider_says(
    tells: Any, is_log_first: bool, store: Engine, tmp_path: Path
) -> None:
    log = tmp_path / "mail.log"
    log.write_text(LOG.replace("REPLY", REPLIES[tells]), "utf-8")
    if is_log_first:
        read_log(store, log, "mx1")
    rows = told(store, tmp_path, tells.__name__.partition("_by_")[0], tells())
    if not is_log_first:
        read_log(store, log, "mx1")
        rows = told(store, tmp_path, tells.__name__.partition("_by_")[0], tells())
    assert [(row["status"], row["sender"]) for row in rows] == [("bounced", "ann@corp.example")]


@pytest.mark.parametrize("tells", REPLIES, ids=lambda tells: tells.__name__)
def test_our_own_message_id_finds_what_became_of_it(
    tells: Any, store: Engine, tmp_path: Path
) -> None:
    log = tmp_path / "mail.log"
    log.write_text(LOG.replace("REPLY", REPLIES[tells]), "utf-8")
    read_log(store, log, "mx1")
    rows = told(
        store, tmp_path, tells.__name__.partition("_by_")[0], tells(), "msgid:one@corp.example"
    )
    assert [(row["status"], row["recipient"]) for row in rows] == [
        ("bounced", "bob@fabrikam.example")
    ]
