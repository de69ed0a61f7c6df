"""Exports that reach the archive read it; searches that reach it say so."""

from __future__ import annotations

import io
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from collectors.formats import parse_line
from tests.store.filling import LOGS, NOW_US, asked, content, read, read_lines
from tests.store.test_copying import LATER
from tracer.archive import sealing
from tracer.archive.files import Archive
from tracer.archive.opening import opener
from tracer.config import Config
from tracer.errors import NotFound
from tracer.exports import beside
from tracer.exports.expected import expected_rows
from tracer.exports.order import Order
from tracer.exports.reach import OpenDay, parts
from tracer.exports.write import write_file, write_stream
from tracer.jobs.desk import Desk
from tracer.jobs.work import work
from tracer.store import days, sealed
from tracer.store.engine import reading
from tracer.store.jobs import State
from tracer.store.sealed import DayMoved
from tracer.trace import load_trace

SEALED = ("20261120", "20261122")
LIVE = "20261121"


@pytest.fixture
def whole(store: Engine) -> list[dict[str, object]]:
    """Every row before anything is sealed."""
    read(store, *LOGS)
    return [json.loads(json.dumps(row)) for row in content(store)]


@pytest.fixture
def open_day(store: Engine, whole: list[dict[str, object]], tmp_path: Path) -> OpenDay:
    """The archive of a store of which the oldest and the newest day are sealed."""
    assert whole
    place = str(tmp_path / "archive")
    for day in SEALED:
        sealing.seal(store, Archive(place), day, parse_line, NOW_US)
    return opener(place, parse_line)


def exported(store: Engine, open_day: OpenDay | None, q: str = "") -> list[dict[str, object]]:
    out = io.BytesIO()
    write_stream(store, Order(q, NOW_US, format="ndjson"), out, lambda _rows: None, open_day)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_export_reads_sealed_days_in_their_place(
    store: Engine, open_day: OpenDay, whole: list[dict[str, object]]
) -> None:
    assert exported(store, open_day) == whole
    assert len(exported(store, None)) < len(whole)


def test_condition_means_the_same_in_the_archive(
    store: Engine, open_day: OpenDay, whole: list[dict[str, object]]
) -> None:
    bounced = [row for row in whole if row["status"] == "bounced"]
    assert bounced and exported(store, open_day, "status:bounced") == bounced


@pytest.mark.parametrize("form", ["csv", "parquet", "xlsx"])
def test_every_kind_of_file_reads_the_archive(
    store: Engine, open_day: OpenDay, whole: list[dict[str, object]], tmp_path: Path, form: str
) -> None:
    order = Order("", NOW_US, format=form)
    result = write_file(store, order, tmp_path / "x", lambda _rows: None, open_day)
    assert result.rows == len(whole)


def test_what_came_late_for_a_sealed_day_is_read_once(
    store: Engine, open_day: OpenDay, whole: list[dict[str, object]], tmp_path: Path
) -> None:
    read_lines(store, tmp_path, LATER, name="later.log")
    rows = exported(store, open_day)
    assert len(rows) == len(whole) + 1
    assert rows[0]["recipient"] == "a@b.example"


def test_range_cuts_sealed_days_too(store: Engine, open_day: OpenDay) -> None:
    order = Order("", NOW_US, since="2026-11-21T12:00", until="2026-11-22T00:00")
    (part,) = parts(store, order.query(), open_day)
    assert part == ((LIVE,), False)
    assert part.of(order.query()).since_us == days.start_of(LIVE) + 12 * 3_600_000_000


def test_job_reads_the_archive(
    store: Engine, open_day: OpenDay, whole: list[dict[str, object]], tmp_path: Path
) -> None:
    desk = Desk(store, Config(home=tmp_path), now_us=lambda: NOW_US, open_day=open_day)
    job = desk.submit(Order("", NOW_US), "olga")
    done = work(desk, job.id, threading.Event())
    assert done is not None and (done.state, done.rows) == (State.DONE, len(whole))


