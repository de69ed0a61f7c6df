"""A store copied to the other kind of database: everything, whole, and able to go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from collectors.formats import parse_line
from tests import postgres
from tests.cli.commands import run, with_settings
from tests.store.filling import LOGS, NOW_US, content, made, read, read_lines, sqlite_at, tables
from tracer.archive import sealing
from tracer.archive.files import Archive
from tracer.store import copying, days, jobs, sealed, sources, tokens
from tracer.store.copying import CopyDiffers, TargetNotEmpty
from tracer.store.engine import StoreUnusable, open_engine
from tracer.store.partitions import PARENTS
from tracer.store.schema import day_tables

LATER = (
    "2026-11-22T23:00:00+00:00 mx1 postfix/smtpd[7]: NOQUEUE: reject: RCPT from x[192.0.2.1]: "
    "554 5.7.1 <a@b.example>: Relay access denied; from=<> to=<a@b.example> proto=SMTP helo=<x>",
)


@pytest.fixture
def source(store: Engine, tmp_path: Path) -> Engine:
    """A store with mail, a sealed day, a token and a job."""
    read(store, *LOGS)
    archive = Archive(str(tmp_path / "archive"))
    sealing.seal(store, archive, "20261121", parse_line, NOW_US)
    with store.begin() as conn:
        tokens.create(conn, "script", "receipts:read", NOW_US)
        jobs.add(conn, "export", "{}", "olga", NOW_US)
        sealed.hold(conn, "20261122", "case 17")
    return store


@pytest.fixture
def target(source: Engine, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty store of the other kind."""
    if source.dialect.name == "sqlite":
        engine = made(postgres.database(request.getfixturevalue("server")))
    else:
        (tmp_path / "target").mkdir()
        engine = made(sqlite_at(tmp_path / "target"))
    yield engine
    engine.dispose()


def copied(source: Engine, target: Engine) -> list[copying.Part]:
    return list(copying.copy(source, target, "source"))


def test_copy_holds_what_the_store_holds(source: Engine, target: Engine, tmp_path: Path) -> None:
    parts = copied(source, target)
    assert not any(part.was_there for part in parts if part.rows)
    assert tables(target) == tables(source)
    assert content(target) == content(source)
    with source.connect() as one, target.connect() as other:
        for read_all in (sealed.every, tokens.every, sources.freshness):
            assert read_all(one) == read_all(other)
        assert jobs.listed(one, "export") == jobs.listed(other, "export")
    for engine in (source, target):  # both go on alike: numbers of sources, indexes, counts
        read_lines(engine, tmp_path, LATER, name="later.log")
    assert tables(target) == tables(source)


def test_copy_that_was_cut_off_goes_on(source: Engine, target: Engine, tmp_path: Path) -> None:
    going = copying.copy(source, target, "source")
    for part in going:
        if part.name == "20261122":
            break
    going.close()
    read_lines(source, tmp_path, LATER, name="later.log")  # mail goes on arriving
    parts = {part.name: part for part in copied(source, target)}
    assert parts["tokens"].was_there and not parts["20261122"].was_there
    assert tables(target) == tables(source)


def test_target_that_holds_something_else_is_left_alone(source: Engine, target: Engine) -> None:
    with target.begin() as conn:
        tokens.create(conn, "other", "receipts:read", NOW_US)
    with pytest.raises(TargetNotEmpty, match="not empty"):
        copied(source, target)
    assert tables(target) == {}


def test_half_done_copy_of_another_store_is_left_alone(source: Engine, target: Engine) -> None:
    going = copying.copy(source, target, "elsewhere")
    next(going)
    going.close()
    with pytest.raises(TargetNotEmpty, match="half-done copy of elsewhere"):
        copied(source, target)


def test_finished_copy_is_not_taken_for_an_empty_store(source: Engine, target: Engine) -> None:
    copied(source, target)
    with pytest.raises(StoreUnusable, match="not empty"):
        copied(source, target)


def test_difference_is_found_in_the_end(source: Engine, target: Engine) -> None:
    with pytest.raises(CopyDiffers, match="20261122"):
        for part in copying.copy(source, target, "source"):
            if part.name == "20261122":
                with target.begin() as conn:
                    conn.execute(text("UPDATE deliveries_20261122 SET attempts = 77"))
    copied(source, target)
    assert tables(target) == tables(source)


def test_command_copies_and_tells_what_to_write_into_the_settings(
    server: str, tmp_path: Path
) -> None:
    assert run("ingest", tmp_path, str(LOGS[0]), "--timezone", "UTC").exit_code == 0
    address = postgres.database(server)
    result = run("db", tmp_path, "copy", "--to", address)
    assert result.exit_code == 0, result.output
    assert "both stores are the same" in result.stdout and "url = " in result.stdout
    assert "20261122" in result.stderr
    again = run("db", tmp_path, "copy", "--to", address)
    assert again.exit_code == 69 and "not empty" in again.stderr
    itself = run("db", tmp_path, "copy", "--to", f"sqlite:///{tmp_path}/mailtracer.db")
    assert itself.exit_code == 2 and "the store itself" in itself.stderr


def test_half_done_copy_is_not_used_as_a_store(server: str, tmp_path: Path) -> None:
    """What is read into it would be gone when the copy goes on."""
    (tmp_path / "old").mkdir()
    assert run("ingest", tmp_path / "old", str(LOGS[0]), "--timezone", "UTC").exit_code == 0
    for address in (postgres.database(server), f"sqlite:///{tmp_path}/new/mailtracer.db"):
        source, half = open_engine(f"sqlite:///{tmp_path}/old/mailtracer.db"), made(address)
        origin = f"{tmp_path}/old/mailtracer.db"
        going = copying.copy(source, half, origin)
        next(going)
        going.close()
        settings = tmp_path / "half.toml"
        settings.write_text(f'[store]\nurl = "{address}"\n')
        for command in (("ingest", str(LOGS[1])), ("search", "to:*"), ("init",)):
            refused = with_settings(settings, *command)
            assert refused.exit_code == 69, refused.output
            assert f"a copy of {origin} that is not done" in refused.stderr
        examined = with_settings(settings, "doctor")
        assert examined.exit_code == 1
        assert "that is not done" in examined.stdout and "run mailtracer db copy" in examined.stdout
        list(copying.copy(source, half, origin))
        assert with_settings(settings, "ingest", str(LOGS[1]), "--timezone", "UTC").exit_code == 0
        source.dispose()
        half.dispose()


def test_every_table_is_copied(source: Engine) -> None:
    with source.connect() as conn:
        kinds = {table.name for day in days.live(conn) for table in day_tables(day)}
        known = {table.name for table in copying.tables()} | {"alembic_version"} | kinds
        found = set(inspect(conn).get_table_names())
    if source.dialect.name == "postgresql":
        known |= set(PARENTS)  # which hold nothing themselves
    made_anew = {name for name in found if name.startswith(("words_", "fresh_", "names_"))}
    assert found - made_anew == known
