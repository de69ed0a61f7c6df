"""Facts come in at one door: whole or not at all, in any order, by any number of readers."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect

from collectors.batches import steps
from collectors.files import expand
from collectors.formats import parse_line
from collectors.plan import Plan
from tests.store.filling import LOGS, content, empty, found, read, read_lines
from tracer import ingest as door
from tracer.fold import hop_id
from tracer.store import sources
from tracer.store.engine import reading
from tracer.store.packing import Packer

DAY = "2026-11-22T"
LEG_1 = """\
12:00:00.000000+00:00 mx1 postfix/smtpd[1]: AAA0000001: client=mail.shop.example[203.0.113.16]
12:00:00.100000+00:00 mx1 postfix/cleanup[2]: AAA0000001: message-id=<chain@shop.example>
12:00:00.200000+00:00 mx1 postfix/qmgr[3]: AAA0000001: from=<bob@shop.example>, size=900, nrcpt=1 \
(queue active)
12:00:00.900000+00:00 mx1 postfix/lmtp[4]: AAA0000001: to=<anna@corp.example>, \
relay=127.0.0.1[127.0.0.1]:10024, delay=0.9, delays=0.1/0/0/0.8, dsn=2.0.0, status=sent (250 2.0.0 \
from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as AAA0000002)
12:00:00.950000+00:00 mx1 postfix/qmgr[3]: AAA0000001: removed
"""
LEG_2 = """\
12:00:00.800000+00:00 mx1 postfix/smtpd[5]: AAA0000002: client=localhost[127.0.0.1]
12:00:00.810000+00:00 mx1 postfix/cleanup[2]: AAA0000002: message-id=<chain@shop.example>
12:00:00.820000+00:00 mx1 postfix/qmgr[3]: AAA0000002: from=<bob@shop.example>, size=950, nrcpt=1 \
(queue active)
12:00:01.900000+00:00 mx1 postfix/smtp[6]: AAA0000002: to=<anna@corp.example>, \
relay=mx2.corp.example[192.0.2.2]:25, delay=1.1, delays=0.1/0/0.5/0.5, dsn=2.0.0, status=sent (250 \
2.0.0 Ok: queued as BBB0000003)
12:00:01.950000+00:00 mx1 postfix/qmgr[3]: AAA0000002: removed
"""
LEG_3 = """\
11:59:58.000000+00:00 mx2 postfix/smtpd[7]: BBB0000003: client=mx1.corp.example[192.0.2.1]
11:59:58.100000+00:00 mx2 postfix/cleanup[8]: BBB0000003: message-id=<chain@shop.example>
11:59:58.200000+00:00 mx2 postfix/qmgr[9]: BBB0000003: from=<bob@shop.example>, size=990, nrcpt=1 \
(queue active)
11:59:59.000000+00:00 mx2 postfix/virtual[10]: BBB0000003: to=<anna@corp.example>, relay=virtual, \
delay=1, delays=1/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)
11:59:59.100000+00:00 mx2 postfix/qmgr[9]: BBB0000003: removed
"""
DEFERRED = (
    "12:{minute:02}:00.500000+00:00 mx1 postfix/smtp[6]: CCC0000004: to=<full@fabrikam.example>, "
    "relay=mx.fabrikam.example[192.0.2.90]:25, delay=1, delays=0.2/0/0.3/0.5, dsn=4.2.2, "
    "status=deferred (host mx.fabrikam.example[192.0.2.90] said: 452 4.2.2 Mailbox full (in reply "
    "to RCPT TO command))"
)
OPENED = """\
12:00:00.000000+00:00 mx1 postfix/smtpd[1]: CCC0000004: client=pc8.corp.example[10.0.0.8]
12:00:00.100000+00:00 mx1 postfix/cleanup[2]: CCC0000004: message-id=<invoice@corp.example>
12:00:00.200000+00:00 mx1 postfix/qmgr[3]: CCC0000004: from=<billing@corp.example>, size=9000, \
nrcpt=1 (queue active)
"""


def dated(text: str) -> list[str]:
    return [f"{DAY}{line}" for line in text.splitlines()]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_legs_are_joined_in_whatever_order_their_logs_are_read(
    store: Engine, tmp_path: Path, order: tuple[int, ...]
) -> None:
    legs = [LEG_1, LEG_2, LEG_3]
    for number in order:
        read_lines(store, tmp_path, dated(legs[number]), f"{number}.log")
    (row,) = content(store)
    assert row["queue_ids"] == ("mx1/AAA0000001", "mx1/AAA0000002", "mx2/BBB0000003")
    assert (row["status"], row["client"]) == ("delivered", "203.0.113.16")
    assert row["received_at"] == "2026-11-22T12:00:00Z"
    with reading(store).connect() as conn:
        for queue_id in ("AAA0000001", "AAA0000002", "BBB0000003"):
            assert len(found(conn, f"qid:{queue_id}")) == 1


def test_client_is_the_first_legs_though_that_one_was_read_last(
    store: Engine, tmp_path: Path
) -> None:
    for number, leg in enumerate((LEG_2, LEG_3, LEG_1)):
        read_lines(store, tmp_path, dated(leg), f"{number}.log")
    with reading(store).connect() as conn:
        assert len(found(conn, "ip:203.0.113.16")) == 1
        assert found(conn, "ip:127.0.0.1") == []


def test_leg_that_grows_stays_joined_when_an_older_day_is_live(
    store: Engine, tmp_path: Path
) -> None:
    """A notice has no client, so that its stay may have begun days before."""
    read(store, LOGS[0])
    *lines, last = dated(LEG_1)[1:]
    read_lines(store, tmp_path, lines, "1.log")
    read_lines(store, tmp_path, dated(LEG_2), "2.log")
    read_lines(store, tmp_path, [last], "1.log")
    with reading(store).connect() as conn:
        assert len(found(conn, "msgid:chain@shop.example")) == 1


def test_logs_read_together_give_what_logs_read_apart_give(store: Engine, tmp_path: Path) -> None:
    read_lines(store, tmp_path, dated(LEG_3 + LEG_1 + LEG_2))
    other = empty(tmp_path / "other")
    for number, leg in enumerate((LEG_3, LEG_1, LEG_2)):
        read_lines(other, tmp_path, dated(leg), f"{number}.log")
    assert [r | {"source": ""} for r in content(store)] == [
        r | {"source": ""} for r in content(other)
    ]
    other.dispose()


def test_reading_again_finds_every_event_known_and_changes_nothing(store: Engine) -> None:
    assert read(store, *LOGS) == 0
    before = content(store)
    events = sum(each.events for each in fresh(store))
    assert read(store, *LOGS) == events
    assert content(store) == before


def test_reading_again_asks_no_more_for_many_mails_than_for_a_few(tmp_path: Path) -> None:
    asked = []
    for n in (3, 60):
        store = empty(tmp_path / str(n))
        lines = [line for mail in range(n) for line in _another(OPENED, f"DDD{mail:07}")]
        read_lines(store, tmp_path, lines)
        said = _statements_of(store)
        assert read_lines(store, tmp_path, lines) == len(lines)
        asked.append(len(said))
        assert not [one for one in said if one.startswith(("DELETE", "INSERT"))]
        store.dispose()
    assert asked[0] == asked[1]


def test_part_of_a_mail_that_is_stored_whole_is_not_written_again(tmp_path: Path) -> None:
    store = empty(tmp_path)
    lines = [f"{DAY}{line}" for line in LEG_1.splitlines()]
    read_lines(store, tmp_path, lines)
    said = _statements_of(store)
    assert read_lines(store, tmp_path, lines[:3]) == 3
    assert read_lines(store, tmp_path, lines[2:]) == len(lines) - 2
    assert said
    assert not [one for one in said if one.startswith(("DELETE", "INSERT"))]
    store.dispose()


def _another(lines: str, queue_id: str) -> list[str]:
    return [f"{DAY}{line}".replace("CCC0000004", queue_id) for line in lines.splitlines()]


def _statements_of(store: Engine) -> list[str]:
    """What is said to an SQLite store from now on, but for what it notes of the source."""
    said: list[str] = []

    def note(statement: str) -> None:
        if "sources" not in statement:
            said.append(statement)

    with store.connect() as conn:
        conn.connection.driver_connection.set_trace_callback(note)  # type: ignore[union-attr]
    return said


def test_bulk_gives_what_reading_bit_by_bit_gives(store: Engine, tmp_path: Path) -> None:
    read(store, *LOGS)
    other = empty(tmp_path / "мой 100% дом")  # a folder whose name an address marks
    inputs, _ = expand([str(log) for log in LOGS])
    for step in steps(Plan(tuple(inputs), zone="UTC")):
        door.ingest(other, step.batch, parse_line, bulk=True)
        door.finish_full(other, step.batch)
    with reading(other).connect() as conn:
        before_the_end = found(conn, "to:anna@corp.example OR ip:10.0.0.0/8")
    door.finish(other)
    with reading(other).connect() as conn:
        assert found(conn, "to:anna@corp.example OR ip:10.0.0.0/8") == before_the_end
    assert content(other) == content(store)
    other.dispose()


def test_two_readers_of_one_log_give_one_store(store: Engine, tmp_path: Path) -> None:
    lines = LOGS[0].read_text("utf-8").splitlines()
    read_lines(store, tmp_path, lines)
    other = empty(tmp_path / "other")
    for at in range(0, len(lines), 10):
        # Both tail the same log and overlap by half of what they read.
        read_lines(other, tmp_path, lines[at : at + 10], "mail.log")
        read_lines(other, tmp_path, lines[max(0, at - 5) : at + 5], "mail.log")
    assert content(other) == content(store)
    other.dispose()


def test_rotation_in_the_middle_of_a_mail_loses_nothing(store: Engine, tmp_path: Path) -> None:
    lines = LOGS[0].read_text("utf-8").splitlines()
    for at in (3, 12, 17):
        other = empty(tmp_path / str(at))
        read_lines(other, tmp_path, lines[:at], "mail.log.1")
        read_lines(other, tmp_path, lines[at:], "mail.log")
        rotated = content(other)
        other.dispose()
        assert len(rotated) == 10
        assert not [row for row in rotated if row["status"] in ("pending", "unknown")]


def test_failure_half_way_leaves_neither_facts_nor_progress(
    store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("the disk is gone")

    with monkeypatch.context() as broken:
        broken.setattr(door.sources, "advance", fails)
        with pytest.raises(RuntimeError, match="disk"):
            read(store, *LOGS)
    assert content(store) == []
    assert fresh(store) == ()
    assert tables_of_days(store) == set()
    read(store, *LOGS)
    assert len(content(store)) == 14


def test_failure_after_some_batches_keeps_those_and_goes_on_later(
    store: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = empty(tmp_path / "reference")
    read(reference, *LOGS)
    read(store, LOGS[0])
    before = content(store), fresh(store)

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        broken.setattr(door.stays, "save", fails)
        with pytest.raises(RuntimeError, match="killed"):
            read(store, LOGS[1])
    assert (content(store), fresh(store)) == before
    read(store, LOGS[1])
    assert content(store) == content(reference)
    reference.dispose()


def test_source_tells_how_far_it_was_read(store: Engine, tmp_path: Path) -> None:
    read_lines(store, tmp_path, [*dated(OPENED), "no head at all", "-- MARK --"], "mail.log")
    read_lines(store, tmp_path, dated(DEFERRED.format(minute=20)), "mail.log.1")
    (source,) = fresh(store)
    assert (source.name, source.lines, source.events, source.unparsed) == ("mail.log", 6, 4, 2)
    assert source.samples == ("no head at all", "-- MARK --")
    assert source.first_us == 1_795_348_800_000_000
    assert source.complete_until_us == 1_795_350_000_500_000
    with store.connect() as conn:
        assert sources.complete_until(conn) == source.complete_until_us


def test_store_is_complete_until_its_slowest_source(store: Engine) -> None:
    with store.connect() as conn:
        assert sources.complete_until(conn) is None
    read(store, *LOGS)
    with store.connect() as conn:
        slowest = min(each.complete_until_us or 0 for each in sources.freshness(conn))
        assert sources.complete_until(conn) == slowest


def test_queue_id_that_is_used_again_is_another_mail(store: Engine, tmp_path: Path) -> None:
    later = OPENED.replace("invoice@", "other@").replace("12:00", "18:00")
    read_lines(store, tmp_path, dated(OPENED + DEFERRED.format(minute=1)), "a.log")
    removed = "12:30:00.000000+00:00 mx1 postfix/qmgr[3]: CCC0000004: removed"
    read_lines(store, tmp_path, dated(removed), "b.log")
    read_lines(store, tmp_path, dated(later), "c.log")
    assert [row["message_id"] for row in content(store)] == [
        "other@corp.example",
        "invoice@corp.example",
    ]


def test_hops_whose_ids_would_be_the_same_are_kept_apart(store: Engine, tmp_path: Path) -> None:
    one, other = colliding()
    first, second = OPENED.replace("CCC0000004", one), OPENED.replace("CCC0000004", other)
    second = second.replace("invoice@", "second@")
    read_lines(store, tmp_path, at_fraction(first), "1.log")
    read_lines(store, tmp_path, at_fraction(second), "2.log")
    rows = content(store)
    assert {row["queue_id"] for row in rows} == {one, other}
    assert len({row["id"] for row in rows}) == 2
    read_lines(store, tmp_path, at_fraction(second), "2.log")
    read_lines(store, tmp_path, at_fraction(first), "1.log")
    assert content(store) == rows
    grown = DEFERRED.format(minute=1).replace("CCC0000004", other)
    read_lines(store, tmp_path, dated(grown), "4.log")
    assert {(row["queue_id"], row["status"]) for row in content(store)} == {
        (one, "pending"), (other, "deferred"),
    }  # fmt: skip


def test_lines_come_back_from_the_store_as_they_were_read(store: Engine, tmp_path: Path) -> None:
    odd = (
        "12:00:00.300000+00:00 mx1 postfix/cleanup[2]: CCC0000004: info: header Subject: "
        "tab\there, bell \x07 and \x01 inside, CCC0000004: again from pc8.corp.example[10.0.0.8]; "
        "from=<billing@corp.example> to=<full@fabrikam.example> proto=ESMTP helo=<pc8>"
    )
    lines = dated(OPENED + odd + "\n" + DEFERRED.format(minute=1))
    inputs, _ = expand([str(written(tmp_path, lines))])
    told = []
    packer = Packer(parse_line)
    for step in steps(Plan(tuple(inputs), zone="UTC")):
        for item in step.batch.arrivals:
            told += packer.read(item.lines, item.hop)
    assert [event.text for event in told] == [line.partition("]: ")[2] for line in lines]
    assert {event.host for event in told} == {"mx1"}


def written(folder: Path, lines: list[str]) -> Path:
    log = folder / "odd.log"
    log.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return log


def colliding() -> tuple[str, str]:
    """Two queue ids that compute the same hop_id at the time that `at_fraction` gives."""
    at_us = 1_795_348_800_000_123
    seen: dict[int, str] = {}
    for number in range(100_000):
        queue_id = f"{number + 0x10000000:X}"
        computed = hop_id(at_us, "mx1", queue_id)
        if computed in seen:
            return seen[computed], queue_id
        seen[computed] = queue_id
    raise AssertionError("no collision: is the id longer now?")


def at_fraction(text: str) -> list[str]:
    return dated(text.replace("12:00:00.000000", "12:00:00.000123"))


def fresh(store: Engine) -> tuple[sources.SourceState, ...]:
    """The sources, without the clock's time of reading."""
    with store.connect() as conn:
        return sources.freshness(conn)


def tables_of_days(store: Engine) -> set[str]:
    with store.connect() as conn:
        return {name for name in inspect(conn).get_table_names() if name[-8:].isdigit()}