def test_a_running_job_tells_its_total_though_days_are_in_the_archive(
    store: Engine, open_day: OpenDay, whole: list[dict[str, object]]
) -> None:
    def told(q: str, since: str = "") -> int | None:
        query = Order(q, NOW_US, since=since).query()
        found = parts(store, query, open_day)
        with store.connect() as conn:
            return expected_rows(conn, query, found)

    every, failed = told(""), told("status:failed")
    assert every is not None and failed is not None
    assert len(whole) / 2 < every < len(whole) * 2
    assert 0 < failed < every
    assert told("to:nobody@nowhere.example") is None, "nobody can tell how many are in the archive"
    assert told("", "2026-11-23") == 0, "nothing of the archive is asked for"
    noon = told("", "2026-11-22T12:00")
    assert noon is not None and noon < every, "half a day has half of its rows"


def test_damaged_file_fails_the_export_and_says_what_to_do(
    store: Engine, open_day: OpenDay, tmp_path: Path
) -> None:
    file = tmp_path / "archive" / "2026-11-20.parquet"
    file.write_bytes(file.read_bytes()[:-100])
    desk = Desk(store, Config(home=tmp_path), now_us=lambda: NOW_US, open_day=open_day)
    job = work(desk, desk.submit(Order("", NOW_US), "olga").id, threading.Event())
    assert job is not None and job.state is State.FAILED
    assert "2026-11-20.parquet has changed" in str(job.why) and "backup" in str(job.why)


def test_search_tells_which_days_it_does_not_look_into(store: Engine, open_day: OpenDay) -> None:
    assert open_day
    with store.connect() as conn:
        away = sealed.reached(conn, asked(""))
        assert away == sealed.Reached(2, "2026-11-20", "2026-11-22")
        assert "2026-11-20" in str(away.hint) and "export" in str(away.hint)
        narrow = Order("", NOW_US, since="2026-11-21T00:00", until="2026-11-21T23:00").query()
        assert sealed.reached(conn, narrow) is None


def test_message_in_the_archive_is_told_from_one_that_never_was(
    store: Engine, open_day: OpenDay, whole: list[dict[str, object]]
) -> None:
    assert open_day
    with store.connect() as conn, pytest.raises(NotFound, match="archive restore 2026-11-22"):
        load_trace(conn, str(whole[0]["id"]), parse_line)


def moving(store: Engine, tmp_path: Path, days: dict[str, str]) -> Callable[[int], None]:
    """Told of the first rows of an export, seals or restores days under its hands."""
    archive = Archive(str(tmp_path / "archive"))

    def told(_rows: int) -> None:
        while days:
            day, what = days.popitem()
            if what == "seal":
                sealing.seal(store, archive, day, parse_line, NOW_US)
            else:
                sealing.restore(store, archive, day, parse_line)

    return told


@pytest.mark.parametrize("form", ["ndjson", "parquet"])
@pytest.mark.parametrize(("day", "what"), [(LIVE, "seal"), ("20261120", "restore")])
def test_day_that_moves_while_it_is_exported_is_in_the_file_once(
    store: Engine, open_day: OpenDay, whole: list[dict[str, object]], tmp_path: Path,
    form: str, day: str, what: str,
) -> None:  # fmt: skip
    progress = moving(store, tmp_path, {day: what})
    file = tmp_path / "mail"
    order = Order("", NOW_US, format=form)
    assert write_file(reading(store), order, file, progress, open_day).rows == len(whole)
    if form == "ndjson":
        assert [json.loads(line) for line in file.read_bytes().splitlines()] == whole


def test_stream_that_a_day_leaves_ends_with_an_error_and_not_early(
    store: Engine, open_day: OpenDay, tmp_path: Path
) -> None:
    progress = moving(store, tmp_path, {LIVE: "seal"})
    order = Order("", NOW_US, format="csv")
    with pytest.raises(DayMoved, match=r"2026-11-21 went into the archive.*run this again"):
        write_stream(reading(store), order, io.BytesIO(), progress, open_day)


def test_day_that_leaves_while_a_helping_process_reads_it_is_in_the_file_once(
    store: Engine, open_day: OpenDay, whole: list[dict[str, object]], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for day in SEALED:
        sealing.restore(store, Archive(str(tmp_path / "archive")), day, parse_line)
    monkeypatch.setattr(beside, "ALONE_ROWS", 0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(beside, "AHEAD", 1)
    progress = moving(store, tmp_path, {"20261120": "seal"})
    order = Order("", NOW_US, format="ndjson")
    result = write_file(reading(store), order, tmp_path / "mail", progress, open_day)
    assert result.rows == len(whole)
