"""The knowledge base of causes, and the form that teaches a reply."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.store.outgoing import BLOCKED, NOW_US, sent
from tests.web.building import empty_store, read_log, site
from tests.web.reading_pages import Document, read_page
from tracer.causes import built_in
from tracer.explain import explain_by
from webui.app import create_app

STRANGE = "550 5.0.0 <bob@zz.example> De zolder zit tjokvol 12"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return tmp_path / "home" / "causes.d"


@pytest.fixture
def pages(tmp_path: Path, rules: Path) -> Iterator[FlaskClient]:
    """Two replies that nobody knows, three refusals by one provider, one message that passed."""
    lines = chain(
        sent(1, 90, "anna@corp.example", "bob@zz.example", server="mx.zz.example", reply=STRANGE),
        sent(2, 80, "anna@corp.example", "jan@zz.example", server="mx.zz.example", reply=STRANGE),
        sent(3, 70, "anna@corp.example", "a@north.example"),
        *(sent(n, 60 - n, f"u{n}@corp.example", "b@north.example", reply=BLOCKED) for n in (4, 5)),
        sent(6, 50, "anna@corp.example", "c@south.example", reply=BLOCKED),
    )
    engine = empty_store(tmp_path)
    log = tmp_path / "mail.log"
    log.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    read_log(engine, log, "mx1")
    told = replace(site(), now_us=lambda: NOW_US, rules=rules)
    yield create_app(engine, told).test_client()
    explain_by(built_in())
    engine.dispose()


def page(client: FlaskClient, address: str, lang: str = "en") -> Document:
    response = client.get(address, headers={"Accept-Language": lang})
    assert response.status_code == 200
    return read_page(response.get_data(as_text=True))


def words(document: Document) -> str:
    return " ".join(document.one("main").text.split())


def found(client: FlaskClient, query: str) -> list[str]:
    items = json.loads(client.get("/trace.json", query_string={"q": query}).data)["items"]
    return [item["id"] for item in items]


def teach(client: FlaskClient, id: str, cause: str, said: str) -> tuple[int, str]:
    form = {"m": id, "cause": cause, "words": said}
    response = client.post("/causes/teach", data=form)
    return response.status_code, " ".join(
        read_page(response.get_data(as_text=True)).one("main").text.split()
    )


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_every_cause_is_listed_with_its_counts(pages: FlaskClient, lang: str) -> None:
    document = page(pages, "/causes", lang)
    rows = {held.text.strip() for held in document.all("code")}
    assert rows == set(built_in())
    (blocked,) = [held.text for held in document.all("tr") if "ip_blocklisted" in held.text]
    assert blocked.split("ip_blocklisted")[1].split() == ["33"]  # 3 in 48 hours, 3 in 30 days


def test_counts_lead_to_the_messages(pages: FlaskClient) -> None:
    document = page(pages, "/causes")
    links = [held.attributes["href"] for held in document.all("a") if held.text == "3"]
    assert links == [
        "/trace?q=cause:ip_blocklisted&since=48h",
        "/trace?q=cause:ip_blocklisted&since=30d",
    ]
    assert len(found(pages, "cause:ip_blocklisted")) == 3


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_every_cause_has_a_page(pages: FlaskClient, lang: str) -> None:
    for cause in built_in():
        document = page(pages, f"/causes/{cause}", lang)
        assert document.one("h1").text, cause
        assert "{" not in words(document), cause


def test_page_of_a_cause_shows_texts_examples_and_messages(pages: FlaskClient) -> None:
    document = page(pages, "/causes/ip_blocklisted")
    shown = words(document)
    assert built_in()["ip_blocklisted"].example[0].reply in shown
    assert "u5@corp.example → b@north.example" in shown
    assert "Ваше письмо" in shown  # the texts of the other language
    assert "At our door" in shown


def test_causes_are_data_too(pages: FlaskClient) -> None:
    items = json.loads(pages.get("/causes.json").data)["items"]
    (blocked,) = [item for item in items if item["id"] == "ip_blocklisted"]
    assert (blocked["last_48h"], blocked["last_30d"], blocked["side"]) == (3, 3, "us")
    told = json.loads(pages.get("/causes/ip_blocklisted.json").data)
    assert told["examples"] and told["steps"][0]["what"]


def test_unknown_cause_is_not_found(pages: FlaskClient) -> None:
    assert pages.get("/causes/no_such_cause").status_code == 404


def test_reply_that_nobody_knows_can_be_taught(pages: FlaskClient) -> None:
    (id, _) = found(pages, "cause:unknown")
    message = page(pages, f"/m/{id}")
    (link,) = [held for held in message.all("a") if held.text == "Teach this reply"]
    form = page(pages, link.attributes["href"])
    assert form.one("textarea").text == "de zolder zit tjokvol"


def test_reply_with_a_cause_is_not_taught_again(pages: FlaskClient) -> None:
    id = found(pages, "cause:ip_blocklisted")[0]
    assert not [held for held in page(pages, f"/m/{id}").all("a") if "Teach" in held.text]
    assert pages.get(f"/causes/teach?m={id}").status_code == 302


def test_lesson_is_written_and_in_force_at_once(pages: FlaskClient, rules: Path) -> None:
    ids = found(pages, "cause:unknown")
    status, said = teach(pages, ids[0], "mailbox_full", "De zolder  zit tjokvol\n")
    assert status == 200 and "The rule is in use" in said
    (written,) = rules.iterdir()
    assert "bob@" not in written.read_text("utf-8")
    for id in ids:
        assert "mailbox_full" in words(page(pages, f"/m/{id}"))


def test_lesson_that_would_be_wrong_is_refused_and_nothing_is_written(
    pages: FlaskClient, rules: Path
) -> None:
    (id, _) = found(pages, "cause:unknown")
    status, said = teach(pages, id, "mailbox_full", "user unknown\nde zolder zit")
    assert status == 400 and "takes over a reply whose cause is recipient_unknown" in said
    status, said = teach(pages, id, "mailbox_full", "   ")
    assert status == 400 and "leave some words" in said
    status, said = teach(pages, id, "../../etc/passwd", "de zolder zit tjokvol")
    assert status == 400
    assert not rules.exists()


def test_lesson_is_shown_to_be_pasted_where_it_cannot_be_written(
    pages: FlaskClient, rules: Path
) -> None:
    rules.parent.write_text("a file where the home should be")
    (id, _) = found(pages, "cause:unknown")
    status, said = teach(pages, id, "mailbox_full", "de zolder zit tjokvol")
    assert status == 200 and "could not be written here" in said
    assert 'text = ["de zolder zit tjokvol"]' in said


def test_message_names_similar_cases_and_the_last_success(pages: FlaskClient) -> None:
    (id,) = found(pages, "to:c@south.example")
    said = words(page(pages, f"/m/{id}"))
    assert (
        "2 other messages of 2 senders to the servers of protection.example ran into the same "
        "since 11:04. The last one that got through before was at 10:50."
    ) in said
    body = json.loads(pages.get(f"/m/{id}.json").data)["similar"]
    assert (body["messages"], body["senders"], body["shared"]) == (2, 2, "provider")
    assert body["worked_at"] == "2026-11-22T10:50:00Z"
    assert body["domains"] == [{"domain": "north.example", "messages": 2}]


def test_similar_cases_are_counted_in_russian(pages: FlaskClient) -> None:
    (id,) = found(pages, "to:c@south.example")
    said = words(page(pages, f"/m/{id}", "ru"))
    assert "с 11:04: ещё 2 письма от 2 отправителей." in said


def test_list_of_similar_cases_has_them_all(pages: FlaskClient) -> None:
    (id,) = found(pages, "to:c@south.example")
    (link,) = [held for held in page(pages, f"/m/{id}").all("a") if held.text == "Show them all"]
    assert words(page(pages, link.attributes["href"])).count("@north.example") >= 2
