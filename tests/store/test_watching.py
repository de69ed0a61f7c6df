"""What DNS held when a message failed is kept with it, once for all messages of a pair."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.fake_checks import doing, found, world
from tests.web.building import NOW_US, filled_store
from tracer.diagnostics.kept import findings
from tracer.diagnostics.model import Finding, Target, Verdict
from tracer.diagnostics.watching import LATELY_US, Watch, explaining_checks
from tracer.diagnostics.world import World
from tracer.model import Row
from tracer.query import parse_query
from tracer.store import deliveries, reports

NAMELESS = found("ptr.none", Verdict.FAIL, subject="198.51.100.7")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    engine = filled_store(tmp_path)
    yield engine
    engine.dispose()


def row(store: Engine, query: str) -> Row:
    with store.connect() as conn:
        return deliveries.search(conn, parse_query(query, now_us=NOW_US, since="all")).rows[0]


def watch(store: Engine, seen: list[Target], now_us: int = NOW_US) -> Watch:
    def run(target: Target, world: World) -> list[Finding]:
        seen.append(target)
        return [NAMELESS]

    checks = tuple(doing(name, run) for name in ("ptr", "smtp"))
    return Watch(store, lambda: now_us, lambda target: (target, world()), checks)


def test_a_message_that_has_just_failed_gets_its_facts_once(store: Engine) -> None:
    seen: list[Target] = []
    watched = watch(store, seen)
    failed = row(store, "to:j.berg@northwind.example status:bounced")
    assert watched.once() >= 1
    pair = ("orders@corp.example", "j.berg@northwind.example")
    assert [(one.sender, one.recipient) for one in seen].count(pair) == 1
    with store.connect() as conn:
        report_id = reports.tied(conn, [failed.id])[failed.id]
        assert findings(conn, report_id) == [NAMELESS]
        assert reports.load(conn, report_id).checks == "ptr"  # smtp asks no DNS
    before = len(seen)
    assert watched.once() == 0
    assert len(seen) == before


def test_what_failed_long_ago_is_not_looked_up_as_if_it_were_then(store: Engine) -> None:
    seen: list[Target] = []
    assert watch(store, seen, NOW_US + 2 * LATELY_US).once() == 0
    assert seen == []


def test_only_causes_that_dns_may_explain_have_checks() -> None:
    assert "ptr" in explaining_checks("ip_blocklisted")
    assert explaining_checks("sender_auth_failed") == ("spf", "dkim", "dmarc")
    assert explaining_checks("mailbox_full") == ()
    assert explaining_checks("connection_lost") == ()  # a conversation is not DNS
    assert explaining_checks("no_such_cause") == ()


def test_a_report_that_is_dropped_takes_its_ties_along(store: Engine) -> None:
    watch(store, []).once()
    failed = row(store, "to:j.berg@northwind.example status:bounced")
    reports.prune(store, NOW_US + 1)
    with store.connect() as conn:
        assert reports.tied(conn, [failed.id]) == {}
