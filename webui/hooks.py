"""`/hooks/<source>/<token>`: where providers post what became of a mail.

Order matters: the size is looked at first, the raw body read before anything parses it, then
the proof, then the store; only what is safely stored is acknowledged. Whatever is sent, the
answer is never 500, and an answer never tells more than its sender has to know.

The door stands before Flask: sessions, languages and page headers mean nothing to a provider,
and without them a thousand requests a second fit into one process.
"""

from __future__ import annotations

import hmac
import logging
import math
import time
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Thread
from typing import TYPE_CHECKING

import msgspec
from flask import Flask, current_app
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.wrappers import Request

from collectors.webhooks.bucket import Bucket
from collectors.webhooks.intake import Intake
from collectors.webhooks.known import HookSource, of_settings, of_store
from collectors.webhooks.parcel import dead_letter, parcel
from collectors.webhooks.webhook import HookRequest
from tracer.config import Config
from tracer.errors import StoreUnavailable, TracerError, WebhookRejected
from tracer.store import receipts
from tracer.store.engine import open_engine, reading
from tracer.store.receipts import Receipt, Refusal
from webui.i18n import SITE
from webui.same_origin import HOOKS as PREFIX
from webui.site import Site

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

HOOKS = "mailtracer.hooks"
LOOKED_UP_S = 2.0
"""A source that the command made or changed is known after this long."""
RETRY_AFTER_S = 30
_ASKING = frozenset({"GET", "HEAD", "OPTIONS"})
_JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}
_CHALLENGE = 'Basic realm="webhook"'
_OTHER_TYPES = ("image/", "video/", "audio/", "font/")


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer on its way out; a quarter of the work that one with all that HTTP knows is."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def send(self, method: str, start_response: StartResponse) -> Iterable[bytes]:
        """As WSGI wants it."""
        told = [*self.headers.items()]
        if self.status != 204:
            told.append(("Content-Length", str(len(self.body))))
        start_response(f"{self.status} {HTTP_STATUS_CODES.get(self.status, '')}", told)
        return (b"",) if method == "HEAD" else (self.body,)


@dataclass
class Hooks:
    """The webhook sources of this application and the way into the store."""

    config: Config
    engine: Engine
    intake: Intake
    site: Site
    _made: Mapping[str, HookSource] = field(default_factory=dict)
    _looked_up: float = -LOOKED_UP_S
    _buckets: dict[str, Bucket] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._settings = of_settings(self.config)

    def source(self, name: str) -> HookSource | None:
        """The source of this name."""
        found = self._settings.get(name)
        return self._stored().get(name) if found is None else found

    def bucket(self, source: HookSource) -> Bucket | None:
        """The limit of a source, if it has one."""
        if not source.most_per_second:
            return None
        found = self._buckets.get(source.name)
        if found is None or found.rate != source.most_per_second:
            found = self._buckets[source.name] = Bucket(source.most_per_second)
        return found

    def _stored(self) -> Mapping[str, HookSource]:
        now = time.monotonic()
        if now - self._looked_up >= LOOKED_UP_S:
            with reading(self.engine).connect() as conn:
                self._made = of_store(conn, self.config.home)
            self._looked_up = now
        return self._made


def install(app: Flask, config: Config, engine: Engine) -> Hooks:
    """Give the application its webhook sources, and an engine of their own to write with.

    Raises ConfigError when a source of the settings cannot work.
    """
    url = engine.url.render_as_string(hide_password=False)
    intake = Intake(lambda: open_engine(url, durable=True))
    found = Hooks(config, engine, intake, app.extensions[SITE])
    app.extensions[HOOKS] = found
    app.wsgi_app = Door(found, app.wsgi_app)  # type: ignore[method-assign]
    return found


def hooks() -> Hooks:
    """The webhook sources of this application."""
    found: Hooks = current_app.extensions[HOOKS]
    return found


class Door:
    """Answers `/hooks/…` itself and hands everything else to the application."""

    def __init__(self, found: Hooks, inner: WSGIApplication) -> None:
        self._hooks = found
        self._inner = inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith(PREFIX):
            return self._inner(environ, start_response)
        answer = receive(self._hooks, Request(environ))
        return answer.send(environ["REQUEST_METHOD"], start_response)


