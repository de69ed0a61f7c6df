"""Dead letters: read again when the parser is better, or put away with a reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from collectors.reported import Reported, Told
from collectors.webhooks import BY_NAME, replaying
from collectors.webhooks.intake import Intake, store_together
from collectors.webhooks.parcel import Parcel, Stored, parcel
from collectors.webhooks.webhook import HookRequest, Item, Proof
from tests.unit.webhook_signing import request_of
from tracer.errors import NotFound, UnusableInput
from tracer.query import EVERYTHING, SearchQuery
from tracer.store import deliveries, receipts
from tracer.store.engine import open_engine
from tracer.store.migrate import migrate

BODY = [
    {"event": "delivered", "email": "bob@fabrikam.example", "message-id": "<m@corp.example>",
     "ts_epoch": 1763805600123},
    7,
]  # fmt: skip
ALL = SearchQuery(EVERYTHING, None, None, "")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path}/store.db")
    migrate(engine)
    yield engine
    engine.dispose()


def made(body: object = BODY) -> Parcel:
    return parcel(BY_NAME["brevo"], "one", request_of(json.dumps(body).encode(), {}), Proof("none"))


def test_a_better_parser_reads_what_was_dead_and_only_that(
    store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (stored,) = store_together(store, [made()], [])
    assert isinstance(stored, Stored)
    assert replaying.replay(store, stored.receipt_id) == 1  # the parser is the same
    old = BY_NAME["brevo"]
    monkeypatch.setitem(BY_NAME, "brevo", replace(old, parse=_reading_numbers(old.parse)))
    assert replaying.replay(store, stored.receipt_id) == 0
    assert replaying.replay(store, stored.receipt_id) == 0
    with store.connect() as conn:
        told = receipts.events_of(conn, stored.receipt_id)
        (dead,) = receipts.dead_letters_of(conn, receipt_id=stored.receipt_id)
        rows = list(deliveries.rows(conn, ALL))
    assert [one.pointer for one in told] == ["/0", "/1"]
    assert dead.state == "replayed"
    assert {(row.recipient, row.status.value) for row in rows} == {
        ("bob@fabrikam.example", "delivered"),
        ("eve@fabrikam.example", "bounced"),
    }


def _reading_numbers(parse: object) -> object:
    def read(item: Item, request: HookRequest) -> list[Reported]:
        if isinstance(item.value, int):
            fields = {"recipient": "eve@fabrikam.example", "message_id": "n@corp.example"}
            return [Reported(told=Told.BOUNCED, occurred_us=10**15, **fields)]  # type: ignore[arg-type]
        return parse(item, request)  # type: ignore[operator, no-any-return]

    return read


def test_a_dead_letter_is_put_away_only_with_a_reason(store: Engine) -> None:
    (stored,) = store_together(store, [made()], [])
    assert isinstance(stored, Stored)
    with pytest.raises(UnusableInput):
        replaying.discard(store, stored.receipt_id, "/1", "  ")
    replaying.discard(store, stored.receipt_id, "/1", "a test of ours")
    with pytest.raises(NotFound):
        replaying.discard(store, stored.receipt_id, "/9", "no such")
    with store.connect() as conn:
        (dead,) = receipts.dead_letters_of(conn, source="one")
        assert (dead.state, dead.reason) == ("discarded", "a test of ours")
        assert receipts.facts_of(conn, "one", 2 * 10**15).waiting == 0


def test_what_cannot_be_folded_is_kept_whole_and_harms_no_other(
    store: Engine, tmp_path: Path
) -> None:
    good, bad = made(), made([{**BODY[0], "email": "eve@x.example"}])  # type: ignore[dict-item]
    poisoned = replace(bad, told=(replace(bad.told[0], event=None),))  # type: ignore[arg-type]
    intake = Intake(lambda: open_engine(f"sqlite:///{tmp_path}/store.db", durable=True))
    with ThreadPoolExecutor(2) as pool:
        kept = list(pool.map(intake.store, [poisoned, good]))
    intake.stop()
    with store.connect() as conn:
        dead = receipts.dead_letters_of(conn, receipt_id=kept[0].receipt_id)
        assert [one.pointer for one in dead] == [""]
        assert receipts.body(conn, kept[0].receipt_id)
        assert len(receipts.events_of(conn, kept[1].receipt_id)) == 1
