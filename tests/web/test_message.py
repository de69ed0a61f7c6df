"""The message page: the answer, the advice, the evidence, and nothing that a stranger wrote."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

from tests.web.reading_pages import Document, read_page
from webui import show

ORDER = "/m/4cXk2R1wPzz5Y?recipient="
BOUNCED = f"{ORDER}j.berg@northwind.example"


def message(client: FlaskClient, address: str, lang: str = "en") -> Document:
    response = client.get(address, headers={"Accept-Language": lang})
    assert response.status_code == 200
    return read_page(response.get_data(as_text=True))


def words(page: Document) -> str:
    return " ".join(page.one("main").text.split())


def test_heading_is_the_answer_and_advice_follows(client: FlaskClient) -> None:
    page = message(client, BOUNCED)
    assert "block list" in page.one("h1").text
    assert "“Order 20418 confirmed”, orders@corp.example → j.berg@northwind.example" in words(page)
    assert len([held for held in page.all("ol") if held.attributes.get("class") == "steps"]) == 1
    assert page.all("figcaption")[0].text.startswith("Tell the writer")
    assert "550 5.7.1 Unfortunately" in page.all("blockquote")[-1].text
    assert "S3150" in page.one("mark").text


def test_facts_name_who_acts_the_time_and_the_cause(client: FlaskClient) -> None:
    text = words(message(client, BOUNCED))
    assert "Next tryNonerefused for good" in text
    assert "1 h 15 min 22 s4 tries" in text
    assert "ip_blocklisted" in text


def test_waiting_message_tells_when_it_is_tried_again_and_given_up(client: FlaskClient) -> None:
    text = words(message(client, "/m/4cXn9WaitZz5b"))
    assert "Next tryAbout 10:07" in text
    assert "Gives upFri 27 Nov, 10:01" in text


def test_relayed_message_gives_their_queue_id(client: FlaskClient) -> None:
    page = message(client, f"{ORDER}books@fabrikam.example")
    (theirs,) = [held.text for held in page.all("dd") if held.text.startswith("9F3kQz77")]
    assert theirs.endswith("mx.fabrikam.example")
    assert "mailbox?" in words(page)


@pytest.mark.parametrize("recipient", ["books@fabrikam.example", "archive@corp.example"])
def test_each_recipient_has_a_tab_and_its_own_events(client: FlaskClient, recipient: str) -> None:
    page = message(client, BOUNCED)
    (tab,) = [held for held in page.all("a") if held.text.strip().startswith(recipient)]
    other = message(client, tab.attributes["href"].partition("#")[0])
    assert f"Events for {recipient}" in words(other)
    events = [held.text for held in other.all("tr")]
    assert not [text for text in events if "block list" in text]


def test_repeated_tries_are_folded_into_one_line(client: FlaskClient) -> None:
    text = words(message(client, BOUNCED))
    assert "the same 2 times more: 08:47:14, 08:57:19" in text
    assert text.count("temporarily rate limited") == 1 + 3  # the event, and three raw lines


def test_raw_lines_keep_their_numbers_when_only_some_are_shown(client: FlaskClient) -> None:
    page = message(client, BOUNCED)
    shown = [value for value in page.values("id") if value[0] == "L"]
    every = [
        value for value in message(client, f"{BOUNCED}&lines=all").values("id") if value[0] == "L"
    ]
    assert set(shown) < set(every)
    assert every == [f"L{number}" for number in range(1, len(every) + 1)]
    (line,) = [held for held in page.all("a") if held.attributes["href"] == "#L10"][:1]
    assert line.text in ("raw line 10", "10")


def test_notice_and_message_lead_to_each_other(client: FlaskClient) -> None:
    page = message(client, BOUNCED)
    notice = next(held for held in page.all("a") if "the notice about this message" in held.text)
    back = message(client, notice.attributes["href"])
    assert "the message this one came from" in words(back)


def test_picture_has_a_title_a_description_and_a_table(client: FlaskClient) -> None:
    page = message(client, BOUNCED)
    pictures = [held for held in page.all("svg") if held.attributes.get("role") == "img"]
    assert len(pictures) == 2
    assert "Path of the message from web01.corp.example to mx.mail.protection.example" in {
        held.text for held in page.all("title")
    }
    assert "3 tries put off: 451" in page.all("desc")[0].text
    table = [held.text for held in page.all("tr") if "Queue on mx1" in held.text]
    assert "1 h 15 min 20 s" in " ".join(table)


def test_nothing_a_stranger_wrote_becomes_markup(client: FlaskClient) -> None:
    for address in ("/m/4cXl1HtMlzz5a", "/trace?q=qid:4cXl1HtMlzz5a", "/m/4cXl1HtMlzz5a?lang=ru"):
        html = client.get(address).get_data(as_text=True)
        page = read_page(html)
        assert "alert(" in page.one("main").text
        assert not page.all("img")
        assert all(held.attributes.get("src") for held in page.all("script"))
        assert "\u202e" not in html


def test_address_in_the_query_box_is_escaped(client: FlaskClient) -> None:
    html = client.get('/trace?q="><script>alert(9)</script>').get_data(as_text=True)
    assert "<script>alert(9)" not in html


def test_json_holds_message_deliveries_hops_events_and_explanation(client: FlaskClient) -> None:
    row = json.loads(client.get("/trace.json?q=to:j.berg@").data)["items"][0]
    for address in (f"/m/{row['id']}.json", f"/api/v1/messages/{row['id']}"):
        body = json.loads(client.get(address).data)
        assert {"message", "deliveries", "hops", "events", "explanation"} <= set(body)
        assert body["message"]["id"] == row["id"]
        assert len(body["deliveries"]) == 3
        assert body["explanation"]["cause"] == "ip_blocklisted"
        assert body["events"][0]["at"] == "2026-11-22T08:42:09.114000Z"


def test_message_id_names_a_message_with_and_without_brackets(client: FlaskClient) -> None:
    for name in ("20418.5b1e@web01.corp.example", "<20418.5b1e@web01.corp.example>"):
        assert "Order 20418 confirmed" in words(message(client, f"/m/{name}"))


def test_recipient_the_message_never_had_is_not_found(client: FlaskClient) -> None:
    assert client.get(f"{ORDER}somebody@else.example").status_code == 404


def test_russian_page_says_it_in_russian_and_keeps_the_key(client: FlaskClient) -> None:
    page = message(client, BOUNCED, "ru")
    text = words(page)
    assert "возвращено" in text
    assert "status:bounced" in text
    assert "Как исправить" in text
    assert "1 ч 15 мин 22 с" in text
    assert page.name.startswith("Возвращено: Order 20418")


def test_reply_tells_who_said_it_at_which_step_on_which_try(client: FlaskClient) -> None:
    assert (
        "Said by mx.mail.protection.example [192.0.2.53]:25 at MAIL FROM (the sender’s address), "
        "on try 4 of 4, queue id 4cXk2R1wPzz5Y"
    ) in words(message(client, BOUNCED))
    waiting = words(message(client, "/m/4cXn9WaitZz5b"))
    assert "on try 1, others follow" in waiting
    relayed = words(message(client, f"{ORDER}books@fabrikam.example"))
    assert "at the end of DATA (after the whole message), on try 1 of 1" in relayed


@pytest.mark.parametrize(("lang", "other"), [("en", "ru"), ("ru", "en")])
def test_ready_texts_are_there_in_both_languages(
    client: FlaskClient, lang: str, other: str
) -> None:
    page = message(client, BOUNCED, lang)
    ready = {held.attributes.get("id", ""): held.text for held in page.elements}
    assert "Your message “Order 20418" in ready["say-user-en"]
    assert "Ваше письмо «Order 20418" in ready["say-user-ru"]
    for told in (ready["say-admin-en"], ready["say-admin-ru"]):
        assert "20418.5b1e@web01.corp.example" in told
    assert page.values("lang").count(other) >= 2  # the switch, and the folded texts
    order = [each for each in page.values("id") if each.startswith("say-user")]
    assert order == [f"say-user-{lang}", f"say-user-{other}"]


def test_estimate_of_the_next_try_is_data_too(client: FlaskClient) -> None:
    body = json.loads(client.get("/m/4cXn9WaitZz5b.json").data)
    assert body["retry"]["next_at"] == "2026-11-22T10:07:14.200000Z"
    assert body["retry"]["gives_up_at"] == "2026-11-27T10:01:44Z"
    assert json.loads(client.get(f"{BOUNCED}".replace("?", ".json?")).data)["retry"] is None


@pytest.mark.parametrize(
    ("recipient", "is_told"),
    [("archive@corp.example", False), ("books@fabrikam.example", True)],
)
def test_their_administrator_is_not_told_of_mail_that_was_delivered(
    client: FlaskClient, recipient: str, is_told: bool
) -> None:
    captions = [held.text for held in message(client, ORDER + recipient).all("figcaption")]
    assert any("Tell their administrator" in text for text in captions) is is_told
    assert any("Tell the" in text for text in captions)


def test_heading_parts_only_names_that_no_narrow_screen_holds() -> None:
    told = show.heading("To bob@far.example and reservations@northwind.example <b>")
    long = "reservations@<wbr>northwind<wbr>.example"
    assert told == f"To bob@far.example and {long} &lt;b&gt;"
