"""A store on a server with the extension Citus, which a stand-in plays: what is spread by what,
and that nothing we do needs what Citus forbids. Citus itself is not run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from collectors.formats import parse_line
from tests import postgres
from tests.store.citus_rules import faults
from tests.store.filling import (
    LOGS,
    NOW_US,
    content,
    made,
    read,
    sqlite_at,
    tables,
    without_parents,
)
from tracer.archive import sealing
from tracer.archive.files import Archive
from tracer.exports.order import Order
from tracer.exports.write import write_file
from tracer.query import parse_query
from tracer.store import citus, copying, days, deliveries, summary
from tracer.store.engine import reading
from tracer.store.migrate import migrate
from tracer.store.partitions import PARENTS
from tracer.store.schema import day_tables

STAND_IN = (Path(__file__).parent / "citus.sql").read_text()
SEARCHES = (
    "", "to:anna@corp.example", "to:@corp.example status:failed", "from:a* OR to:a*",
    "subject:re", "ip:192.0.2.1", "msgid:a@b", "qid:ABC", "cause:mailbox_full", "192.0.2.0/24",
)  # fmt: skip


@pytest.fixture
def address(server: str) -> str:
    """A new database with the stand-in."""
    address = postgres.database(server)
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as conn:
        conn.execute(STAND_IN)
    return address


@pytest.fixture
def cluster(address: str) -> Iterator[Engine]:
    engine = made(address)
    yield engine
    engine.dispose()


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that is sent."""
    sent: list[str] = []
    for name in ("execute", "executemany", "copy"):
        original = getattr(psycopg.Cursor, name)

        def call(self: Any, query: Any, *args: Any, _original: Any = original, **more: Any) -> Any:
            sent.append(str(query))
            return _original(self, query, *args, **more)

        monkeypatch.setattr(psycopg.Cursor, name, call)
    return sent


def spread(engine: Engine) -> dict[str, str]:
    """Each table that is spread or everywhere ("") and its column."""
    with engine.connect() as conn:
        found = conn.execute(
            text("SELECT logicalrelid::regclass::text, partkey FROM pg_dist_partition")
        )
        return {name: str(by) for name, by in found}


def test_small_tables_are_everywhere_and_days_are_spread_by_the_hop(cluster: Engine) -> None:
    assert {"days", "sources", "jobs", "reports"} <= set(spread(cluster))
    parents = dict.fromkeys(PARENTS, "hop_id")
    assert {name: by for name, by in spread(cluster).items() if by} == parents
    read(cluster, *LOGS)
    found = spread(cluster)
    with cluster.connect() as conn:
        listed = days.live(conn)
    assert len(listed) > 1
    for day in listed:
        assert (
            found[f"hops_{day}"] == found[f"deliveries_{day}"] == found[f"ties_{day}"] == "hop_id"
        )
        assert {table.name for table in day_tables(day)} <= set(found)


def test_a_store_that_is_older_than_the_extension_is_spread_by_init(server: str) -> None:
    address = postgres.database(server)
    engine = made(address)
    read(engine, *LOGS)
    before = content(engine)
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as conn:
        conn.execute(STAND_IN)
    made(address).dispose()
    found = spread(engine)
    with engine.connect() as conn:
        assert all(found[f"hops_{day}"] == "hop_id" for day in days.live(conn))
    assert content(engine) == before
    engine.dispose()


def test_days_that_were_spread_one_by_one_are_attached_to_a_parent_that_is(cluster: Engine) -> None:
    read(cluster, *LOGS)
    before, known = content(cluster), spread(cluster)
    with cluster.begin() as conn:
        without_parents(conn)
        conn.execute(text("UPDATE alembic_version SET version_num = '0011_people'"))
    migrate(cluster)
    assert content(cluster) == before
    assert spread(cluster) == known


def test_the_same_mail_gives_the_same_store(cluster: Engine, tmp_path: Path) -> None:
    plain = made(sqlite_at(tmp_path))
    for engine in (plain, cluster):
        read(engine, *LOGS)
    assert content(cluster) == content(plain)
    plain.dispose()


def test_no_statement_needs_what_citus_forbids(
    cluster: Engine, said: list[str], tmp_path: Path
) -> None:
    read(cluster, *LOGS)
    read(cluster, *reversed(LOGS))  # known already: united, counted, linked anew
    with reading(cluster).connect() as conn:
        for words in SEARCHES:
            query = parse_query(words, now_us=NOW_US, since="all")
            deliveries.search(conn, query)
            summary.count(conn, query)
            summary.summary(conn, query, buckets=24)
    write_file(cluster, Order("", NOW_US), tmp_path / "all.csv", lambda _rows: None)
    archive = Archive(str(tmp_path / "archive"))
    sealing.seal(cluster, archive, "20261122", parse_line, NOW_US)
    sealing.restore(cluster, archive, "20261122", parse_line)
    wrong = {statement: told for statement in said if (told := list(faults(statement)))}
    assert wrong == {}
    assert sum("deliveries_2026" in statement for statement in said) > 50


def test_a_copy_into_a_cluster_is_spread(cluster: Engine, tmp_path: Path) -> None:
    source = made(sqlite_at(tmp_path))
    read(source, *LOGS)
    list(copying.copy(source, cluster, "source"))
    assert tables(cluster) == tables(source)
    assert "hops_20261122" in spread(cluster)
    source.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 FROM hops_20261122 h JOIN deliveries_20261122 d ON d.n = h.size",
        "SELECT 1 FROM hops_20261122 h CROSS JOIN deliveries_20261122 d WHERE h.hop_id > d.hop_id",
        "SELECT 1 FROM hops_20261122 WHERE hop_id = 1 FOR UPDATE",
        "UPDATE hops_20261122 SET hop_id = 2",
        "SELECT 1 FROM hops_20261122, deliveries_20261122",
        "SELECT (SELECT max(n) FROM ties_20261122 f WHERE f.n < h.size) FROM hops_20261122 h",
    ],
)
def test_the_rules_find_what_is_forbidden(statement: str) -> None:
    assert list(faults(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE UNIQUE INDEX ON hops_20261122 (queue_id)",
        "ALTER TABLE terms_20261122 ADD FOREIGN KEY (hop_id) REFERENCES hops_20261122 (hop_id)",
        "ALTER TABLE hops_20261122 ADD UNIQUE (host, queue_id)",
    ],
)
def test_the_stand_in_refuses_what_citus_refuses(cluster: Engine, statement: str) -> None:
    read(cluster, *LOGS)
    with (
        pytest.raises(DBAPIError, match=r"distribution column|crosses shards"),
        cluster.begin() as conn,
    ):
        conn.execute(text(statement))


def test_a_table_is_spread_by_a_column_of_its_every_key() -> None:
    """Without any server: what is declared."""
    for table in day_tables("20261122"):
        by = citus.SPREAD_BY.get(table.name.partition("_")[0])
        if by is None:
            continue
        assert by in table.primary_key.columns
        assert not table.foreign_keys
        assert all(by in index.columns for index in table.indexes if index.unique)
