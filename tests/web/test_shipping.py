"""`POST /api/v1/events`: log lines of a shipper."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests.web.building import empty_store, site
from tests.web.hooks.posting import LOG, reader
from webui.app import create_app

LINES = LOG.splitlines()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    engine = empty_store(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def client(store: Engine) -> FlaskClient:
    return create_app(store, site()).test_client()


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(LINES),
        json.dumps([{"line": line, "host": "mx1"} for line in LINES]),
        "\n".join(json.dumps({"message": line}) for line in LINES),
        json.dumps(["\n".join(LINES)]),
    ],
    ids=["array", "objects", "ndjson", "many lines in one text"],
)
def test_lines_are_read_once_however_often_they_come(
    client: FlaskClient, store: Engine, body: str
) -> None:
    headers = reader(store, "events:write")
    first = client.post("/api/v1/events?source=mx1", data=body, headers=headers)
    again = client.post("/api/v1/events?source=mx1", data=body, headers=headers)
    assert first.status_code == again.status_code == 200
    assert first.json["lines"] == 5 and first.json["duplicates"] == 0
    assert again.json["duplicates"] == again.json["events"]
    (row,) = client.get("/api/v1/deliveries?since=all").json["items"]
    assert (row["status"], row["source"], row["host"]) == ("relayed", "mx1", "mx1")


def test_it_needs_a_token_that_may_write(client: FlaskClient, store: Engine) -> None:
    assert client.post("/api/v1/events", data="[]").status_code == 401
    may_read = reader(store, "events:read")
    assert client.post("/api/v1/events", data="[]", headers=may_read).status_code == 403


@pytest.mark.parametrize("body", ["no json", "[1]", '[{"text": "x"}]', "[", '{"line": 3}'])
def test_what_is_no_line_is_refused_with_what_is_expected(
    client: FlaskClient, store: Engine, body: str
) -> None:
    answer = client.post("/api/v1/events", data=body, headers=reader(store, "events:write"))
    assert answer.status_code == 400
    assert "line" in answer.json["detail"]


def test_a_line_that_nobody_understands_is_counted(client: FlaskClient, store: Engine) -> None:
    headers = reader(store, "events:write")
    answer = client.post("/api/v1/events", data=json.dumps(["what is this"]), headers=headers)
    assert answer.json["unparsed"] == 1 and answer.json["lines"] == 1
