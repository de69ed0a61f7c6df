"""What a store with mail says about a pair, for the diagnostics."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from tests.store.filling import NOW_US
from tracer.diagnostics.traces_store import StoreTraces, query_text
from tracer.query import Match, MatchKind, Term, parse_query
from tracer.store import deliveries
from tracer.store.engine import reading


@pytest.mark.parametrize(
    ("sender", "recipient"),
    [
        ("bob@shop.example", ""),
        ("shop.example", "corp.example"),
        ("", "anna@corp.example"),
        ("", "corp.example"),
        ("ivan@supplier.example", "anna@corp.example"),
        ("nobody@nowhere.example", "anna@corp.example"),
    ],
)
def test_counts_are_those_of_the_search_box(filled: Engine, sender: str, recipient: str) -> None:
    history = StoreTraces(filled, NOW_US).between(sender, recipient)
    with reading(filled).connect() as conn:
        query = parse_query(history.query, now_us=NOW_US)
        rows = list(deliveries.rows(conn, query))
    assert history.last_14d.total == len(rows)
    accepted = [row for row in rows if row.status in ("delivered", "relayed", "expanded")]
    assert history.last_14d.accepted == len(accepted)
    assert history.last_accepted == (accepted[0] if accepted else None)
    failed = [row for row in rows if row.status in ("bounced", "expired", "rejected")]
    assert list(history.last_failed) == failed[:5]
    assert history.last_14d.failed == len(failed)
    assert history.last_48h.total <= history.last_14d.total


def test_a_pair_is_written_as_a_query() -> None:
    assert query_text("A@Shop.Example", "corp.example") == (
        "from:a@shop.example todomain:corp.example"
    )
    assert query_text("", "bücher.example") == "todomain:xn--bcher-kva.example"


@pytest.mark.parametrize("local", ['"john doe"', 'a"b', "since:*", 'x last:2d reply:"y', "o'brien"])
def test_pair_is_asked_for_whatever_its_address_is_made_of(filled: Engine, local: str) -> None:
    history = StoreTraces(filled, NOW_US).between(f"{local}@shop.example", f"{local}@corp.example")
    assert history.last_14d.total == 0
    asked = parse_query(query_text(f"{local}@shop.example", ""), now_us=NOW_US)
    assert asked.where == Term("from", (Match(MatchKind.EXACT, f"{local}@shop.example"),))
