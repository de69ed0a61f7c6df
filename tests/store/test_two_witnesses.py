"""A queue that its log and its webhooks tell of: nothing is counted twice, in either order."""

from __future__ import annotations

from datetime import UTC
from itertools import permutations
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine

from collectors.formats import parse_line
from collectors.webhooks import BY_NAME
from collectors.webhooks.intake import store_together
from collectors.webhooks.parcel import parcel
from collectors.webhooks.webhook import HookRequest, Proof
from tests.unit.webhook_corpus import cases
from tests.web.building import read_log
from tracer.model import SECOND_US, Row
from tracer.query import parse_query
from tracer.store import deliveries
from tracer.store.engine import open_engine
from tracer.store.migrate import migrate
from tracer.trace import load_trace

NOW_US = 1_763_806_000 * SECOND_US
QUEUE_ID = "4ZkT2x5Yz6zQ7"
LOG = f"""\
2025-11-22T10:00:00+00:00 mx1 postfix/smtpd[11]: {QUEUE_ID}: client=app[10.0.0.9]
2025-11-22T10:00:00+00:00 mx1 postfix/cleanup[12]: {QUEUE_ID}: message-id=<m1@corp.example>
2025-11-22T10:00:00+00:00 mx1 postfix/qmgr[13]: {QUEUE_ID}: from=<ann@corp.example>, size=900, nrcpt=1 (queue active)
2025-11-22T10:00:01+00:00 mx1 postfix/smtp[14]: {QUEUE_ID}: to=<bob@fabrikam.example>, relay=mx.fabrikam.example[192.0.2.27]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 2.0.0 OK)
2025-11-22T10:00:01+00:00 mx1 postfix/qmgr[13]: {QUEUE_ID}: removed
"""  # noqa: E501


def record(kind: str, **more: object) -> dict[str, object]:
    body = next(case.body for case in cases("kumomta") if case.kind == kind)
    return {**body, "id": QUEUE_ID} | more


def hook(store: Engine, provider: str, body: object) -> None:
    request = HookRequest("POST", "", {}, "", msgspec.json.encode(body), NOW_US)
    store_together(store, [parcel(BY_NAME[provider], "k", request, Proof("path"))], [])


def rows(store: Engine) -> list[Row]:
    with store.connect() as conn:
        query = parse_query("", now_us=NOW_US, since="all", zone=UTC)
        return list(deliveries.search(conn, query, limit=50).rows)


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("said", ["sent (250 2.0.0 OK)", "bounced (550 5.1.1 no such user)"])
def test_what_both_tell_is_one_row(tmp_path: Path, order: tuple[int, ...], said: str) -> None:
    store = open_engine(f"sqlite:///{tmp_path}/store.db")
    migrate(store)
    log = tmp_path / "mail.log"
    log.write_text(LOG.replace("sent (250 2.0.0 OK)", said), "utf-8")
    kind = "delivery" if said.startswith("sent") else "bounce"
    told = record(kind, recipient="bob@fabrikam.example")
    steps = [
        lambda: read_log(store, log, "log"),
        lambda: hook(store, "kumomta", [record("reception"), told]),
        lambda: hook(store, "kumomta", record("bounce", timestamp=1_763_805_603)),
    ]
    for step in order:
        steps[step]()
    found = {row.recipient: row for row in rows(store)}
    assert len(rows(store)) == len(found) == 2
    bob, eve = found["bob@fabrikam.example"], found["eve@fabrikam.example"]
    assert bob.status.value == ("delivered" if kind == "delivery" else "bounced")
    assert (bob.attempts, eve.status.value) == (1, "bounced")  # only the webhook tells of Eve
    with store.connect() as conn:
        hosts = {leg.hop.host for leg in load_trace(conn, bob.id, parse_line).legs}
    assert "mx1" in hosts
    store.dispose()


def test_a_scan_of_rspamd_is_no_row_and_stands_on_the_mails_page(tmp_path: Path) -> None:
    store = open_engine(f"sqlite:///{tmp_path}/store.db")
    migrate(store)
    log = tmp_path / "mail.log"
    log.write_text(LOG, "utf-8")
    read_log(store, log, "log")
    scan = next(case.body for case in cases("rspamd") if case.kind == "add_header")
    hook(store, "rspamd", {**scan, "qid": QUEUE_ID, "message_id": "m1@corp.example"})
    (row,) = rows(store)
    assert (row.host, row.status.value) == ("mx1", "relayed")
    with store.connect() as conn:
        hosts = [leg.hop.host for leg in load_trace(conn, row.id, parse_line).legs]
    assert sorted(hosts) == ["k", "mx1"]
    store.dispose()
