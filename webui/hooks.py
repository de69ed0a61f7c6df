"""`/hooks/<source>/<token>`: where providers post what became of a mail.

The door stands before Flask: sessions, languages and page headers mean nothing to a provider.
What it hands to `receive` is all that a request's way in needs; plain requests come there
without WSGI (webui/hook_lane.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from flask import Flask, current_app
from sqlalchemy import Engine
from werkzeug.wrappers import Request

from collectors.webhooks.intake import Intake
from collectors.webhooks.parcel import Stored
from tracer.config import Config
from tracer.errors import StoreUnavailable, WebhookRejected
from tracer.store.engine import open_engine
from webui.hook_answers import Answer
from webui.hook_receiving import Incoming, Ready, receive, settled
from webui.hook_sources import Hooks
from webui.i18n import SITE
from webui.same_origin import HOOKS as PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HOOKS = "mailtracer.hooks"


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
        answer = self._answer(_incoming(Request(environ)))
        return answer.send(environ["REQUEST_METHOD"], start_response)

    def _answer(self, incoming: Incoming) -> Answer:
        got = receive(self._hooks, incoming)
        return settled(self._hooks, got, self._stored(got)) if isinstance(got, Ready) else got

    def _stored(self, ready: Ready) -> Stored | Exception:
        try:
            return self._hooks.intake.store(ready.parcel)
        except (StoreUnavailable, WebhookRejected) as error:
            return error


def _incoming(request: Request) -> Incoming:
    return Incoming(
        request.method,
        request.path,
        request.query_string.decode("latin-1"),
        {name.lower(): value for name, value in request.headers.items()},
        request.remote_addr or "",
        request.content_length or 0,
        partial(_read, request),
    )


def _read(request: Request, most: int) -> bytes:
    request.max_content_length = most
    return request.get_data(cache=False)
