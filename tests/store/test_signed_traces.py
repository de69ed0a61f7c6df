"""DKIM selectors that the lines of our own newest mail tell, for the diagnostics."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from collectors.batches import steps
from collectors.files import expand
from collectors.formats import parse_line
from collectors.plan import Plan
from tests.store.filling import NOW_US, read_lines
from tracer.config_diagnostics import DiagnosticsSettings
from tracer.diagnostics.completing import REPORT, completed
from tracer.diagnostics.kept import open_report
from tracer.diagnostics.model import Target
from tracer.diagnostics.traces_signed import SignedBy, signed_by
from tracer.ingest import ingest
from tracer.query import parse_query
from tracer.store import deliveries
from tracer.store.engine import reading
from tracer.trace import load_trace

PLAIN = DiagnosticsSettings()


def mail(day: int, queue_id: str, *filters: str, sender: str = "anna@corp.example") -> list[str]:
    """Lines of one mail that left from here, with those of the filters beside Postfix."""
    at = f"2026-11-{day:02}T10:00:0"
    return [
        f"{at}0+00:00 mx1 postfix/smtpd[1]: {queue_id}: client=pc7.corp.example[10.0.0.7]",
        f"{at}1+00:00 mx1 postfix/cleanup[2]: {queue_id}: message-id=<{queue_id}@corp.example>",
        *(f"{at}1+00:00 mx1 opendkim[3]: {queue_id}: {said}" for said in filters),
        f"{at}2+00:00 mx1 postfix/qmgr[4]: {queue_id}: from=<{sender}>, size=9, nrcpt=1 "
        "(queue active)",
        f"{at}3+00:00 mx1 postfix/smtp[5]: {queue_id}: to=<bob@shop.example>, "
        "relay=mx.shop.example[192.0.2.25]:25, delay=3, delays=1/0/1/1, dsn=2.0.0, "
        "status=sent (250 2.0.0 Ok)",
        f"{at}3+00:00 mx1 postfix/qmgr[4]: {queue_id}: removed",
    ]


def added(selector: str, domain: str = "corp.example") -> str:
    return f"DKIM-Signature field added (s={selector}, d={domain})"


def seen(engine: Engine, domain: str = "corp.example") -> SignedBy | None:
    with reading(engine).connect() as conn:
        return signed_by(conn, "corp.example", domain, NOW_US)


def test_the_newest_mail_tells_and_what_was_used_long_before_does_not(
    store: Engine, tmp_path: Path
) -> None:
    lines = [
        *mail(1, "1A00000001", added("old")),
        *mail(17, "1A00000002", added("news"), added("elsewhere", "provider.example")),
        *mail(20, "1A00000003", added("mail")),
        *mail(21, "1A00000004"),
        *mail(21, "1A00000005", added("strange"), sender="eve@other.example"),
    ]
    read_lines(store, tmp_path, lines)
    found = seen(store)
    assert found is not None
    assert found.selectors == ("mail", "news")
    with reading(store).connect() as conn:
        asked = parse_query("qid:1A00000003", now_us=NOW_US, since="all")
        (row,) = deliveries.search(conn, asked).rows
    assert found.row_id == row.id
    other = seen(store, "provider.example")
    assert other is not None
    assert other.selectors == ("elsewhere",)
    assert seen(store, "shop.example") is None


def test_an_earlier_leg_tells_of_the_mail_it_carried(store: Engine, tmp_path: Path) -> None:
    first, last = mail(20, "1A00000001", added("mail")), mail(20, "1A00000002")
    first[-2] = first[-2].replace("250 2.0.0 Ok", "250 2.0.0 Ok: queued as 1A00000002")
    read_lines(store, tmp_path, first + last)
    found = seen(store)
    assert found is not None
    assert found.selectors == ("mail",)


def test_no_more_than_a_few_selectors_are_taken(store: Engine, tmp_path: Path) -> None:
    names = [f"s{n}" for n in range(12)]
    read_lines(store, tmp_path, mail(20, "1A00000001", *map(added, names)))
    found = seen(store)
    assert found is not None
    assert len(found.selectors) == 8
    assert set(found.selectors) <= set(names)


def test_given_selectors_come_first_then_our_traces_then_earlier_diagnoses(
    store: Engine, tmp_path: Path
) -> None:
    earlier = open_report(store, Target(sender="a@corp.example", selectors=("r1",)), NOW_US)
    asked = Target(sender="anna@corp.example", recipient="bob@shop.example")
    with store.connect() as conn:
        found = completed(asked, conn, PLAIN, NOW_US)
    assert (found.selectors, found.taken_from["selectors"]) == (("r1",), f"{REPORT}{earlier.id}")
    read_lines(store, tmp_path, mail(20, "1A00000001", added("mail")))
    with store.connect() as conn:
        found = completed(asked, conn, PLAIN, NOW_US)
        assert found.selectors == ("mail",)
        assert (
            load_trace(conn, found.taken_from["selectors"], parse_line).row.sender == asked.sender
        )
        given = Target(sender="anna@corp.example", selectors=("mine",))
        assert completed(given, conn, PLAIN, NOW_US).selectors == ("mine",)
        other = Target(sender="anna@corp.example", header_from="shop.example")
        assert "mail" not in completed(other, conn, PLAIN, NOW_US).selectors


@pytest.mark.parametrize("sender", ["", '"a b"@corp.example', "x@b c.example", "a@bücher.example"])
def test_odd_senders_do_not_break_the_reading(store: Engine, sender: str) -> None:
    with store.connect() as conn:
        assert completed(Target(sender=sender), conn, PLAIN, NOW_US).selectors == ()


@pytest.mark.parametrize("filter_first", [True, False])
def test_a_filter_with_a_file_of_its_own_joins_the_same_message(
    store: Engine, tmp_path: Path, filter_first: bool
) -> None:
    task = (
        "2026-11-20 10:00:01 #38(rspamd_proxy) <73b3a9>; proxy; rspamd_task_write_log: "
        "id: <1A00000001@corp.example>, qid: <1A00000001>, ip: 10.0.0.7, (default: F (no action): "
        "[0.00/15.00] [DKIM_SIGNED(0.00){corp.example:s=r2026;}]), len: 9"
    )
    own = tmp_path / "rspamd.log"
    own.write_text(f"{task}\n", "utf-8")
    inputs, _ = expand([str(own)])

    def read_own() -> None:
        for step in steps(Plan(tuple(inputs), zone="UTC", host="mx1")):
            assert step.batch.progress is None or not step.batch.progress.unparsed
            ingest(store, step.batch, parse_line)

    if filter_first:
        read_own()
        with reading(store).connect() as conn:
            assert not list(deliveries.rows(conn, parse_query("", now_us=NOW_US, since="all")))
    read_lines(store, tmp_path, mail(20, "1A00000001"))
    if not filter_first:
        read_own()
    with reading(store).connect() as conn:
        (row,) = deliveries.rows(conn, parse_query("", now_us=NOW_US, since="all"))
        assert (row.status, row.sender) == ("relayed", "anna@corp.example")
        (leg,) = load_trace(conn, row.id, parse_line).legs
    assert task.partition("#")[2] in " ".join(event.raw for event in leg.events)
    found = seen(store)
    assert found == SignedBy(("r2026",), row.id)
