"""Results: counts, facets, pages of rows, empty states, and the same as CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from flask.testing import FlaskClient

from tests.web.building import NEWSLETTERS
from tests.web.reading_pages import Document, read_page

ROW_FIELDS = [
    "id", "received_at", "updated_at", "status", "cause", "sender", "recipient",
    "original_recipient", "subject", "message_id", "direction", "host", "queue_id", "queue_ids",
    "client", "relay", "size", "attempts", "delay_s", "reply", "enhanced_status", "source",
]  # fmt: skip


def results(client: FlaskClient, address: str) -> Document:
    response = client.get(address)
    assert response.status_code == 200
    return read_page(response.get_data(as_text=True))


def rows_of(page: Document) -> list[str]:
    return [
        held.attributes["href"]
        for held in page.all("a")
        if held.attributes.get("class") == "t" and held.attributes["href"].startswith("/m/")
    ]


def link(page: Document, words: str) -> str:
    (found,) = {held.attributes["href"] for held in page.all("a") if held.text.strip() == words}
    return found


def test_count_is_exact_and_rows_are_newest_first(client: FlaskClient) -> None:
    page = results(client, "/trace?q=from:orders@corp.example")
    assert "3 deliveries of 1 message" in " ".join(page.one("main").text.split())
    assert len(rows_of(page)) == 3
    times = [held.attributes["datetime"] for held in page.all("time") if "09:57" not in held.text]
    assert times == sorted(times, reverse=True)


def test_pages_hold_every_row_once(client: FlaskClient) -> None:
    page = results(client, "/trace?q=from:news@corp.example")
    seen = rows_of(page)
    assert len(seen) == 50
    page = results(client, link(page, "Older ›"))
    seen += rows_of(page)
    assert f"51–{NEWSLETTERS} of {NEWSLETTERS}" in page.one("main").text
    assert len(set(seen)) == len(seen) == NEWSLETTERS
    assert not [held for held in page.all("a") if held.text == "Older ›"]
    assert rows_of(results(client, link(page, "‹ Newest"))) == seen[:50]


def test_choosing_a_facet_narrows_and_choosing_it_again_widens(client: FlaskClient) -> None:
    page = results(client, "/trace?q=from:orders@corp.example")
    narrow = link(page, "bounced")
    page = results(client, narrow)
    assert page.name.startswith("1 delivery")
    chosen = next(
        held
        for held in page.all("a")
        if held.attributes.get("aria-current") == "true" and "bounced" in held.text
    )
    wide = results(client, chosen.attributes["href"])
    assert wide.name.startswith("3 deliveries")


def test_facet_value_with_strange_letters_is_found_again(client: FlaskClient) -> None:
    page = results(client, "/trace?q=cause:unknown")
    sender = next(held for held in page.all("a") if "onerror" in held.text)
    assert results(client, sender.attributes["href"]).name.startswith("1 delivery")


def test_copied_link_holds_times_not_a_moving_range(client: FlaskClient) -> None:
    page = results(client, "/trace?q=from:orders@corp.example&since=24h")
    (copied,) = page.values("data-copy")
    assert "since=2026-11-21T10:03:41Z" in copied
    assert "until=2026-11-22T10:03:41Z" in copied
    assert len(rows_of(results(client, copied.removeprefix("http://localhost")))) == 3


def test_range_in_the_address_stays_chosen(client: FlaskClient) -> None:
    page = results(client, "/trace?q=&since=2026-11-21T00:00..2026-11-22T00:00")
    (chosen,) = [held for held in page.all("option") if "selected" in held.attributes]
    assert chosen.attributes["value"] == "2026-11-21T00:00..2026-11-22T00:00"
    assert len(rows_of(page)) == 50


def test_nothing_found_counts_each_condition_alone_and_without_it(client: FlaskClient) -> None:
    page = results(client, "/trace?q=to:reader11@fabrikam.example+status:failed")
    assert page.one("h1").text == "No delivery matches all 3 conditions."
    cells = [" ".join(held.text.split()) for held in page.all("tr")]
    assert cells[1] == "to:reader11@fabrikam.example3 deliveries1"
    assert cells[2] == "status:failed1 delivery3"
    loosened = link(page, "1 delivery")
    assert len(rows_of(results(client, loosened))) == 1


def test_query_error_marks_the_place_and_offers_a_correction(client: FlaskClient) -> None:
    response = client.get("/trace?q=to:anna@+status:bouncd")
    assert response.status_code == 400
    page = read_page(response.get_data(as_text=True))
    query, caret = page.one("pre").text.splitlines()[:2]
    assert query == "to:anna@ status:bouncd"
    assert query[caret.index("^") :].startswith(("status:bouncd", "bouncd"))
    (box,) = [held for held in page.all("input") if held.attributes["name"] == "q"]
    assert box.attributes["value"] == query
    suggestion = next(held for held in page.all("a") if "bounced" in held.text)
    assert "bouncd" not in suggestion.attributes["href"]
    assert client.get(suggestion.attributes["href"]).status_code == 200


def test_unknown_key_is_searched_as_text_with_a_hint(client: FlaskClient) -> None:
    response = client.get("/trace?q=subjct:order")
    assert response.status_code == 200
    assert "subject:" in response.get_data(as_text=True)


def test_csv_holds_the_rows_of_the_page_and_no_formula(client: FlaskClient) -> None:
    response = client.get("/trace.csv?q=from:orders@corp.example")
    assert response.mimetype == "text/csv"
    assert response.headers["Content-Disposition"].startswith("attachment; filename=")
    rows = list(csv.DictReader(io.StringIO(response.get_data(as_text=True))))
    page = results(client, "/trace?q=from:orders@corp.example")
    assert [f"/m/{row['id']}" for row in rows] == [held.partition("?")[0] for held in rows_of(page)]
    assert list(rows[0]) == ROW_FIELDS
    whole = client.get("/trace.csv").get_data(as_text=True)
    cells = [cell for row in csv.reader(io.StringIO(whole)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t", "\r"))]
    assert len(whole.splitlines()) == NEWSLETTERS + 8


def test_json_is_the_delivery_row_of_the_contract(client: FlaskClient) -> None:
    body = json.loads(client.get("/trace.json?q=from:orders@corp.example").data)
    assert {"items", "next", "complete_until", "count", "messages"} <= set(body)
    assert body["count"] == 3
    assert body["next"] is None
    assert body["complete_until"] == "2026-11-21T15:59:33.100000Z"
    assert set(ROW_FIELDS) <= set(body["items"][0])
    bounced = next(item for item in body["items"] if item["status"] == "bounced")
    assert bounced["recipient"] == "j.berg@northwind.example"
    assert bounced["received_at"] == "2026-11-22T08:42:09.114000Z"
    assert bounced["queue_ids"] == ["mx1/4cXk2R1wPzz5Y"]


def test_cursor_that_is_not_ours_is_refused(client: FlaskClient) -> None:
    assert client.get("/trace?after=rubbish").status_code == 400


def test_source_that_lags_is_named(client: FlaskClient) -> None:
    text = " ".join(results(client, "/trace").one("main").text.split())
    assert "Sources: 1 of 2 complete to 10:02:14; mx2 to Sat 21 Nov, 15:59" in text


def test_log_of_the_fixture_is_what_these_tests_think(client: FlaskClient) -> None:
    lines = (Path(__file__).parent / "mail.log").read_text("utf-8").splitlines()
    body = json.loads(client.get("/trace.json?q=-from:news@corp.example").data)
    assert len(lines) == 27
    assert body["count"] == 7
