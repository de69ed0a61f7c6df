"""`/api/openapi.json`: every route of the API is in it, and answers as it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests.fake_checks import FINE, saying, world
from tests.web.building import NOW_US, filled_store, site
from tracer.config_diagnostics import DiagnosticsSettings
from tracer.store import tokens
from webui import diagnosis_runs
from webui.app import create_app
from webui.diagnosis_runs import Runs

_TYPES = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict,
    "array": list, "null": type(None),
}  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    made = filled_store(tmp_path_factory.mktemp("store"))
    yield made
    made.dispose()


@pytest.fixture(scope="module")
def application(store: Engine) -> Flask:
    """The application with one check that asks nobody."""
    made = create_app(store, site())
    checks = (saying(FINE),)
    held = Runs(
        store, DiagnosticsSettings(), lambda: NOW_US, checks, lambda target: (target, world())
    )
    diagnosis_runs.install(made, held)
    return made


@pytest.fixture(scope="module")
def document(application: Flask) -> dict[str, Any]:
    told: dict[str, Any] = application.test_client().get("/api/openapi.json").json
    return told


@pytest.fixture
def asking(application: Flask) -> FlaskClient:
    return application.test_client()


def faults(value: Any, shape: dict[str, Any], document: dict[str, Any], at: str = "") -> list[str]:
    """Where a value is not of a shape."""
    if "$ref" in shape:
        shape = document["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
    kinds = shape.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(_is(value, kind) for kind in kinds):
        return [f"{at}: {value!r} is not {kinds}"]
    if value is not None and value not in shape.get("enum", [value]):
        return [f"{at}: {value!r} is not one of {shape['enum']}"]
    found = []
    if isinstance(value, dict):
        found += [
            f"{at}.{name} is missing" for name in shape.get("required", ()) if name not in value
        ]
        for name, inner in shape.get("properties", {}).items():
            if name in value:
                found += faults(value[name], inner, document, f"{at}.{name}")
    for number, one in enumerate(value if isinstance(value, list) else ()):
        found += faults(one, shape.get("items", {}), document, f"{at}[{number}]")
    return found


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _TYPES[kind])


def test_every_route_of_the_api_is_described(application: Flask, document: dict[str, Any]) -> None:
    for rule in application.url_map.iter_rules():
        if not rule.rule.startswith("/api/v1/"):
            continue
        path = rule.rule.replace("<path:", "<").replace("<", "{").replace(">", "}")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            operation = document["paths"][path][method.lower()]
            assert operation["summary"].endswith((".", ";")) or operation["summary"], path


def test_the_description_holds_together(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    names = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(names) == len(set(names))
    shapes = document["components"]["schemas"]
    assert all(ref.rpartition("/")[2] in shapes for ref in _references(document))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _answered(
    asking: FlaskClient, document: dict[str, Any], path: str, method: str = "GET", *,
    where: str = "", **more: Any,
) -> Any:  # fmt: skip
    """Ask a route, and compare the answer with its description."""
    answer = asking.open(where or path, method=method, **more)
    responses = document["paths"][path][method.lower()]["responses"]
    assert str(answer.status_code) in responses, answer.text
    content = responses[str(answer.status_code)].get("content", {})
    if answer.mimetype.endswith("json"):
        assert faults(answer.json, content[answer.mimetype]["schema"], document) == []
    elif content:
        assert answer.mimetype in content
    return answer


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/api/v1/deliveries", "/api/v1/deliveries?since=all"),
        ("/api/v1/deliveries", "/api/v1/deliveries?q=status:bouncd"),
        ("/api/v1/facets", "/api/v1/facets?since=all"),
        ("/api/v1/facets", "/api/v1/facets?q=("),
        ("/api/v1/exports", ""), ("/livez", ""), ("/healthz", ""), ("/readyz", ""),
        ("/metrics", ""),
        ("/api/v1/messages/{id}", "/api/v1/messages/none"),
        ("/api/v1/exports/{id}", "/api/v1/exports/none"),
        ("/api/v1/exports/{id}/file", "/api/v1/exports/none/file"),
        ("/api/v1/diagnoses/{id}", "/api/v1/diagnoses/none"),
        ("/api/v1/receipts/{id}", "/api/v1/receipts/none"),
    ],
)  # fmt: skip
def test_reading_routes_answer_as_described(
    asking: FlaskClient, document: dict[str, Any], path: str, where: str
) -> None:
    _answered(asking, document, path, where=where)


def test_every_message_is_as_described(asking: FlaskClient, document: dict[str, Any]) -> None:
    rows = asking.get("/api/v1/deliveries?since=all&limit=20").json["items"]
    assert len(rows) == 20
    for row in rows:
        where = f"/api/v1/messages/{row['id']}"
        _answered(asking, document, "/api/v1/messages/{id}", where=where)


def test_work_that_is_asked_for_is_as_described(
    asking: FlaskClient, document: dict[str, Any]
) -> None:
    made = _answered(asking, document, "/api/v1/exports", "POST", json={"since": "all"})
    assert made.status_code == 202
    where = made.headers["Location"]
    _answered(asking, document, "/api/v1/exports/{id}", where=where)
    _answered(asking, document, "/api/v1/exports/{id}/cancel", "POST", where=f"{where}/cancel")
    _answered(asking, document, "/api/v1/exports/{id}", "DELETE", where=where)
    pair = {"sender": "a@corp.example", "recipient": "b@northwind.example"}
    begun = _answered(asking, document, "/api/v1/diagnoses", "POST", json=pair)
    assert begun.status_code == 202
    where = begun.headers["Location"]
    while asking.get(where).json["state"] == "running":
        pass
    _answered(asking, document, "/api/v1/diagnoses/{id}", where=where)
    _answered(asking, document, "/api/v1/diagnoses", "POST", json={"sender": "no address"})
    reply = {"text": "550 5.1.1 User unknown"}
    _answered(asking, document, "/api/v1/explain", "POST", json=reply)


def test_routes_with_a_token_are_as_described(
    asking: FlaskClient, document: dict[str, Any], store: Engine
) -> None:
    with store.begin() as conn:
        _, secret = tokens.create(conn, "all", "events:write receipts:read", 0)
    bearer = {"Authorization": f"Bearer {secret}"}
    assert _answered(asking, document, "/api/v1/events", "POST", json=[]).status_code == 401
    line = Path(__file__).with_name("mail.log").read_text("utf-8").splitlines()[0]
    sent = _answered(asking, document, "/api/v1/events", "POST", json=[line], headers=bearer)
    assert sent.json["lines"] == 1
    none = _answered(
        asking, document, "/api/v1/receipts/{id}", where="/api/v1/receipts/none", headers=bearer
    )
    assert none.json["title"] == "No such receipt"
