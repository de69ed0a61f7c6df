"""Home: what it says where nothing has happened lately."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests.web.building import NOW_US
from tests.web.reading_pages import read_page
from tracer.model import DAY_US
from webui.app import create_app
from webui.site import Site


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "Show what is in them"), ("ru", "Показать, что в них")]
)
def test_home_leads_from_an_empty_day_to_the_older_mail(
    engine: Engine, lang: str, words: str
) -> None:
    later = create_app(engine, Site(now_us=lambda: NOW_US + 9 * DAY_US)).test_client()
    page = read_page(later.get(f"/?lang={lang}").text)
    (way,) = [link for link in page.all("a") if link.text == words]
    found = read_page(later.get(way.attributes["href"], headers={"Accept-Language": lang}).text)
    assert found.all("td")


def test_home_with_fresh_mail_leads_to_nothing_older(client: FlaskClient) -> None:
    assert "Show what is in them" not in client.get("/?lang=en").text


def test_every_list_to_start_with_leads_to_as_many_as_it_counts(client: FlaskClient) -> None:
    page = read_page(client.get("/?lang=en").text)
    below = zip(page.elements, page.elements[1:], page.elements[2:], strict=False)
    lists = [(way, count) for item, way, count in below if (item.tag, count.tag) == ("li", "b")]
    assert len(lists) == 6
    for way, count in lists:
        found = client.get(way.attributes["href"]).text
        assert f"<b>{count.text} deliver" in found or count.text == "0", way.text
    assert sum(count.text != "0" for _, count in lists) >= 4


def test_one_condition_alone_has_no_table_and_no_words_about_one(client: FlaskClient) -> None:
    told = client.get("/trace?q=nobody-at-all&since=all&lang=en").text
    assert "Nothing found" in told and "What each condition finds" not in told
