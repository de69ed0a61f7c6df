"""Sending a notice to a program: JSON by POST, signed.

Standard Webhooks (github.com/standard-webhooks/standard-webhooks, spec 1.0): the headers
`webhook-id`, `webhook-timestamp` and `webhook-signature`, HMAC-SHA256 over the three.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any

import msgspec

from tracer.config_exports import ExportsSettings
from tracer.model import when
from tracer.notify.notice import Notice, NotTold, body

TIMEOUT_S = 15.0


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A notice goes where the administrator said, and nowhere else."""

    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        return None


def post(exports: ExportsSettings, notice: Notice, now_us: int) -> None:
    """Send it; raises NotTold unless the answer is 2xx."""
    request = signed_request(exports, notice, now_us)
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=TIMEOUT_S):
            return
    except urllib.error.HTTPError as error:
        error.close()
        raise NotTold(
            f"{exports.webhook_url} answered {error.code} {error.reason}; it should answer 2xx"
        ) from error
    except (OSError, HTTPException) as error:
        why = getattr(error, "reason", None) or error
        raise NotTold(f"{exports.webhook_url} cannot be reached: {why}") from error


def signed_request(exports: ExportsSettings, notice: Notice, now_us: int) -> urllib.request.Request:
    """The request as it is sent; its id is the same for every try."""
    from standardwebhooks import Webhook

    octets = msgspec.json.encode(body(notice))
    at = when(now_us)
    id = f"export_{notice.id}_{notice.state}"
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Mailtracer",
        "webhook-id": id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(exports.webhook_secret).sign(id, at, octets.decode()),
    }
    return urllib.request.Request(exports.webhook_url, octets, headers, method="POST")
