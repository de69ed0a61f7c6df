"""A range that reaches the archive says so, on every page, and leads to the export."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from collectors.formats import parse_line
from tests.web.building import NOW_US, filled_store, site
from tracer.archive import sealing
from tracer.archive.files import Archive
from tracer.archive.opening import opener
from tracer.config import Config
from tracer.jobs.desk import Desk
from webui.app import create_app


@pytest.fixture
def client(tmp_path: Path) -> Iterator[FlaskClient]:
    """Pages over a store of which one day of two is in the archive."""
    engine = filled_store(tmp_path)
    place = str(tmp_path / "archive")
    sealing.seal(engine, Archive(place), "20261121", parse_line, NOW_US)
    open_day = opener(place, parse_line)
    desk = Desk(engine, Config(home=tmp_path), now_us=lambda: NOW_US, open_day=open_day)
    yield create_app(engine, site(), desk).test_client()
    engine.dispose()


def page(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


@pytest.mark.parametrize("q", ["", "to:nobody@nowhere.example"])
def test_results_say_which_days_they_do_not_hold(client: FlaskClient, q: str) -> None:
    body = page(client, f"/trace?q={q}&since=7d")
    assert "Days of this range in the archive: 1, from 2026-11-21 to 2026-11-21" in body
    assert "/exports/new?" in body
    assert "Дней этого промежутка в архиве: 1" in page(client, f"/trace?q={q}&since=7d&lang=ru")


def test_range_that_does_not_reach_the_archive_says_nothing(client: FlaskClient) -> None:
    assert "in the archive" not in page(client, "/trace?since=2h")
    assert "archived" not in client.get("/api/v1/deliveries?since=2h").json


def test_scripts_are_told_too(client: FlaskClient) -> None:
    told = client.get("/api/v1/deliveries?since=7d").json["archived"]
    assert (told["days"], told["first"], told["last"]) == (1, "2026-11-21", "2026-11-21")
    assert "/exports/new?" in told["export"] and "since=7d" in told["export"]


def test_form_tells_that_the_archive_is_read_besides(client: FlaskClient) -> None:
    body = page(client, "/exports/new?since=7d")
    assert "Days of the archive that are read besides: 1" in body
    assert "Download now" not in body
    assert "read besides" not in page(client, "/exports/new?since=2h")


def test_download_of_a_search_holds_the_archive(client: FlaskClient) -> None:
    rows = page(client, "/trace.csv?since=7d").splitlines()
    assert sum("news" in row for row in rows) >= 60
