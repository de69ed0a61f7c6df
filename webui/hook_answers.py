"""Answers to webhooks, as WSGI wants them or as octets."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
from werkzeug.http import HTTP_STATUS_CODES

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

RETRY_AFTER_S = 30
JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer on its way out; a quarter of the work that one with all that HTTP knows is."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def send(self, method: str, start_response: StartResponse) -> Iterable[bytes]:
        """As WSGI wants it."""
        told = [*self.headers.items()]
        if self.status != 204:
            told.append(("Content-Length", str(len(self.body))))
        start_response(f"{self.status} {HTTP_STATUS_CODES.get(self.status, '')}", told)
        return (b"",) if method == "HEAD" else (self.body,)

    def octets(self, *, is_last: bool) -> bytes:
        """The whole answer to a POST (RFC 9112); `is_last`: the connection ends with it."""
        more = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        head = (
            f"HTTP/1.1 {self.status} {HTTP_STATUS_CODES.get(self.status, '')}\r\n"
            f"Date: {_date(int(time.time()))}\r\n"
            f"Connection: {'close' if is_last else 'keep-alive'}\r\n"
            f"{more}Content-Length: {len(self.body)}\r\n\r\n"
        )
        return head.encode("latin-1", "replace") + self.body


@lru_cache(maxsize=1)
def _date(at_s: int) -> str:
    return formatdate(at_s, usegmt=True)


def answer(status: int, **told: object) -> Answer:
    """What is told, as JSON."""
    return Answer(status, msgspec.json.encode(told), JSON)


def later(status: int, wait_s: int = RETRY_AFTER_S) -> Answer:
    """What makes a provider come again."""
    body = msgspec.json.encode({"error": "busy; please send it again"})
    return Answer(status, body, {**JSON, "Retry-After": str(wait_s)})
