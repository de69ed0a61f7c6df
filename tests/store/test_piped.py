"""A filter behind pipe(8): the trace shows both stays, wherever it is entered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from collectors.formats import parse_line
from tests.store.filling import empty, read, read_lines
from tracer.ingest import MOST_ALIKE
from tracer.query import EVERYTHING, SearchQuery
from tracer.store import deliveries
from tracer.store.engine import reading
from tracer.trace import load_trace

CORPUS = Path(__file__).parent.parent / "corpus" / "postfix"
ALL = SearchQuery(EVERYTHING, None, None, "")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = empty(tmp_path)
    yield made
    made.dispose()


@pytest.mark.parametrize("entered", ["8C2A1F0D1", "8C2A1F0D2"])
def test_a_trace_holds_what_was_taken_and_what_was_handed_back(
    engine: Engine, entered: str
) -> None:
    read(engine, CORPUS / "66_filter_behind_pipe.log")
    with reading(engine).connect() as conn:
        trace = load_trace(conn, entered, parse_line)
    assert [leg.hop.queue_id for leg in trace.legs] == ["8C2A1F0D1", "8C2A1F0D2"]
    assert [row.recipient for row in trace.siblings] == ["anna@corp.example"]


def mails(count: int) -> Iterator[str]:
    """So many mails with one Message-ID, a minute apart, each through the filter."""
    for number in range(count):
        at = f"Nov 22 {12 + number // 60:02}:{number % 60:02}:0"
        a, b = f"8C2A1F0D{number:03X}", f"8C2A1F0E{number:03X}"
        id = "message-id=<always@shop.example>"
        sent = "relay={}, delay=1, delays=1/0/0/0, dsn=2.0.0, status=sent ({})"
        yield f"{at}0 mx1 postfix/smtpd[1]: {a}: client=mail.shop.example[203.0.113.16]"
        yield f"{at}0 mx1 postfix/cleanup[2]: {a}: {id}"
        yield f"{at}0 mx1 postfix/qmgr[3]: {a}: from=<b@c.example>, size=9, nrcpt=1 (queue active)"
        yield f"{at}1 mx1 postfix/pickup[4]: {b}: uid=5 from=<b@c.example>"
        yield f"{at}1 mx1 postfix/cleanup[2]: {b}: {id}"
        yield (
            f"{at}1 mx1 postfix/pipe[5]: {a}: to=<anna@corp.example>, "
            + sent.format("spamassassin", "delivered via spamassassin service")
        )
        yield f"{at}1 mx1 postfix/qmgr[3]: {b}: from=<b@c.example>, size=9, nrcpt=1 (queue active)"
        yield (
            f"{at}2 mx1 postfix/lmtp[6]: {b}: to=<anna@corp.example>, "
            + sent.format("mx1[private/dovecot-lmtp]", "250 2.0.0 Saved")
        )


@pytest.mark.parametrize(
    ("count", "rows"), [(MOST_ALIKE // 2, MOST_ALIKE // 2), (MOST_ALIKE, 2 * MOST_ALIKE)]
)
def test_mail_of_a_program_that_repeats_one_message_id_is_joined_within_reason(
    engine: Engine, tmp_path: Path, count: int, rows: int
) -> None:
    read_lines(engine, tmp_path, mails(count))
    with reading(engine).connect() as conn:
        assert len(list(deliveries.rows(conn, ALL))) == rows
