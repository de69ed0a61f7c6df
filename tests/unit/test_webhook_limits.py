"""Too many requests, a full disk, a locked store: busy, and nothing acknowledged is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from collectors.webhooks import BY_NAME
from collectors.webhooks.bucket import Bucket
from collectors.webhooks.intake import Intake
from collectors.webhooks.parcel import Parcel, parcel
from collectors.webhooks.webhook import HookRequest, Proof
from tracer.errors import StoreUnavailable
from tracer.store.driver import fetch
from tracer.store.engine import open_engine
from tracer.store.migrate import migrate

NOW_US = 1_763_806_000_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path}/store.db")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def intake(store: Engine) -> Iterator[Intake]:
    made = Intake(lambda: _tuned(store, "PRAGMA busy_timeout = 20"))
    yield made
    made.stop()


def _tuned(store: Engine, *pragmas: str) -> Engine:
    engine = open_engine(store.url.render_as_string(), durable=True)

    def tune(connection: object, _record: object) -> None:
        for pragma in pragmas:
            connection.execute(pragma)  # type: ignore[attr-defined]

    event.listen(engine, "connect", tune)
    return engine


def numbered(n: int) -> Parcel:
    body = {"event": "delivered", "email": f"bob{n}@fabrikam.example", "ts_epoch": 1763805600123,
            "message-id": f"<m{n}@corp.example>", "reason": "x" * 2_000 + str(n)}  # fmt: skip
    request = HookRequest("POST", "", {}, "", json.dumps(body).encode(), NOW_US + n * 1_000)
    return parcel(BY_NAME["brevo"], "b", request, Proof("path"))


def kept(store: Engine) -> set[str]:
    with store.connect() as conn:
        return {id for (id,) in fetch(conn, "SELECT id FROM receipts", ())}


def until_refused(store_it: Callable[[Parcel], object]) -> tuple[list[str], Parcel]:
    """The receipts that were acknowledged until one was not, and that one."""
    acknowledged = []
    for n in range(5_000):
        one = numbered(n)
        try:
            store_it(one)
        except StoreUnavailable:
            return acknowledged, one
        acknowledged.append(one.receipt.id)
    raise AssertionError("the disk did not fill up")


def test_a_full_disk_is_told_and_what_was_acknowledged_is_there(store: Engine) -> None:
    with store.connect() as conn:
        ((pages,),) = fetch(conn, "PRAGMA page_count", ())
    full = Intake(lambda: _tuned(store, f"PRAGMA max_page_count = {pages + 40}"))
    acknowledged, turned_away = until_refused(full.store)
    full.stop()
    assert acknowledged and kept(store) == set(acknowledged)
    roomy = Intake(lambda: _tuned(store))
    assert not roomy.store(turned_away).is_known  # the provider sends it again: now it is new
    roomy.stop()
    assert turned_away.receipt.id in kept(store)


def test_a_locked_store_is_told_and_works_again_afterwards(store: Engine, intake: Intake) -> None:
    intake.store(numbered(0))
    with store.begin():  # somebody writes for long
        with pytest.raises(StoreUnavailable):
            intake.store(numbered(1))
    intake.store(numbered(2))
    assert kept(store) == {numbered(0).receipt.id, numbered(2).receipt.id}


def test_a_bucket_lets_the_rate_through_and_twice_as_much_at_once() -> None:
    bucket = Bucket(10)
    assert [bucket.wait_s(100.0) for _ in range(20)] == [0.0] * 20
    assert bucket.wait_s(100.0) == pytest.approx(0.1)
    assert bucket.wait_s(100.2) == 0.0
    let_in = sum(not bucket.wait_s(101 + n / 1000) for n in range(10_000))
    assert let_in == pytest.approx(10 * 10 + 9, abs=3)


def test_a_bucket_tells_people_once_a_minute() -> None:
    bucket = Bucket(1)
    assert [bucket.is_worth_noting(at) for at in (5.0, 6.0, 64.9, 65.0, 66.0)] == [
        True, False, False, True, False,
    ]  # fmt: skip
