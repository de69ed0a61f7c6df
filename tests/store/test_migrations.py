"""Migrations: one numbered line, whose end is the schema that the program expects."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
import zstandard
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from tests import postgres
from tests.store.filling import LOGS, content, read, without_parents
from tracer.errors import StoreUnavailable
from tracer.legs import Stay
from tracer.store import days, stays
from tracer.store.driver import change, change_many
from tracer.store.engine import open_engine
from tracer.store.migrate import migrate, upgrade
from tracer.store.packing import dictionary
from tracer.store.partitions import PARENTS
from tracer.store.receipt_tables import receipts
from tracer.store.revision import check, head, revision
from tracer.store.schema import metadata

FROM_0010 = ("over_us", "n_events", "lines_at")
FOLDER = Path(str(files("tracer.store").joinpath("migrations")))


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return ScriptDirectory.from_config(config)


def test_migrations_have_one_head_and_the_file_names_it() -> None:
    assert scripts().get_heads() == [head()]


def test_each_migration_is_numbered_after_the_one_before_it() -> None:
    names = [script.revision for script in scripts().walk_revisions()][::-1]
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    assert {path.stem for path in FOLDER.glob("versions/[0-9]*.py")} == set(names)
    assert all(re.fullmatch(r"\d{4}_[a-z0-9_]+", name) for name in names)


def test_migrations_make_the_schema_that_the_program_describes(store: Engine) -> None:
    with store.connect() as conn:
        assert revision(conn) == head()
        small = {"include_name": lambda name, kind, _of: kind != "table" or name not in PARENTS}
        assert compare_metadata(MigrationContext.configure(conn, opts=small), metadata) == []
        assert receipts.metadata is metadata  # its tables were compared, too


def test_new_store_is_made_as_its_migrations_would_make_it(tmp_path: Path) -> None:
    migrated = open_engine(f"sqlite:///{tmp_path}/migrated.db")
    with migrated.begin() as conn:
        upgrade(conn)
    created = open_engine(f"sqlite:///{tmp_path}/created.db")
    migrate(created)
    assert described(created) == described(migrated)
    assert ("table", "alembic_version") in described(created)
    for engine in (created, migrated):
        with engine.connect() as conn:
            assert revision(conn) == head()
        engine.dispose()


def test_new_store_in_postgresql_is_made_as_its_migrations_would_make_it(server: str) -> None:
    migrated, created = (open_engine(postgres.database(server)) for _ in range(2))
    with migrated.begin() as conn:
        upgrade(conn)
    migrate(created)
    parts = []
    for engine in (migrated, created):
        with engine.connect() as conn:
            parts.append([set(conn.execute(text(words))) for words in OF_POSTGRESQL])
        engine.dispose()
    assert all(parts[0])
    assert parts[0] == parts[1]


OF_POSTGRESQL = (
    "SELECT table_name, column_name, ordinal_position, data_type, collation_name, is_nullable,"
    " column_default, character_maximum_length FROM information_schema.columns"
    " WHERE table_schema = 'public'",
    "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace",
    "SELECT relname, relkind, pg_get_partkeydef(oid) FROM pg_class"
    " WHERE relnamespace = 'public'::regnamespace",
    "SELECT version_num FROM alembic_version",
)
"""What there is: columns, indexes, constraints, relations, the revision."""


def described(store: Engine) -> dict[tuple[str, str], str]:
    """What SQLite was told to make, by kind and name, whatever the spaces."""
    with store.connect() as conn:
        made = conn.execute(text("SELECT type, name, sql FROM sqlite_master")).all()
    return {(kind, name): "".join((sql or "").split()) for kind, name, sql in made}


def test_migrating_again_changes_nothing(store: Engine) -> None:
    read(store, *LOGS)
    before = content(store)
    migrate(store)
    assert content(store) == before


def test_empty_store_is_told_from_a_ready_one(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/new.db")
    with engine.connect() as conn, pytest.raises(StoreUnavailable, match=r"is empty.*init"):
        check(conn)
    migrate(engine)
    with engine.connect() as conn:
        check(conn)
    engine.dispose()


def test_store_of_a_newer_version_is_left_alone(store: Engine) -> None:
    read(store, LOGS[0])
    with store.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999_beyond'"))
    told = r"schema 9999_beyond, which this version does not know.*newer"
    with store.connect() as conn, pytest.raises(StoreUnavailable, match=told) as raised:
        check(conn)
    assert raised.value.exit_code == 69
    with pytest.raises(StoreUnavailable, match=told):
        migrate(store)
    with store.connect() as conn:
        assert revision(conn) == "9999_beyond"


def test_store_in_a_folder_that_cannot_be_made_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match=r"cannot make the folder .*file/below.*--home"):
        open_engine(f"sqlite:///{tmp_path}/file/below/store.db")


def test_writer_that_waits_too_long_is_told_to_try_again(sqlite_store: Engine) -> None:
    other = open_engine(str(sqlite_store.url))
    with sqlite_store.begin(), other.connect() as conn:
        conn.connection.cursor().execute("PRAGMA busy_timeout = 1")
        with pytest.raises(StoreUnavailable, match="busy; try again") as raised:
            conn.begin()
    assert raised.value.exit_code == 75
    other.dispose()


def test_lower_knows_all_letters(store: Engine) -> None:
    with store.connect() as conn:
        assert conn.execute(text("SELECT lower('Отчёт ÄÖ 7'), lower(NULL)")).one() == (
            "отчёт äö 7",
            None,
        )


def test_lines_of_an_earlier_version_are_kept(store: Engine) -> None:
    read(store, *LOGS)
    before = content(store), kept(store)
    with store.begin() as conn:
        if store.dialect.name == "postgresql":
            without_parents(conn)
        for day in days.live(conn):
            lay_out_as_before(conn, day)
        change(conn, "ALTER TABLE days DROP COLUMN without_lines")
        change(conn, "DROP TABLE people")
        change(conn, "UPDATE alembic_version SET version_num = '0009_words'")
    migrate(store)
    assert (content(store), kept(store)) == before


def kept(store: Engine) -> list[Stay]:
    """Every stay with its lines."""
    with store.connect() as conn:
        return [
            stay
            for day in days.live(conn)
            for stay in stays.load(conn, stays.of_day(conn, day), packed=True)
        ]


def lay_out_as_before(conn: Connection, day: str) -> None:
    """Put a day back to how 0009 had it: the lines of each hop by themselves, every key kept."""
    loaded = stays.load(conn, stays.of_day(conn, day), packed=True)
    blob = "bytea" if conn.dialect.name == "postgresql" else "blob"
    for statement in (
        f"DROP TABLE lines_{day}",
        f"CREATE TABLE lines_{day} (hop_id bigint PRIMARY KEY, n int, packed {blob})",
        f"ALTER TABLE hops_{day} ADD COLUMN opened_us bigint",
        f"UPDATE hops_{day} SET opened_us = over_us + (hop_id >> 20) * 1000",
        *(f"ALTER TABLE hops_{day} DROP COLUMN {name}" for name in FROM_0010),
    ):
        change(conn, statement)
    pack = zstandard.ZstdCompressor(dict_data=dictionary(1), write_dict_id=False).compress
    rows = [(s.hop.hop_id, s.n_events, b"\1" + pack(s.packed)) for s in loaded]
    change_many(conn, f"INSERT INTO lines_{day} VALUES (?, ?, ?)", rows)
    told = [
        (json.dumps(["", None, p.delivery.next_queue_ids, None]), s.hop.hop_id, n)
        for s in loaded
        for n, p in enumerate(s.placed)
        if p.delivery.next_queue_ids
    ]
    statement = f"UPDATE deliveries_{day} SET more = ? WHERE hop_id = ? AND n = ? AND more IS NULL"
    change_many(conn, statement, told)
