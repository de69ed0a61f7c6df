"""`/metrics` and the probes: numbers that a machine reads, nothing of anybody's mail."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.web.building import NOW_US, empty_store, filled_store, site
from tracer.store import checkpoints
from tracer.store.checkpoints import Followed
from webui.app import create_app

_SAMPLE = re.compile(
    r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\]|\\.)*",?)*)\})? (-?[0-9.]+(?:e[+-][0-9]+)?|\+Inf)'
)


def samples(client: FlaskClient) -> dict[tuple[str, str], float]:
    """Every sample by (name, labels); every line must be one, or a comment."""
    found = {}
    for line in client.get("/metrics").text.splitlines():
        if not line.startswith("#"):
            read = _SAMPLE.fullmatch(line)
            assert read, line
            found[read[1], read[2] or ""] = float(read[3])
    return found


def test_sources_outcomes_and_sizes_are_told(client: FlaskClient) -> None:
    found = samples(client)
    assert found["mailtracer_lines_total", 'source="mx1"'] == 27
    assert found["mailtracer_source_lag_seconds", 'source="mx1"'] > 0
    assert found["mailtracer_deliveries_last_hour", 'outcome="bounced"'] >= 1
    assert found["mailtracer_jobs", 'kind="export",state="failed"'] == 0
    assert found["mailtracer_store_bytes", ""] > 100_000


def test_every_name_says_what_it_is(client: FlaskClient) -> None:
    body = client.get("/metrics").text
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", body, re.MULTILINE))
    names = {name for name, _ in samples(client)}
    for name in names:
        base = re.sub("_(bucket|sum|count)$", "", name)
        assert kinds.get(name) or kinds.get(base) == "histogram", name


def test_requests_are_counted_by_route_and_no_address_is_in_a_label(client: FlaskClient) -> None:
    row = client.get("/api/v1/deliveries?q=anna@&since=all").json["items"][0]
    client.get(f"/m/{row['id']}")
    client.get("/anna@corp.example")
    found = samples(client)
    name = "mailtracer_http_request_duration_seconds"
    seen = [labels for told, labels in found if told == f"{name}_count"]
    assert any('route="/api/v1/deliveries",method="GET",status="200"' in one for one in seen)
    assert any('route="none",method="GET",status="404"' in one for one in seen)
    assert not any("@" in labels or row["id"] in labels for _, labels in found)
    for labels in seen:
        buckets = [
            value for (told, more), value in found.items()
            if told == f"{name}_bucket" and more.startswith(labels)
        ]  # fmt: skip
        assert buckets == sorted(buckets)
        assert buckets[-1] == found[f"{name}_count", labels]


def test_followed_logs_tell_what_waits(tmp_path: Path) -> None:
    engine = filled_store(tmp_path)
    with engine.begin() as conn:
        checkpoints.note(conn, Followed('m"x', NOW_US, 2, 512, 7))
        checkpoints.note(conn, Followed('m"x', NOW_US, 2, 511, 1))
    found = samples(create_app(engine, site()).test_client())
    assert found["mailtracer_source_unread_bytes", 'source="m\\"x"'] == 511
    assert found["mailtracer_known_events_total", 'source="m\\"x"'] == 8
    engine.dispose()


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_store_of_another_schema_is_not_ready(tmp_path: Path, path: str) -> None:
    engine = empty_store(tmp_path)
    client = create_app(engine, site()).test_client()
    assert client.get(path).json["status"] == "ok"
    with engine.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999_later'"))
    answer = client.get(path)
    assert (answer.status_code, answer.json["status"]) == (503, "failing")
    assert client.get("/livez").status_code == 200
    engine.dispose()
