"""Notices beside logs: they find their message whatever is read first, and no other one."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from sqlalchemy import Engine

from collectors.batches import steps
from collectors.files import expand
from collectors.formats import parse_line
from collectors.plan import Plan
from tracer.ingest import ingest
from tracer.model import BACKSCATTER, Outcome, Row
from tracer.query import EVERYTHING, SearchQuery, parse_query
from tracer.store import deliveries, sources
from tracer.store.engine import open_engine
from tracer.store.migrate import migrate

RELAYED = (
    "relay=mx.partner.example[192.0.2.8]:25, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as {})"
)
BOUNCED = (
    "relay=mx.partner.example[192.0.2.8]:25, dsn=5.1.1, status=bounced "
    "(host mx.partner.example[192.0.2.8] said: 550 5.1.1 User unknown)"
)
LOG = """\
2026-11-22T09:57:02+00:00 mx1 postfix/smtpd[11]: 4cXk2R1wPzz5Y: client=pc7.corp.example[10.0.0.7]
2026-11-22T09:57:02+00:00 mx1 postfix/cleanup[12]: 4cXk2R1wPzz5Y: message-id=<offer@corp.example>
2026-11-22T09:57:02+00:00 mx1 postfix/qmgr[13]: 4cXk2R1wPzz5Y: from=<anna@corp.example>, \
size=2000, nrcpt=1 (queue active)
2026-11-22T09:58:04+00:00 mx1 postfix/smtp[15]: 4cXk2R1wPzz5Y: to=<kim@partner.example>, {}
2026-11-22T09:58:05+00:00 mx1 postfix/qmgr[13]: 4cXk2R1wPzz5Y: removed
"""
NOTICE = """\
From MAILER-DAEMON Sun Nov 22 10:02:31 2026
Return-Path: <>
From: MAILER-DAEMON@{host}
To: anna@corp.example
Subject: Undelivered Mail Returned to Sender
Date: {date}
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; {host}
X-Postfix-Queue-ID: {queue_id}

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822; kim@partner.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {reply}

--b
Content-Type: text/rfc822-headers

Message-ID: <{message_id}>
From: anna@corp.example
To: kim@partner.example
Subject: Offer

--b--
"""
THEIRS = {
    "host": "mx.partner.example",
    "queue_id": "B7E21A0C55",
    "recipient": "k.lee@inside.partner.example",
    "date": "Sun, 22 Nov 2026 10:02:31 +0000",
    "action": "failed",
    "status": "5.2.2",
    "reply": "552 5.2.2 Mailbox full",
    "message_id": "offer@corp.example",
}
OURS = THEIRS | {
    "host": "mx1.corp.example",
    "queue_id": "4cXk2R1wPzz5Y",
    "status": "5.1.1",
    "reply": "550 5.1.1 User unknown",
}
NEWS = """\
From kim@partner.example Sun Nov 22 10:05:00 2026
From: kim@partner.example
To: anna@corp.example
Subject: Re: Offer
Message-ID: <re@partner.example>

