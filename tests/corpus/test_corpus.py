"""Every scenario of the corpus, from its log lines to the rows that a search returns.

`NN_name.toml` says by hand what is true of the case; `NN_name.json` is the whole result,
written by `make golden` and reviewed as a difference.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from collectors.batches import steps
from collectors.files import expand
from collectors.formats import parse_line
from collectors.plan import Plan
from tracer.exports import as_json
from tracer.ingest import ingest
from tracer.query import EVERYTHING, SearchQuery, parse_query
from tracer.store import deliveries
from tracer.store.engine import open_engine, reading
from tracer.store.migrate import migrate

CORPUS = Path(__file__).parent
SCENARIOS = sorted(CORPUS.glob("*/*.toml"))
ALL = SearchQuery(EVERYTHING, None, None, "")
NOW_US = 1_800_000_000_000_000


def logs_of(scenario: Path) -> list[str]:
    """`name.log`, or `name_a.log`, `name_b.log` … in the order of their letters."""
    single = scenario.with_suffix(".log")
    found = [single] if single.exists() else sorted(CORPUS.glob(f"*/{scenario.stem}_?.log"))
    return [str(path) for path in found]


@pytest.fixture
def told(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Connection, Any]]:
    """The store after reading the scenario's logs one after the other, and its expectations."""
    scenario: Path = request.param
    expected = tomllib.loads(scenario.read_text("utf-8"))
    engine = open_engine(f"sqlite:///{tmp_path}/store.db")
    migrate(engine)
    for log in logs_of(scenario):
        plan = Plan(tuple(expand([log])[0]), year=expected.get("year"), zone="UTC")
        for step in steps(plan):
            ingest(engine, step.batch, parse_line)
    with reading(engine).connect() as conn:
        yield conn, expected
    engine.dispose()


def with_scenarios(test: Any) -> Any:
    names = [path.stem for path in SCENARIOS]
    return pytest.mark.parametrize("told", SCENARIOS, ids=names, indirect=True)(test)


@with_scenarios
def test_scenario_has_just_the_expected_rows(told: tuple[Connection, Any]) -> None:
    conn, expected = told
    rows = [as_json.row(row) for row in deliveries.rows(conn, ALL)]
    wanted = expected.get("expect", [])
    unmet = [one for one in wanted if not _take(rows, one)]
    assert not unmet, f"not found: {unmet}\nleft: {_brief(rows)}"
    assert not rows, f"nobody expected: {_brief(rows)}"


def _take(rows: list[dict[str, Any]], wanted: dict[str, Any]) -> bool:
    for row in rows:
        if all(_shown(row[name]) == value for name, value in wanted.items()):
            rows.remove(row)
            return True
    return False


def _shown(value: Any) -> Any:
    """Times are written in whole seconds in the expectations."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, str) and len(value) > 20 and value.endswith("Z") and value[10] == "T":
        return f"{value[:19]}Z"
    return value


def _brief(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [
        tuple(row[n] for n in ("recipient", "status", "sender", "queue_ids", "reply"))
        for row in rows
    ]


@with_scenarios
def test_scenario_is_found_by_its_searches(told: tuple[Connection, Any]) -> None:
    conn, expected = told
    for one in expected.get("finds", []):
        query = parse_query(one["query"], now_us=NOW_US, since="all")
        assert deliveries.count(conn, query) == one["count"], one["query"]


@with_scenarios
def test_scenario_gives_the_golden_result(
    told: tuple[Connection, Any], request: pytest.FixtureRequest
) -> None:
    conn, _ = told
    rows = [as_json.row(row) for row in deliveries.rows(conn, ALL)]
    found = json.loads(json.dumps(rows, ensure_ascii=False))
    golden = Path(request.node.callspec.params["told"]).with_suffix(".json")
    if request.config.getoption("--golden"):
        golden.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")
    assert found == json.loads(golden.read_text("utf-8"))


def test_every_log_of_the_corpus_belongs_to_a_scenario() -> None:
    used = {log for scenario in SCENARIOS for log in logs_of(scenario)}
    assert {str(path) for path in CORPUS.glob("*/*.log")} == used
    assert all(logs_of(scenario) for scenario in SCENARIOS)
