"""The API of receipts: what a provider sent, and what was understood of it."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from collectors.reported import Reported
from collectors.webhooks.shown import event_fields
from tracer.errors import NotFound
from tracer.exports.as_json import time_text
from tracer.store import receipts
from tracer.store.receipts import DeadLetter, Receipt, ToldEvent
from webui.db import connection, store_time
from webui.errors import problem
from webui.scopes import needs_scope

pages = Blueprint("receipts", __name__)

SCOPE = "receipts:read"


@pages.get("/receipts/<id>")
@needs_scope(SCOPE)
def one_receipt(id: str) -> ResponseReturnValue:
    """One receipt: whose, when, how it was proven, how much it told."""
    with store_time():
        found = receipts.receipt(connection(), id)
        dead = receipts.dead_letters_of(connection(), receipt_id=id)
    return _answer(receipt_json(found, len(dead)))


@pages.get("/receipts/<id>/events")
@needs_scope(SCOPE)
def events_of_receipt(id: str) -> ResponseReturnValue:
    """The normalised events of one receipt, in the order of its body, and its dead letters."""
    with store_time():
        receipts.receipt(connection(), id)
        told = receipts.events_of(connection(), id)
        dead = receipts.dead_letters_of(connection(), receipt_id=id)
    items = [event_json(one) for one in told]
    return _answer({"items": items, "dead_letters": [dead_letter_json(one) for one in dead]})


@pages.errorhandler(NotFound)
def _no_receipt(error: NotFound) -> ResponseReturnValue:
    return problem(404, "No such receipt", str(error), "not-found")


def _answer(body: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(body), mimetype="application/json")


def receipt_json(one: Receipt, dead: int) -> dict[str, Any]:
    """A receipt for scripts."""
    return {
        "id": one.id,
        "source": one.source,
        "provider": one.provider,
        "received_at": time_text(one.received_us),
        "octets": one.octets,
        "sha256": one.sha256,
        "auth": {"scheme": one.scheme, "key": one.key},
        "parser": f"{one.provider}/{one.parser}",
        "events": one.events,
        "known_before": one.known,
        "repeats": one.repeats,
        "dead_letters": dead,
    }


def dead_letter_json(one: DeadLetter) -> dict[str, Any]:
    """A dead letter for scripts."""
    return {
        "pointer": one.pointer,
        "error": one.error,
        "parser": f"{one.provider}/{one.parser}",
        "state": one.state,
        "item": one.item,
    }


def event_json(told: ToldEvent) -> dict[str, Any]:
    """A normalised event for scripts, in the contract's words."""
    fields = event_fields(msgspec.json.decode(told.record, type=Reported))
    return fields | {"pointer": told.pointer, "known_before": told.known}
