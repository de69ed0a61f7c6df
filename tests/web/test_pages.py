"""What holds for every page, in both languages."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from urllib.parse import urldefrag, urlsplit

import pytest
from flask.testing import FlaskClient

import webui
from tests.web.reading_pages import Document, read_page

BOUNCED = "/m/4cXk2R1wPzz5Y?recipient=j.berg@northwind.example"
PAGES = {
    "/": 200,
    "/trace": 200,
    "/trace?q=status:failed&since=48h": 200,
    "/trace?q=to:nobody-at-all@+status:failed": 200,
    "/trace?q=size:>10Q": 400,
    BOUNCED: 200,
    "/m/4cXk2R1wPzz5Y?recipient=books@fabrikam.example": 200,
    "/m/4cXk2R1wPzz5Y?recipient=archive@corp.example": 200,
    "/m/4cXn9WaitZz5b": 200,
    "/m/4cXmZ03hTqz5Z": 200,
    "/m/4cXl1HtMlzz5a": 200,
    "/m/nothing-has-this-name": 404,
    "/outcomes": 200,
    "/explain": 200,
    "/no-such-page": 404,
}
WEBUI = Path(webui.__file__).parent
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


@pytest.fixture(params=PAGES)
def address(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture(params=["en", "ru"])
def lang(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def open_page(client: FlaskClient, address: str, lang: str = "en") -> Document:
    response = client.get(address, headers={"Accept-Language": lang})
    return read_page(response.get_data(as_text=True))


def test_page_is_whole_and_names_its_language(client: FlaskClient, address: str, lang: str) -> None:
    response = client.get(address, headers={"Accept-Language": lang})
    page = read_page(response.get_data(as_text=True))
    assert response.status_code == PAGES[address]
    assert page.one("html").attributes["lang"] == lang
    assert page.one("h1").text.strip()
    assert page.name.strip()
    assert page.one("main").attributes["id"] == "main"


def test_ids_are_unique_and_labels_lead_somewhere(client: FlaskClient, address: str) -> None:
    page = open_page(client, address)
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    for name in ("for", "aria-labelledby", "aria-describedby", "data-from"):
        for value in page.values(name):
            assert set(value.split()) <= set(ids), (name, value)


def test_no_style_or_script_stands_in_the_page(client: FlaskClient, address: str) -> None:
    page = open_page(client, address)
    assert not page.values("style")
    assert not page.all("style")
    assert not [name for held in page.elements for name in held.attributes if name.startswith("on")]
    assert all(held.attributes.get("src") and not held.text for held in page.all("script"))


def test_every_link_resolves(client: FlaskClient, address: str) -> None:
    page = open_page(client, address)
    links = {held.attributes["href"] for held in page.all("a")}
    assert links
    for link in links:
        target, fragment = urldefrag(link)
        if urlsplit(target).netloc:
            assert target.startswith("https://")  # where a cause's facts were read
            continue
        if target:
            response = client.get(target)
            same_page = "lang=" in link and not link.startswith("/?")
            expected = PAGES[address] if same_page else 200
            assert response.status_code == expected, link
            body = response.get_data(as_text=True)
        if fragment:
            ids = page.values("id") if not target else read_page(body).values("id")
            assert fragment in ids, link


def test_every_file_a_page_names_is_served_and_kept(client: FlaskClient, address: str) -> None:
    page = open_page(client, address)
    files = {value.partition("#")[0] for value in page.values("href") + page.values("src")}
    static = {value for value in files if value.startswith("/static/")}
    assert len(static) + 1 <= 6  # requests of one page
    for file in static:
        response = client.get(file, buffered=True)
        assert response.status_code == 200
        assert response.cache_control.max_age == 31_536_000
        assert "?v=" in file


def test_headers_forbid_what_a_page_does_not_need(client: FlaskClient, address: str) -> None:
    headers = client.get(address).headers
    assert headers["Content-Security-Policy"] == CSP
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Server-Timing"].startswith("app;dur=")
    assert "Cookie" in headers["Vary"]


def test_glyphs_exist_in_the_sprite(client: FlaskClient, address: str) -> None:
    sprite = client.get("/static/sprite.svg", buffered=True).get_data(as_text=True)
    used = open_page(client, address).all("use")
    names = {held.attributes["href"].partition("#")[2] for held in used}
    assert all(f'id="{name}"' in sprite for name in names)


@pytest.mark.parametrize(
    ("path", "limit"), [("/trace?q=from:news@&limit=100", 20_000), (BOUNCED, 12_000), ("/", 12_000)]
)
def test_page_stays_within_its_size(client: FlaskClient, path: str, limit: int, lang: str) -> None:
    body = client.get(path, headers={"Accept-Language": lang}).get_data()
    assert len(gzip.compress(body)) <= limit


def test_files_stay_within_their_sizes(client: FlaskClient) -> None:
    sizes = {
        name: len(client.get(f"/static/{name}", buffered=True).get_data())
        for name in ("app.css", "theme.js", "copy.js")
    }
    # Nine places share it: every rule is used by one of them, and what looks alike is said once.
    assert sizes["app.css"] <= 11 * 1024
    assert sizes["theme.js"] + sizes["copy.js"] <= 20_000


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/", "/"), ("/trace?q=status:failed&since=48h", "/"), (BOUNCED, "/"),
        ("/check", "/check"), ("/headers", "/check"), ("/explain", "/explain"),
        ("/exports", "/exports"), ("/exports/new", "/exports"), ("/sources", "/sources"),
        ("/causes", "/causes"), ("/causes/greylisted", "/causes"), ("/outcomes", "/outcomes"),
        ("/no-such-page", ""),
    ],
)  # fmt: skip
def test_menu_says_where_one_is(client: FlaskClient, path: str, place: str, lang: str) -> None:
    links = [held.attributes for held in open_page(client, path, lang).all("a")]
    current = [link["href"] for link in links if link.get("aria-current") == "page"]
    assert current == ([place] if place else [])


def test_every_rule_of_the_style_sheet_has_something_to_dress(client: FlaskClient) -> None:
    """Classes that no page, picture or script names are dead."""
    css = client.get("/static/app.css", buffered=True).get_data(as_text=True)
    selectors = re.sub(r"/\*.*?\*/|\{[^{}]*\}", " ", css, flags=re.DOTALL)
    named = set(re.findall(r"\.([a-z][\w-]*)", selectors))
    written = " ".join(
        file.read_text("utf-8")
        for pattern in ("templates/*.html", "static/*.js", "*.py")
        for file in sorted(WEBUI.glob(pattern))
    )
    assert named
    assert [name for name in sorted(named) if not re.search(rf"\b{name}\b", written)] == []


def test_first_run_says_how_to_read_a_log(first_run: FlaskClient) -> None:
    page = open_page(first_run, "/")
    assert page.one("h1").text == "No mail has been read yet."
    assert "mailtracer ingest /var/log/mail.log" in page.one("main").text


def test_results_of_an_empty_store_explain_themselves(first_run: FlaskClient) -> None:
    page = open_page(first_run, "/trace?q=to:anna@corp.example")
    assert page.one("h1").text.startswith("No delivery matches")
