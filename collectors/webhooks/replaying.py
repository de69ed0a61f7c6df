"""Reading a kept request again, after the parser got better or what it needs is there."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, Engine

from collectors.webhooks import BY_NAME
from collectors.webhooks.parcel import WAITING, dead_letters, told_here
from collectors.webhooks.telling import tell
from collectors.webhooks.understanding import understand
from collectors.webhooks.webhook import HookRequest
from tracer.errors import UnusableInput
from tracer.store import receipts
from tracer.store.receipts import Receipt


class Asked(msgspec.Struct):
    """What was kept of a request beside its body."""

    method: str
    query: str
    headers: dict[str, str]


def replay(engine: Engine, receipt_id: str) -> int:
    """Read the dead letters of a receipt again; how many are still dead.

    What was read before is left alone; doing it twice changes nothing. Raises NotFound.
    """
    with engine.begin() as conn:
        receipt = receipts.receipt(conn, receipt_id)
        waiting = receipts.dead_letters_of(conn, receipt_id=receipt_id, state=WAITING)
        if not waiting:
            return 0
        if not receipt.request:
            raise UnusableInput("its body was erased; there is nothing left to read again")
        webhook = BY_NAME.get(receipt.provider)
        if webhook is None:
            raise UnusableInput(f"nothing here reads {receipt.provider} any more")
        found = understand(webhook, kept_request(conn, receipt))
        still_dead = {one.pointer: one for one in dead_letters(found, receipt)}
        pointers = {one.pointer for one in waiting}
        whole = "" in pointers and "" not in still_dead
        told = [one for one in told_here(found, receipt) if whole or one.pointer in pointers]
        noted = tell(conn, [(receipt, told, receipts.next_number(conn, receipt_id))])
        receipts.save(conn, [], noted.events, [], noted.facts)
        for one in waiting:
            if one.pointer not in still_dead:
                receipts.settle(conn, receipt_id, one.pointer, "replayed")
        return len(pointers & still_dead.keys())


def kept_request(conn: Connection, receipt: Receipt) -> HookRequest:
    """The request of a receipt, as far as it was kept."""
    asked = msgspec.json.decode(receipt.request, type=Asked)
    body = receipts.body(conn, receipt.id)
    return HookRequest(
        asked.method, "", asked.headers, asked.query, body, receipt.received_us
    )  # fmt: skip


def discard(engine: Engine, receipt_id: str, pointer: str, reason: str) -> None:
    """Put a dead letter away for good. Raises UnusableInput without a reason, NotFound."""
    if not reason.strip():
        raise UnusableInput("say why it is put away: others will ask")
    with engine.begin() as conn:
        receipts.settle(conn, receipt_id, pointer, "discarded", reason.strip()[:300])
