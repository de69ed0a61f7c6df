"""The pages and the API of delivery diagnostics, with checks that ask nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from tests.fake_checks import FINE, WEAK, found, saying, waiting, world
from tests.web.building import NOW_US, empty_store, filled_store, site
from tests.web.reading_pages import Document, read_page
from tracer.config_diagnostics import DiagnosticsSettings
from tracer.diagnostics.check import Check
from tracer.diagnostics.kept import open_report, run_into
from tracer.diagnostics.model import Evidence, Side, Source, Target, Verdict
from tracer.model import DAY_US
from tracer.query import parse_query
from tracer.store import deliveries, reports
from webui import diagnosis_runs
from webui.app import create_app
from webui.diagnosis_runs import Runs

PAIR = {"sender": "orders@corp.example", "recipient": "anna@northwind.example"}
BOTH = (saying(WEAK), saying(FINE))
Pages = Callable[..., FlaskClient]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    engine = empty_store(tmp_path)
    yield engine
    engine.dispose()


def app_with(
    store: Engine, checks: Sequence[Check] = BOTH, settings: DiagnosticsSettings | None = None
) -> Flask:
    """The application with these checks and a closed world."""
    app = create_app(store, site())
    held = Runs(
        store, settings or DiagnosticsSettings(), lambda: NOW_US, tuple(checks),
        lambda target: (target, world()),
    )  # fmt: skip
    diagnosis_runs.install(app, held)
    return app


def finished(store: Engine, checks: Sequence[Check] = BOTH, **target: str) -> str:
    """The id of a report that is done."""
    asked = Target(**(target or PAIR))  # type: ignore[arg-type]
    kept = open_report(store, asked, NOW_US, checks=checks)
    run_into(store, kept, lambda target: (target, world()), checks)
    return kept.id


def page(client: FlaskClient, address: str) -> Document:
    answer = client.get(address)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:2000]
    return read_page(answer.get_data(as_text=True))


def until_done(client: FlaskClient, location: str) -> Document:
    """The page of a report once it is over: its stream ends then."""
    stream = client.get(f"{location}/events").get_data(as_text=True)
    assert "event: done" in stream
    return page(client, location)


def test_a_run_is_started_by_post_and_leads_to_its_report(store: Engine) -> None:
    client = app_with(store).test_client()
    answer = client.post("/check", data=PAIR)
    assert answer.status_code == 303
    done = until_done(client, answer.headers["Location"])
    assert "To mend: 1 with the sender, corp.example." in done.one("h1").text
    text = done.one("main").text
    assert 'corp.example. 3600 IN TXT "v=spf1 mx -all"' in text
    assert "RFC 7208, 5.1" in text and "up to 5 min" in text
    assert "corp.example TXT" in text and "127.0.0.1:53" in text


@pytest.mark.parametrize("lang", ["en", "ru"])
def test_every_state_of_a_report_is_a_whole_page(store: Engine, lang: str) -> None:
    client = app_with(store).test_client()
    every = [
        saying(found(f"spf.{verdict}", verdict, side, fix=WEAK.fix), name="spf")
        for verdict in Verdict
        for side in Side
    ]
    for address in ("/check", f"/check/{finished(store, every)}", "/headers"):
        told = page(client, f"{address}?lang={lang}").one("main").text
        assert told.strip()


def test_findings_come_as_events_while_the_run_goes_on(store: Engine) -> None:
    door = threading.Event()
    client = app_with(store, (saying(WEAK), waiting("slow", door))).test_client()
    location = client.post("/check", data=PAIR).headers["Location"]
    running = page(client, location)
    assert "Checking orders@corp.example → anna@northwind.example" in running.one("h1").text
    assert "2" in [one.attributes.get("content") for one in running.all("meta")]  # without scripts
    assert f"{location}/events" in running.values("data-events")
    stream = client.get(f"{location}/events", buffered=False).response
    seen = ""
    for piece in stream:
        seen += piece if isinstance(piece, str) else piece.decode()
        if "spf.weak" in seen:
            door.set()
    assert seen.index("event: report") < seen.index("slow.fine") < seen.index("event: done")
    done = page(client, location)
    assert not done.values("data-events")
    assert "refresh" not in done.values("http-equiv")


def test_a_get_never_starts_a_run(store: Engine) -> None:
    client = app_with(store).test_client()
    done = finished(store)
    for address in ("/check?sender=a@corp.example&run=1", f"/check/{done}", f"/check/{done}.json"):
        assert client.get(address).status_code == 200
    assert client.get(f"/check/{done}/again").status_code == 405
    with store.connect() as conn:
        assert len(reports.history(conn)) == 1


def test_the_form_is_filled_from_the_address(store: Engine) -> None:
    asked = page(
        app_with(store).test_client(),
        "/check?sender=a@corp.example&recipient=b@x.example&ip=192.0.2.1&check=spf&check=dmarc",
    )
    values = {one.attributes.get("name"): one.attributes.get("value") for one in asked.all("input")}
    assert values["sender"] == "a@corp.example" and values["ip"] == "192.0.2.1"
    chosen = [one for one in asked.all("input") if one.attributes.get("name") == "check"]
    assert [one.attributes["value"] for one in chosen] == ["spf", "dmarc"]


def test_only_the_chosen_checks_are_run(store: Engine) -> None:
    client = app_with(store).test_client()
    location = client.post("/check", data=PAIR | {"check": "dmarc"}).headers["Location"]
    until_done(client, location)
    told = client.get(f"{location}.json").get_json()
    assert [one["code"] for one in told["findings"]] == ["dmarc.fine"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "give a sender"),
        ({"sender": "not an address"}, "neither an address nor a domain"),
        ({"recipient": "<script>alert(1)</script>"}, "neither an address nor a domain"),
        ({"sender": "a@" + "x" * 5000 + ".example"}, "neither an address nor a domain"),
        ({"sender": "corp.example", "ip": "192.0.2.1000"}, "no IP address"),
        ({"sender": "corp.example", "selector": "a b/c"}, "no DKIM selector"),
        ({"sender": "corp.example", "check": "spv"}, "there is no check spv"),
    ],
)
def test_what_cannot_be_diagnosed_is_refused_beside_the_form(
    store: Engine, data: dict[str, str], words: str
) -> None:
    answer = app_with(store).test_client().post("/check", data=data)
    assert answer.status_code == 400
    refused = read_page(answer.get_data(as_text=True))
    assert words in refused.one("main").text
    with store.connect() as conn:
        assert reports.history(conn) == []


def test_an_ip_address_may_stand_where_an_address_is_asked_for(store: Engine) -> None:
    client = app_with(store).test_client()
    location = client.post("/check", data={"sender": "192.0.2.7"}).headers["Location"]
    until_done(client, location)
    assert client.get(f"{location}.json").get_json()["target"]["ips"] == ["192.0.2.7"]


def test_too_many_runs_are_put_off_with_a_time(store: Engine) -> None:
    client = app_with(store, settings=DiagnosticsSettings(runs_per_minute=2)).test_client()
    for number in range(2):
        data = {"sender": f"corp{number}.example"}
        until_done(client, client.post("/check", data=data).headers["Location"])
    refused = client.post("/check", data={"sender": "corp3.example"})
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert "please wait a little" in refused.get_data(as_text=True)


def test_one_target_is_not_asked_too_often_by_anybody(store: Engine) -> None:
    app = app_with(store, settings=DiagnosticsSettings(runs_per_minute=4))
    codes = [
        app.test_client()
        .post("/check", data=PAIR, environ_base={"REMOTE_ADDR": f"192.0.2.{number}"})
        .status_code
        for number in range(3)
    ]
    assert codes == [303, 303, 429]


def test_a_check_is_run_again_in_a_new_report_that_tells_what_changed(store: Engine) -> None:
    first = finished(store)
    mended = (saying(found("spf.fine")), saying(FINE))
    later = replace(site(), now_us=lambda: NOW_US + 1_000_000)
    app = create_app(store, later)
    held = Runs(store, DiagnosticsSettings(), later.now_us, mended, lambda one: (one, world()))
    diagnosis_runs.install(app, held)
    client = app.test_client()
    answer = client.post(f"/check/{first}/again", data={"check": "spf"})
    assert answer.status_code == 303
    done = until_done(client, answer.headers["Location"])
    assert first not in answer.headers["Location"]
    text = " ".join(done.one("main").text.split())
    assert "now: spf.fine (before: spf.weak)" in text
    assert f"/check/{first}" in done.values("href")


def test_data_of_a_report_tell_what_changed_since_the_last_run(store: Engine) -> None:
    first = finished(store)
    client = app_with(store).test_client()
    assert client.get(f"/check/{first}.json").get_json()["changes"] is None
    mended = (saying(found("spf.fine")), saying(FINE), saying(found("mx.gone", Verdict.FAIL)))
    kept = open_report(store, Target(**PAIR), NOW_US + 1_000_000, checks=mended)  # type: ignore[arg-type]
    assert client.get(f"/check/{kept.id}.json").get_json()["changes"] is None  # not over yet
    run_into(store, kept, lambda target: (target, world()), mended)
    for address in (f"/check/{kept.id}.json", f"/api/v1/diagnoses/{kept.id}"):
        changes = client.get(address).get_json()["changes"]
        assert changes["since"] == first and changes["since_at"].endswith("Z")
        assert [one["code"] for one in changes["new"]] == ["mx.gone"]
        assert changes["gone"] == []
        (changed,) = changes["changed"]
        assert (changed["before"]["code"], changed["now"]["code"]) == ("spf.weak", "spf.fine")
        assert set(changed["now"]) == {"check", "code", "verdict", "side", "subject", "title"}


@pytest.mark.parametrize("wish", ["probe_recipient", "probe_catch_all"])
def test_a_wish_to_ask_the_mail_host_goes_with_the_form_and_the_api(
    store: Engine, wish: str
) -> None:
    client = app_with(store).test_client()
    for answer in (
        client.post("/check", data=PAIR | {wish: "1"}),
        client.post("/api/v1/diagnoses", json=PAIR | {wish: True}),
    ):
        id = answer.headers["Location"].rpartition("/")[2]
        until_done(client, f"/check/{id}")
        assert client.get(f"/check/{id}.json").get_json()["target"][wish] is True
        boxes = page(client, f"/check/{id}").all("input")
        checked = {one.attributes["name"] for one in boxes if "checked" in one.attributes}
        assert checked == {wish}
    plain = client.post("/api/v1/diagnoses", json={"sender": "b@corp.example", wish: False})
    told = client.get(plain.headers["Location"]).get_json()
    assert told["target"][wish] is False


def test_a_second_opinion_is_asked_for_beside_the_ordinary_checks(store: Engine) -> None:
    extra = replace(saying(found("second_opinion.agrees", Verdict.PASS)), on_request=True)
    client = app_with(store, [*BOTH, extra]).test_client()
    for more, ran in (({}, ["spf", "dmarc"]), ({"second_opinion": "1"}, None)):
        location = client.post("/check", data=PAIR | more).headers["Location"]
        boxes = until_done(client, location).all("input")
        told = client.get(f"{location}.json").get_json()
        names = [one["check"] for one in told["findings"]]
        assert names == (ran or ["spf", "dmarc", "second_opinion"])
        checked = {one.attributes["name"] for one in boxes if "checked" in one.attributes}
        assert checked == set(more)
        assert ("second_opinion", "1") in [
            (one.attributes.get("name"), one.attributes.get("value")) for one in boxes
        ]


def test_finding_of_our_own_log_leads_to_the_messages(store: Engine) -> None:
    ids = {"last_failed_id": "m_1a202b5154686a3a343402fc", "last_accepted_id": ""}
    evidence = Evidence(source=Source.TRACES, question="from:a@corp.example", answer="")
    failing = found(
        "own_traces.failing", Verdict.FAIL, Side.NOBODY, params=ids, evidence=(evidence,)
    )
    told = page(app_with(store).test_client(), f"/check/{finished(store, [saying(failing)])}")
    links = {one.text: one.attributes["href"] for one in told.all("a")}
    assert links["Open the message that failed last"] == "/m/m_1a202b5154686a3a343402fc"
    assert "Open the message that was accepted last" not in links
    assert links["from:a@corp.example"].startswith("/trace?q=from:a@corp.example")


def test_a_run_that_was_cut_off_says_so_and_can_be_started_again(store: Engine) -> None:
    kept = open_report(store, Target(**PAIR), NOW_US - DAY_US, checks=BOTH)  # type: ignore[arg-type]
    client = app_with(store).test_client()
    cut = page(client, f"/check/{kept.id}")
    assert "was cut off" in cut.one("main").text
    assert "Run all tests again" in cut.one("main").text
    assert "refresh" not in cut.values("http-equiv")
    assert client.get(f"/check/{kept.id}.json").get_json()["state"] == "failed"


def test_an_unknown_report_is_not_found(store: Engine) -> None:
    client = app_with(store).test_client()
    for address in ("/check/nothing", "/check/nothing/events", "/api/v1/diagnoses/nothing"):
        assert client.get(address).status_code == 404
    assert "There is no such report" in client.get("/check/nothing").get_data(as_text=True)
    assert client.get("/check/nothing.json").mimetype == "application/problem+json"
    assert client.post("/check/nothing/again", data={"check": "spf"}).status_code == 404


def test_the_api_starts_a_run_and_gives_the_report(store: Engine) -> None:
    client = app_with(store).test_client()
    started = client.post("/api/v1/diagnoses", json=PAIR | {"ips": ["192.0.2.7"]})
    assert started.status_code == 202
    location = started.headers["Location"]
    assert location == f"/api/v1/diagnoses/{started.get_json()['id']}"
    client.get(f"/check/{started.get_json()['id']}/events").get_data()
    told = client.get(location).get_json()
    assert told["state"] == "done"
    assert told["target"]["ips"] == ["192.0.2.7"]
    assert told["summary"]["fail"] == 1
    assert [one["code"] for one in told["findings"]] == ["spf.weak", "dmarc.fine"]
    fields = "check code verdict side subject params evidence fix".split()
    assert set(told["findings"][0]) == {*fields, "title", "text", "steps", "after"}


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 400), ({"sender": "x y"}, 400), ({"sender": 7}, 400), ([1], 400)],
)
def test_the_api_refuses_with_a_problem(store: Engine, body: object, status: int) -> None:
    answer = app_with(store).test_client().post("/api/v1/diagnoses", json=body)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


def test_the_api_says_when_to_come_back(store: Engine) -> None:
    client = app_with(store, settings=DiagnosticsSettings(runs_per_minute=1)).test_client()
    assert client.post("/api/v1/diagnoses", json={"sender": "a.example"}).status_code == 202
    refused = client.post("/api/v1/diagnoses", json={"sender": "b.example"})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 1


def test_the_sender_s_address_is_taken_from_our_log_and_said_to_be(tmp_path: Path) -> None:
    store = filled_store(tmp_path)
    app = create_app(store, site())
    seen: list[Target] = []

    def run(target: Target, _world: object) -> list[object]:
        seen.append(target)
        return []

    checks = (Check(name="spf", run=run, concerns=lambda target: True),)  # type: ignore[arg-type]
    closed = DiagnosticsSettings(outbound=False)
    diagnosis_runs.install(app, Runs(store, closed, lambda: NOW_US, checks))
    client = app.test_client()
    data = {"sender": "orders@corp.example", "recipient": "j.berg@northwind.example"}
    done = until_done(client, client.post("/check", data=data).headers["Location"])
    assert seen[0].ips == ("198.51.100.7",)
    assert "198.51.100.7" in done.one("main").text
    assert "from a message in our log" in done.one("main").text
    again = [one.attributes for one in done.all("input")]
    given = [one.get("value") for one in again if one.get("name") == "ip"]
    assert given == [""]  # to be found anew, for it was not given
    store.dispose()


def test_a_message_shows_what_dns_held_then_and_what_has_changed(tmp_path: Path) -> None:
    store = filled_store(tmp_path)
    client = app_with(store, (*BOTH, saying(found("ptr.fine")))).test_client()
    query = parse_query("to:j.berg@northwind.example status:bounced", now_us=NOW_US, since="all")
    with store.connect() as conn:
        row = deliveries.search(conn, query).rows[0]
    asked = page(client, f"/m/{row.id}")
    assert [one.attributes["action"] for one in asked.all("form")].count("/check") == 1
    assert "Then and now" not in client.get(f"/m/{row.id}").get_data(as_text=True)
    pair = {"sender": row.sender, "recipient": row.recipient}
    then = finished(store, [saying(WEAK)], **pair)
    reports.tie(store, [row.id], then)
    first = page(client, f"/m/{row.id}").one("main").text
    assert "To mend: 1 with the sender, corp.example." in first and "Since then" not in first
    kept = open_report(store, Target(**pair), NOW_US + 1, checks=BOTH)  # type: ignore[arg-type]
    run_into(store, kept, lambda target: (target, world()), [saying(found("spf.fine"))])
    later = " ".join(page(client, f"/m/{row.id}").one("main").text.split())
    assert "Since then" in later and "spf.fine (before: spf.weak)" in later
    store.dispose()
