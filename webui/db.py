"""One read-only connection per request, opened at first use, and the time spent in the store."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, current_app, g
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from tracer.errors import StoreUnavailable

ENGINE = "mailtracer.engine"


def connection() -> Connection:
    """The connection of this request; `StoreUnavailable` when there is none to be had."""
    if "conn" not in g:
        try:
            g.conn = store().connect()
        except OperationalError as error:
            raise StoreUnavailable(str(error.orig)) from error
    conn: Connection = g.conn
    return conn


def store() -> Engine:
    """The store itself, for a stream that outlives its request's connection."""
    engine: Engine = current_app.extensions[ENGINE]
    return engine


@contextmanager
def store_time() -> Iterator[None]:
    """Counts the time inside as time spent in the store."""
    began = time.perf_counter()
    try:
        yield
    finally:
        g.store_s = store_seconds() + time.perf_counter() - began


def store_seconds() -> float:
    """Seconds this request has spent in the store so far."""
    spent: float = g.get("store_s", 0.0)
    return spent


def _close(_error: BaseException | None) -> None:
    conn = g.pop("conn", None)
    if conn is not None:
        conn.close()


def install(app: Flask, engine: Engine) -> None:
    """Gives the application its store."""
    app.extensions[ENGINE] = engine
    app.teardown_appcontext(_close)
