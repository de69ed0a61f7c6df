"""A stay of which more is read later is one stay, whichever part came first."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.store.filling import content, found, read_lines
from tests.store.test_ingest import DEFERRED, OPENED, dated
from tracer.store.engine import reading


def test_stay_that_grows_stays_one_row(store: Engine, tmp_path: Path) -> None:
    read_lines(store, tmp_path, dated(OPENED))
    (row,) = content(store)
    assert (row["status"], row["attempts"]) == ("pending", 0)
    first_id = row["id"]
    for minute in (1, 5, 20):
        read_lines(store, tmp_path, dated(DEFERRED.format(minute=minute)))
    (row,) = content(store)
    assert (row["status"], row["attempts"]) == ("deferred", 3)
    read_lines(store, tmp_path, dated(OPENED + DEFERRED.format(minute=20)))
    (row,) = content(store)
    assert row["attempts"] == 3
    assert str(row["id"])[:18] == str(first_id)[:18]
    with reading(store).connect() as conn:
        assert len(found(conn, "to:full@fabrikam.example")) == 1
        assert len(found(conn, "status:pending")) == 0


def test_stay_whose_beginning_comes_last_is_one_row(store: Engine, tmp_path: Path) -> None:
    read_lines(store, tmp_path, dated(DEFERRED.format(minute=20)), "new.log")
    read_lines(store, tmp_path, dated(DEFERRED.format(minute=1)), "middle.log")
    read_lines(store, tmp_path, dated(OPENED), "old.log")
    (row,) = content(store)
    assert (row["sender"], row["attempts"]) == ("billing@corp.example", 2)
    assert row["received_at"] == "2026-11-22T12:00:00Z"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_session_with_refusals_on_both_sides_of_midnight_is_one_stay(
    store: Engine, tmp_path: Path, order: tuple[int, int]
) -> None:
    """Each part is read by itself: the reader was started anew between them."""
    refusal = (
        "reject: RCPT from slow.shop.example[203.0.113.9]: 550 5.1.1 <{who}@corp.example>: "
        "unknown; from=<bob@shop.example> to=<{who}@corp.example> proto=ESMTP helo=<slow>"
    )
    client, name = "client=slow.shop.example[203.0.113.9]", "message-id=<slow@shop.example>"
    parts = (
        (("23:30:00", "smtpd", client), ("23:35:00", "smtpd", refusal.format(who="no"))),
        (("00:20:00", "smtpd", refusal.format(who="none")), ("00:20:01", "cleanup", name)),
    )
    for number in order:
        lines = [
            f"2026-11-{22 + number}T{at}.000000+00:00 mx1 postfix/{program}[1]: DDD0000005: {text}"
            for at, program, text in parts[number]
        ]
        read_lines(store, tmp_path, lines, f"{number}.log")
    rows = content(store)
    assert {row["received_at"] for row in rows} == {"2026-11-22T23:30:00Z"}
    assert len({row["queue_ids"] for row in rows}) == 1
