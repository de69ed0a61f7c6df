"""`Server-Timing` on every answer: the whole, and the part spent in the store."""

from __future__ import annotations

import time

from flask import Flask, Response, g

from webui.db import store_seconds


def _begin() -> None:
    g.began = time.perf_counter()


def _tell(response: Response) -> Response:
    began = g.get("began")
    if began is not None:
        whole = (time.perf_counter() - began) * 1000
        store = store_seconds() * 1000
        response.headers["Server-Timing"] = f"app;dur={whole:.1f}, store;dur={store:.1f}"
    return response


def install(app: Flask) -> None:
    """Times every request."""
    app.before_request(_begin)
    app.after_request(_tell)
