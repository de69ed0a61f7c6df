"""No page is a dead end: what to try next, how complete the data is, and what can be typed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.web.building import NOW_US, empty_store, filled_store, read_log, site
from tests.web.reading_pages import Document, read_page
from tracer.model import SECOND_US, micros
from tracer.query.keys import KEYS
from tracer.store import checkpoints
from tracer.store.checkpoints import Followed
from tracer.store.deliveries import Bucket
from webui import show
from webui.app import create_app
from webui.asking import Asked
from webui.histogram import LABELS, bars
from webui.results_view import range_words

STUCK = Followed("mx3", NOW_US, problem="no such file yet")
DAY_S = 86_400
ALIAS = Path(__file__).parents[1] / "corpus" / "postfix" / "20_alias_and_forward.log"


def page_of(client: FlaskClient, address: str, status: int = 200) -> Document:
    response = client.get(address)
    assert response.status_code == status
    return read_page(response.get_data(as_text=True))


def links(page: Document) -> list[str]:
    return [held.attributes["href"] for held in page.all("a")]


def test_a_search_that_finds_nothing_leads_on(client: FlaskClient) -> None:
    page = page_of(client, "/trace?q=from:a@corp.example+to:nobody@corp.example+status:failed")
    assert "/check?sender=a@corp.example&recipient=nobody@corp.example" in links(page)
    assert "/trace?q=from:a@+to:nobody@corp.example+status:failed" in links(page)
    assert "/explain" in links(page)


def test_a_bare_pair_of_addresses_fills_both_sides_of_a_diagnosis(client: FlaskClient) -> None:
    page = page_of(client, "/trace?q=a@no.example+b@no.example&since=all")
    assert "/check?sender=b@no.example&recipient=a@no.example" in links(page)


def test_a_search_without_an_address_still_leads_to_the_checks(client: FlaskClient) -> None:
    page = page_of(client, "/trace?q=subject:nothing-like-it&since=all")
    assert "/check" in links(page)


@pytest.mark.parametrize("q", ["frm:nobody@no.example", "frm:a.sokolova@corp.example"])
def test_an_unknown_key_is_mended_by_one_click(client: FlaskClient, q: str) -> None:
    found = page_of(client, f"/trace?q={q}&since=all")
    assert f"/trace?q={q.replace('frm', 'from')}&since=all" in links(found)


def test_an_id_that_nothing_has_stays_in_the_search_box(client: FlaskClient) -> None:
    page = page_of(client, "/m/4cXbogus", 404)
    (box,) = [held for held in page.all("input") if held.attributes.get("name") == "q"]
    assert box.attributes["value"] == "4cXbogus"


@pytest.mark.parametrize("address", ["/", "/trace?since=all", "/trace?q=to:nobody@no.example"])
def test_a_log_that_cannot_be_followed_is_told_on_every_answer(
    tmp_path: Path, address: str
) -> None:
    engine = filled_store(tmp_path)
    with engine.begin() as conn:
        checkpoints.note(conn, STUCK)
    client = create_app(engine, site()).test_client()
    told = client.get(address).text
    assert "2 of 3 sources behind" in told  # mx2 lags, mx3 was never read
    assert "mx3" in told
    assert "There is no such file yet" in told
    engine.dispose()


def test_a_log_that_cannot_be_followed_is_told_before_any_mail_was_read(tmp_path: Path) -> None:
    engine = empty_store(tmp_path)
    with engine.begin() as conn:
        checkpoints.note(conn, STUCK)
    told = create_app(engine, site()).test_client().get("/").text
    assert "mx3 cannot be followed" in told
    engine.dispose()


def test_a_log_that_nobody_follows_any_more_does_not_count_as_behind(tmp_path: Path) -> None:
    engine = filled_store(tmp_path)
    gone = Followed("mx3", NOW_US - 600 * SECOND_US, problem="no such file yet")
    with engine.begin() as conn:
        checkpoints.note(conn, gone)
    told = create_app(engine, site()).test_client().get("/outcomes").text
    assert "1 of 2 sources behind" in told
    engine.dispose()


def test_help_names_every_key_and_its_examples_are_understood(client: FlaskClient) -> None:
    page = page_of(client, "/help")
    keys = {key for held in page.all("code") for key in re.findall(r"(\w+):(?= |$)", held.text)}
    assert keys == set(KEYS)
    tried = [address for address in links(page) if address.startswith("/trace?q=")]
    assert len(tried) > 20
    for address in tried:
        assert client.get(address).status_code == 200, address
        assert "is not a key" not in client.get(address).text


def test_every_page_leads_to_help(client: FlaskClient) -> None:
    for address in ("/", "/trace", "/check", "/explain", "/sources", "/outcomes"):
        assert "/help" in links(page_of(client, address))
    assert "/help" in links(page_of(client, "/no-such-page", 404))


def test_an_alias_shows_at_once_whom_the_mail_went_to(tmp_path: Path) -> None:
    engine = empty_store(tmp_path)
    read_log(engine, ALIAS, "mx1")
    address = "/m/8C2A1F0D3?recipient=anna@mx1.corp.example&lang=en"
    told = create_app(engine, site()).test_client().get(address).text
    top = told[: told.index("Who acts")]
    assert "anna@<wbr>home.example</a><b>" in top
    assert "relayed</span></b>" in top
    engine.dispose()


@pytest.mark.parametrize("days", [1, 3, 30, 90, 200, 365, 1000, 3650, 20_000])
def test_the_axis_of_any_range_has_few_labels_that_differ(app: Flask, days: int) -> None:
    since_us = NOW_US - days * DAY_S * SECOND_US
    each_us = days * DAY_S * SECOND_US // 72
    buckets = [Bucket(since_us + n * each_us, 1, 0, 0) for n in range(72)]
    with app.test_request_context():
        drawn = bars(buckets, each_us)
    assert drawn is not None
    texts = [label.text for label in drawn.labels]
    assert 1 <= len(texts) <= LABELS + 1
    assert days < 30 or len(set(texts)) == len(texts)
    places = [float(label.at.rstrip("%")) for label in drawn.labels]
    assert all(after - before > 7 for before, after in pairwise(places))


@pytest.mark.parametrize(
    ("since", "english", "russian"),
    [
        ("10d", "Last 10 days", "10 дней"),
        ("3h", "Last 3 hours", "3 часа"),
        ("2w", "Last 14 days", "14 дней"),
        ("yesterday", "Since yesterday", "Со вчерашнего дня"),
        ("2024-01-05", "since Fri 5 Jan 2024, 00:00", "с пт, 5 янв. 2024, 00:00"),
    ],
)
def test_a_time_range_reads_as_words(app: Flask, since: str, english: str, russian: str) -> None:
    for lang, words in (("en", english), ("ru", russian)):
        with app.test_request_context(f"/?lang={lang}"):
            assert range_words(Asked(since=since)) == words


@pytest.mark.parametrize(
    ("seconds", "english", "russian"),
    [
        (20, "just now", "только что"),
        (300, "5 min ago", "5 мин назад"),
        (7200, "2 h ago", "2 ч назад"),
        (3 * DAY_S, "3 days ago", "3 дня назад"),
    ],
)
def test_an_age_is_told_in_one_unit(app: Flask, seconds: int, english: str, russian: str) -> None:
    for lang, words in (("en", english), ("ru", russian)):
        with app.test_request_context(f"/?lang={lang}"):
            assert show.ago(NOW_US - seconds * SECOND_US) == words


def test_a_day_of_another_year_says_so(app: Flask) -> None:
    with app.test_request_context("/?lang=en"):
        assert show.day_short(micros(datetime(2026, 2, 3, tzinfo=UTC))) == "Tue 3 Feb"
        assert show.day_short(micros(datetime(2024, 2, 3, tzinfo=UTC))) == "Sat 3 Feb 2024"


def test_long_addresses_break_where_people_would_break_them() -> None:
    told = show.breakable("To tina.rossi@bank.example: 4.2 <b> of 192.0.2.1")
    assert told == "To tina.rossi@<wbr>bank<wbr>.example: 4.2 &lt;b&gt; of 192.0.2.1"
    assert show.breakable("a@b.example", dots=False) == "a@<wbr>b.example"
