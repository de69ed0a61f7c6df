"""Every key of the query language finds what it should, and nothing else.

A row is named by its Message-ID up to the @; the one refused at the door is `door`.
`report` has two recipients, hence two rows.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, inspect

from tests.store.filling import ALL, LOGS, NOW_US, asked, found, read, read_lines
from tracer.errors import InvalidQuery
from tracer.model import Outcome, Row
from tracer.query import parse_query
from tracer.store import deliveries
from tracer.store.engine import reading

EVERY = (
    "unfinished idn list forwarded filtered alias door invoice sales report report notice "
    "mistyped midnight"
)

BY_ADDRESS = [
    ("from:bob@shop.example", "unfinished report report midnight"),
    ("from:BOB@Shop.Example", "unfinished report report midnight"),
    ("from:bob@", "unfinished report report midnight"),
    ("from:@shop.example", "unfinished report report midnight"),
    ("from:*@shop.example", "unfinished report report midnight"),
    ("from:b*b@shop.example", "unfinished report report midnight"),
    ("from:shop.example", "unfinished report report midnight"),
    ("fromdomain:shop.example", "unfinished report report midnight"),
    ("from:bo@shop.example", ""),
    ("from:ob@shop.example", ""),
    ('from:"bob@shop.example"', "unfinished report report midnight"),
    ("from:bob@shop.example,ivan@supplier.example", "unfinished filtered report report midnight"),
    ("from:@shop.example,@supplier.example", "unfinished filtered report report midnight"),
    ("from:<>", "notice"),
    ("to:anna@corp.example", "forwarded filtered door report"),
    ("to:anna@", "forwarded filtered door report"),
    ("to:dora@corp.example", "idn list report midnight"),
    ("to:nobody@shop.example", ""),
    ("to:@fabrikam.example", "invoice"),
    ("todomain:fabrikam.example", "invoice"),
    ("to:@fabrikam.example,@slow.example", "unfinished invoice"),
    ("to:late_box@slow.example", "unfinished"),
    ("to:late?box@slow.example", ""),
    ("to:lateXbox@", ""),
    ("addr:carl@corp.example", "notice mistyped"),
    ("addr:anna@corp.example", "forwarded filtered door sales report"),
    ("domain:partner.example", "forwarded alias sales mistyped"),
    ("domain:artner.example", ""),
    ("anna@corp.example", "forwarded filtered door sales report"),
    ("partner.example", "forwarded alias sales mistyped"),
]

BY_OTHER_FORM_OF_AN_ADDRESS = [
    ("to:anna+shop@corp.example", "forwarded"),
    ("from:noreply@partner.example", "forwarded"),
    ("fromdomain:partner.example", "forwarded alias"),
    ("from:srs0=1sn3=5p=partner.example=noreply@srs.forward.example", "forwarded"),
    ("fromdomain:srs.forward.example", "forwarded"),
    ("from:dora@corp.example", "list"),
    ("from:bounces+123-7f3a-dora=corp.example@lists.example", "list"),
    ("to:postmaster@corp.example", "alias"),
    ("to:root@mx1.corp.example", "alias"),
    ("todomain:mx1.corp.example", "alias"),
    ("to:postmaster@", "alias"),
    ("from:eve@partner.example", "alias"),
    ("from:info@пример.example", "idn"),
    ("from:info@xn--e1afmkfd.example", "idn"),
    ("fromdomain:ПРИМЕР.example", "idn"),
]

BY_ID = [
    ("msgid:report@shop.example", "report report"),
    ("msgid:<report@shop.example>", "report report"),
    ("<report@shop.example>", "report report"),
    ("msgid:Report@shop.example", ""),
    ("msgid:*@supplier.example", "filtered"),
    ("msgid:report", "report report"),
    ("qid:9AA0000006", "invoice"),
    ("qid:mx1/9AA0000006", "invoice"),
    ("qid:9aa0000006", ""),
    ("qid:4jXT3j4GS0zR8", "filtered"),
    ("qid:4jXT3j5KS0zRB", "filtered"),
    ("qid:4jXT3j*", "filtered"),
    ("qid:5BB0000001,5BB0000002", "list forwarded"),
    ("4jXT3j4GS0zR8", "filtered"),
]

BY_WHAT_BECAME_OF_IT = [
    ("status:failed", "unfinished door mistyped"),
    ("status:bounced", "mistyped"),
    ("status:deferred", "invoice"),
    ("status:expired", "unfinished"),
    ("status:rejected", "door"),
    ("status:relayed", "sales"),
    ("status:deferred,expired", "unfinished invoice"),
    ("status:junked", ""),
    ("cause:mailbox_full", "invoice"),
    ("cause:recipient_unknown,mailbox_full", "invoice mistyped"),
    ("cause:spam_content", ""),
    ("code:5.1.1", "mistyped"),
    ("code:550", "mistyped"),
    ("code:452", "invoice"),
    ("code:4.2", "invoice"),
    ("code:4.*", "unfinished invoice"),
    ("code:5xx", "door mistyped"),
    ("code:5.7.1", "door"),
    ("code:250", "idn list forwarded sales report report notice midnight"),
    ('reply:"user unknown"', "mistyped"),
    ('reply:"Mailbox full"', "invoice"),
    ("reply:timed*out", "unfinished"),
    ("relay:mx.partner.example", "sales mistyped"),
    ("relay:192.0.2.25", "sales mistyped"),
    ("relay:mx.*.example*", "invoice sales mistyped"),
    ("dir:outbound", "invoice sales mistyped"),
    ("dir:internal", "notice"),
    ("dir:relayed", "unfinished"),
    ("dir:inbound", "idn list forwarded filtered alias door report report midnight"),
    ("attempts:>1", "invoice"),
    ("attempts:2", "invoice"),
    ("delay:>10m", "unfinished invoice sales"),
    ("delay:>=900", "unfinished invoice sales"),
    ("delay:900", "sales"),
    ("delay:<1", "filtered alias door notice"),
]

BY_WHERE_IT_CAME_FROM = [
    ("ip:203.0.113.16", "unfinished report report midnight"),
    ("ip:198.51.100.9", "filtered"),
    ("ip:127.0.0.1", ""),
    ("ip:198.51.100.0/24", "idn list forwarded filtered"),
    ("ip:198.51.100.*", "idn list forwarded filtered"),
    ("ip:10.0.0.0/8", "invoice sales mistyped"),
    ("ip:10.0.0.8/31", "invoice"),
    ("ip:2001:db8::25", "door"),
    ("ip:2001:DB8:0::25", "door"),
    ("ip:2001:db8::/32", "alias door"),
    ("ip:2001:db8:1::/48", "alias"),
    ("ip:203.0.113.16,10.0.0.8", "unfinished invoice report report midnight"),
    ("203.0.113.0/24", "unfinished report report midnight"),
    ("helo:lottery.example", "door"),
    ("helo:*.shop.example", "report report"),
    ("host:mx2", "unfinished idn list forwarded"),
    ("host:MX2", "unfinished idn list forwarded"),
    ("host:mx", ""),
    ("host:mx*", EVERY),
    ("source:mx2.log", "unfinished idn list forwarded"),
    ("source:mx2", ""),
    ("auth:carl", "mistyped"),
    ("auth:anna@corp.example", "sales"),
    ("tls:1.3", "report report"),
    ("tls:1.2", "sales"),
    ("tls:yes", "sales report report"),
]

BY_WHAT_IT_IS = [
    ("subject:annual", "report report"),
    ('subject:"Annual Report"', "report report"),
    ("subject:100%", "report report"),
    ("subject:10_%", ""),
    ("subject:annual*done", "report report"),
    ("subject:продажах", "sales"),
    ("subject:отчёт", "sales"),
    ("subject:ОТЧЁТ*ПРОДАЖАХ", "sales"),
    ("отчёт", "sales"),
    ("size:>10M", "sales"),
    ("size:>=9000", "invoice sales"),
    ("size:3000", "report report"),
    ("size:<1100", "alias"),
    ("text:report", "report report"),
    ("lottery", "door"),
    ("quarterly", ""),
]

TOGETHER = [
    ("", EVERY),
    ("from:bob@shop.example to:anna@corp.example", "report"),
    ("from:bob@shop.example -to:anna@corp.example", "unfinished report midnight"),
    ("-from:bob@shop.example -host:mx2 -status:delivered", "door invoice sales mistyped"),
    ("status:bounced OR status:deferred", "invoice mistyped"),
    ("to:anna@corp.example OR from:anna@corp.example", "forwarded filtered door sales report"),
    ("(from:bob@shop.example OR from:ivan@supplier.example) to:anna@", "filtered report"),
    ("-(from:@shop.example OR to:@corp.example)", "invoice sales mistyped"),
    ("to:anna@corp.example -(status:rejected OR host:mx2)", "filtered report"),
    ("qid:4jXT3j4GS0zR8 OR size:>10M", "filtered sales"),
    ("-subject:report to:dora@corp.example", "idn list midnight"),
    ("-cause:mailbox_full dir:outbound", "sales mistyped"),
    ("-ip:10.0.0.0/8 dir:outbound", ""),
]


def names(rows: list[Row]) -> list[str]:
    return sorted(row.message_id.partition("@")[0] or "door" for row in rows)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        *BY_ADDRESS,
        *BY_OTHER_FORM_OF_AN_ADDRESS,
        *BY_ID,
        *BY_WHAT_BECAME_OF_IT,
        *BY_WHERE_IT_CAME_FROM,
        *BY_WHAT_IT_IS,
        *TOGETHER,
    ],
)
def test_query_finds_just_this_and_counts_it(conn: Connection, query: str, expected: str) -> None:
    rows = found(conn, query)
    assert names(rows) == sorted(expected.split())
    assert [row.received_us for row in rows] == sorted((r.received_us for r in rows), reverse=True)
    assert deliveries.count(conn, asked(query)) == len(rows)


def test_tls_no_finds_what_was_sent_on_without_it(conn: Connection) -> None:
    without = names(found(conn, "tls:no"))
    assert "sales" not in without
    assert {"midnight", "idn"} <= set(without)


def test_row_id_finds_the_rows_of_its_message(conn: Connection) -> None:
    for row in found(conn, ""):
        rows = found(conn, f"id:{row.id}")
        assert row in rows
        assert {each.queue_ids for each in rows} == {row.queue_ids}


@pytest.mark.parametrize("other", ["m_1", "m_00", "9AA0000001", "m_1a202b2c6a1198b5bd9d7bzz"])
def test_text_that_is_no_row_id_finds_nothing(conn: Connection, other: str) -> None:
    assert found(conn, f"id:{other}") == []


def test_reply_may_be_sought_with_its_code_in_the_middle(conn: Connection) -> None:
    assert names(found(conn, 'reply:"said: 452"')) == ["invoice"]


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ("since:2026-11-22", "unfinished idn list forwarded filtered alias door invoice sales "
                             "report report"),
        ("until:2026-11-21", "midnight"),
        ("since:2026-11-21 until:2026-11-22", "notice mistyped"),
        ("since:2026-11-22T09:50 until:2026-11-22T10:00", "idn"),
        ("last:3h", "unfinished idn list forwarded filtered alias door"),
        ("since:2026-12-01", ""),
    ],
)  # fmt: skip
def test_time_window_begins_included_and_ends_excluded(
    conn: Connection, window: str, expected: str
) -> None:
    assert names(found(conn, window)) == sorted(expected.split())


@pytest.mark.parametrize("query", ["", "to:@corp.example", "from:bob@shop.example", "tls:no"])
@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_pages_walk_every_row_once_across_days(conn: Connection, query: str, limit: int) -> None:
    whole = [row.id for row in found(conn, query)]
    walked: list[str] = []
    after = ""
    while True:
        page = deliveries.search(conn, asked(query), limit=limit, after=after)
        assert len(page.rows) == limit or not page.next
        walked += [row.id for row in page.rows]
        after = page.next
        if not after:
            break
    assert walked == whole


def test_pages_go_on_where_they_were_while_new_mail_arrives(store: Engine, tmp_path: Path) -> None:
    read(store, LOGS[0])
    with reading(store).connect() as conn:
        before = [row.id for row in found(conn, "")]
        first = deliveries.search(conn, ALL, limit=4)
    read(store, LOGS[1])
    with reading(store).connect() as conn:
        rest = deliveries.search(conn, ALL, limit=100, after=first.next)
        assert len(found(conn, "")) > len(before)
    assert [row.id for row in (*first.rows, *rest.rows)] == before


@pytest.mark.parametrize("after", ["x", "12", "zz.1", "1.x", "."])
def test_page_link_that_is_not_whole_is_refused(conn: Connection, after: str) -> None:
    with pytest.raises(InvalidQuery, match="page link"):
        deliveries.search(conn, ALL, after=after)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "to:anna@corp.example",
        "addr:@corp.example",
        "-host:mx2",
        "status:failed",
        "from:nobody@",
    ],
)
def test_summary_counts_what_the_search_finds(conn: Connection, query: str) -> None:
    rows = found(conn, query)
    told = deliveries.summary(conn, asked(query), buckets=7)
    assert told.total == len(rows)
    assert dict(told.outcomes) == Counter(row.status for row in rows)
    assert dict(told.causes) == Counter(row.cause for row in rows if row.cause)
    assert dict(told.sources) == Counter(row.source for row in rows)
    assert told.messages == len({row.queue_ids[-1] for row in rows})
    assert len(told.histogram) == 7
    assert sum(each.usual + each.wait + each.bad for each in told.histogram) == len(rows)


def test_histogram_puts_each_row_into_its_stretch_by_tone(conn: Connection) -> None:
    query = parse_query("since:2026-11-21 until:2026-11-23", now_us=NOW_US)
    told = deliveries.summary(conn, query, buckets=48)
    assert told.bucket_us == 3_600_000_000
    by_hour = {
        number: (each.usual, each.wait, each.bad)
        for number, each in enumerate(told.histogram)
        if each.usual or each.wait or each.bad
    }
    assert by_hour == {10: (1, 0, 1), 32: (3, 1, 0), 33: (5, 0, 1), 34: (0, 0, 1)}


def test_most_frequent_senders_come_first(conn: Connection) -> None:
    told = deliveries.summary(conn, asked(""), buckets=1)
    assert told.senders[0] == ("bob@shop.example", 4)
    assert len(told.senders) == len(told.relays) == 5


def test_search_of_an_empty_store_finds_nothing(store: Engine) -> None:
    with reading(store).connect() as conn:
        assert deliveries.search(conn, ALL).rows == ()
        assert deliveries.count(conn, ALL) == 0
        told = deliveries.summary(conn, ALL, buckets=3)
    assert (told.total, told.messages, told.outcomes) == (0, 0, ())


def test_rows_hold_what_the_contract_names(conn: Connection) -> None:
    (row,) = found(conn, "qid:4jXT3j5KS0zRB")
    assert (row.status, row.sender, row.recipient) == (
        Outcome.DELIVERED, "ivan@supplier.example", "anna@corp.example",
    )  # fmt: skip
    assert row.queue_ids == ("mx1/4jXT3j4GS0zR8", "mx1/4jXT3j5KS0zRB")
    assert (row.queue_id, row.client) == ("4jXT3j5KS0zRB", "198.51.100.9")
    assert row.updated_us - row.received_us == 1_300_000


def test_search_reads_only_the_days_of_its_window(
    store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(store, *LOGS)
    with store.begin() as conn:
        for name in inspect(conn).get_table_names():
            if name.endswith(("20261120", "20261122")):
                conn.exec_driver_sql(f'DROP TABLE "{name}"')
    query = parse_query("since:2026-11-21 until:2026-11-21T23:59", now_us=NOW_US)
    with reading(store).connect() as conn:
        assert names(list(deliveries.rows(conn, query))) == ["mistyped", "notice"]


def test_search_for_an_address_walks_its_index_and_not_the_day(
    sqlite_store: Engine, tmp_path: Path
) -> None:
    lines = [
        f"2026-11-22T10:{n // 60:02}:{n % 60:02}+00:00 mx1 postfix/smtpd[7]: NOQUEUE: reject: RCPT "
        f"from unknown[192.0.2.7]: 554 5.7.1 <u{n}@corp.example>: Access denied; "
        f"from=<s@bad.example> to=<u{n}@corp.example> proto=ESMTP helo=<x>"
        for n in range(400)
    ]
    read_lines(sqlite_store, tmp_path, lines)
    steps = 0

    def stepped() -> int:
        nonlocal steps
        steps += 1
        return 0

    with reading(sqlite_store).connect() as conn:
        driver: sqlite3.Connection = conn.connection.driver_connection  # type: ignore[assignment]
        counts = []
        for query in ("to:u7@corp.example", "reply:u7@corp.example"):
            steps = 0
            driver.set_progress_handler(stepped, 20)
            assert len(found(conn, query)) == 1
            driver.set_progress_handler(None, 20)
            counts.append(steps)
    assert counts[0] * 5 < counts[1]
