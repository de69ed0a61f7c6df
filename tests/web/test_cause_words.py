"""A cause is named by who refused: in rows, in facets, on the message page, in both languages."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.web.reading_pages import Document, read_page


def opened(client: FlaskClient, address: str, lang: str) -> Document:
    response = client.get(f"{address}{'&' if '?' in address else '?'}lang={lang}")
    return read_page(response.get_data(as_text=True))


def main(page: Document) -> str:
    return " ".join(page.one("main").text.split())


@pytest.mark.parametrize(
    ("lang", "in_row", "in_facet"),
    [
        ("en", "No such mailbox here", "No such mailbox"),
        ("ru", "Такого ящика у нас нет", "Такого ящика нет"),
    ],
)
def test_refusal_at_our_door_is_named_as_ours_in_its_row_and_neutrally_in_the_facet(
    client: FlaskClient, lang: str, in_row: str, in_facet: str
) -> None:
    page = opened(client, "/trace?q=status:rejected", lang)
    assert in_row in [held.text for held in page.all("small")]
    assert any(held.text.strip().startswith(in_facet) for held in page.all("a"))
    assert in_row not in [held.text.strip() for held in page.all("a")]


def test_block_list_that_has_us_is_named_neutrally_where_rows_are_counted(
    client: FlaskClient,
) -> None:
    page = opened(client, "/trace?q=cause:ip_blocklisted", "en")
    assert "Our IP is on a block list" in [held.text for held in page.all("small")]
    assert "Sending IP is on a block list" in main(page)


@pytest.mark.parametrize(
    ("lang", "title", "caption"),
    [
        ("en", "No such mailbox here", "Tell the person who asks"),
        ("ru", "Такого ящика у нас нет", "Тому, кто спрашивает"),
    ],
)
def test_message_page_of_a_refusal_speaks_to_the_one_who_waits_for_the_mail(
    client: FlaskClient, lang: str, title: str, caption: str
) -> None:
    (row,) = client.get("/trace.json?q=status:rejected").get_json()["items"]
    text = main(opened(client, f"/m/{row['id']}", lang))
    assert title in text and caption in text
    assert ("Tell the writer" not in text) and ("Ответ автору" not in text)
