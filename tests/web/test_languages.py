"""Languages and time zones, and that the translation is whole."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

import tracer
import webui
from tests.web.reading_pages import read_page

WEBUI = Path(webui.__file__).parent
CORE = Path(tracer.__file__).parent
RUSSIAN = WEBUI / "translations/ru/LC_MESSAGES"
KEYWORDS = {
    "_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None,
    "pgettext": ((1, "c"), 2), "lazy_pgettext": ((1, "c"), 2), "Phrase": None, "InvalidQuery": None,
}  # fmt: skip
TRIMMED = {"**/templates/**.html": {"trimmed": "true"}}
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]


@pytest.fixture(scope="module")
def russian() -> Catalog:
    with (RUSSIAN / "messages.po").open("rb") as file:
        return read_po(file, locale="ru")


def test_every_message_is_translated_and_none_is_left_over(russian: Catalog) -> None:
    found = [
        message
        for folder in (WEBUI, CORE)
        for message in extract_from_dir(str(folder), METHODS, TRIMMED, keywords=KEYWORDS)
    ]
    wanted = {(message, context) for _, _, message, _, context in found}
    known = {(message.id, message.context) for message in russian if message.id}
    assert wanted - known == set()
    assert known - wanted == set()
    for message in russian:
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(forms), message.id
        assert not message.fuzzy, message.id
        assert not list(message.check(russian)), message.id


def test_compiled_translation_is_that_of_the_text(russian: Catalog) -> None:
    compiled = BytesIO()
    write_mo(compiled, russian)
    assert (RUSSIAN / "messages.mo").read_bytes() == compiled.getvalue()


def test_language_is_asked_for_in_the_address_and_remembered(client: FlaskClient) -> None:
    response = client.get("/?lang=ru")
    assert read_page(response.get_data(as_text=True)).one("html").attributes["lang"] == "ru"
    assert "SameSite=Lax" in response.headers["Set-Cookie"]
    again = client.get("/", headers={"Accept-Language": "en"})
    assert read_page(again.get_data(as_text=True)).one("html").attributes["lang"] == "ru"


def test_language_link_stays_on_the_page(client: FlaskClient) -> None:
    page = read_page(client.get("/trace?q=from:orders@&since=24h").get_data(as_text=True))
    (other,) = [held.attributes["href"] for held in page.all("a") if held.text == "RU"]
    russian = read_page(client.get(other).get_data(as_text=True))
    (box,) = [held for held in russian.all("input") if held.attributes["name"] == "q"]
    assert box.attributes["value"] == "from:orders@"


@pytest.mark.parametrize(
    ("q", "heading"),
    [
        ("qid:4cXn9WaitZz5b", "1 доставка"),
        ("from:orders@corp.example", "3 доставки"),
        ("from:news@corp.example", "60 доставок"),
    ],
)
def test_russian_numbers_have_three_forms(client: FlaskClient, q: str, heading: str) -> None:
    page = read_page(client.get(f"/trace?q={q}&lang=ru").get_data(as_text=True))
    assert page.name.startswith(heading)


def test_times_follow_the_zone_asked_for(client: FlaskClient) -> None:
    address = "/m/4cXk2R1wPzz5Y?recipient=j.berg@northwind.example"
    page = read_page(client.get(f"{address}&tz=Europe/Moscow").get_data(as_text=True))
    text = " ".join(page.one("main").text.split())
    assert "12:57:31 MSK" in text
    assert "09:57:31 UTC" in text
    assert "2026-11-22T09:57:31.415000Z" in page.values("datetime")
    unknown = read_page(client.get(f"{address}&tz=Nowhere/Land").get_data(as_text=True))
    assert "12:57:31 MSK" in unknown.one("main").text  # the one remembered


def test_rows_are_parted_by_the_days_of_the_zone(client: FlaskClient) -> None:
    page = read_page(client.get("/trace?tz=Pacific/Kiritimati").get_data(as_text=True))
    days = [held.text for held in page.all("th") if held.attributes.get("scope") == "rowgroup"]
    assert days == ["Monday 23 November 2026", "Sunday 22 November 2026"][: len(days)]
