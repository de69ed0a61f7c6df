"""What is told about an export, and in which words."""

from __future__ import annotations

import msgspec

from tracer.errors import TracerError
from tracer.model import when


class NotTold(TracerError):
    """A notice could not be delivered; the message says why and what to do."""

    exit_code = 69
    http_status = 502


class Notice(msgspec.Struct, frozen=True):
    """An export that is ready or has failed; times in microseconds UTC, `link` may be ""."""

    id: str
    state: str  # done or failed
    q: str
    format: str
    columns: str
    asked_by: str
    rows: int
    octets: int
    sha256: str
    expires_us: int | None
    error: str
    link: str
    finished_us: int


def tokens(notice: Notice) -> dict[str, str]:
    """What stands for `{name}` in a template."""
    return {
        "id": notice.id,
        "query": notice.q or "*",
        "format": notice.format,
        "columns": notice.columns,
        "asked_by": notice.asked_by,
        "rows": str(notice.rows),
        "octets": str(notice.octets),
        "sha256": notice.sha256,
        "expires": f"{when(notice.expires_us):%Y-%m-%d %H:%M} UTC" if notice.expires_us else "",
        "error": notice.error,
        "link": notice.link,
    }


def body(notice: Notice) -> dict[str, object]:
    """The JSON of a webhook (Standard Webhooks: type, timestamp, data)."""
    return {
        "type": f"export.{notice.state}",
        "timestamp": _stamp(notice.finished_us),
        "data": {
            "id": notice.id,
            "state": notice.state,
            "query": notice.q,
            "format": notice.format,
            "columns": notice.columns,
            "rows": notice.rows,
            "octets": notice.octets,
            "sha256": notice.sha256,
            "expires_at": _stamp(notice.expires_us),
            "error": notice.error,
            "link": notice.link,
        },
    }


def _stamp(at_us: int | None) -> str | None:
    return None if at_us is None else when(at_us).isoformat().replace("+00:00", "Z")
