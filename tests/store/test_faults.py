"""Killed at any moment, on a full disk, in a folder that cannot be written, beside a lock: nothing
that was acknowledged is lost, nothing is there twice.

`MAILTRACER_TEST_KILLS` says how often each is killed (conftest takes it out of the environment).
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from collectors.formats import parse_line
from tests import faulty, postgres
from tests.cli.commands import run, with_settings
from tests.conftest import KILLS
from tests.store.filling import LOGS, NOW_US, content, made, read, sqlite_at, tables
from tracer.archive import sealing
from tracer.archive.files import Archive
from tracer.errors import StoreUnavailable
from tracer.store import days, postgresql, sealed
from tracer.store import engine as engines
from tracer.store.engine import open_engine

DAY = "20261122"
Work = Callable[..., None]


def forked(work: Work, *words: str) -> int:
    """Begin a piece of work in a process of its own; its number."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work(*words)
        code = 0
    finally:
        os._exit(code)


def took_s(work: Work, *words: str) -> float:
    """How long the work takes when nobody kills it."""
    began = time.monotonic()
    _, status = os.waitpid(forked(work, *words), 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return time.monotonic() - began


def killed(chance: random.Random, longest_s: float, work: Work, *words: str) -> None:
    """Begin the work, and kill it at a random moment."""
    until = time.monotonic() + chance.uniform(0, longest_s)
    pid = forked(work, *words)
    watched = os.pidfd_open(pid)
    try:
        over, _, _ = select.select([watched], [], [], max(0, until - time.monotonic()))
        if not over:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
    finally:
        os.close(watched)


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def kill(check: Callable[[], None], longest_s: float, work: Work, *words: str) -> None:
    """Kill the work KILLS times at random moments, checking after each."""
    chance = random.Random(7)
    for _ in range(KILLS):
        killed(chance, longest_s, work, *words)
        check()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[object, ...]]]:
    """What the logs give when nothing happens."""
    engine = made(sqlite_at(tmp_path_factory.mktemp("expected")))
    read(engine, *LOGS)
    found = tables(engine)
    engine.dispose()
    return found


def test_killed_while_reading(
    store: Engine, expected: dict[str, list[tuple[object, ...]]], tmp_path: Path
) -> None:
    def check() -> None:
        """What is there is there once, and whole batches only."""
        for name, rows in tables(store).items():
            assert len(set(map(repr, rows))) == len(rows), name

    other = tmp_path / "other"
    other.mkdir()
    usual_s = took_s(faulty.ingest, sqlite_at(other))
    kill(check, usual_s, faulty.ingest, url_of(store))
    read(store, *LOGS)
    assert tables(store) == expected


def test_killed_while_sealing_and_restoring(
    store: Engine, expected: dict[str, list[tuple[object, ...]]], tmp_path: Path
) -> None:
    read(store, *LOGS)
    place = str(tmp_path / "archive")
    whole = {name: rows for name, rows in expected.items() if name.endswith(DAY)}

    def check() -> None:
        """The day is in one of both places, whole."""
        with store.connect() as conn:
            state = sealed.one(conn, DAY).state
            is_live = DAY in days.live(conn)
        assert is_live == (state != "sealed")
        if state == "sealed":
            with store.connect() as conn:
                Archive(place).check(sealed.file_of(conn, DAY))
        else:
            assert {k: v for k, v in tables(store).items() if k.endswith(DAY)} == whole

    usual_s = took_s(faulty.seal_or_restore, url_of(store), place)
    kill(check, usual_s, faulty.seal_or_restore, url_of(store), place)
    with store.connect() as conn:
        state = sealed.one(conn, DAY).state
    if state == "sealed":
        sealing.restore(store, Archive(place), DAY, parse_line)
    assert tables(store) == expected
    sealing.seal(store, Archive(place), DAY, parse_line, NOW_US)
    assert [name for name in os.listdir(place) if name.endswith(".parquet")] == [
        "2026-11-22.parquet"
    ]


def test_killed_while_exporting(store: Engine, tmp_path: Path) -> None:
    read(store, *LOGS)
    file = tmp_path / "mail.ndjson"
    whole = len(content(store))

    def check() -> None:
        """The file is whole or not there."""
        if file.exists():
            assert len([json.loads(line) for line in file.read_text().splitlines()]) == whole
            file.unlink()

    usual_s = took_s(faulty.export, url_of(store), str(file))
    check()
    kill(check, usual_s, faulty.export, url_of(store), str(file))


