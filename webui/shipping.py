"""`POST /api/v1/events`: log lines from a shipper, as NDJSON or a JSON array.

A line is a text, or an object with the text under `line`, `message` or `log`. Where the lines
are from stands in the address: `?source=mx1`, and `?host=` for lines that name none. The same
lines again change nothing, so a shipper may send a batch until it is acknowledged.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from collectors.formats import parse_line
from collectors.shipped import shipped
from tracer.errors import UnusableInput
from tracer.ingest import ingest
from webui.hooks import hooks
from webui.i18n import site
from webui.scopes import needs_scope

pages = Blueprint("shipping", __name__)

MOST_OCTETS = 10 * 1024 * 1024
MOST_LINES = 20_000
_FIELDS = ("line", "message", "MESSAGE", "log")


@pages.post("/events")
@needs_scope("events:write")
def take_lines() -> ResponseReturnValue:
    """Store log lines; how many were read, understood and known before."""
    request.max_content_length = MOST_OCTETS
    lines = lines_of(request.get_data(cache=False))
    batch = shipped(
        lines,
        source=request.args.get("source", "")[:100] or "shipper",
        host=request.args.get("host", "")[:255],
        zone=_zone(),
        now_us=site().now_us(),
    )
    duplicates = ingest(hooks().engine, batch, parse_line)
    told = batch.progress
    assert told is not None
    return jsonify(
        lines=told.lines, events=told.events, unparsed=told.unparsed, duplicates=duplicates,
        messages=len(batch.arrivals),
    )  # fmt: skip


def lines_of(body: bytes) -> list[str]:
    """The lines in a body. Raises UnusableInput, which says what is expected."""
    try:
        if body.lstrip()[:1] == b"[":
            values = msgspec.json.decode(body)
        else:
            values = [msgspec.json.decode(one) for one in body.splitlines() if one.strip()]
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise UnusableInput(f"send NDJSON or a JSON array of log lines: {error}") from error
    if len(values) > MOST_LINES:
        raise UnusableInput(f"send at most {MOST_LINES} lines at a time")
    return [_line(value) for value in values]


def _line(value: Any) -> str:
    if isinstance(value, dict):
        value = next((value[name] for name in _FIELDS if name in value), None)
    if not isinstance(value, str):
        raise UnusableInput("each line is a text, or an object with the text under `line`")
    return value.encode("utf-8", "replace").decode()


def _zone() -> ZoneInfo:
    try:
        return ZoneInfo(request.args.get("timezone") or "UTC")
    except (ValueError, OSError, KeyError) as error:
        raise UnusableInput("timezone is a name like Europe/Moscow") from error
