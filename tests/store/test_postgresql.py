"""What is PostgreSQL's own: texts it cannot hold, passwords in addresses, servers that are away."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import psycopg
import pytest
from sqlalchemy import Engine, text

from tests import postgres
from tests.cli.commands import run
from tests.store.filling import LOGS, found, made, read, tables
from tracer.legs import Before
from tracer.store import stays
from tracer.store.copy_text import INSTEAD
from tracer.store.driver import add_rows
from tracer.store.engine import fault, shown
from tracer.store.schema import day_tables

_SERVER = "postgresql+psycopg://olga:secret@"


def test_text_with_nul_is_stored_read_and_searched(store: Engine) -> None:
    read(store, *LOGS)
    kept = "\0" if store.dialect.name == "sqlite" else INSTEAD
    with store.begin() as conn:
        changed = stays.load(conn, stays.of_day(conn, "20261122"), packed=True)
        for stay in changed:
            stay.hop = msgspec.structs.replace(stay.hop, subject=f"nul\0{stay.hop.queue_id}")
            for placed in stay.placed:
                placed.delivery = msgspec.structs.replace(placed.delivery, reply="no\0such user")
                placed.before = Before(stay.hop.opened_us, "mx0/A\0B", subject="first\0")
        stays.save(conn, changed)
    with store.begin() as conn:
        again = stays.load(conn, [stay.hop.hop_id for stay in changed])
        assert {stay.hop.subject for stay in again} == {
            f"nul{kept}{stay.hop.queue_id}" for stay in changed
        }
        told = {placed.delivery.reply for stay in again for placed in stay.placed}
        assert told == {f"no{kept}such user"}
        befores = {p.before.subject for stay in again for p in stay.placed if p.before}
        assert befores == {f"first{INSTEAD}"}, "inside JSON it is replaced in both"
        assert found(conn, "subject:nul*") or kept == "\0"
        stays.save(conn, again)


@pytest.mark.parametrize("words", ["None", "None\t\\N\\.\n", "\\", "\r\n"])
def test_text_that_means_something_to_the_server_is_stored(store: Engine, words: str) -> None:
    read(store, *LOGS)
    with store.begin() as conn:
        changed = stays.load(conn, stays.of_day(conn, "20261122"))
        for stay in changed:
            stay.hop = msgspec.structs.replace(stay.hop, subject=words, helo="None")
        stays.save(conn, changed)
    with store.begin() as conn:
        again = stays.load(conn, [stay.hop.hop_id for stay in changed])
    assert {(stay.hop.subject, stay.hop.helo) for stay in again} == {(words, "None")}


def test_what_a_hop_is_found_by_may_be_there_before_the_hop(store: Engine) -> None:
    """As where lines come late for a day that was sealed: its ties in other days have stayed."""
    read(store, *LOGS)
    before = tables(store)
    with store.begin() as conn:
        known = stays.load(conn, stays.of_day(conn, "20261122"), packed=True)
        ways = dict.fromkeys(way for stay in known for way in stays.found_by(stay))
        stays.delete(conn, known)
        for day, name, values in ways:
            add_rows(conn, getattr(day_tables(day), name), [values])
        for stay in known:
            stay.is_stored = False
        stays.save(conn, known)
    assert {name for _, name, _ in ways} == {"terms", "ties"}
    assert tables(store) == before


def test_password_in_the_address_is_never_shown(tmp_path: Path) -> None:
    url = f"{_SERVER}127.0.0.1:1/mail"
    assert "secret" not in shown(url) and "olga" in shown(url)
    config = tmp_path / "config.toml"
    config.write_text(f'[store]\nurl = "{url}"\n')
    for verb, words in (("search", ["x"]), ("init", []), ("ingest", [str(LOGS[1])])):
        result = run(verb, tmp_path, "--config", str(config), *words)
        assert (result.exit_code, result.stdout) == (69, ""), result.output
        assert "secret" not in result.stderr
        assert "olga:***@127.0.0.1:1/mail does not answer" in result.stderr
        assert "store.url" in result.stderr


def test_database_that_does_not_exist_is_told(server: str, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(f'[store]\nurl = "{server.format("nowhere")}"\n')
    result = run("search", tmp_path, "--config", str(config), "x")
    assert result.exit_code == 69
    assert 'refuses us: database "nowhere" does not exist' in result.stderr


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("connection failed: FATAL:  the database system is starting up", 75),
        ("connection failed: FATAL:  sorry, too many clients already", 75),
        ("connection failed: Connection refused", 69),
        ('connection failed: FATAL:  password authentication failed for user "olga"', 69),
        ('could not extend file "base/1/2": No space left on device', 75),
        ("deadlock detected", 75),
    ],
)
def test_what_passes_is_told_from_what_does_not(said: str, code: int) -> None:
    told = fault(psycopg.OperationalError(said), "db")  # type: ignore[arg-type]
    assert told.exit_code == code
    assert str(told)[-1] in ".t"


def test_two_programs_may_make_the_schema_at_once(server: str) -> None:
    address = postgres.database(server)
    with ThreadPoolExecutor(4) as pool:
        for engine in pool.map(made, [address] * 4):
            with engine.connect() as conn:
                assert conn.execute(text("SELECT count(*) FROM sources")).scalar() == 0
            engine.dispose()