def test_killed_while_copying(
    store: Engine, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    read(store, *LOGS)
    if store.dialect.name == "sqlite":
        url = postgres.database(request.getfixturevalue("server"))
    else:
        (tmp_path / "target").mkdir()
        url = sqlite_at(tmp_path / "target")
    target = made(url)
    usual_s = took_s(faulty.copy_anew, url_of(store), url)
    kill(lambda: None, usual_s, faulty.copy_anew, url_of(store), url)
    faulty.copy_anew(url_of(store), url)
    assert tables(target) == tables(store)
    target.dispose()


def test_full_disk_while_sealing_leaves_the_day_where_it_is(
    store: Engine, expected: dict[str, list[tuple[object, ...]]], tmp_path: Path
) -> None:
    read(store, *LOGS)
    place = tmp_path / "archive"
    place.mkdir()
    told = tmp_path / "told"
    took_s(faulty.seal_in_little_room, url_of(store), str(place), str(told))
    assert "the archive at" in told.read_text() and "cannot be used" in told.read_text()
    assert tables(store) == expected
    assert [name for name in os.listdir(place) if name.endswith(".parquet")] == []


def test_full_disk_while_reading_is_told_and_nothing_is_half_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As SQLite sees a full disk."""
    assert run("ingest", tmp_path, str(LOGS[1])).exit_code == 0
    with closing(sqlite3.connect(tmp_path / "mailtracer.db")) as store:
        store.execute("VACUUM")
        pages = store.execute("PRAGMA page_count").fetchone()[0]
    with monkeypatch.context() as full:
        limit = f"PRAGMA max_page_count = {pages}"
        full.setattr(engines, "_PRAGMAS", (*engines._PRAGMAS, limit))
        before = run("search", tmp_path, "", "--since", "all", "--json").stdout
        result = run("ingest", tmp_path, str(LOGS[0]))
        assert (result.exit_code, result.stdout) == (75, "")
        assert "cannot grow" in result.stderr and "Make room" in result.stderr
        assert run("search", tmp_path, "", "--since", "all", "--json").stdout == before
    again = run("ingest", tmp_path, str(LOGS[0]), "--json")
    assert again.exit_code == 0
    assert run("search", tmp_path, "", "--since", "all", "--json").stdout != before


def test_store_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system that is read-only, as SQLite sees it."""
    assert run("ingest", tmp_path, str(LOGS[0])).exit_code == 0
    monkeypatch.setattr(engines, "_PRAGMAS", (*engines._PRAGMAS, "PRAGMA query_only = ON"))
    result = run("ingest", tmp_path, str(LOGS[1]))
    assert (result.exit_code, result.stdout) == (69, "")
    assert "cannot be written" in result.stderr and "right to write" in result.stderr
    assert run("search", tmp_path, "anna@corp.example", "--since", "all").exit_code == 0


def test_locked_store_is_told_and_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("ingest", tmp_path, str(LOGS[0])).exit_code == 0
    monkeypatch.setattr(engines, "_PRAGMAS", (*engines._PRAGMAS, "PRAGMA busy_timeout = 10"))
    with closing(sqlite3.connect(tmp_path / "mailtracer.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        result = run("ingest", tmp_path, str(LOGS[1]))
        assert (result.exit_code, result.stdout) == (75, "")
        assert "busy" in result.stderr and "try again" in result.stderr
        assert run("search", tmp_path, "anna@corp.example", "--since", "all").exit_code == 0
    assert run("ingest", tmp_path, str(LOGS[1])).exit_code == 0


def test_locked_table_of_postgresql_is_told_and_read_again(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another session that keeps what writers need, as a backup or an open transaction does."""
    settings = tmp_path / "settings.toml"
    settings.write_text(f'[store]\nurl = "{postgres.database(server)}"\n')
    assert with_settings(settings, "ingest", str(LOGS[0])).exit_code == 0
    shorter = postgresql._SETTINGS.replace(postgresql.WAIT_FOR_LOCK, "100ms")
    monkeypatch.setattr(postgresql, "_SETTINGS", shorter)
    monkeypatch.setattr(
        postgresql, "WAIT_FOR_TURN",
        postgresql.WAIT_FOR_TURN.replace(postgresql.WAIT_FOR_LOCK, "100ms"),
    )  # fmt: skip
    address = settings.read_text().split('"')[1].replace("+psycopg", "")
    with psycopg.connect(address) as other:
        other.execute("LOCK TABLE hops_20261122 IN EXCLUSIVE MODE")
        result = with_settings(settings, "ingest", str(LOGS[1]))
        assert (result.exit_code, result.stdout) == (75, "")
        assert "busy" in result.stderr and "try again" in result.stderr
        assert with_settings(settings, "search", "to:anna@corp.example").exit_code == 0
    assert with_settings(settings, "ingest", str(LOGS[1])).exit_code == 0


def test_corrupted_archive_file_is_never_taken_for_the_day(store: Engine, tmp_path: Path) -> None:
    read(store, *LOGS)
    archive = Archive(str(tmp_path / "archive"))
    sealing.seal(store, archive, DAY, parse_line, NOW_US)
    path = tmp_path / "archive" / "2026-11-22.parquet"
    octets = bytearray(path.read_bytes())
    chance = random.Random(3)
    for _ in range(10):
        broken = bytearray(octets)
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
        path.write_bytes(broken)
        with pytest.raises(StoreUnavailable, match="backup"):
            sealing.restore(store, archive, DAY, parse_line)
    path.write_bytes(octets)
    sealing.restore(store, archive, DAY, parse_line)
    engine = open_engine(url_of(store))
    assert content(engine) == content(store)
    engine.dispose()
