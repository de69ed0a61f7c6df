"""Taking a provider's request in, whatever way it came.

Order matters: the size is looked at first, the raw body read before anything parses it, then
the proof, then the store; only what is safely stored is acknowledged. Whatever is sent, the
answer is never 500, and an answer never tells more than its sender has to know.
"""

from __future__ import annotations

import hmac
import logging
import math
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Thread

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from collectors.webhooks.known import HookSource
from collectors.webhooks.parcel import Parcel, Stored, dead_letter, parcel
from collectors.webhooks.webhook import HookRequest
from tracer.errors import StoreUnavailable, TracerError, WebhookRejected
from tracer.store import receipts
from tracer.store.receipts import Receipt, Refusal
from webui.hook_answers import JSON, Answer, answer, later
from webui.hook_sources import Hooks
from webui.same_origin import HOOKS as PREFIX

log = logging.getLogger(__name__)

_ASKING = frozenset({"GET", "HEAD", "OPTIONS"})
_CHALLENGE = 'Basic realm="webhook"'
_OTHER_TYPES = ("image/", "video/", "audio/", "font/")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request whose body is not read yet; header names in lower case.

    `read(most)` gives the body as it was sent; it may raise RequestEntityTooLarge for one
    of more octets, and any other HTTPException. `octets`: its length as announced.
    """

    method: str
    path: str
    query: str  # raw, without "?"
    headers: Mapping[str, str]
    remote: str
    octets: int
    read: Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Ready:
    """A proven request that waits to be stored; `settled` then makes its answer."""

    source: HookSource
    incoming: Incoming
    asked: HookRequest
    parcel: Parcel


def place_of(path: str) -> tuple[str, str]:
    """(name of the source, token) of a path below /hooks/."""
    name, _, token = path.removeprefix(PREFIX).partition("/")
    return name, token


def receive(found: Hooks, incoming: Incoming) -> Answer | Ready:
    """Everything up to the store: an answer where that is the end of it. Never raises."""
    name, token = place_of(incoming.path)
    try:
        source = found.source(name)
    except (TracerError, SQLAlchemyError) as error:
        log.warning("sources cannot be looked up", exc_info=error)
        return later(503)
    wanted = source.token if source else ""
    is_there = hmac.compare_digest(wanted.encode(), token.encode("utf-8", "replace"))
    if source is None or not is_there:
        return answer(404, error="there is no such webhook")
    try:
        return _checked(found, source, incoming)
    except Exception as error:
        return _failed(found, source, incoming, error)


def settled(found: Hooks, ready: Ready, outcome: Stored | Exception) -> Answer:
    """The answer to a request of which this became. Never raises."""
    if isinstance(outcome, Exception):
        return _failed(found, ready.source, ready.incoming, outcome)
    if ready.source.webhook.after and not outcome.is_known:
        Thread(target=_afterwards, args=(found, ready), daemon=True).start()
    more = {"duplicate": True} if outcome.is_known else {}
    return answer(200, receipt=outcome.receipt_id, **more)


def _checked(found: Hooks, source: HookSource, incoming: Incoming) -> Answer | Ready:
    webhook = source.webhook
    if incoming.method not in webhook.methods:
        if incoming.method not in _ASKING:
            said = f"{incoming.method} is not used here"
            return _refused(found, source, incoming, 405, said)
        greeting = webhook.handshake(_asked(found, incoming, b""))
        return Answer(greeting.status, headers=greeting.headers)
    if too_many := _too_many(found, source, incoming):
        return too_many
    media_type = incoming.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type.startswith(_OTHER_TYPES):
        said = f"{media_type} tells nothing of mail"
        return _refused(found, source, incoming, 415, said)
    packing = incoming.headers.get("content-encoding", "").lower()
    is_packed = packing not in ("", "identity")
    if is_packed and not (packing == "gzip" and source.may_be_packed):
        said = f"bodies packed as {packing[:20]} are not taken"
        return _refused(found, source, incoming, 415, said)
    raw = incoming.read(source.most_octets)
    if len(raw) > source.most_octets:
        raise RequestEntityTooLarge
    body = _unpacked(raw, source.most_octets) if is_packed else raw
    asked = _asked(found, incoming, body)
    proof = webhook.verify(asked, source.keys)
    return Ready(source, incoming, asked, parcel(webhook, source.name, asked, proof))


def _failed(found: Hooks, source: HookSource, incoming: Incoming, error: Exception) -> Answer:
    """The answer to a request that could not be taken, and whether it shall come again."""
    if isinstance(error, WebhookRejected):
        return _refused(found, source, incoming, 401, str(error))
    if isinstance(error, RequestEntityTooLarge):
        said = f"the body is larger than {source.most_octets} octets"
        return _refused(found, source, incoming, 413, said)
    if isinstance(error, HTTPException):
        return _refused(found, source, incoming, error.code or 400, error.name)
    if isinstance(error, StoreUnavailable | SQLAlchemyError):
        log.warning("source %s: not stored: %s", source.name, type(error).__name__)
    else:  # a provider must come again, whatever our fault is
        log.error("source %s: a request could not be taken", source.name, exc_info=error)
    return later(source.webhook.busy)


def _too_many(found: Hooks, source: HookSource, incoming: Incoming) -> Answer | None:
    """What a request hears when its source brings more than it may."""
    bucket, now_s = found.bucket(source), time.monotonic()
    wait_s = bucket.wait_s(now_s) if bucket else 0.0
    if bucket is None or not wait_s:
        return None
    status = source.webhook.busy
    if bucket.is_worth_noting(now_s):
        said = f"more than {bucket.rate} requests a second; it was asked to come again"
        _refused(found, source, incoming, status, said)
    return later(status, math.ceil(wait_s))


def _afterwards(found: Hooks, ready: Ready) -> None:
    """What is left to do once a request is safe; what fails stands among the unread items."""
    after, receipt = ready.source.webhook.after, ready.parcel.receipt
    said = after(ready.asked, ready.source.keys) if after else ""
    if said:
        _keep(found, receipt, said)


def _keep(found: Hooks, receipt: Receipt, said: str) -> None:
    with found.engine.begin() as conn:
        receipts.save(conn, [], [], [dead_letter(receipt, "/Type", said, "")], ())


def _asked(found: Hooks, incoming: Incoming, body: bytes) -> HookRequest:
    return HookRequest(
        incoming.method, incoming.path, incoming.headers, incoming.query, body,
        found.site.now_us(), incoming.remote,
    )  # fmt: skip


def _unpacked(raw: bytes, most: int) -> bytes:
    inflating = zlib.decompressobj(wbits=31)
    try:
        body = inflating.decompress(raw, most + 1)
    except zlib.error as error:
        raise WebhookRejected("the body is not gzip") from error
    if len(body) > most:
        raise RequestEntityTooLarge
    return body


def _refused(
    found: Hooks, source: HookSource, incoming: Incoming, status: int, reason: str
) -> Answer:
    """Turn a request away, and keep why for the page of sources."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in reason)[:300]
    shown = shown.encode("utf-8", "replace").decode()
    now_us = found.site.now_us()
    found.intake.note(Refusal(source.name, now_us, status, shown, incoming.remote, incoming.octets))
    more = {}
    if status == 401:
        more["WWW-Authenticate"] = _CHALLENGE
    if status == 405:
        more["Allow"] = ", ".join(sorted({*_ASKING, *source.webhook.methods}))
    return Answer(status, msgspec.json.encode({"error": shown}), JSON | more)
