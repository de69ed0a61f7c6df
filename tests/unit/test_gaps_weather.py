"""A provider's API in bad weather: what is waited for, what is tried again, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from collectors.gaps.calling import TRIES, Api
from collectors.gaps.storing import Stored
from tests.fake_api import Asked, Reply, serving
from tests.unit.repairing import BOB, MAILGUN, Run, mailgun, rows
from tests.web.building import empty_store
from tracer.errors import ConfigError, SourceUnavailable


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    engine = empty_store(tmp_path)
    yield engine
    engine.dispose()


def test_too_many_requests_waits_as_long_as_is_asked(store: Engine) -> None:
    with serving(mailgun) as fake:
        fake.failures.append(Reply({}, 429, {"Retry-After": "17"}))
        run = Run("mailgun", fake, "mg.corp.example")
        assert run.into(store).fresh == 3
    assert run.waits[0] == 17


def test_retry_after_may_be_a_date(store: Engine) -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    with serving(mailgun) as fake:
        fake.failures.append(Reply({}, 503, {"Retry-After": at}))
        run = Run("mailgun", fake, "mg.corp.example")
        assert run.into(store).fresh == 3
    assert 50 <= run.waits[0] <= 61


def test_a_wait_of_hours_is_told_instead_of_waited(store: Engine) -> None:
    with serving(mailgun) as fake:
        fake.failures.append(Reply({}, 429, {"Retry-After": "7200"}))
        run = Run("mailgun", fake, "mg.corp.example")
        with pytest.raises(SourceUnavailable, match="asks to wait 7200 s"):
            run.into(store)
    assert run.waits == []


@pytest.mark.parametrize("bad", [Reply({}, 500), Reply({}, 502), Reply({"items": []}, cut=True)])
def test_a_fault_on_the_way_is_tried_again(store: Engine, bad: Reply) -> None:
    with serving(mailgun) as fake:
        fake.failures += [bad, bad]
        run = Run("mailgun", fake, "mg.corp.example")
        assert run.into(store) == Stored(told=3, fresh=3)
    assert run.waits[:2] == [2, pytest.approx(4)]


def test_what_came_before_it_broke_off_is_kept(store: Engine) -> None:
    def breaking(asked: Asked, url: str) -> Any:
        return Reply({}, 500) if asked.query.get("page") == "1" else mailgun(asked, url)

    with serving(breaking) as fake:
        with pytest.raises(SourceUnavailable, match="run the same command again later"):
            Run("mailgun", fake, "mg.corp.example").into(store)
        assert len(fake.asked) == 1 + TRIES
    assert [row.recipient for row in rows(store)] == [BOB]
    with serving(mailgun) as fake:
        assert Run("mailgun", fake, "mg.corp.example").into(store) == Stored(told=3, fresh=1)


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "does not know the key"), (403, "ExchangeMessageTrace.Read.All"), (404, "api_account"),
     (302, "api_url"), (400, "It said: ")],
)  # fmt: skip
def test_a_refusal_says_what_to_do_and_is_not_tried_again(
    store: Engine, status: int, said: str
) -> None:
    def refusing(asked: Asked, url: str) -> Any:
        if asked.path.endswith("/token"):
            return {"access_token": "tok"}
        return Reply({"error": "no"}, status, {"Location": f"{url}/elsewhere"})

    with serving(refusing) as fake:
        with pytest.raises(SourceUnavailable, match=said):
            Run("microsoft365", fake, "t/c").into(store)
        assert len(fake.asked) == 2


def test_a_next_page_on_another_host_is_not_asked(store: Engine) -> None:
    def luring(_: Asked, __: str) -> Any:
        return {"items": MAILGUN[:1], "paging": {"next": "http://127.0.0.2:1/v3/x"}}

    with serving(luring) as fake, pytest.raises(SourceUnavailable, match="another host"):
        Run("mailgun", fake, "mg.corp.example").into(store)
    assert len(fake.asked) == 1


@pytest.mark.parametrize("url", ["http://api.example.com", "ftp://127.0.0.1", "api.example.com"])
def test_a_key_is_only_sent_over_tls(url: str) -> None:
    with pytest.raises(ConfigError, match="https://"):
        Api("X", url, per_minute=60)


def test_an_answer_that_is_no_json_is_told(store: Engine) -> None:
    with serving(lambda *_: Reply(None, 200, {})) as fake:
        assert Run("mailgun", fake, "mg.corp.example").into(store) == Stored()
    with serving(lambda *_: Reply("<html>", 200, {})) as fake:
        assert Run("sparkpost", fake).into(store) == Stored()


def test_a_huge_answer_is_not_swallowed(store: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.gaps.calling.MOST_OCTETS", 1000)
    with (
        serving(lambda *_: {"items": ["x" * 2000]}) as fake,
        pytest.raises(SourceUnavailable, match="too large"),
    ):
        Run("mailgun", fake, "mg.corp.example").into(store)


def test_items_of_a_strange_shape_harm_no_other(store: Engine) -> None:
    strange = [7, None, {"event": 3}, {"event": "delivered", "timestamp": {}}, MAILGUN[1]]

    def answer(asked: Asked, _: str) -> Any:
        return {"items": [] if "page" in asked.query else strange, "paging": {"next": "?page=1"}}

    with serving(answer) as fake:
        assert Run("mailgun", fake, "mg.corp.example").into(store).fresh >= 1
    assert BOB in {row.recipient for row in rows(store)}
