"""Storing what an event API told: by the same intake as webhooks, so nothing counts twice.

A page becomes a receipt of the scheme `repair`. What a webhook told before falls away by the
provider's id or by its content. Some APIs tell the same thing in other words or with other
milliseconds; so what the mail's own hop already has is left out too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import msgspec
from sqlalchemy import Connection, Engine

from collectors.formats import parse_line
from collectors.reported import Reported
from collectors.webhooks import BY_NAME
from collectors.webhooks.intake import store_together
from collectors.webhooks.parcel import Parcel, ToldHere, parcel
from collectors.webhooks.parcel import Stored as Kept
from collectors.webhooks.webhook import HookRequest, Proof
from tracer.errors import WebhookRejected
from tracer.fold import LONGEST_US
from tracer.model import SECOND_US, Event
from tracer.store import days, receipts, stays
from tracer.store.packing import Packer

NEAR_US = 2 * SECOND_US


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of items: `told` events, of which `fresh` were not known; `unread` items."""

    told: int = 0
    fresh: int = 0
    unread: int = 0

    def __add__(self, other: Stored) -> Stored:
        return Stored(self.told + other.told, self.fresh + other.fresh, self.unread + other.unread)


def store_as_webhook(
    engine: Engine, source: str, provider: str, items: list[Any], now_us: int
) -> Stored:
    """Store one page of items in the shape of the provider's webhook."""
    made = [_parcel(source, provider, body, now_us) for body in _bodies(provider, items)]
    with engine.connect() as conn:
        known = _Known(conn, source)
        news = [replace(one, told=tuple(t for t in one.told if not known.has(t))) for one in made]
    wanted = [one for one in news if one.told or one.dead]
    kept = [one.receipt_id for one in store_together(engine, wanted, []) if _is_new(one)]
    with engine.connect() as conn:
        found = [receipts.receipt(conn, receipt_id) for receipt_id in kept]
    return Stored(
        sum(len(one.told) for one in made),
        sum(one.events - one.known for one in found),
        sum(len(one.dead) for one in made),
    )


def _is_new(result: Kept | WebhookRejected) -> TypeGuard[Kept]:
    return not isinstance(result, WebhookRejected) and not result.is_known


def _bodies(provider: str, items: list[Any]) -> Iterator[bytes]:
    """Bodies as the webhook brings them: one with all, or one for each item."""
    if provider == "mailgun":
        yield from map(msgspec.json.encode, items)
    elif items:
        yield msgspec.json.encode(items)


def _parcel(source: str, provider: str, body: bytes, now_us: int) -> Parcel:
    headers = {"content-type": "application/json"}
    request = HookRequest("POST", "", headers, "", body, now_us)
    return parcel(
        BY_NAME[provider], source, request, Proof(receipts.FETCHED, nonce=receipts.FETCHED)
    )


class _Known:
    """What is stored of hops that a source reported."""

    def __init__(self, conn: Connection, source: str) -> None:
        self._conn = conn
        self._source = source
        self._live = set(days.live(conn))
        self._packer = Packer(parse_line)
        self._events: dict[str, list[tuple[int, Reported]]] = {}

    def has(self, one: ToldHere) -> bool:
        """Whether the same thing was told of the same recipient at nearly the same time."""
        record = msgspec.json.decode(one.record, type=Reported)
        return any(
            abs(at_us - one.event.at_us) <= NEAR_US and _is_same(before, record)
            for at_us, before in self._of(one.event)
        )

    def _of(self, event: Event) -> Sequence[tuple[int, Reported]]:
        if event.queue_id not in self._events:
            self._events[event.queue_id] = list(self._load(event))
        return self._events[event.queue_id]

    def _load(self, event: Event) -> Iterator[tuple[int, Reported]]:
        span = days.span(max(0, event.at_us - LONGEST_US), event.at_us + LONGEST_US)
        found = {
            hop_id
            for day in span
            if day in self._live
            for _, hop_id in stays.find(self._conn, day, [event.queue_id])
        }
        for stay in stays.load(self._conn, found, packed=True) if found else ():
            if stay.hop.host == self._source:
                yield from _records(self._packer.events(stay.packed, stay.hop))


def _records(events: Iterable[Event]) -> Iterator[tuple[int, Reported]]:
    for event in events:
        try:
            yield event.at_us, msgspec.json.decode(event.text, type=Reported)
        except msgspec.DecodeError:
            continue


def _is_same(one: Reported, other: Reported) -> bool:
    return (
        one.told is other.told
        and one.recipient.lower() == other.recipient.lower()
        and one.click_url == other.click_url
        and (one.user_agent == other.user_agent or not (one.user_agent and other.user_agent))
    )
