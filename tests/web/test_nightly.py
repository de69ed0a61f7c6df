"""What is old goes every night: each class of facts after its own time."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select

from collectors.formats import parse_line
from tests.store.filling import LOGS, NOW_US, made, read, sqlite_at
from tracer.archive import sealing
from tracer.archive.files import Archive
from tracer.config import Config, load
from tracer.model import DAY_US
from tracer.store.driver import fetch
from tracer.store.schema import reports
from webui import serving
from webui.audit import Audit


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A store of which one day is sealed, twenty days later."""
    engine = made(sqlite_at(tmp_path))
    read(engine, *LOGS)
    sealing.seal(engine, Archive(str(tmp_path / "archive")), "20261120", parse_line, NOW_US)
    monkeypatch.setattr(serving, "clock_us", lambda: NOW_US + 20 * DAY_US)
    return engine


def settings(home: Path, **said: str) -> Config:
    environ = {f"MAILTRACER_{name}": value for name, value in said.items()}
    return load(None, home, environ)


def known(engine: Engine) -> list[str]:
    with engine.connect() as conn:
        return [day for (day,) in fetch(conn, "SELECT day FROM days ORDER BY day", ())]


def test_sealed_days_go_when_they_are_old_though_none_is_sealed_by_itself(
    engine: Engine, tmp_path: Path
) -> None:
    said = {"STORE__LIVE_DAYS": "0", "ARCHIVE__KEEP_DAYS": "15"}
    serving._nightly(engine, settings(tmp_path, **said))()
    assert known(engine) == ["20261121", "20261122"]
    assert list((tmp_path / "archive").iterdir()) == []
    engine.dispose()


def test_nothing_goes_where_the_settings_keep_it(engine: Engine, tmp_path: Path) -> None:
    Audit(tmp_path).add(NOW_US, "anna", "192.0.2.7", "login", "")
    serving._nightly(engine, settings(tmp_path, STORE__LIVE_DAYS="0"))()
    assert known(engine) == ["20261120", "20261121", "20261122"]
    assert (tmp_path / "audit.log").exists()
    engine.dispose()


def test_old_reports_go_though_nobody_diagnoses_anything(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as conn:
        for id, days_old in (("old", 91), ("young", 89)):
            started_us = serving.clock_us() - days_old * DAY_US
            same = dict.fromkeys(("subject", "target", "state", "first_id", "checks", "counts"), "")
            row = same | {"id": id, "started_us": started_us, "deadline_us": started_us}
            conn.execute(insert(reports).values(row))
    serving._nightly(engine, settings(tmp_path))()
    with engine.connect() as conn:
        assert list(conn.execute(select(reports.c.id)).scalars()) == ["young"]
    engine.dispose()


def test_who_looked_at_what_goes_after_its_own_time(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "audit-20261120.log").write_text("{}")
    Audit(tmp_path).add(NOW_US, "anna", "192.0.2.7", "login", "")
    serving._nightly(engine, settings(tmp_path, WEB__AUDIT_DAYS="7"))()
    assert [file.name for file in tmp_path.glob("audit*")] == ["audit-20261212.log"]
    engine.dispose()