def receive(found: Hooks, request: Request) -> Answer:
    """Take one request of a provider in."""
    name, _, token = request.path.removeprefix(PREFIX).partition("/")
    try:
        source = found.source(name)
    except (TracerError, SQLAlchemyError) as error:
        log.warning("sources cannot be looked up", exc_info=error)
        return _later(503)
    wanted = source.token if source else ""
    is_there = hmac.compare_digest(wanted.encode(), token.encode("utf-8", "replace"))
    if source is None or not is_there:
        return _answer(404, error="there is no such webhook")
    try:
        return _answered(found, source, request)
    except WebhookRejected as error:
        return _refused(found, source, request, 401, str(error))
    except RequestEntityTooLarge:
        said = f"the body is larger than {source.most_octets} octets"
        return _refused(found, source, request, 413, said)
    except HTTPException as error:
        return _refused(found, source, request, error.code or 400, error.name)
    except (StoreUnavailable, SQLAlchemyError) as error:
        log.warning("source %s: not stored: %s", name, type(error).__name__)
    except Exception:  # a provider must come again, whatever our fault is
        log.exception("source %s: a request could not be taken", name)
    return _later(source.webhook.busy)


def _answered(found: Hooks, source: HookSource, request: Request) -> Answer:
    webhook = source.webhook
    if request.method not in webhook.methods:
        if request.method not in _ASKING:
            return _refused(found, source, request, 405, f"{request.method} is not used here")
        answer = webhook.handshake(_asked(found, request, b""))
        return Answer(answer.status, headers=answer.headers)
    if too_many := _too_many(found, source, request):
        return too_many
    if request.mimetype.startswith(_OTHER_TYPES):
        said = f"{request.mimetype} tells nothing of mail"
        return _refused(found, source, request, 415, said)
    request.max_content_length = source.most_octets
    raw = request.get_data(cache=False)
    packing = request.headers.get("Content-Encoding", "identity").lower()
    if packing not in ("", "identity"):
        if packing != "gzip" or not source.may_be_packed:
            said = f"bodies packed as {packing[:20]} are not taken"
            return _refused(found, source, request, 415, said)
        raw = _unpacked(raw, source.most_octets)
    asked = _asked(found, request, raw)
    proof = webhook.verify(asked, source.keys)
    made = parcel(webhook, source.name, asked, proof)
    stored = found.intake.store(made)
    if webhook.after and not stored.is_known:
        Thread(target=_afterwards, args=(found, source, asked, made.receipt), daemon=True).start()
    more = {"duplicate": True} if stored.is_known else {}
    return _answer(200, receipt=stored.receipt_id, **more)


def _too_many(found: Hooks, source: HookSource, request: Request) -> Answer | None:
    """What a request hears when its source brings more than it may."""
    bucket, now_s = found.bucket(source), time.monotonic()
    wait_s = bucket.wait_s(now_s) if bucket else 0.0
    if bucket is None or not wait_s:
        return None
    status = source.webhook.busy
    if bucket.is_worth_noting(now_s):
        said = f"more than {bucket.rate} requests a second; it was asked to come again"
        _refused(found, source, request, status, said)
    return _later(status, math.ceil(wait_s))


def _afterwards(found: Hooks, source: HookSource, asked: HookRequest, receipt: Receipt) -> None:
    """What is left to do once a request is safe; what fails stands among the unread items."""
    said = source.webhook.after(asked, source.keys) if source.webhook.after else ""
    if said:
        with found.engine.begin() as conn:
            dead = dead_letter(receipt, "/Type", said, "")
            receipts.save(conn, [], [], [dead], ())


def _asked(found: Hooks, request: Request, body: bytes) -> HookRequest:
    return HookRequest(
        request.method,
        request.path,
        {name.lower(): value for name, value in request.headers.items()},
        request.query_string.decode("latin-1"),
        body,
        found.site.now_us(),
        request.remote_addr or "",
    )


def _unpacked(raw: bytes, most: int) -> bytes:
    inflating = zlib.decompressobj(wbits=31)
    try:
        body = inflating.decompress(raw, most + 1)
    except zlib.error as error:
        raise WebhookRejected("the body is not gzip") from error
    if len(body) > most:
        raise RequestEntityTooLarge
    return body


def _answer(status: int, **told: object) -> Answer:
    return Answer(status, msgspec.json.encode(told), _JSON)


def _later(status: int, wait_s: int = RETRY_AFTER_S) -> Answer:
    body = msgspec.json.encode({"error": "busy; please send it again"})
    return Answer(status, body, {**_JSON, "Retry-After": str(wait_s)})


def _refused(
    found: Hooks, source: HookSource, request: Request, status: int, reason: str
) -> Answer:
    """Turn a request away, and keep why for the page of sources."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in reason)[:300]
    shown = shown.encode("utf-8", "replace").decode()
    octets, remote = request.content_length or 0, request.remote_addr or ""
    now_us = found.site.now_us()
    found.intake.note(Refusal(source.name, now_us, status, shown, remote, octets))
    more = {}
    if status == 401:
        more["WWW-Authenticate"] = _CHALLENGE
    if status == 405:
        more["Allow"] = ", ".join(sorted({*_ASKING, *source.webhook.methods}))
    return Answer(status, msgspec.json.encode({"error": shown}), _JSON | more)
