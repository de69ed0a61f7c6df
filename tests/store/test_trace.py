"""One mail, whole, from whatever one knows of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine

from collectors.formats import parse_line
from tests.store.filling import LOGS, empty, found, read, read_lines
from tests.store.outgoing import NOON, sent
from tests.store.test_ingest import LEG_1, LEG_2, LEG_3, dated
from tracer.errors import NotFound
from tracer.explain import explanation
from tracer.model import Outcome, Trace
from tracer.store.engine import reading
from tracer.told import told_of
from tracer.trace import load_trace

PATH = ["AAA0000001", "AAA0000002", "BBB0000003"]
# An alias with a mailbox of its own and a member elsewhere, whose mail bounces.
ALIAS = """\
13:00:00.000000+00:00 mx1 postfix/smtpd[1]: DDD0000001: client=mail.shop.example[203.0.113.16]
13:00:00.100000+00:00 mx1 postfix/cleanup[2]: DDD0000001: message-id=<alias@shop.example>
13:00:00.200000+00:00 mx1 postfix/qmgr[3]: DDD0000001: from=<bob@shop.example>, size=1000, nrcpt=2 \
(queue active)
13:00:00.300000+00:00 mx1 postfix/local[4]: DDD0000001: to=<ops@mx1.corp.example>, \
orig_to=<team@corp.example>, relay=local, delay=0.3, delays=0.2/0/0/0.1, dsn=2.0.0, status=sent \
(delivered to mailbox)
13:00:00.320000+00:00 mx1 postfix/cleanup[2]: DDD0000002: message-id=<alias@shop.example>
13:00:00.330000+00:00 mx1 postfix/qmgr[3]: DDD0000002: from=<bob@shop.example>, size=1100, nrcpt=1 \
(queue active)
13:00:00.400000+00:00 mx1 postfix/local[4]: DDD0000001: to=<anna@mx1.corp.example>, \
orig_to=<team@corp.example>, relay=local, delay=0.4, delays=0.2/0/0/0.2, dsn=2.0.0, status=sent \
(forwarded as DDD0000002)
13:00:00.500000+00:00 mx1 postfix/qmgr[3]: DDD0000001: removed
13:00:01.000000+00:00 mx1 postfix/smtp[5]: DDD0000002: to=<anna@home.example>, \
orig_to=<anna@mx1.corp.example>, relay=mx.home.example[198.51.100.77]:25, delay=0.7, \
delays=0/0/0.3/0.4, dsn=5.1.1, status=bounced (host mx.home.example[198.51.100.77] said: 550 5.1.1 \
no such user (in reply to RCPT TO command))
13:00:01.100000+00:00 mx1 postfix/cleanup[2]: DDD0000003: message-id=<notice@mx1.corp.example>
13:00:01.150000+00:00 mx1 postfix/bounce[6]: DDD0000002: sender non-delivery notification: \
DDD0000003
13:00:01.200000+00:00 mx1 postfix/qmgr[3]: DDD0000003: from=<>, size=3000, nrcpt=1 (queue active)
13:00:01.250000+00:00 mx1 postfix/qmgr[3]: DDD0000002: removed
13:00:01.900000+00:00 mx1 postfix/smtp[5]: DDD0000003: to=<bob@shop.example>, \
relay=mail.shop.example[203.0.113.16]:25, delay=0.7, delays=0/0/0.3/0.4, dsn=2.0.0, status=sent \
(250 2.0.0 Ok: accepted)
13:00:01.950000+00:00 mx1 postfix/qmgr[3]: DDD0000003: removed
"""
# A filter gave it back, and the queue manager has tried nobody yet.
WAITING = """\
13:10:00.000000+00:00 mx1 postfix/smtpd[1]: EEE0000001: client=mail.shop.example[203.0.113.16]
13:10:00.100000+00:00 mx1 postfix/cleanup[2]: EEE0000001: message-id=<waits@shop.example>
13:10:00.200000+00:00 mx1 postfix/qmgr[3]: EEE0000001: from=<bob@shop.example>, size=1000, nrcpt=2 \
(queue active)
13:10:00.300000+00:00 mx1 postfix/smtpd[7]: EEE0000002: client=localhost[127.0.0.1], \
orig_queue_id=EEE0000001, orig_client=mail.shop.example[203.0.113.16]
13:10:00.400000+00:00 mx1 postfix/cleanup[2]: EEE0000002: message-id=<waits@shop.example>
13:10:00.500000+00:00 mx1 postfix/smtp[5]: EEE0000001: to=<anna@corp.example>, \
relay=127.0.0.1[127.0.0.1]:10024, delay=0.5, delays=0.2/0/0.1/0.2, dsn=2.0.0, status=sent \
(250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as EEE0000002)
13:10:00.500000+00:00 mx1 postfix/smtp[5]: EEE0000001: to=<carl@corp.example>, \
relay=127.0.0.1[127.0.0.1]:10024, delay=0.5, delays=0.2/0/0.1/0.2, dsn=2.0.0, status=sent \
(250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as EEE0000002)
13:10:00.600000+00:00 mx1 postfix/qmgr[3]: EEE0000001: removed
13:10:00.700000+00:00 mx1 postfix/qmgr[3]: EEE0000002: from=<bob@shop.example>, size=1200, nrcpt=2 \
(queue active)
"""
TRIED_ONE = """\
13:10:09.000000+00:00 mx1 postfix/lmtp[9]: EEE0000002: to=<anna@corp.example>, relay=mbx[/lmtp], \
delay=8.3, delays=0.2/8/0/0.1, dsn=2.0.0, status=sent (250 2.0.0 <anna@corp.example> Saved)
"""


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("traced")
    engine = empty(folder)
    read(engine, *LOGS)
    for number, leg in enumerate((LEG_1, LEG_2, LEG_3, ALIAS)):
        read_lines(engine, folder, dated(leg), f"{number}.log")
    yield engine
    engine.dispose()


@pytest.fixture
def conn(traced: Engine) -> Iterator[Connection]:
    with reading(traced).connect() as connection:
        yield connection


def trace(conn: Connection, wanted: str) -> Trace:
    return load_trace(conn, wanted, parse_line)


def ids(told: Trace) -> list[str]:
    return [leg.hop.queue_id for leg in told.legs]


def related(told: Trace) -> dict[str, list[str]]:
    by_reason: dict[str, list[str]] = {}
    for kin in told.related:
        by_reason.setdefault(kin.why, []).append(kin.row.queue_id)
    return by_reason


@pytest.mark.parametrize(
    "wanted",
    [*PATH, "chain@shop.example", "<chain@shop.example>", "  AAA0000002 "],
)
def test_every_name_of_a_mail_leads_to_all_its_legs_in_their_order(
    conn: Connection, wanted: str
) -> None:
    told = trace(conn, wanted)
    assert ids(told) == PATH
    assert told.row.queue_ids == ("mx1/AAA0000001", "mx1/AAA0000002", "mx2/BBB0000003")
    assert [row.id for row in told.siblings] == [told.row.id]


def test_row_id_leads_to_its_row(conn: Connection) -> None:
    for row in found(conn, ""):
        told = trace(conn, row.id)
        assert told.row == row
        assert row in told.siblings
        assert f"{told.legs[-1].hop.host}/{told.legs[-1].hop.queue_id}" in row.queue_ids


def test_legs_within_one_second_stand_in_the_order_they_were_travelled(conn: Connection) -> None:
    assert ids(trace(conn, "4jXT3j5KS0zRB")) == ["4jXT3j4GS0zR8", "4jXT3j5KS0zRB"]
    assert ids(trace(conn, "4jXT3j4GS0zR8")) == ["4jXT3j4GS0zR8", "4jXT3j5KS0zRB"]


def test_leg_holds_its_lines_and_deliveries(conn: Connection) -> None:
    first, last = trace(conn, "4jXT3j5KS0zRB").legs
    assert [event.text.partition(":")[0] for event in first.events] == ["4jXT3j4GS0zR8"] * 5
    assert [event.at_us for event in last.events] == sorted(event.at_us for event in last.events)
    assert first.hop.client == "198.51.100.9"
    assert first.hop.recipient_count == 1
    assert [delivery.outcome for delivery in first.deliveries] == [Outcome.RELAYED]
    assert [delivery.outcome for delivery in last.deliveries] == [Outcome.DELIVERED]
    assert last.events[-1].raw == "2026-11-22T09:20:01.400+00:00 mx1 postfix/qmgr[900]: " + (
        "4jXT3j5KS0zRB: removed"
    )


def test_siblings_are_all_recipients_of_the_mail(conn: Connection) -> None:
    told = trace(conn, "report@shop.example")
    assert {row.recipient for row in told.siblings} == {"anna@corp.example", "dora@corp.example"}


def test_notice_and_what_it_is_about_are_related_both_ways(conn: Connection) -> None:
    assert related(trace(conn, "9AA0000002"))["notice"] == ["9AA0000003"]
    assert related(trace(conn, "9AA0000003"))["parent"] == ["9AA0000002"]
    assert related(trace(conn, "DDD0000002"))["notice"] == ["DDD0000003"]
    assert related(trace(conn, "DDD0000003"))["parent"] == ["DDD0000002"]


def test_alias_and_its_member_are_related_both_ways(conn: Connection) -> None:
    of_alias, of_member = trace(conn, "DDD0000001"), trace(conn, "DDD0000002")
    assert ids(of_alias) == ["DDD0000001"]
    assert ids(of_member) == ["DDD0000002"]
    assert related(of_alias)["list-member"] == ["DDD0000002"]
    assert set(related(of_member)["alias"]) == {"DDD0000001"}
    assert Outcome.EXPANDED in {row.status for row in of_alias.siblings}


def test_mail_is_related_to_no_stranger(conn: Connection) -> None:
    for wanted in (*PATH, "9AA0000004", "5BB0000002"):
        assert related(trace(conn, wanted)) == {}


def test_leg_that_was_followed_can_still_be_asked_for(conn: Connection) -> None:
    told = trace(conn, "4jXT3j5KS0zRB")
    first = told.legs[0].hop
    followed = f"m_{first.hop_id:016x}00000000"
    assert trace(conn, followed).row.queue_id == "4jXT3j4GS0zR8"
    assert ids(trace(conn, followed)) == ids(told)


@pytest.mark.parametrize("wanted", ["EEE0000001", "EEE0000002", "waits@shop.example"])
def test_mail_that_a_filter_gave_back_waits_in_our_queue(
    store: Engine, tmp_path: Path, wanted: str
) -> None:
    read_lines(store, tmp_path, dated(WAITING))
    with reading(store).connect() as conn:
        told = trace(conn, wanted)
    assert {row.recipient for row in told.siblings} == {"anna@corp.example", "carl@corp.example"}
    assert told.row in told.siblings
    for row in told.siblings:
        assert (row.status, row.queue_id, row.attempts) == (Outcome.PENDING, "EEE0000002", 0)
        assert row.queue_ids == ("mx1/EEE0000001", "mx1/EEE0000002")
    assert told_of(told).outcome is Outcome.PENDING


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_list_shows_what_a_filter_gave_back_once_for_each_recipient_as_it_stands(
    store: Engine, tmp_path: Path, at_once: int
) -> None:
    lines = dated(WAITING)
    for n in range(0, len(lines), at_once):
        read_lines(store, tmp_path, lines[n : n + at_once], f"{n}.log")
    with reading(store).connect() as conn:
        assert standing(conn) == {
            ("anna@corp.example", Outcome.PENDING, "EEE0000002"),
            ("carl@corp.example", Outcome.PENDING, "EEE0000002"),
        }
    read_lines(store, tmp_path, dated(TRIED_ONE), "later.log")
    with reading(store).connect() as conn:
        assert standing(conn) == {
            ("anna@corp.example", Outcome.DELIVERED, "EEE0000002"),
            ("carl@corp.example", Outcome.PENDING, "EEE0000002"),
        }


@pytest.mark.parametrize(
    ("done", "outcome"), [("placed on hold", Outcome.QUARANTINED), ("removed", Outcome.REMOVED)]
)
def test_what_befalls_a_message_that_a_filter_gave_back_befalls_each_recipient(
    store: Engine, tmp_path: Path, done: str, outcome: Outcome
) -> None:
    by_hand = f"13:20:00.000000+00:00 mx1 postfix/postsuper[8]: EEE0000002: {done}"
    read_lines(store, tmp_path, dated(WAITING))
    read_lines(store, tmp_path, dated(by_hand), "later.log")
    with reading(store).connect() as conn:
        assert standing(conn) == {
            ("anna@corp.example", outcome, "EEE0000002"),
            ("carl@corp.example", outcome, "EEE0000002"),
        }


def standing(conn: Connection) -> set[tuple[str, Outcome, str]]:
    rows = found(conn, "")
    assert len({row.recipient for row in rows}) == len(rows)
    return {(row.recipient, row.status, row.queue_id) for row in rows}


def test_newest_of_several_mails_with_one_queue_id_is_shown(store: Engine, tmp_path: Path) -> None:
    later = LEG_1.replace("chain@", "later@").replace("12:00:00", "15:00:00")
    read_lines(store, tmp_path, dated(LEG_1 + later))
    with reading(store).connect() as conn:
        assert trace(conn, "AAA0000001").row.message_id == "later@shop.example"


@pytest.mark.parametrize(
    "wanted", ["nosuch", "", "<>", "m_1", "m_000000000000000000000000", "nobody@nowhere.example"]
)
def test_name_of_nothing_is_not_found(conn: Connection, wanted: str) -> None:
    with pytest.raises(NotFound):
        trace(conn, wanted)


def test_mail_whose_days_are_gone_is_not_found(store: Engine) -> None:
    with reading(store).connect() as conn, pytest.raises(NotFound, match="no longer in the store"):
        trace(conn, "m_1a203209c3e093f7dac92c6a")


def test_refusal_by_another_host_of_ours_is_found_in_its_own_log(
    store: Engine, tmp_path: Path
) -> None:
    said = "550 5.7.1 <b@corp.example>: Recipient address rejected: Access denied"
    out = sent(1, 10, "a@corp.example", "b@corp.example", server="mx2.corp.example", reply=said)
    other = sent(2, 9, "a@corp.example", "c@corp.example", server="mx2.corp.example", reply=said)
    at = (NOON - timedelta(minutes=10)).isoformat()
    here = (
        f"{at} mx2 postfix/smtpd[5]: NOQUEUE: reject: RCPT from mx1.corp.example[10.0.0.1]: "
        f"{said}; from=<a@corp.example> to=<b@corp.example> proto=ESMTP helo=<mx1.corp.example>"
    )
    read_lines(store, tmp_path, [*out, *other, here])
    with store.connect() as conn:
        ours = load_trace(conn, "A000000001", parse_line)
        theirs = load_trace(conn, "A000000002", parse_line)
    assert [kin.row.host for kin in ours.related if kin.why == "refusal"] == ["mx2"]
    assert explanation(told_of(ours), "en").at_our_door
    assert not explanation(told_of(theirs), "en").at_our_door
