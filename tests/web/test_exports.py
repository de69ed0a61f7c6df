"""Exports on the pages and in the API: asking, waiting, taking the file, throwing it away."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.building import NEWSLETTERS, NOW_US, filled_store, site
from tests.web.reading_pages import Document, read_page
from tracer.config import Config
from tracer.config_exports import ExportsSettings, SmtpSettings
from tracer.jobs import desk as desk_module
from tracer.jobs.desk import Desk
from tracer.jobs.owner import owner
from tracer.jobs.work import work
from tracer.model import DAY_US
from tracer.store import jobs
from tracer.store.jobs import Job, State
from webui.app import create_app

NEWS = "from:news@corp.example"
API = "/api/v1/exports"


@dataclass
class Place:
    """Pages with a desk, and somebody who does the work when told to."""

    desk: Desk
    client: FlaskClient

    def work(self) -> list[Job]:
        """Run what waits."""
        with self.desk.engine.connect() as conn:
            waiting = jobs.waiting(conn)
        ended = [work(self.desk, id, threading.Event()) for id in waiting]
        return [job for job in ended if job is not None]

    def made(self, **body: object) -> Job:
        """One export, done."""
        told = self.client.post(API, json={"query": NEWS} | body)
        assert told.status_code == 202, told.data
        (job,) = self.work()
        return job

    def file(self, address: str, **headers: str) -> TestResponse:
        """A download, read to its end."""
        wanted = {name.replace("_", "-"): value for name, value in headers.items()}
        with self.client.get(address, headers=wanted) as response:
            assert response.data
        return response

    def page(self, address: str) -> Document:
        return read_page(self.client.get(address).get_data(as_text=True))


def place_at(folder: Path, **tables: object) -> Place:
    engine = filled_store(folder)
    desk = Desk(engine, replace(Config(home=folder), **tables), now_us=lambda: NOW_US)  # type: ignore[arg-type]
    return Place(desk, create_app(engine, site(), desk).test_client())


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = place_at(tmp_path)
    yield found
    found.desk.engine.dispose()


def text_of(page: Document) -> str:
    return " ".join(page.one("main").text.split())


def data(response: TestResponse) -> dict[str, object]:
    told: dict[str, object] = json.loads(response.data)
    return told


def test_api_takes_an_order_and_says_where_to_look(place: Place) -> None:
    asked = place.client.post(API, json={"query": NEWS, "format": "ndjson", "columns": "all"})
    assert asked.status_code == 202
    address = asked.headers["Location"]
    waiting = place.client.get(address)
    assert data(waiting)["state"] == "queued" and waiting.headers["Retry-After"]
    assert place.client.get(f"{address}/file").status_code == 409
    place.work()
    told = data(place.client.get(address))
    assert (told["state"], told["rows"], told["progress"]) == ("done", NEWSLETTERS, 1.0)
    file = place.file(str(told["file"]))
    assert hashlib.sha256(file.data).hexdigest() == told["sha256"]
    assert len(file.data.splitlines()) == NEWSLETTERS
    assert file.headers["Content-Disposition"].startswith("attachment")


def test_api_exports_all_times_unless_it_names_one(place: Place) -> None:
    assert data(place.client.post(API, json={}))["since"] is None
    day = data(place.client.post(API, json={"query": "last:1d"}))
    assert day["since"] == "2026-11-21T10:03:41Z"


def test_api_lists_pending_before_finished(place: Place) -> None:
    done = place.made()
    waits = data(place.client.post(API, json={"query": "status:failed"}))["id"]
    body = data(place.client.get(API))
    items = body["items"]
    assert isinstance(items, list)
    assert [item["id"] for item in items] == [waits, done.id]
    assert {"next", "complete_until"} <= set(body)


@pytest.mark.parametrize(
    "body",
    [{"query": "status:bouncd"}, {"format": "doc"}, {"columns": "none"}, {"colums": "all"},
     {"query": 7}, {"since": "soon"}],
)  # fmt: skip
def test_api_refuses_what_it_cannot_do(place: Place, body: dict[str, object]) -> None:
    response = place.client.post(API, json=body)
    assert response.status_code == 400
    assert response.mimetype == "application/problem+json"
    assert data(place.client.get(API))["items"] == []


def test_api_does_not_know_other_ids(place: Place) -> None:
    for address in (f"{API}/nothing", f"{API}/nothing/file"):
        response = place.client.get(address)
        assert response.status_code == 404 and response.mimetype == "application/problem+json"


def test_api_cancels_and_deletes(place: Place) -> None:
    id = data(place.client.post(API, json={"query": NEWS}))["id"]
    assert data(place.client.post(f"{API}/{id}/cancel"))["state"] == "cancelled"
    assert place.client.delete(f"{API}/{id}").status_code == 204
    assert place.client.get(f"{API}/{id}").status_code == 404


def test_a_download_can_be_resumed(place: Place) -> None:
    job = place.made()
    address = f"/exports/{job.id}/file"
    whole = place.file(address)
    assert whole.headers["ETag"] == f'"{job.sha256}"'
    assert whole.headers["Accept-Ranges"] == "bytes"
    rest = place.file(address, Range="bytes=100-", If_Range=f'"{job.sha256}"')
    assert rest.status_code == 206
    assert whole.data[:100] + rest.data == whole.data
    another = place.file(address, Range="bytes=100-", If_Range='"another"')
    assert another.status_code == 200 and another.data == whole.data


def test_a_download_is_counted_once_though_resumed(place: Place) -> None:
    job = place.made()
    place.file(f"/exports/{job.id}/file")
    place.file(f"/exports/{job.id}/file", Range="bytes=10-")
    assert place.desk.find(job.id).fetched == 1


def test_form_tells_rows_and_seconds_before_it_starts(place: Place) -> None:
    page = place.page(f"/exports/new?q={NEWS}&since=all")
    assert page.one("h1").text == f"{NEWSLETTERS} rows would be exported."
    text = text_of(page)
    assert "XLSX" in text and "0.1 s" in text and "can come at once" in text


def test_a_small_text_export_comes_at_once(place: Place) -> None:
    form = {"q": NEWS, "since": "all", "format": "csv", "columns": "summary", "how": "now"}
    response = place.client.post("/exports", data=form)
    rows = list(csv.reader(io.StringIO(response.get_data(as_text=True), newline="")))
    assert rows[0] == ["Date", "Sender", "Recipient", "Subject", "Status"]
    assert len(rows) == NEWSLETTERS + 1
    assert place.work() == []


@pytest.mark.parametrize("form", ["xlsx", "parquet"])
def test_what_cannot_be_streamed_becomes_a_job(place: Place, form: str) -> None:
    asked = {"q": NEWS, "since": "all", "format": form, "columns": "all", "how": "now"}
    response = place.client.post("/exports", data=asked)
    assert response.status_code == 303
    (job,) = place.work()
    assert response.headers["Location"] == f"/exports/{job.id}"
    assert job.state is State.DONE and job.rows == NEWSLETTERS


def test_a_large_export_becomes_a_job(tmp_path: Path) -> None:
    place = place_at(tmp_path, exports=ExportsSettings(at_once_rows=NEWSLETTERS - 1))
    page = place.page(f"/exports/new?q={NEWS}&since=all")
    assert "Download now" not in page.one("main").text
    asked = {"q": NEWS, "since": "all", "format": "csv", "columns": "all", "how": "now"}
    assert place.client.post("/exports", data=asked).status_code == 303
    place.desk.engine.dispose()


def test_a_form_that_cannot_be_understood_is_an_error_page(place: Place) -> None:
    asked = {"q": "status:bouncd", "format": "csv", "columns": "all"}
    assert place.client.post("/exports", data=asked).status_code == 400


def test_results_lead_to_the_form_with_their_query(client: FlaskClient) -> None:
    page = read_page(client.get(f"/trace?q={NEWS}&since=7d").get_data(as_text=True))
    links = [a.attributes["href"] for a in page.all("a") if a.text == "Download…"]
    assert links == ["/exports/new?q=from:news@corp.example&since=7d"]


def test_list_shows_a_finished_export_in_full(place: Place) -> None:
    job = place.made(columns="enhanced", format="excel")
    page = place.page("/exports")
    text = text_of(page)
    assert page.one("h1").text == "1 export is ready to be downloaded."
    assert job.sha256 in text and "enhanced, as Microsoft 365, 11 columns" in text
    assert f"{NEWSLETTERS}, none left out" in text and "127.0.0.1" in text
    assert f"/exports/{job.id}/file" in page.values("href")
    assert not page.values("http-equiv")


def test_list_shows_progress_and_reads_itself_anew(place: Place) -> None:
    job = place.desk.find(str(data(place.client.post(API, json={"query": NEWS}))["id"]))
    with place.desk.engine.begin() as conn:
        jobs.begin(conn, job.id, owner(), NOW_US - 10_000_000)
        jobs.advance(conn, job.id, owner(), NOW_US, 25, 100)
    page = place.page("/exports")
    assert page.one("h1").text == "1 export is running."
    assert page.one("progress").attributes["value"] == "25"
    assert "30 s left" in text_of(page)
    assert page.values("http-equiv") == ["refresh"]
    assert not place.page("/exports?still=1").values("http-equiv")


def test_list_is_kind_when_there_is_nothing(place: Place) -> None:
    assert place.page("/exports").one("h1").text == "There are no exports to download."


def test_failure_says_why_in_both_languages(place: Place) -> None:
    place.desk.folder.write_text("in the way")
    job = place.made()
    assert "Choose another place" in text_of(place.page(f"/exports/{job.id}?lang=en"))
    russian = place.page(f"/exports/{job.id}?lang=ru")
    assert "Выберите другое место" in text_of(russian)
    assert "Choose" not in text_of(russian)


def test_buttons_cancel_run_again_and_delete(place: Place) -> None:
    id = data(place.client.post(API, json={"query": NEWS}))["id"]
    assert place.client.post(f"/exports/{id}/cancel").headers["Location"] == f"/exports/{id}"
    again = place.client.post(f"/exports/{id}/again").headers["Location"]
    (job,) = place.work()
    assert again == f"/exports/{job.id}" and job.state is State.DONE
    assert place.client.post(f"/exports/{job.id}/delete").headers["Location"] == "/exports"
    assert not list(place.desk.folder.iterdir())
    assert place.client.get(again).status_code == 404


def test_an_expired_export_says_so_and_can_be_run_again(place: Place) -> None:
    job = place.made()
    later = replace(place.desk, now_us=lambda: NOW_US + 8 * DAY_US)
    later.tidy()
    text = text_of(place.page(f"/exports/{job.id}"))
    assert "expired" in text and "Run again" in text
    assert place.client.get(f"/exports/{job.id}/file").status_code == 404


def test_other_sites_cannot_start_one(place: Place) -> None:
    response = place.client.post(
        "/exports", data={"q": NEWS}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert response.status_code == 403
    assert place.work() == []


def test_a_test_message_that_cannot_be_sent_says_why(tmp_path: Path) -> None:
    smtp = SmtpSettings(host="127.0.0.1", port=1, sender="t@corp.example", security="none")
    place = place_at(tmp_path, smtp=smtp, exports=ExportsSettings(mail_to="ops@corp.example"))
    page = read_page(place.client.post("/exports/test-message").get_data(as_text=True))
    assert "127.0.0.1 port 1 cannot be reached" in text_of(page)
    russian = place.client.post("/exports/test-message?lang=ru").get_data(as_text=True)
    assert "До 127.0.0.1 на порту 1 не дозвониться" in russian
    place.desk.engine.dispose()


@pytest.mark.parametrize("address", ["/exports?lang=ru", f"/exports/new?q={NEWS}&lang=ru"])
def test_pages_are_whole_in_russian(place: Place, address: str) -> None:
    place.made()
    page = place.page(address)
    assert page.one("html").attributes["lang"] == "ru"
    assert "Выгрузки" in [a.text for a in page.all("a")]
    assert not page.values("style") and not page.values("onclick")


def test_only_so_many_may_wait(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "MOST_WAITING", 1)
    asked = {"q": NEWS, "since": "all", "format": "xlsx", "columns": "all"}
    assert place.client.post("/exports", data=asked).status_code == 303
    refused = place.client.post("/exports?lang=ru", data=asked)
    assert refused.status_code == 429
    assert "В очереди уже много выгрузок." in refused.get_data(as_text=True)
    assert place.client.post(API, json={"query": NEWS}).status_code == 429


def test_list_tells_exports_of_the_same_query_apart_by_their_columns(place: Place) -> None:
    for columns in ("all", "extended"):
        place.client.post("/exports", data={"q": NEWS, "format": "xlsx", "columns": columns})
    place.work()
    table = place.page("/exports").one("table").text
    assert table.count("XLSX") == 2
    assert table.count("extended, as Microsoft 365") == 1
