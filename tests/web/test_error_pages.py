"""Error pages: what is wrong, in the reader's language, and the next step."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine
from sqlalchemy.exc import DatabaseError, ProgrammingError

from tests.web.building import site
from tests.web.reading_pages import read_page
from webui.app import create_app

RUSSIAN = {"Accept-Language": "ru"}


def test_title_of_an_error_page_is_its_heading(client: FlaskClient) -> None:
    page = read_page(client.get("/nothing-here").text)
    assert page.one("title").text == "There is no such page · Mailtracer"


@pytest.mark.parametrize(
    ("lang", "title", "advice"),
    [
        ("en", "This is not allowed.", "from a page of another site"),
        ("ru", "Этого делать нельзя.", "со страницы другого сайта"),
    ],
)
def test_form_of_another_site_is_refused_in_the_readers_language(
    client: FlaskClient, lang: str, title: str, advice: str
) -> None:
    sent = {"Accept-Language": lang, "Sec-Fetch-Site": "cross-site"}
    response = client.post("/explain", data={"text": "550"}, headers=sent)
    assert response.status_code == 403
    assert read_page(response.text).one("h1").text == title
    assert advice in response.text


def test_what_a_page_does_not_take_is_told_in_russian_too(client: FlaskClient) -> None:
    response = client.put("/explain", headers=RUSSIAN)
    assert response.status_code == 405
    assert read_page(response.text).one("h1").text == "Эта страница такого не умеет."


@pytest.mark.parametrize(
    ("lang", "title"), [("en", "The store is damaged."), ("ru", "Хранилище повреждено.")]
)
def test_damaged_store_is_said_to_be_damaged_and_leads_to_the_backup(
    app: Flask, lang: str, title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.view_functions, "causes.every", _damaged)
    response = app.test_client().get("/causes?q=a", headers={"Accept-Language": lang})
    assert response.status_code == 503
    assert read_page(response.text).one("h1").text == title
    assert "mailtracer restore" in response.text and "mailtracer doctor" in response.text


def _damaged(**_: object) -> str:
    raise DatabaseError("SELECT 1", None, Exception("database disk image is malformed"))


def test_wrong_statement_is_a_fault_of_our_own(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.view_functions, "causes.every", _wrong)
    assert app.test_client().get("/causes").status_code == 500


def _wrong(**_: object) -> str:
    raise ProgrammingError("SELEKT 1", None, Exception('malformed array literal: "x"'))


def test_page_without_its_store_can_be_tried_again_and_offers_no_search(tmp_path: Path) -> None:
    away = create_engine(f"sqlite:///{tmp_path}/absent/mailtracer.db")
    page = read_page(create_app(away, site()).test_client().get("/trace?q=anna%40&since=7d").text)
    (again,) = [held for held in page.all("a") if held.text == "Try again"]
    assert again.attributes["href"] == "/trace?q=anna%40&since=7d"
    assert not [held for held in page.all("form") if held.attributes.get("role") == "search"]
    assert "mailtracer doctor" in page.one("main").text


def test_export_that_is_gone_leads_to_the_list(client: FlaskClient) -> None:
    response = client.get("/exports/nothing")
    assert response.status_code == 404
    links = {held.text: held.attributes["href"] for held in read_page(response.text).all("a")}
    assert links["The list of exports"] == "/exports"


@pytest.mark.parametrize(
    ("address", "lang", "title", "way_on"),
    [
        ("/sources/nothing", "en", "There is no such source.", "All sources"),
        ("/sources/nothing", "ru", "Такого источника нет.", "Все источники"),
        ("/causes/nothing", "en", "There is no such cause.", "All causes"),
        ("/causes/nothing", "ru", "Такой причины нет.", "Все причины"),
    ],
)
def test_what_has_no_such_name_is_called_what_it_is_and_leads_to_the_list(
    client: FlaskClient, address: str, lang: str, title: str, way_on: str
) -> None:
    response = client.get(address, headers={"Accept-Language": lang})
    page = read_page(response.text)
    assert (response.status_code, page.one("h1").text) == (404, title)
    (link,) = [held for held in page.all("a") if held.text == way_on]
    assert link.attributes["href"] == address.rpartition("/")[0]


def test_script_is_told_which_thing_is_not_there(client: FlaskClient) -> None:
    wanted = {"Accept": "application/json"}
    assert client.get("/causes/nothing", headers=wanted).json["title"] == "There is no such cause."
    told = client.get("/sources/nothing", headers=wanted).json
    assert told["detail"] == "no webhook source is named nothing"
