"""A proven request, made ready to be stored: nothing is left to be worked out then."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass, replace
from functools import cache

import msgspec

from collectors.reported import Reported, event_of, fingerprint, line_of
from collectors.webhooks.proving import fingerprint_of
from collectors.webhooks.understanding import Understood, understand
from collectors.webhooks.webhook import HookRequest, Proof, Webhook
from tracer.model import DAY_US, Event, when
from tracer.store.receipts import DeadLetter, Receipt, first_id, packed

_KEPT_HEADERS = (
    "content-", "ce-", "webhook-", "svix-", "x-amz-sns-", "x-rspamd-", "x-messagesystems-",
    "user-agent",
)  # fmt: skip
_KEPT_WORDS = ("signature", "timestamp")
_LONGEST_HEADER = 1_000
WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class ToldHere:
    """One event of a request: the record as JSON, its event, and what it is known again by."""

    pointer: str
    record: str
    event: Event
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parcel:
    """A request on its way to the store."""

    receipt: Receipt
    packed: bytes
    told: tuple[ToldHere, ...]
    dead: tuple[DeadLetter, ...]

    def unfolded(self, error: str) -> Parcel:
        """The same without its events, as one dead letter: they could not be folded."""
        dead = dead_letter(self.receipt, "", error, "")
        others = tuple(one for one in self.dead if one.pointer)
        return replace(self, told=(), dead=(dead, *others))


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a request; `is_known`: the same came before, under this id."""

    receipt_id: str
    is_known: bool = False


def parcel(webhook: Webhook, source: str, request: HookRequest, proof: Proof) -> Parcel:
    """Read a proven request."""
    digest = hashlib.sha256(request.body + b"\0" + request.query.encode()).hexdigest()
    nonce = f"{proof.nonce}/{digest}" if proof.covers_body else proof.nonce
    receipt = Receipt(
        new_id(request.now_us, f"{source}\0{nonce}\0{digest}"),
        source, webhook.name, request.now_us, nonce, digest,
        len(request.body), _told_of(request), proof.scheme, fingerprint_of(proof.secret),
        webhook.parser,
    )  # fmt: skip
    found = understand(webhook, request)
    return Parcel(
        receipt, packed(request.body), told_here(found, receipt), dead_letters(found, receipt)
    )


def new_id(now_us: int, what: str) -> str:
    """An id that sorts by time and cannot be guessed, of `what` no two requests share."""
    said = f"{now_us}\0{os.getpid()}\0{what}".encode("utf-8", "surrogatepass")
    mixed = hashlib.blake2b(said, digest_size=8, key=_unguessable())
    return first_id(now_us) + mixed.hexdigest()


@cache
def _unguessable() -> bytes:
    return secrets.token_bytes(32)


def told_here(found: Understood, receipt: Receipt) -> tuple[ToldHere, ...]:
    """The events of what was understood."""
    return tuple(_told(pointer, record, receipt) for pointer, record in found.records)


def dead_letters(found: Understood, receipt: Receipt) -> tuple[DeadLetter, ...]:
    """The dead letters of what was not; one for each pointer."""
    dead = {one.pointer: one for one in found.dead_letters}
    return tuple(dead_letter(receipt, p, one.error, one.item) for p, one in dead.items())


def dead_letter(receipt: Receipt, pointer: str, error: str, item: str) -> DeadLetter:
    """One thing of a receipt that waits for a person."""
    return DeadLetter(
        receipt.id, pointer, receipt.source, receipt.provider, receipt.parser, error, item,
        WAITING, "", receipt.received_us,
    )  # fmt: skip


def _told(pointer: str, record: Reported, receipt: Receipt) -> ToldHere:
    line = line_of(record, f"webhook/{receipt.provider}", receipt.source, receipt.received_us)
    return ToldHere(
        pointer, msgspec.json.encode(record).decode(), event_of(record, line),
        tuple(_keys(record, receipt)),
    )  # fmt: skip


def _keys(record: Reported, receipt: Receipt) -> list[str]:
    """By content, and by the provider's id where it has one."""
    day = ""
    if record.occurred_us is None:
        day = when(receipt.received_us // DAY_US * DAY_US).date().isoformat()
    keys = [fingerprint(record, receipt.provider, day=day)]
    if record.provider_event_id:
        said = f"{record.provider_event_id}\0{record.told}\0{record.recipient.lower()}"
        keys.append("id-" + hashlib.blake2b(said.encode(), digest_size=16).hexdigest())
    return keys


def _told_of(request: HookRequest) -> str:
    """Method, query and the headers that reading it again needs; no secrets."""
    kept = {
        name: value[:_LONGEST_HEADER]
        for name, value in request.headers.items()
        if name.startswith(_KEPT_HEADERS) or name.endswith(_KEPT_WORDS)
    }
    told = {"method": request.method, "query": request.query, "headers": kept}
    return msgspec.json.encode(told).decode("utf-8", "replace")
