"""The API, its problems, and the probes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine

from tests.web.building import NEWSLETTERS, site
from webui.app import create_app


def test_deliveries_come_in_pages_that_link_to_the_next(client: FlaskClient) -> None:
    address, found = "/api/v1/deliveries?q=from:news@corp.example&limit=25", []
    while address:
        response = client.get(address)
        body = json.loads(response.data)
        found += [item["id"] for item in body["items"]]
        address = response.headers.get("Link", "").partition(">")[0].lstrip("<")
        assert bool(address) == (body["next"] is not None)
    assert len(set(found)) == len(found) == NEWSLETTERS


def test_facets_count_each_value(client: FlaskClient) -> None:
    body = json.loads(client.get("/api/v1/facets?q=from:orders@corp.example").data)
    statuses = {item["value"]: item["count"] for item in body["items"] if item["key"] == "status"}
    assert statuses == {"bounced": 1, "relayed": 1, "delivered": 1}


@pytest.mark.parametrize(
    ("address", "mimetype"),
    [("/?lang=en", "text/html"), ("/api/v1/facets?lang=en", "application/problem+json")],
)
def test_fault_of_our_own_is_said_to_be_ours_and_where_it_is_written(
    app: Flask, address: str, mimetype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in app.view_functions:
        monkeypatch.setitem(app.view_functions, name, _broken)
    response = app.test_client().get(address, headers={"Accept": mimetype})
    assert (response.status_code, response.mimetype) == (500, mimetype)
    assert "Something went wrong in Mailtracer itself." in response.text
    assert "written to the service" in response.text


def _broken(**_: object) -> str:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("address", "status", "kind"),
    [
        ("/api/v1/deliveries?q=status:bouncd", 400, "urn:mailtracer:problem:invalid-query"),
        ("/api/v1/messages/nothing-has-this-name", 404, "urn:mailtracer:problem:not-found"),
        ("/m/nothing-has-this-name.json", 404, "urn:mailtracer:problem:not-found"),
        ("/trace.csv?q=status:bouncd", 400, "urn:mailtracer:problem:invalid-query"),
        ("/api/v1/nothing", 404, "about:blank"),
    ],
)
def test_error_is_an_rfc_9457_problem(
    client: FlaskClient, address: str, status: int, kind: str
) -> None:
    response = client.get(address)
    body = json.loads(response.data)
    assert response.status_code == body["status"] == status
    assert response.mimetype == "application/problem+json"
    assert body["type"] == kind
    assert {"title", "detail", "instance"} <= set(body)


def test_invalid_query_names_the_column_and_a_correction(client: FlaskClient) -> None:
    body = json.loads(client.get("/api/v1/deliveries?q=to:anna@+status:bouncd").data)
    assert body["column"] >= 10
    assert "bounced" in body["suggestion"]


def test_page_asked_for_as_json_answers_with_a_problem(client: FlaskClient) -> None:
    response = client.get("/m/nothing", headers={"Accept": "application/json"})
    assert response.mimetype == "application/problem+json"


def test_writing_is_not_allowed(client: FlaskClient) -> None:
    assert client.post("/api/v1/deliveries").status_code == 405


@pytest.mark.parametrize("probe", ["/livez", "/healthz", "/readyz"])
def test_probe_answers_ok(client: FlaskClient, probe: str) -> None:
    response = client.get(probe)
    assert response.status_code == 200
    assert json.loads(response.data)["status"] == "ok"


def test_store_that_cannot_be_read_is_told_kindly(tmp_path: Path) -> None:
    broken = create_engine(f"sqlite:///{tmp_path}/absent/mailtracer.db")
    client = create_app(broken, site()).test_client()
    assert client.get("/livez").status_code == 200
    assert client.get("/healthz").status_code == 503
    page = client.get("/trace")
    assert page.status_code == 503
    assert page.headers["Retry-After"]
    assert "Nothing is lost" in page.get_data(as_text=True)
    assert client.get("/api/v1/deliveries").mimetype == "application/problem+json"
