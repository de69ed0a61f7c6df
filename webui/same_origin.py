"""What changes something is accepted from our own pages and from programs, not from other sites.

A browser sends a form of any site here, with whatever the visitor may do here; it tells
where the form stood by `Sec-Fetch-Site` (W3C Fetch Metadata) or `Origin` (RFC 6454), which a
page cannot forge. A program sends neither.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.exceptions import Forbidden

READING = frozenset({"GET", "HEAD", "OPTIONS"})
OURS = frozenset({"same-origin", "none"})
HOOKS = "/hooks/"  # a provider proves itself by its signature


def is_ours(site: str, origin: str, host: str) -> bool:
    """Whether a request with these headers (`Sec-Fetch-Site`, `Origin`, `Host`) may change
    something; absent ones are ""."""
    if site:
        return site in OURS
    return not origin or urlsplit(origin).netloc == host


def install(app: Flask) -> None:
    """Refuses forms that stood on pages of others (403)."""

    def refuse() -> None:
        if request.method in READING or request.path.startswith(HOOKS):
            return
        headers = request.headers
        if not is_ours(
            headers.get("Sec-Fetch-Site", ""), headers.get("Origin", ""), headers.get("Host", "")
        ):
            raise Forbidden("This came from a page of another site. Open it here and try again.")

    app.before_request(refuse)
