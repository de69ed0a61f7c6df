"""Probes: alive, healthy, ready.  They say nothing about anybody's mail."""

from __future__ import annotations

from flask import Blueprint, Response, json
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from tracer.errors import TracerError
from tracer.store import sources
from tracer.store.revision import check
from webui.db import connection

pages = Blueprint("health", __name__)


@pages.get("/livez")
def livez() -> ResponseReturnValue:
    """The process answers."""
    return _answer("ok", {})


@pages.get("/healthz")
@pages.get("/readyz")
def healthz() -> ResponseReturnValue:
    """The store can be read; 503 with the reason when it cannot."""
    try:
        sources.complete_until(connection())
    except (TracerError, SQLAlchemyError) as error:
        return _answer("failing", {"store": f"cannot be read: {type(error).__name__}"})
    try:
        check(connection())
    except TracerError as error:
        return _answer("failing", {"store": "ok", "schema": str(error)})
    return _answer("ok", {"store": "ok", "schema": "ok"})


def _answer(status: str, checks: dict[str, str]) -> Response:
    body = json.dumps({"status": status, "checks": checks})
    response = Response(body, 200 if status == "ok" else 503, mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response
