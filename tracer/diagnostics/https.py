"""The words of fetching an MTA-STS policy: Page. `https_door.py` fetches."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tracer.diagnostics.model import Evidence, Source


class Fetched(StrEnum):
    """How far a page got; the last four say nothing about the host."""

    OK = "ok"  # an HTTP answer came, whatever its status
    CERTIFICATE = "certificate"  # TLS came about, but the certificate is not valid for the name
    TLS = "tls"
    REFUSED = "refused"
    TOO_BIG = "too_big"
    NOT_HTTP = "not_http"
    NOT_PUBLIC = "not_public"
    TIMEOUT = "timeout"
    NO_ROUTE = "no_route"
    CLOSED = "closed"
    OFF = "off"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What came back for one address of a host."""

    url: str
    outcome: Fetched
    status: int = 0
    content_type: str = ""  # lower case, without parameters
    location: str = ""  # where a redirect points; it is not followed
    body: str = ""
    note: str = ""
    server: str = ""
    at_us: int = 0
    took_ms: float = 0.0

    @property
    def evidence(self) -> Evidence:
        first = f"{self.status} {self.content_type} {self.location}".strip() if self.status else ""
        return Evidence(
            source=Source.HTTPS,
            question=f"GET {self.url}",
            answer="\n".join(filter(None, (first, self.body))),
            server=self.server,
            outcome="ok" if self.outcome is Fetched.OK else "error",
            at_us=self.at_us,
            took_ms=self.took_ms,
            note=self.note,
        )
