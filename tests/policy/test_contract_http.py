"""The public addresses: pages, data, errors and probes, as they are promised to scripts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests.cli.commands import LOGS
from tests.policy.promised import EXPLAINED, REPLY, ROW, TRACE, has
from tests.web.building import empty_store, filled_store, site
from tracer.store import tokens
from tracer.store.jobs import State
from webui.app import create_app


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    made = filled_store(tmp_path_factory.mktemp("store"))
    yield made
    made.dispose()


@pytest.fixture
def client(store: Engine) -> FlaskClient:
    return create_app(store, site()).test_client()


def test_a_query_error_names_the_column_and_a_correction(client: FlaskClient) -> None:
    answer = client.get("/api/v1/deliveries?q=status:bouncd")
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    has(answer.json, ["type", "title", "status", "detail", "column", "suggestion"])


def test_results_as_page_json_and_csv(client: FlaskClient) -> None:
    assert client.get("/trace?q=&since=all").status_code == 200
    found = client.get("/trace.json?q=&since=all").json
    has(found, ["items", "next", "complete_until"])
    has(found["items"][0], ROW)
    table = client.get("/trace.csv?q=&since=all")
    assert table.mimetype == "text/csv"
    has(next(csv.reader(io.StringIO(table.text.lstrip("\ufeff")))), ROW)
    following = client.get(f"/trace.json?q=&since=all&after={found['next']}").json
    assert following["items"][0]["id"] != found["items"][0]["id"]


def test_one_message_as_page_and_json(client: FlaskClient) -> None:
    id_ = client.get("/api/v1/deliveries?since=all").json["items"][0]["id"]
    assert client.get(f"/m/{id_}").status_code == 200
    for address in (f"/m/{id_}.json", f"/api/v1/messages/{id_}"):
        has(client.get(address).json, TRACE)
    missing = client.get("/api/v1/messages/none")
    assert (missing.status_code, missing.mimetype) == (404, "application/problem+json")


@pytest.mark.parametrize("path", ["deliveries", "facets", "exports"])
def test_lists_of_the_api(client: FlaskClient, path: str) -> None:
    has(client.get(f"/api/v1/{path}").json, ["items", "next", "complete_until"])


def test_exports_of_the_api(client: FlaskClient) -> None:
    assert [
        state.value for state in State
    ] == "queued running done failed cancelled expired".split()
    assert client.get("/api/v1/exports/none").status_code == 404


def test_explain_of_the_api(client: FlaskClient) -> None:
    has(client.post("/api/v1/explain", json={"text": REPLY}).json, EXPLAINED)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v1/events"), ("GET", "/api/v1/receipts/r"),
        ("GET", "/api/v1/receipts/r/events"),
    ],
)  # fmt: skip
def test_what_needs_a_token_says_so(client: FlaskClient, method: str, path: str) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_lines_of_a_shipper_are_taken(tmp_path: Path) -> None:
    engine = empty_store(tmp_path)
    with engine.begin() as conn:
        _, secret = tokens.create(conn, "shipper", "events:write", 0)
    client = create_app(engine, site()).test_client()
    sent = [line for line in Path(LOGS[0]).read_text("utf-8").splitlines() if line.strip()]
    bearer = {"Authorization": f"Bearer {secret}"}
    answer = client.post("/api/v1/events?source=mx1", json=sent, headers=bearer)
    assert (answer.status_code, answer.json["lines"]) == (200, len(sent))
    body = "\n".join(map(json.dumps, sent))
    again = client.post("/api/v1/events?source=mx1", data=body, headers=bearer)
    assert again.json["duplicates"] == again.json["events"]
    engine.dispose()


@pytest.mark.parametrize("path", ["/livez", "/healthz", "/readyz", "/metrics", "/api/openapi.json"])
def test_probes(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 200
