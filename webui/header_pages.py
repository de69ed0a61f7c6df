"""The page `/headers`: what the headers of a received message say. Nothing is stored."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from tracer.errors import InvalidQuery
from tracer.model import Row
from tracer.query import parse_query, with_term
from tracer.store import deliveries
from webui.db import connection, store_time
from webui.header_reading import LONGEST, Reading, read_headers
from webui.i18n import site

pages = Blueprint("header_pages", __name__)

LIMIT_OCTETS = 256 * 1024
ROWS = 5


@pages.get("/headers")
def form() -> ResponseReturnValue:
    """A field to paste headers into."""
    return render_template("headers.html", text="", reading=None, limit=LONGEST)


@pages.post("/headers")
def read() -> ResponseReturnValue:
    """What the pasted headers say."""
    request.max_content_length = request.max_form_memory_size = LIMIT_OCTETS
    text = request.form.get("headers", "")[:LONGEST].replace("\r\n", "\n")
    reading = read_headers(text)
    return render_template(
        "headers.html",
        text=text,
        reading=reading,
        rows=_ours(reading.headers.message_id),
        check_url=_check_url(reading),
        limit=LONGEST,
    )


def _ours(message_id: str) -> tuple[Row, ...]:
    """Deliveries of the message, if it is in our log."""
    if not message_id:
        return ()
    try:
        asked = with_term("", "msgid", message_id)
    except InvalidQuery:  # brackets around nothing
        return ()
    query = parse_query(asked, now_us=site().now_us(), since="all")
    with store_time():
        return deliveries.search(connection(), query, limit=ROWS).rows


def _check_url(reading: Reading) -> str:
    """The form of a diagnosis of this message's sender, filled in."""
    sender = reading.return_path or reading.headers.sender
    if not sender:
        return ""
    ip, helo = reading.border
    asked: dict[str, Any] = {
        "sender": sender,
        "header_from": reading.headers.sender if reading.headers.sender != sender else "",
        "ip": ip,
        "helo": helo,
        "selector": " ".join(reading.selectors[:5]),
    }
    return url_for("diagnoses.form", **{name: value for name, value in asked.items() if value})
