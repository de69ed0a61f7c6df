"""What providers told stands where an administrator looks: at the message, else at the source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests.unit.webhook_signing import NOW_US, SIGNERS
from tests.web.building import empty_store, read_log
from tracer.config import Config, SourceSettings
from tracer.jobs.desk import Desk
from tracer.model import DAY_US, SECOND_US, when
from tracer.store import checkpoints
from tracer.store.checkpoints import Followed
from webui.app import create_app
from webui.followed_words import followed_words
from webui.hooks import HOOKS
from webui.site import Site

TOKEN = "abcdefghijklmnop-1234"
UUID = "883953f4-6105-42a2-a16a-77a8eac79483"
OLD_US = NOW_US - 12 * DAY_US
LOG = """\
{at} mx1 postfix/smtpd[1]: 4jAAAAzzzzz1: client=pc[10.0.0.7]
{at} mx1 postfix/cleanup[2]: 4jAAAAzzzzz1: message-id=<one@corp.example>
{at} mx1 postfix/qmgr[3]: 4jAAAAzzzzz1: from=<ann@corp.example>, size=900, nrcpt=1 (queue active)
{at} mx1 postfix/smtp[4]: 4jAAAAzzzzz1: to=<bob@fabrikam.example>, \
relay=smtp.postmarkapp.com[192.0.2.1]:587, delay=1, delays=1/0/0/0, dsn=2.0.0, \
status=sent (250 2.0.0 OK <{uuid}@mtasv.net>)
{at} mx1 postfix/qmgr[3]: 4jAAAAzzzzz1: removed
"""


def iso(at_us: int) -> str:
    return when(at_us).isoformat()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    engine = empty_store(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def app(store: Engine, tmp_path: Path) -> Iterator[Flask]:
    sources = tuple(
        SourceSettings(
            name=name, kind="webhook", provider=name, token=TOKEN,
            secrets=SIGNERS[name]([]).keys.secrets,
        )
        for name in ("postmark", "mailjet", "sparkpost")
    )  # fmt: skip
    config = Config(home=tmp_path, source=sources)
    made = create_app(store, Site(now_us=lambda: NOW_US), Desk(store, config))
    yield made
    made.extensions[HOOKS].intake.stop()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def tell(client: FlaskClient, name: str, body: Any) -> None:
    request = SIGNERS[name](body).request
    sent = client.post(f"/hooks/{name}/{TOKEN}", data=request.body, headers=request.headers)
    assert sent.status_code == 200


def handed_over(store: Engine, folder: Path) -> None:
    log = folder / "mail.log"
    log.write_text(LOG.format(at=iso(OLD_US), uuid=UUID), "utf-8")
    read_log(store, log, "mx1")


def page_of(client: FlaskClient, address: str, lang: str = "en") -> str:
    found = client.get("/api/v1/deliveries", query_string={"q": address, "since": "all"}).json
    return client.get(f"/m/{found['items'][-1]['id']}?lang={lang}").text


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def events(html: str) -> list[str]:
    """The second column of the events table."""
    table = html.partition('aria-labelledby="h-events"')[2].partition("</tbody>")[0]
    body = table.partition("<tbody>")[2]
    rows = re.findall(r"<tr><td>.*?</td><td>(.*?)</td>", body, re.DOTALL)
    return [words(row).strip() for row in rows]


def test_what_is_handed_over_is_unconfirmed_until_the_provider_tells(
    client: FlaskClient, store: Engine, tmp_path: Path
) -> None:
    handed_over(store, tmp_path)
    assert "Handed over to Postmark, unconfirmed" in page_of(client, "bob@fabrikam.example")
    assert "передано в Postmark" in page_of(client, "bob@fabrikam.example", "ru")
    tell(client, "postmark", {"RecordType": "Delivery", "MessageID": UUID,
         "Recipient": "bob@fabrikam.example", "DeliveredAt": iso(OLD_US + 5 * SECOND_US),
         "Details": "250 2.0.0 OK"})  # fmt: skip
    assert "unconfirmed" not in page_of(client, "bob@fabrikam.example")


def test_a_late_complaint_without_a_message_id_stands_among_the_events_of_its_message(
    client: FlaskClient, store: Engine, tmp_path: Path
) -> None:
    handed_over(store, tmp_path)
    common = {"MessageID": UUID, "Recipient": "bob@fabrikam.example"}
    early, late = iso(OLD_US + 300 * SECOND_US), iso(NOW_US - 3600 * SECOND_US)
    for body in (
        {"RecordType": "Delivery", "DeliveredAt": iso(OLD_US + 5 * SECOND_US)},
        {"RecordType": "Open", "ReceivedAt": early},
        {"RecordType": "Click", "ReceivedAt": early, "OriginalLink": "https://corp.example/"},
        {"RecordType": "SpamComplaint", "ID": 7, "Email": "bob@fabrikam.example",
         "BouncedAt": late},
        {"RecordType": "SubscriptionChange", "ChangedAt": iso(NOW_US), "SuppressSending": True,
         "SuppressionReason": "ManualSuppression"},
    ):  # fmt: skip
        tell(client, "postmark", common | body)
    html = page_of(client, "bob@fabrikam.example")
    told = ["delivered", "opened", "clicked", "complaint", "report"]
    assert [word for word in events(html) if word in told] == told
    assert "The recipient unsubscribed" in html
    found = client.get("/api/v1/deliveries?q=bob@fabrikam.example&since=all").json["items"]
    assert [row["status"] for row in found] == ["delivered"]


def test_a_late_complaint_about_mail_of_the_provider_s_api_is_no_second_recipient(
    client: FlaskClient,
) -> None:
    common = {"MessageID": 777, "email": "zoe@fabrikam.example"}
    old_s, late_s = OLD_US // SECOND_US, NOW_US // SECOND_US - 3600
    tell(client, "mailjet", common | {"event": "sent", "time": old_s, "smtp_reply": "250 ok"})
    tell(client, "mailjet", common | {"event": "spam", "time": late_s, "source": "JMRPP"})
    html = page_of(client, "zoe@fabrikam.example")
    assert events(html) == ["delivered", "complaint"]
    assert "One message, 1 recipient" in html
    newest = client.get("/api/v1/deliveries?q=zoe@fabrikam.example&since=all").json["items"][0]
    about = client.get(f"/m/{newest['id']}").text
    assert "marked a message of ours as spam" in about
    assert "the message that this report is about" in about


def test_reports_that_fit_no_message_are_listed_at_their_source_and_found(
    client: FlaskClient,
) -> None:
    at = str(NOW_US // SECOND_US - 3000)
    tell(client, "sparkpost", [
        {"msys": {"message_event": {"type": "spam_complaint", "timestamp": at,
                                    "raw_rcpt_to": "lost@fabrikam.example"}}},
        {"msys": {"message_event": {"type": "out_of_band", "timestamp": at, "bounce_class": "10",
                                    "raw_reason": "550 5.1.1 no such user",
                                    "raw_rcpt_to": "gone@fabrikam.example"}}},
    ])  # fmt: skip
    html = client.get("/sources/sparkpost").text
    listed = html.partition('id="h-lost"')[2].partition("</section>")[0]
    assert "lost@" in listed and "gone@" in listed and "no such user" in listed
    assert "Every one of them stands at its message" in client.get("/sources/postmark").text
    found = client.get("/api/v1/deliveries?q=lost@fabrikam.example&since=all").json["items"]
    assert len(found) == 1


def test_sources_show_how_followed_logs_stand_in_both_languages(
    client: FlaskClient, store: Engine
) -> None:
    with store.begin() as conn:
        checkpoints.note(conn, Followed("mx1", NOW_US, 1))
        checkpoints.note(conn, Followed("mx2", NOW_US, 0, problem="no such file yet"))
        checkpoints.note(conn, Followed("mx3", NOW_US - 600 * SECOND_US, 1))
    english, russian = (client.get(f"/sources?lang={lang}").text for lang in ("en", "ru"))
    for one in ("followed, nothing unread", "There is no such file yet", "not followed since"):
        assert one in english and one not in russian
    assert "Такого файла пока нет" in russian and "не читается с" in russian


@pytest.mark.parametrize(
    "problem",
    [
        "/var/log/a: does not exist",
        "/var/log/a: cannot be read, the rights are missing: run as a user who may, such as root",
        "/var/log/a: cannot be read: Input/output error",
        "/var/log/a: is no file: mailtracer ingest reads pipes",
        "/var/log/a: is UTF-16 or UTF-32, which cannot be followed: read it with mailtracer ingest",
        "/var/log/a: is not a text: it was passed over",
        "/var/log/a: is a zip archive: unpack it and name the files in it",
    ],
)
def test_problems_of_followed_logs_are_told_in_russian(app: Flask, problem: str) -> None:
    with app.test_request_context("/?lang=ru"):
        app.preprocess_request()
        told = followed_words(problem)
        assert "/var/log/a" in told and re.search("[а-я]{3}", told), told
        assert followed_words("something new") == "something new"
