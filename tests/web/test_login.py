"""The door: open while nobody has a login, then for sessions and tokens only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests.web.building import empty_store, site
from tracer.config import Config
from tracer.jobs.desk import Desk
from tracer.store import people, tokens
from webui.app import create_app
from webui.audit import Audit
from webui.login import MOST_OF_AN_ADDRESS
from webui.sessions import COOKIE, SESSION_S, Sessions

PASSWORD = "correct horse battery"
MADE_US = 1_790_000_000_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    engine = empty_store(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def client(store: Engine, tmp_path: Path) -> FlaskClient:
    desk = Desk(store, Config(home=tmp_path), now_us=site().now_us)
    return create_app(store, site(), desk).test_client()


@pytest.fixture
def anna(store: Engine) -> str:
    with store.begin() as conn:
        return people.add(conn, "Anna", PASSWORD, MADE_US).name


def log_in(client: FlaskClient, name: str = "anna", password: str = PASSWORD, **more: str) -> int:
    form = {"name": name, "password": password} | more
    return client.post("/login", data=form).status_code


def test_pages_are_open_while_nobody_has_a_login(client: FlaskClient) -> None:
    assert client.get("/").status_code == 200
    assert client.get("/trace.json").status_code == 200


@pytest.mark.parametrize("path", ["/", "/trace?q=to:anna@", "/m/m_1", "/exports", "/sources"])
def test_pages_lead_to_the_login_and_back(client: FlaskClient, anna: str, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 303
    login = client.get(answer.location)
    assert login.status_code == 200
    assert 'type="password"' in login.text
    form = {"name": anna, "password": PASSWORD, "next": path}
    assert client.post("/login", data=form).location == path
    assert client.get(path).status_code in (200, 404)


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/api/v1/deliveries", "deliveries:read"),
        ("/api/v1/messages/m_1", "messages:read"),
        ("/trace.json", "deliveries:read"),
        ("/trace.csv", "deliveries:read"),
    ],
)
def test_data_wants_a_token_of_its_scope(
    client: FlaskClient, store: Engine, anna: str, path: str, scope: str
) -> None:
    assert anna
    with store.begin() as conn:
        _, fits = tokens.create(conn, "", scope, MADE_US)
        _, other = tokens.create(conn, "", "receipts:read", MADE_US)
    refused = client.get(path)
    assert (refused.status_code, refused.mimetype) == (401, "application/problem+json")
    assert scope in refused.get_json()["detail"]
    assert client.get(path, headers={"Authorization": f"Bearer {other}"}).status_code == 403
    assert client.get(path, headers={"Authorization": f"Bearer {fits}"}).status_code in (200, 404)


@pytest.mark.parametrize("path", ["/livez", "/healthz", "/readyz", "/api/openapi.json", "/login"])
def test_probes_and_the_login_stay_open(client: FlaskClient, anna: str, path: str) -> None:
    assert anna
    assert client.get(path).status_code == 200


def test_a_wrong_password_and_an_unknown_name_are_told_alike(
    client: FlaskClient, anna: str
) -> None:
    wrong = client.post("/login", data={"name": anna, "password": "another password"})
    unknown = client.post("/login", data={"name": anna + "x", "password": PASSWORD})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace("anna", "") == unknown.text.replace("annax", "")


def test_tries_are_braked(client: FlaskClient, anna: str) -> None:
    for n in range(MOST_OF_AN_ADDRESS):
        assert log_in(client, f"{anna}{n}", "") == 401
    answer = client.post("/login", data={"name": anna, "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_the_cookie_is_for_this_site_and_not_for_scripts(client: FlaskClient, anna: str) -> None:
    form = {"name": anna, "password": PASSWORD}
    plain = client.post("/login", data=form).headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax"} <= set(plain.split("; "))
    assert "Secure" not in plain
    behind = client.post("/login", data=form, headers={"X-Forwarded-Proto": "https"})
    assert "; Secure" in behind.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example", "/\\evil.example", ""]
)
def test_a_login_leads_to_no_other_site(client: FlaskClient, anna: str, wanted: str) -> None:
    form = {"name": anna, "password": PASSWORD, "next": wanted}
    assert client.post("/login", data=form).location == "/"


def test_another_password_and_a_removal_end_sessions(
    client: FlaskClient, store: Engine, anna: str
) -> None:
    assert log_in(client) == 303
    assert client.get("/").status_code == 200
    with store.begin() as conn:
        people.set_password(conn, anna, "another password", MADE_US + 1)
        people.add(conn, "carl", PASSWORD, MADE_US)
    assert client.get("/").status_code == 303
    assert log_in(client, password="another password") == 303
    with store.begin() as conn:
        people.remove(conn, anna)
    assert client.get("/").status_code == 303


def test_leaving_ends_the_session(client: FlaskClient, anna: str) -> None:
    assert log_in(client, anna) == 303
    assert anna in client.get("/").text
    assert client.post("/logout").status_code == 303
    assert client.get("/").status_code == 303


def test_a_made_up_cookie_opens_nothing(client: FlaskClient, anna: str) -> None:
    client.set_cookie(COOKIE, Sessions(b"another key").value(anna, MADE_US))
    assert client.get("/").status_code == 303


def test_a_session_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions(b"key")
    value = sessions.value("anna", MADE_US)
    assert sessions.told(value) == ("anna", MADE_US)
    monkeypatch.setattr("webui.sessions.SESSION_S", -1)
    assert sessions.told(value) is None
    assert SESSION_S > 0


def test_who_looked_at_what_is_written_down(client: FlaskClient, anna: str, tmp_path: Path) -> None:
    log_in(client, anna, "a wrong password")
    log_in(client, anna)
    client.get("/trace?q=to:bob@shop.example")
    file = tmp_path / "audit.log"
    told = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [one["did"] for one in told] == ["login refused", "login", "GET 200"]
    assert told[-1]["who"] == anna
    assert told[-1]["what"] == "/trace?q=to:bob@shop.example"
    assert file.stat().st_mode & 0o077 == 0


def test_old_lines_of_who_looked_at_what_are_let_go_of(tmp_path: Path) -> None:
    audit, day_us = Audit(tmp_path), 86_400_000_000
    for day in range(5):
        now_us = 1_795_348_800_000_000 + day * day_us  # from 2026-11-22 on
        audit.add(now_us, "anna", "192.0.2.7", "login", "")
        audit.let_go(now_us, keep_days=2)
        audit.let_go(now_us, keep_days=2)  # by another process of the same home
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "audit-20261124.log", "audit-20261125.log", "audit-20261126.log",
    ]  # fmt: skip
    assert all(file.stat().st_mode & 0o077 == 0 for file in tmp_path.iterdir())
