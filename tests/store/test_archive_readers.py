"""Others read the archive as it is: what docs/archive.md shows runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

from collectors.formats import parse_line
from tests.store.filling import LOGS, NOW_US, content, read
from tracer.archive import sealing
from tracer.archive.columns import SCHEMA
from tracer.archive.files import Archive
from tracer.store import days

PAGE = Path(__file__).parents[2] / "docs/archive.md"
EXAMPLES = re.findall(r"```sql\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


DUCKDB = """\
import duckdb, json, sys
print(json.dumps(duckdb.connect().execute(sys.argv[1]).fetchall(), default=str))
"""


def asked(statement: str) -> list[list[object]]:
    """What DuckDB answers, in a process of its own: at its end it reports leaks of its binding."""
    command = [sys.executable, "-c", DUCKDB, statement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: list[list[object]] = json.loads(done.stdout)
    return found


@pytest.fixture
def folder(sqlite_store: Engine, tmp_path: Path) -> tuple[Path, list[dict[str, object]]]:
    """An archive of everything, and the rows that a search showed before."""
    read(sqlite_store, *LOGS)
    before = content(sqlite_store)
    with sqlite_store.connect() as conn:
        listed = days.live(conn)
    for day in listed:
        sealing.seal(sqlite_store, Archive(str(tmp_path / "archive")), day, parse_line, NOW_US)
    return tmp_path / "archive", before


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_of_the_page_find_something(
    folder: tuple[Path, list[dict[str, object]]], example: str
) -> None:
    assert asked(example.replace("archive/*.parquet", f"{folder[0]}/*.parquet"))


def test_duckdb_sees_the_rows_that_a_search_shows(
    folder: tuple[Path, list[dict[str, object]]],
) -> None:
    place, before = folder
    names = ("status", "cause", "sender", "recipient", "message_id", "reply", "enhanced_status")
    found = asked(
        f"SELECT {', '.join(names)} FROM read_parquet('{place}/*.parquet') WHERE next_hop_id = 0"
    )
    assert sorted(found) == sorted([row[name] for name in names] for row in before)


def test_every_column_is_on_the_page() -> None:
    told = PAGE.read_text("utf-8")
    assert [name for name in SCHEMA.names if f"`{name}`" not in told] == []
