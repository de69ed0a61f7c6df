"""Migrations: one numbered line, whose end is the schema that the program expects."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from tests.store.filling import LOGS, content, read
from tracer.errors import StoreUnavailable
from tracer.store.engine import open_engine
from tracer.store.migrate import check, head, migrate, revision
from tracer.store.receipt_tables import receipts
from tracer.store.schema import metadata

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
        assert compare_metadata(MigrationContext.configure(conn), metadata) == []
        assert receipts.metadata is metadata  # its tables were compared, too


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
