"""Microsoft 365's report files through `ingest`'s own way of reading, into traces."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.store.filling import NOW_US, found, read, read_lines
from tests.unit.test_microsoft_reports import ENHANCED
from tracer.exports.order import Order
from tracer.exports.write import write_file

ROWS = (
    ENHANCED,
    '2026-11-20T09:15:02.1234567Z,olga@corp.example,"anna@northwind.example##Receive, Send;'
    'ben@fabrikam.example##Receive, Fail",Счёт 17,20418,<DB7@corp.example>,6f1c-01,192.0.2.10,,,',
    '2026-11-20T09:16:00Z,,"eva@corp.example##Receive, Deliver",Undeliverable,1200,<a1@x.example>,'
    "6f1c-02,198.51.100.7,,,",
)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16", "utf-8", "utf-8-sig"])
def test_a_report_becomes_rows_whatever_its_encoding(
    store: Engine, tmp_path: Path, encoding: str
) -> None:
    file = tmp_path / "report.csv"
    file.write_bytes("\r\n".join((*ROWS, "")).encode(encoding))
    assert read(store, file) == 0
    assert read(store, file) == 3  # known already
    with store.connect() as conn:
        rows = {row.recipient: row for row in found(conn, "")}
    assert {name: row.status.value for name, row in rows.items()} == {
        "anna@northwind.example": "relayed",
        "ben@fabrikam.example": "bounced",
        "eva@corp.example": "delivered",
    }
    assert rows["anna@northwind.example"].subject == "Счёт 17"
    assert rows["eva@corp.example"].sender == "<>"


@pytest.mark.parametrize("columns", ["summary", "enhanced", "extended"])
def test_what_we_export_as_microsoft_does_we_read_back(
    filled: Engine, store: Engine, tmp_path: Path, columns: str
) -> None:
    file = tmp_path / "ours.csv"
    order = Order("status:delivered,relayed,deferred", NOW_US, columns=columns)
    result = write_file(filled, order, file, lambda _rows: None)
    read(store, file)
    with store.connect() as conn:
        back = {(row.sender, row.recipient, row.status.value) for row in found(conn, "")}
    with filled.connect() as conn:
        rows = found(conn, order.q)
    states = {"relayed": "delivered", "deferred": "pending"} if columns == "summary" else {}
    assert result.rows == len(rows)
    assert back == {
        (row.sender, row.recipient, states.get(row.status.value, row.status.value)) for row in rows
    }


def test_mail_that_we_handed_to_microsoft_is_one_row(store: Engine, tmp_path: Path) -> None:
    at = "2026-11-20T09:15:0{}.000000+00:00 mx1 postfix/{}[7]: 4cXn9WaitZz5b: {}"
    lines = (
        at.format(0, "smtpd", "client=pc7.corp.example[10.0.0.7]"),
        at.format(0, "cleanup", "message-id=<DB7@corp.example>"),
        at.format(0, "qmgr", "from=<olga@corp.example>, size=900, nrcpt=1 (queue active)"),
        at.format(
            1, "smtp", "to=<anna@northwind.example>, relay=mx.outlook.example[192.0.2.9]:25, "
            "delay=1, delays=0/0/1/0, dsn=2.6.0, status=sent (250 2.6.0 <DB7@corp.example> "
            "[InternalId=1, Hostname=A.example] Queued mail for delivery)",
        ),
        at.format(1, "qmgr", "removed"),
    )  # fmt: skip
    read_lines(store, tmp_path, lines)
    report = tmp_path / "report.csv"
    row = (
        '2026-11-20T09:15:02Z,olga@corp.example,"anna@northwind.example##Receive, Deliver",Hi,'
        "900,<DB7@corp.example>,6f1c-01,,,,"
    )
    report.write_text(f"{ENHANCED}\r\n{row}\r\n", "utf-8")
    read(store, report)
    with store.connect() as conn:
        (row_of,) = found(conn, "to:anna@northwind.example")
    assert row_of.status.value == "delivered"
    assert row_of.queue_ids == ("mx1/4cXn9WaitZz5b", "microsoft365/6f1c-01")
