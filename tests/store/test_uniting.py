"""The same mail told by two logs: one row, whichever came first and however many at a time."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.store.filling import LOGS, empty, read, read_lines, tables
from tracer import ingest as door

FRACTION = re.compile(r"(?<=T\d\d:\d\d:\d\d)\.\d{6}")


def syslog(folder: Path) -> Path:
    """What rsyslog also wrote elsewhere: whole seconds, and some of the lines lost."""
    lines = [line for log in LOGS for line in log.read_text("utf-8").splitlines(keepends=True)]
    kept = [FRACTION.sub("", line) for number, line in enumerate(sorted(lines)) if number % 5]
    log = folder / "syslog"
    log.write_text("".join(kept), "utf-8")
    return log


def test_logs_that_tell_of_the_same_mail_give_one_store_in_any_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, found = syslog(tmp_path), []
    for number, (is_first, together) in enumerate(product((True, False), (1, 2, 2000))):
        monkeypatch.setattr(door, "UNITED_TOGETHER", together)
        store = empty(tmp_path / str(number))
        for logs in ((other,), LOGS) if is_first else (LOGS, (other,)):
            read(store, *logs)
        assert read(store, other) > 0  # and again: nothing is new
        found.append(tables(store))
        store.dispose()
    assert all(one == found[0] for one in found)


def test_uniting_many_mails_asks_no_more_than_uniting_a_few(tmp_path: Path) -> None:
    asked = []
    for n in (3, 60):
        store = empty(tmp_path / str(n))
        for name in ("mail.log", "syslog"):
            said = selects_of(store)
            read_lines(store, tmp_path, [line for one in range(n) for line in mail(one)], name)
        asked.append(len(said))
        store.dispose()
    assert asked[0] == asked[1]


def mail(number: int) -> list[str]:
    head, queue_id = "2026-11-22T12:00:00+00:00 mx1 postfix/", f"AAA{number:07}"
    return [
        f"{head}smtpd[1]: {queue_id}: client=mail.shop.example[203.0.113.16]",
        f"{head}cleanup[2]: {queue_id}: message-id=<{number}@shop.example>",
        f"{head}qmgr[3]: {queue_id}: removed",
    ]


def selects_of(store: Engine) -> list[str]:
    """What an SQLite store is asked from now on."""
    said: list[str] = []

    def note(statement: str) -> None:
        if statement.startswith("SELECT"):
            said.append(statement)

    with store.connect() as conn:
        conn.connection.driver_connection.set_trace_callback(note)  # type: ignore[union-attr]
    return said