Thank you!
"""


@pytest.fixture
def engine(store: Engine) -> Engine:
    return store


def read(engine: Engine, folder: Path, *texts: str) -> None:
    """Read texts one after the other, each as a run of its own."""
    for number, text in enumerate(texts):
        path = folder / f"{number}-{abs(hash(text))}"
        path.write_text(text, "utf-8")
        for step in steps(Plan(tuple(expand([str(path)])[0]), zone="UTC")):
            assert not step.problems
            ingest(engine, step.batch, parse_line)


def rows(engine: Engine, text: str = "") -> list[Row]:
    query = parse_query(text, now_us=0, since="all") if text else ALL
    with engine.connect() as conn:
        return list(deliveries.rows(conn, query))


ALL = SearchQuery(EVERYTHING, None, None, "")


def in_any_order(engine: Engine, folder: Path, *texts: str) -> list[Row]:
    """The rows, which must be the same whatever is read first, and when read twice."""
    found = []
    for number, order in enumerate(permutations(texts)):
        where = folder / str(number)
        where.mkdir()
        store = open_engine(f"sqlite:///{where}/store.db")
        migrate(store)
        read(store, where, *order, order[0])
        found.append(rows(store))
        store.dispose()
    assert all([_shown(each) for each in one] == [_shown(e) for e in found[0]] for one in found)
    return found[0]


def _shown(row: Row) -> tuple[object, ...]:
    return (row.id, row.status, row.cause, row.sender, row.recipient, row.queue_ids, row.reply)


@pytest.mark.parametrize("message_id", ["offer@corp.example", ""])
@pytest.mark.parametrize("queue_id", ["B7E21A0C55", ""])
def test_notice_of_the_next_server_ends_the_way(
    engine: Engine, tmp_path: Path, message_id: str, queue_id: str
) -> None:
    if not message_id and not queue_id:
        return
    notice = NOTICE.format(**THEIRS | {"message_id": message_id, "queue_id": queue_id})
    log = LOG.format(RELAYED.format("B7E21A0C55" if queue_id else "elsewhere"))
    (row,) = in_any_order(engine, tmp_path, log, notice)
    assert (row.status, row.cause) == (Outcome.BOUNCED, "mailbox_full")
    assert (row.sender, row.recipient) == ("anna@corp.example", "kim@partner.example")
    assert row.queue_ids[0] == "mx1/4cXk2R1wPzz5Y"


SES_ID = "0102016e4ab7c399-11111111-2222-3333-4444-555555555555-000000"


@pytest.mark.parametrize(
    ("reply", "message_id"),
    [
        (f"250 Ok {SES_ID}", f"{SES_ID}@eu-west-1.amazonses.com"),
        (f"250 Ok {SES_ID}", f"{SES_ID}@email.amazonses.com"),
        (
            "250 Message queued as 62fb66bef54a112e920b5493",
            "62fb66bef54a112e920b5493@mailersend.net",
        ),
    ],
)
def test_notice_that_knows_only_the_provider_s_message_id_finds_the_message(
    engine: Engine, tmp_path: Path, reply: str, message_id: str
) -> None:
    notice = NOTICE.format(**THEIRS | {"message_id": message_id, "queue_id": ""})
    relayed = RELAYED.replace("250 2.0.0 Ok: queued as {}", reply)
    (row,) = in_any_order(engine, tmp_path, LOG.format(relayed), notice)
    assert (row.status, row.cause) == (Outcome.BOUNCED, "mailbox_full")
    assert row.queue_ids[0] == "mx1/4cXk2R1wPzz5Y"
    other = LOG.format(relayed).replace(reply, reply.replace("2", "3").replace("350", "250"))
    folder = tmp_path / "other"
    folder.mkdir()
    assert Outcome.RELAYED in {row.status for row in in_any_order(engine, folder, other, notice)}


@pytest.mark.parametrize("message_id", ["offer@corp.example", ""])
def test_envelope_id_that_is_our_queue_id_finds_the_message(
    engine: Engine, tmp_path: Path, message_id: str
) -> None:
    """RFC 3461, 4.4: the server that sent gives ENVID, and gets it back."""
    notice = NOTICE.format(**THEIRS | {"message_id": message_id, "queue_id": ""})
    told = notice.replace("X-Postfix-Queue-ID: ", "Original-Envelope-Id: 4cXk2R1wPzz5Y")
    assert told != notice
    log = LOG.format(RELAYED.format("elsewhere"))
    (row,) = in_any_order(engine, tmp_path, log, told)
    assert (row.status, row.sender) == (Outcome.BOUNCED, "anna@corp.example")
    other = told.replace("4cXk2R1wPzz5Y", "4cXk2R1wPzz9Z").replace(message_id or "no", "other@x")
    folder = tmp_path / "other"
    folder.mkdir()
    found = in_any_order(engine, folder, log, other)
    assert Outcome.RELAYED in {row.status for row in found}


@pytest.mark.parametrize("message_id", ["offer@corp.example", ""])
def test_notice_of_our_own_server_adds_no_row(
    engine: Engine, tmp_path: Path, message_id: str
) -> None:
    notice = NOTICE.format(**OURS | {"message_id": message_id})
    (row,) = in_any_order(engine, tmp_path, LOG.format(BOUNCED), notice)
    assert (row.status, row.cause) == (Outcome.BOUNCED, "recipient_unknown")
    assert row.queue_ids == ("mx1/4cXk2R1wPzz5Y",)


def test_delay_warning_of_our_own_server_does_not_undo_the_delivery(
    engine: Engine, tmp_path: Path
) -> None:
    warning = {"action": "delayed", "status": "4.4.1", "reply": "timed out"}
    notice = NOTICE.format(**OURS | warning)
    (row,) = in_any_order(engine, tmp_path, LOG.format(RELAYED.format("B7E21A0C55")), notice)
    assert row.status is Outcome.RELAYED


def test_logs_and_notices_of_both_servers_give_the_same_in_any_order(
    engine: Engine, tmp_path: Path
) -> None:
    warning = OURS | {"action": "delayed", "status": "4.4.1", "reply": "timed out"}
    log = LOG.format(RELAYED.format("B7E21A0C55"))
    (row,) = in_any_order(engine, tmp_path, log, NOTICE.format(**warning), NOTICE.format(**THEIRS))
    assert (row.status, row.cause) == (Outcome.BOUNCED, "mailbox_full")


def test_address_made_for_one_recipient_names_whom_an_alias_over_there_hides(
    engine: Engine, tmp_path: Path
) -> None:
    """VERP: neither Original-Recipient nor the returned headers tell whom we wrote to."""
    notice = NOTICE.format(**THEIRS).replace(
        "Original-Recipient: rfc822; kim@partner.example\n", ""
    )
    verp = notice.replace(
        "To: anna@corp.example\n", "To: bounce+kim=partner.example@corp.example\n", 1
    )
    (row,) = in_any_order(engine, tmp_path, LOG.format(RELAYED.format("elsewhere")), verp)
    assert (row.status, row.recipient) == (Outcome.BOUNCED, "kim@partner.example")


def test_notice_about_nothing_of_ours_is_marked_and_no_failure(
    engine: Engine, tmp_path: Path
) -> None:
    forged = NOTICE.format(
        **THEIRS | {"message_id": "forged@corp.example", "queue_id": "77AA77BB88"}
    )
    found = in_any_order(engine, tmp_path, LOG.format(RELAYED.format("B7E21A0C55")), forged)
    assert {row.status for row in found} == {Outcome.RELAYED, Outcome.UNKNOWN}
    (row,) = [row for row in found if row.status is Outcome.UNKNOWN]
    assert (row.cause, row.reply) == ("", BACKSCATTER)


def test_backscatter_is_not_found_among_failures(engine: Engine, tmp_path: Path) -> None:
    read(engine, tmp_path, NOTICE.format(**THEIRS))
    assert rows(engine, "status:failed") == []
    assert len(rows(engine, 'reply:"stray notice"')) == 1
    read(engine, tmp_path, LOG.format(RELAYED.format("B7E21A0C55")))
    assert len(rows(engine, "status:failed")) == 1
    assert rows(engine, 'reply:"stray notice"') == []


def test_recipient_that_our_log_does_not_name_still_failed(engine: Engine, tmp_path: Path) -> None:
    notice = NOTICE.replace("kim@partner.example\nAction", "lee@partner.example\nAction")
    read(engine, tmp_path, LOG.format(RELAYED.format("B7E21A0C55")), notice.format(**OURS))
    found = {row.recipient: row.status for row in rows(engine)}
    assert found == {
        "kim@partner.example": Outcome.RELAYED,
        "lee@partner.example": Outcome.BOUNCED,
    }


def test_maildir_is_read_without_what_is_not_yet_mail(engine: Engine, tmp_path: Path) -> None:
    for place, recipient in (
        ("cur", "a@x.example"),
        ("new", "b@x.example"),
        ("tmp", "c@x.example"),
    ):
        folder = tmp_path / "Maildir" / place
        folder.mkdir(parents=True)
        text = NOTICE.format(**THEIRS | {"message_id": recipient, "queue_id": ""})
        (folder / "1763805751.host:2,S").write_text(text.partition("\n")[2], "utf-8")
    (tmp_path / "Maildir" / "dovecot-uidlist").write_text("3 V1 N1\n", "utf-8")
    inputs, problems = expand([str(tmp_path / "Maildir")])
    assert not problems
    assert [Path(log.path).parent.name for log in inputs] == ["cur", "new"]
    for step in steps(Plan(tuple(inputs), zone="UTC")):
        ingest(engine, step.batch, parse_line)
    assert {row.message_id for row in rows(engine)} == {"a@x.example", "b@x.example"}


def test_mailbox_is_counted_by_its_messages_and_dates_no_source(
    engine: Engine, tmp_path: Path
) -> None:
    read(engine, tmp_path, NOTICE.format(**THEIRS) + "\n" + NEWS + "\n" + NOTICE.format(**OURS))
    with engine.connect() as conn:
        (state,) = sources.freshness(conn)
        assert sources.complete_until(conn) is None
    assert (state.name, state.lines, state.events, state.unparsed) == ("notices", 3, 2, 0)
