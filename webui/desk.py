"""The desk of this application, where exports are handed in, and who asks there."""

from __future__ import annotations

from flask import Flask, current_app, request

from tracer.jobs.desk import Desk

DESK = "mailtracer.desk"


def desk() -> Desk:
    """The desk of the application that answers."""
    held: Desk = current_app.extensions[DESK]
    return held


def asker() -> str:
    """Who asks: the name that a proxy or a login gives, else the network address."""
    return request.remote_user or request.remote_addr or ""


def install(app: Flask, held: Desk) -> None:
    """Gives the application its desk."""
    app.extensions[DESK] = held
