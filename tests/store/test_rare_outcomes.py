"""Outcomes and causes that few deliveries have are found by an index, as a walk would find them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from tests.store.filling import LOGS, asked, empty, found, read
from tracer.ingest import finish
from tracer.model import Outcome
from tracer.query import SearchQuery
from tracer.store import days, deliveries, rare_outcomes
from tracer.store.driver import fetch
from tracer.store.selection import Selector

QUERIES = (
    *(f"status:{outcome.value}" for outcome in Outcome),
    "status:failed", "status:bounced,expired", "status:rejected to:*corp*", "status:expired to:a*",
    "status:rejected from:*shop*", "-status:delivered", "status:failed OR to:anna*",
    "status:expired status:failed", "cause:local_policy", "cause:recipient_unknown,local_policy",
    "cause:local_policy to:*corp*", "-cause:local_policy", "cause:nothing_of_the_kind",
    "cause:recipient_unknown status:rejected",
)  # fmt: skip


@pytest.fixture(scope="module")
def store_of_logs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = empty(tmp_path_factory.mktemp("outcomes"))
    read(engine, *LOGS)
    finish(engine)
    yield engine
    engine.dispose()


def rows_by_hand(engine: Engine, query: SearchQuery) -> list[tuple[int, int]]:
    """What a walk finds, newest first."""
    with engine.connect() as conn, pytest.MonkeyPatch.context() as changed:
        changed.setattr(rare_outcomes, "causes", lambda *_: None)
        changed.setattr("tracer.store.selection.drivers", lambda *_: [])
        found = []
        for selection in Selector(conn, query).over(days.live(conn)):
            for part in selection.parts:
                found += fetch(conn, f"SELECT d.hop_id, d.n {part}", selection.parameters)
    return [(hop_id, n) for hop_id, n in found]


@pytest.mark.parametrize("text", QUERIES)
@pytest.mark.parametrize("share", [1, 50])
def test_index_finds_what_a_walk_finds(
    store_of_logs: Engine, text: str, share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rare_outcomes, "SHARE", share)
    query = asked(text)
    walked = rows_by_hand(store_of_logs, query)
    with store_of_logs.connect() as conn:
        rows = list(deliveries.rows(conn, query, chunk=3))
        assert [deliveries.hop_of_row_id(row.id) for row in rows] == [hop for hop, _ in walked]
        assert deliveries.count(conn, query) == len(walked)
        assert deliveries.summary(conn, query, buckets=5).total == len(walked)


def test_something_of_it_is_found(store_of_logs: Engine) -> None:
    with store_of_logs.connect() as conn:
        assert found(conn, "status:rejected")
        assert found(conn, "cause:local_policy")


def test_rare_outcome_and_cause_are_looked_up(
    store_of_logs: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rare_outcomes, "SHARE", 1)
    with store_of_logs.connect() as conn:
        for text in ("status:rejected", "cause:local_policy", "status:rejected to:a*"):
            for one in Selector(conn, asked(text)).over(days.live(conn)):
                plan = f"EXPLAIN QUERY PLAN SELECT d.hop_id {one.parts[0]}"
                steps = [step for *_, step in fetch(conn, plan, one.parameters)]
                assert any("_cause (cause=?" in step for step in steps), text


@pytest.mark.parametrize(
    "text",
    ["status:failed to:*@corp*", "status:rejected subject:rep", "status:relayed to:*@corp*",
     "status:expired to:*@corp*", "status:bounced,deferred to:*@shop* subject:rep"],
)  # fmt: skip
def test_a_name_is_looked_for_only_where_its_outcome_came(
    store_of_logs: Engine, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracer.store.selection._FEW_CAUSES", -1)
    monkeypatch.setattr("tracer.store.selection._CAUSES_A_SLOT", 1000)
    query = asked(text)
    walked = rows_by_hand(store_of_logs, query)
    with store_of_logs.connect() as conn:
        everywhere = [one.slots or () for one in Selector(conn, query).over(days.live(conn))]
        monkeypatch.setattr("tracer.store.selection._FEW_SLOTS", 0)
        here = [one.slots or () for one in Selector(conn, query).over(days.live(conn))]
        rows = list(deliveries.rows(conn, query, chunk=2))
        assert deliveries.count(conn, query) == len(walked)
    assert [deliveries.hop_of_row_id(row.id) for row in rows] == [hop for hop, _ in walked]
    assert all(set(some) <= set(all_) for some, all_ in zip(here, everywhere, strict=True))
    is_rare = "relayed" not in text
    assert (sum(map(len, here)) < sum(map(len, everywhere))) is is_rare


def test_no_name_is_looked_for_where_few_have_the_outcome(
    store_of_logs: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracer.store.slots.newest", lambda *_: pytest.fail("asked the index"))
    with store_of_logs.connect() as conn:
        for text in ("status:rejected to:*@corp*", "status:expired subject:rep"):
            walked = rows_by_hand(store_of_logs, asked(text))
            hops = [deliveries.hop_of_row_id(row.id) for row in found(conn, text)]
            assert hops == [hop for hop, _ in walked]


def test_frequent_outcome_and_one_without_a_cause_are_walked_for(
    store_of_logs: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store_of_logs.connect() as conn:
        (frequent,) = Selector(conn, asked("status:rejected")).over(["20261122"])
        assert "causes" not in frequent.parameters
        monkeypatch.setattr(rare_outcomes, "SHARE", 1)
        (without_cause,) = Selector(conn, asked("status:relayed,rejected")).over(["20261122"])
        assert "causes" not in without_cause.parameters


@pytest.mark.parametrize(
    ("better", "start"), [("to:anna@corp.example", "recipient_key = "), ("subject:report", "slots")]
)
def test_cause_is_no_start_where_there_is_a_better_one(
    store_of_logs: Engine, better: str, start: str
) -> None:
    with store_of_logs.connect() as conn:
        (one,) = Selector(conn, asked(f"cause:mailbox_full {better}")).over(["20261122"])
    assert start in one.parts[0]
