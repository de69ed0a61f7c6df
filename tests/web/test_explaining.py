"""The page `/explain` and `POST /api/v1/explain`."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.reading_pages import Document, read_page

CORPUS = Path(__file__).resolve().parents[1] / "corpus" / "notices"
BOUNCE = CORPUS / "01_postfix_failure.eml"
MULTIPART = "multipart/form-data"
FULL = "552 5.2.2 Mailbox full"


def post(client: FlaskClient, lang: str = "en", **form: object) -> TestResponse:
    return client.post("/explain", data=form, headers={"Accept-Language": lang})


def explained(client: FlaskClient, lang: str = "en", **form: object) -> Document:
    response = post(client, lang, **form)
    assert response.status_code == 200
    return read_page(response.get_data(as_text=True))


def whole_upload(octets: bytes) -> dict[str, object]:
    """A large file as one body: the test client would leave a temporary file open."""
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.eml"\r\n\r\n'
    return {"data": head + octets + b"\r\n--b--\r\n", "content_type": f"{MULTIPART}; boundary=b"}


def upload(octets: bytes, name: str = "bounce.eml") -> dict[str, object]:
    return {"file": (io.BytesIO(octets), name)}


def test_form_stands_in_the_menu_and_needs_no_script(client: FlaskClient) -> None:
    page = read_page(client.get("/explain").get_data(as_text=True))
    assert page.one("form").attributes["action"] == "/explain"
    assert page.one("textarea").attributes["name"] == "text"
    assert "/explain" in page.values("href")


@pytest.mark.parametrize(("lang", "words"), [("en", "mailbox"), ("ru", "Ящик")])
def test_reply_is_explained_in_both_languages(client: FlaskClient, lang: str, words: str) -> None:
    page = explained(client, lang, text=FULL)
    assert words in page.one("h1").text
    assert [held.text for held in page.all("mark")] == ["Mailbox full"]


def test_uploaded_notice_has_a_card_for_each_recipient(client: FlaskClient) -> None:
    page = explained(client, **upload(BOUNCE.read_bytes()))
    assert "j.berg@northwind.example" in page.one("h1").text
    assert any("books@fabrikam.example" in held.text for held in page.all("h2"))
    ids = page.values("id")
    assert len(ids) == len(set(ids))


def test_notice_leads_to_its_message(client: FlaskClient) -> None:
    row = client.get("/m/4cXk2R1wPzz5Y.json?recipient=j.berg@northwind.example").json["message"]  # type: ignore[index]
    text = BOUNCE.read_text("utf-8").replace("20261122.0957.17@corp.example", row["message_id"])
    page = explained(client, text=text)
    assert f"/m/{row['id']}" in page.values("href")


def test_notice_about_nothing_of_ours_says_so(client: FlaskClient) -> None:
    page = client.post("/explain", data=upload((CORPUS / "07_qmail.eml").read_bytes()))
    assert "somebody else sent it in our name" in page.get_data(as_text=True)


def test_headers_show_the_way(client: FlaskClient) -> None:
    text = (CORPUS / "32_ordinary_mail.eml").read_text("utf-8")
    page = post(client, text=text).get_data(as_text=True)
    assert "mx2.corp.example" in page
    assert "Read all of these headers" in page


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.eml")), ids=lambda path: path.stem)
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_every_kind_of_notice_makes_a_whole_page(
    client: FlaskClient, path: Path, lang: str
) -> None:
    page = explained(client, lang, **upload(path.read_bytes()))
    assert page.one("h1").text.strip()
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    for name in ("for", "aria-labelledby", "data-from"):
        for value in page.values(name):
            assert value in ids, (name, value)


def test_markup_and_controls_of_strangers_stay_text(client: FlaskClient) -> None:
    page = post(
        client, text="550 5.1.1 <script>alert(1)</script>\x1b\u202e User unknown <img src=x>"
    )
    told = page.get_data(as_text=True)
    assert "<script>alert" not in told
    assert "<img" not in told
    assert "\x1b" not in told and "\u202e" not in told


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"text": " "}, "Paste a reply"),
        (upload(b"\x1f\x8b\x08\x00aaaa", "log.gz"), "Unpack it first"),
        (upload(b"\x89PNG\r\n\x1a\n" + bytes(300), "a.png"), "no text"),
    ],
)
def test_what_cannot_be_explained_gets_advice(
    client: FlaskClient, form: dict[str, object], words: str
) -> None:
    response = post(client, **form)
    assert response.status_code == 400
    assert words in response.get_data(as_text=True)


def test_more_than_ten_megabytes_are_refused(client: FlaskClient) -> None:
    response = client.post("/explain", **whole_upload(b"a" * (11 << 20)))  # type: ignore[arg-type]
    assert response.status_code == 413
    assert "10 MB" in response.get_data(as_text=True)


def test_large_text_below_the_limit_is_read(client: FlaskClient) -> None:
    octets = f"{FULL}\n{'x' * 3_000_000}".encode()
    response = client.post("/explain", **whole_upload(octets))  # type: ignore[arg-type]
    assert response.status_code == 200
    assert "Only the first" in response.get_data(as_text=True)


def test_page_of_another_site_cannot_post(client: FlaskClient) -> None:
    response = client.post(
        "/explain", data={"text": FULL}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert response.status_code == 403


# The API


def test_api_gives_the_object_of_the_command(client: FlaskClient) -> None:
    response = client.post("/api/v1/explain", json={"id": 7, "text": FULL, "lang": "ru"})
    told = response.get_json()
    assert (told["id"], told["cause"], told["actor"]) == (7, "mailbox_full", "recipient")
    assert told["trace"] == []
    assert "Ящик" in told["headline"]


@pytest.mark.parametrize("kind", ["message/rfc822", "text/plain; charset=utf-8"])
def test_api_takes_a_message_as_its_body(client: FlaskClient, kind: str) -> None:
    response = client.post(
        "/api/v1/explain?lang=ru", data=BOUNCE.read_bytes(), headers={"Content-Type": kind}
    )
    told = response.get_json()
    assert (told["kind"], told["cause"]) == ("failure", "recipient_unknown")
    assert "ящика" in told["headline"]


@pytest.mark.parametrize(
    ("body", "kind", "status", "words"),
    [
        ("{", "application/json", 400, ""),
        ('{"text": 5}', "application/json", 400, "text"),
        ("[]", "application/json", 400, "object"),
        ('{"text": ""}', "application/json", 400, "nothing to explain"),
        ("x", "image/png", 415, "message/rfc822"),
        ("", "text/plain", 400, "nothing to explain"),
    ],
)
def test_api_answers_bad_bodies_with_a_problem(
    client: FlaskClient, body: str, kind: str, status: int, words: str
) -> None:
    response = client.post("/api/v1/explain", data=body, headers={"Content-Type": kind})
    assert response.status_code == status
    assert response.mimetype == "application/problem+json"
    told = json.loads(response.get_data(as_text=True))
    assert told["status"] == status
    assert words in told["detail"]


def test_api_refuses_more_than_ten_megabytes(client: FlaskClient) -> None:
    response = client.post(
        "/api/v1/explain", data=b"a" * (11 << 20), headers={"Content-Type": "text/plain"}
    )
    assert response.status_code == 413
    assert response.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    ("lang", "offer"),
    [("en", "It may be one of these:"), ("ru", "Возможно, это одно из двух:")],
)
def test_reply_that_nothing_fits_comes_with_links_to_the_likeliest_causes(
    client: FlaskClient, lang: str, offer: str
) -> None:
    page = explained(client, lang, text="550 5.0.0 Zork")
    assert offer in page.one("main").text
    data = client.post("/api/v1/explain", json={"text": "550 5.0.0 Zork", "lang": lang}).get_json()
    assert len(data["likeliest"]) == 2
    links = {held.attributes["href"]: held.text for held in page.all("a")}
    for likely in data["likeliest"]:
        assert links[f"/causes/{likely['cause']}"] == likely["title"]
    assert offer not in explained(client, lang, text=FULL).one("main").text


@pytest.mark.parametrize(
    ("lang", "heading", "hint"),
    [
        ("en", "This does not look like a reply from a mail server.", "the bounce message"),
        ("ru", "Это не похоже на ответ почтового сервера.", "уведомление о недоставке"),
    ],
)
def test_words_of_nobodys_server_get_no_steps_but_say_what_to_paste(
    client: FlaskClient, lang: str, heading: str, hint: str
) -> None:
    page = explained(client, lang, text="hello there my friend")
    assert page.one("h1").text == heading
    assert hint in page.one("main").text
    assert page.one("textarea").text.strip() == "hello there my friend"
    assert not page.all("figcaption")
    assert not [held for held in page.all("ol") if held.attributes.get("class") == "steps"]
