"""Days that are over go into the archive by themselves, and old ones go for good."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from collectors.formats import parse_line
from tests.store.filling import LOGS, NOW_US, made, read, sqlite_at
from tracer.archive import sealing
from tracer.archive.files import Archive
from tracer.archive.keeping import Terms, keep
from tracer.config import Config
from tracer.errors import StoreUnavailable
from tracer.jobs.carrier import NIGHT, HueyCarrier
from tracer.jobs.desk import Desk
from tracer.model import DAY_US
from tracer.store import days
from tracer.store.engine import alone


def terms(folder: Path, *, live_days: int = 1, keep_days: int = 0, later: int = 0) -> Terms:
    place = str(folder / "archive")
    return Terms(place, live_days, keep_days, parse_line, lambda: NOW_US + later * DAY_US)


def test_days_that_are_over_are_sealed_and_old_ones_deleted(store: Engine, tmp_path: Path) -> None:
    read(store, *LOGS)
    assert keep(store, terms(tmp_path)) == (["20261120"], [])
    assert keep(store, terms(tmp_path)) == ([], [])
    later = keep(store, terms(tmp_path, keep_days=3, later=3))
    assert later == (["20261121", "20261122"], ["20261120"])
    assert Archive(str(tmp_path / "archive")).days() == ["20261122", "20261121"]


def test_nothing_is_sealed_where_the_settings_say_so(store: Engine, tmp_path: Path) -> None:
    read(store, *LOGS)
    assert keep(store, terms(tmp_path, live_days=0, later=99)) == ([], [])


def test_day_that_cannot_be_sealed_stays_and_is_told(
    store: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    read(store, *LOGS)
    (tmp_path / "archive").write_text("a file where the folder should be")
    assert keep(store, terms(tmp_path)) == ([], [])
    assert "2026-11-20 stays where it is for now" in caplog.text
    with store.connect() as conn:
        assert "20261120" in days.live(conn)


def test_two_processes_do_not_seal_at_once(store: Engine, tmp_path: Path) -> None:
    read(store, *LOGS)
    archive = Archive(str(tmp_path / "archive"))
    with alone(store, sealing.ARCHIVING):
        told: list[str] = []

        def other() -> None:
            try:
                sealing.seal(store, archive, "20261120", parse_line, NOW_US)
            except StoreUnavailable as error:
                told.append(str(error))

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert told == ["another process is archiving days; try again when it is done"]
    sealing.seal(store, archive, "20261120", parse_line, NOW_US)
    with pytest.raises(sealing.AlreadySealed, match="2026-11-20"):
        sealing.seal(store, archive, "20261120", parse_line, NOW_US)


def test_days_are_put_away_at_night_and_not_when_serving_begins(tmp_path: Path) -> None:
    """Whoever has just read an old log wants to look at it."""
    calls: list[str] = []
    engine = made(sqlite_at(tmp_path))
    carrier = HueyCarrier(Desk(engine, Config(home=tmp_path)), lambda: calls.append("sealed"))
    carrier.start()
    try:
        periodic = {task.name: task for task in carrier._huey._registry.periodic_tasks}
        nightly = periodic["nightly"]
        assert nightly.validate_datetime(datetime(2026, 11, 23, *NIGHT))
        assert not nightly.validate_datetime(datetime(2026, 11, 23, 12, 0))
        waiting = [task.name for task in carrier._huey.pending()]  # others come each minute
        assert nightly.name not in waiting and calls == []
        nightly.execute()
        assert calls == ["sealed"]
    finally:
        carrier.stop()
        engine.dispose()
