"""Raw lines may go before the rows that were read from them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from collectors.formats import parse_line
from tests.store.filling import LOGS, NOW_US, content, read, read_lines
from tracer.archive import raw_lines, sealing
from tracer.archive.files import Archive
from tracer.archive.keeping import Terms, keep
from tracer.ingest import finish
from tracer.model import DAY_US
from tracer.rebuild import rebuild
from tracer.store import sealed, stays
from tracer.trace import load_trace

DAY = "20261120"
LATER_US = NOW_US + 20 * DAY_US


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(str(tmp_path / "archive"))


def lines_of(store: Engine, day: str) -> int:
    """How many hops of a day still have their lines."""
    with store.connect() as conn:
        return sum(bool(s.packed) for s in stays.load(conn, stays.of_day(conn, day), packed=True))


def due(store: Engine, lines_days: int = 12, now_us: int = LATER_US) -> list[str]:
    with store.connect() as conn:
        return raw_lines.old(conn, now_us, lines_days)


def test_lines_go_and_everything_else_stays(store: Engine, archive: Archive) -> None:
    read(store, *LOGS)
    before = content(store)
    raw_lines.delete(store, archive, DAY, parse_line, NOW_US)
    assert content(store) == before
    assert lines_of(store, DAY) == 0 and lines_of(store, "20261122") > 0
    assert DAY not in due(store) and "20261122" in due(store)


def test_message_without_lines_is_shown_from_its_rows(store: Engine, archive: Archive) -> None:
    read(store, *LOGS)
    wanted = [row for row in content(store) if str(row["received_at"]) < "2026-11-21"]
    raw_lines.delete(store, archive, DAY, parse_line, NOW_US)
    with store.connect() as conn:
        trace = load_trace(conn, str(wanted[0]["id"]), parse_line)
    assert trace.row.reply == wanted[0]["reply"]
    assert not any(leg.events for leg in trace.legs)
    assert trace.legs[-1].deliveries[0].reply == trace.row.reply


def test_lines_go_from_a_sealed_day_too(store: Engine, archive: Archive) -> None:
    read(store, *LOGS)
    before = content(store)
    with_lines = sealing.seal(store, archive, DAY, parse_line, NOW_US)
    assert DAY in due(store)
    raw_lines.delete(store, archive, DAY, parse_line, NOW_US)
    with store.connect() as conn:
        known = sealed.file_of(conn, DAY)
        assert sealed.one(conn, DAY).without_lines
    assert known.rows == with_lines.rows and known.sha256 != with_lines.sha256
    archive.check(known)
    assert DAY not in due(store)
    sealing.restore(store, archive, DAY, parse_line)
    assert content(store) == before and lines_of(store, DAY) == 0


def test_held_days_and_days_that_are_young_keep_their_lines(store: Engine) -> None:
    read(store, *LOGS)
    assert due(store, 0) == [] and due(store, 12, NOW_US) == []
    with store.begin() as conn:
        sealed.hold(conn, DAY, "case 17")
    assert due(store) == ["20261121", "20261122"]


def test_log_read_again_brings_the_lines_back(store: Engine, archive: Archive) -> None:
    read(store, *LOGS)
    before = content(store), lines_of(store, DAY)
    raw_lines.delete(store, archive, DAY, parse_line, NOW_US)
    read(store, *LOGS)
    assert (content(store), lines_of(store, DAY)) == before


def test_a_part_of_the_log_read_again_spoils_no_row(
    store: Engine, archive: Archive, tmp_path: Path
) -> None:
    read(store, *LOGS)
    before = content(store)
    for day in ("20261120", "20261121", "20261122"):
        raw_lines.delete(store, archive, day, parse_line, NOW_US)
    removed = [line for line in LOGS[0].read_text("utf-8").splitlines() if ": removed" in line]
    read_lines(store, tmp_path, removed)
    assert content(store) == before


def test_rebuild_leaves_days_without_lines_as_they_are(store: Engine, archive: Archive) -> None:
    read(store, *LOGS)
    before = content(store)
    for day in ("20261120", "20261121", "20261122"):
        raw_lines.delete(store, archive, day, parse_line, NOW_US)
    assert sum(day.changed for day in rebuild(store, parse_line)) == 0
    assert content(store) == before


def test_every_night_takes_the_lines_that_are_due(store: Engine, archive: Archive) -> None:
    read(store, *LOGS)
    finish(store)
    place = archive.name(DAY).rpartition("/")[0]
    terms = Terms(place, 0, 0, parse_line, lambda: LATER_US, lines_days=12)
    assert keep(store, terms) == ([], [])
    assert due(store) == [] and lines_of(store, "20261122") == 0
