"""What is wrong with a query is said in the reader's language; the command line stays English."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from tests.web.building import NOW_US
from tests.web.reading_pages import read_page
from tracer.errors import InvalidQuery, Phrase
from tracer.query import parse_query


def shown(client: FlaskClient, q: str, lang: str) -> str:
    """The text of the page that a search leads to."""
    response = client.get("/trace", query_string={"q": q, "lang": lang})
    return " ".join(read_page(response.get_data(as_text=True)).one("main").text.split())


@pytest.mark.parametrize(
    ("q", "english", "russian"),
    [
        ("size:>10Q", "a size ends in K, M or G", "размер оканчивается на K, M или G"),
        ("status:bouncd", "bouncd is not an outcome", "bouncd — это не исход доставки"),
        ("from:", "from: needs a value", "после from: нужно значение"),
        ("(a OR b", "this ( is never closed", "эта ( не закрыта"),
        ("a OR", "OR needs something on both sides", "по обе стороны OR должно что-то стоять"),
        ("last:3months", "months differ in length", "месяцы бывают разной длины"),
        ("since:nonsense", "a time is how long ago", "время — это сколько назад"),
        ("ip:999.1", "ip: takes an address or a network", "после ip: стоит адрес или сеть"),
        ("since:today until:yesterday", "the time range is empty", "промежуток времени пуст"),
        ("to:a@b.example (since:2d OR x)", "since: holds for the whole query",
         "since: действует на весь запрос"),
    ],
)  # fmt: skip
def test_error_is_told_in_the_language_of_the_page(
    client: FlaskClient, q: str, english: str, russian: str
) -> None:
    assert english in shown(client, q, "en")
    page = shown(client, q, "ru")
    assert russian in page and english not in page
    with pytest.raises(InvalidQuery, match=re.escape(english)):
        parse_query(q, now_us=NOW_US)


@pytest.mark.parametrize(
    ("q", "english", "russian"),
    [
        ("sender:anna", "Did you mean from:?", "Может быть, from:?"),
        ("zzz:1", "zzz: is not a key; it was searched as text.", "zzz: — не ключ"),
        ("a or b", "or was searched as a word.", "or искали как слово."),
        ("size:10M", "for more write size:>10M", "чтобы найти больше, напишите size:>10M"),
    ],
)
def test_hint_is_told_in_the_language_of_the_page(
    client: FlaskClient, q: str, english: str, russian: str
) -> None:
    assert english in shown(client, q, "en")
    page = shown(client, q, "ru")
    assert russian in page and english not in page
    assert any(english in hint for hint in parse_query(q, now_us=NOW_US).hints)


def test_problem_of_the_api_is_told_in_the_language_asked_for(client: FlaskClient) -> None:
    address = "/api/v1/deliveries?q=from:"
    russian = client.get(address, headers={"Accept-Language": "ru"}).get_json()
    assert russian["detail"] == "после from: нужно значение"
    assert client.get(address).get_json()["detail"] == "from: needs a value"


def test_phrase_is_its_english_text_and_remembers_its_template() -> None:
    phrase = Phrase("%(key)s: needs a value", key="100%")
    assert phrase == "100%: needs a value"
    assert (phrase.template, phrase.params) == ("%(key)s: needs a value", {"key": "100%"})
    assert Phrase("100% sure") == "100% sure"


def test_what_a_stranger_typed_is_escaped_in_the_translated_sentence(client: FlaskClient) -> None:
    address = "/trace?lang=ru&q=status:<script>alert(1)</script>"
    assert "<script>alert" not in client.get(address).get_data(as_text=True)
